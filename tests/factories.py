"""Small diagrams for tests, and a company that runs them through the real commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from engine import definitions, history, instances, user_tasks, worker
from engine.actors import Actor
from engine.bpmn import codec
from engine.clock import VirtualClock
from engine.db import Database
from engine.definitions import Deployment
from engine.states import OPEN_TASK
from engine.tables import Incident, Instance, InstanceState, Membership, Person, Site, UserTask
from engine.user_tasks import Completion
from tests.people import CHEN, OPERATOR, POSTS

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="steward">'
)


def diagram(body: str, key: str = "order", name: str = "Order", properties: Mapping[str, str] | None = None, before: str = "") -> bytes:
    """A BPMN file with one process. `before` holds messages, signals and errors."""
    process = f'<process id="{key}" name="{name}" isExecutable="true" camunda:historyTimeToLive="P1Y">'
    return f"{HEAD}{before}{process}{extensions(properties)}{body}</process></definitions>".encode()


def extensions(properties: Mapping[str, str] | None, more: str = "") -> str:
    rows = "".join(f'<camunda:property name="steward:{name}" value="{value}"/>' for name, value in (properties or {}).items())
    inside = (f"<camunda:properties>{rows}</camunda:properties>" if rows else "") + more
    return f"<extensionElements>{inside}</extensionElements>" if inside else ""


def chain(*nodes: str) -> str:
    """Nodes in a row, with flows between them; each node is its XML with an id."""
    ids = [node.split('id="', 1)[1].split('"', 1)[0] for node in nodes]
    flows = [f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairwise(ids)]
    return "".join([*nodes, *flows])


def task(id: str, group: str = "technician", properties: Mapping[str, str] | None = None, **attributes: str) -> str:  # noqa: A002
    named = "".join(f' camunda:{name}="{value}"' for name, value in attributes.items())
    groups = f' camunda:candidateGroups="{group}"' if group else ""
    return f'<userTask id="{id}" name="{id.title()}"{groups}{named}>{extensions(properties)}</userTask>'


def script(id: str, text: str) -> str:  # noqa: A002
    return f'<scriptTask id="{id}" scriptFormat="python"><script><![CDATA[{text}]]></script></scriptTask>'


def timer(id: str, attached_to: str, duration: str, interrupting: bool = False, kind: str = "timeDuration") -> str:  # noqa: A002
    cancel = "true" if interrupting else "false"
    definition = f"<timerEventDefinition><{kind}>{duration}</{kind}></timerEventDefinition>"
    return f'<boundaryEvent id="{id}" attachedToRef="{attached_to}" cancelActivity="{cancel}">{definition}</boundaryEvent>'


START_EVENT = '<startEvent id="start"/>'
END_EVENT = '<endEvent id="end"/>'
ONE_TASK = diagram(chain(START_EVENT, task("work"), END_EVENT))
TWO_TASKS = diagram(chain(START_EVENT, task("work"), task("check", "engineering_supervisor"), END_EVENT))


@dataclass
class Company:
    """A database with sites and people, and the commands as the tests say them."""

    database: Database
    clock: VirtualClock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def deploy(self, *diagrams: bytes, actor: Actor = OPERATOR, **files: bytes) -> Deployment:
        named = {f"diagram{number}.bpmn": content for number, content in enumerate(diagrams)} | files
        with self.database.transaction() as session:
            deployment = definitions.deploy(session, named, actor, self.now)
            session.flush()
            session.expunge_all()
            return deployment

    def start(self, key: str = "order", actor: Actor = CHEN, variables: Mapping[str, Any] | None = None, **more: Any) -> int:
        """Start an instance at S1; returns its id."""
        with self.database.transaction() as session:
            site = more.pop("site", "S1")
            return instances.start(session, key, site, actor, self.now, variables or {}, **more).instance.id

    def complete(
        self, activity_id: str, actor: Actor, variables: Mapping[str, Any] | None = None, instance: int | None = None
    ) -> Completion:
        """Complete the open task of that activity."""
        task_id = self.task(activity_id, instance).id
        with self.database.transaction() as session:
            completion = user_tasks.complete(session, task_id, variables or {}, actor, self.now)
            session.flush()
            session.expunge_all()
            return completion

    def open_tasks(self, instance: int | None = None) -> list[UserTask]:
        with self.database.read() as session:
            query = select(UserTask).where(UserTask.state.in_(OPEN_TASK)).order_by(UserTask.id)
            if instance is not None:
                query = query.where(UserTask.instance_id == instance)
            tasks = list(session.scalars(query))
            session.expunge_all()
            return tasks

    def task(self, activity_id: str, instance: int | None = None) -> UserTask:
        return next(task for task in self.open_tasks(instance) if task.activity_id == activity_id)

    def waiting(self, instance: int | None = None) -> list[str]:
        """The activities of the open tasks."""
        return [task.activity_id for task in self.open_tasks(instance)]

    def task_states(self, instance_id: int) -> dict[str, str]:
        """Activity → state of every task of an instance."""
        with self.database.read() as session:
            rows = session.execute(select(UserTask.activity_id, UserTask.state).where(UserTask.instance_id == instance_id))
            return dict(rows.all())

    def variables(self, instance_id: int) -> dict[str, Any]:
        """The variables of the instance's outermost scope."""
        with self.database.read() as session:
            stored = session.scalars(select(InstanceState.state).where(InstanceState.instance_id == instance_id)).one()
            return codec.read_scopes(stored)[""]

    def instance(self, instance_id: int) -> Instance:
        with self.database.read() as session:
            instance = session.get_one(Instance, instance_id)
            session.expunge_all()
            return instance

    def incidents(self) -> list[Incident]:
        with self.database.read() as session:
            found = list(session.scalars(select(Incident).where(Incident.resolved_at.is_(None)).order_by(Incident.id)))
            session.expunge_all()
            return found

    def events(self, instance_id: int) -> list[history.Line]:
        with self.database.read() as session:
            return history.lines(session, history.instance_chain(instance_id))

    def told(self, instance_id: int) -> list[str]:
        """The types of what history tells."""
        return [line.type for line in self.events(instance_id)]

    def spoil(self, instance_id: int) -> None:
        """Damage the stored state of an instance, and forget the one in memory."""
        with self.database.transaction() as session:
            session.get_one(InstanceState, instance_id).state = b"not a state"
        self.database.keep.pop("workflows", None)

    def pass_time(self, **duration: float) -> None:
        """Let time pass and do what has fallen due."""
        self.clock.advance(timedelta(**duration))
        self.work()

    def work(self, **handlers: Any) -> int:
        return worker.run_due(self.database, self.clock, handlers)


def found_company(database: Database, clock: VirtualClock) -> Company:
    with database.transaction() as session:
        for code in ("S1", "S2"):
            session.add(Site(code=code, name=f"小区{code}", zone="Asia/Shanghai", created_at=clock.now()))
        session.flush()
        for login, posts in POSTS.items():
            person = Person(login=login, name=login.title(), created_at=clock.now(), password_hash=None)
            session.add(person)
            session.flush()
            session.add_all(Membership(person_id=person.id, site=site, post=post) for site, post in posts)
    return Company(database, clock)
