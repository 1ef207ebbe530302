"""Repair orders as the company runs them: the delivered process with its forms, decisions, clocks and posts, told as its own scenario
tells them, from the call to the callback that two have signed."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import repeat
from time import perf_counter
from typing import Any

from sqlalchemy import select

from benchmarks.stage import HOME, OPERATOR, SITE, Stage, empty_database
from engine import attachments, definitions, demo, demo_pictures, due_jobs, instances, jobs, scenarios, sites, user_tasks
from engine.actors import Actor
from engine.db import Database
from engine.demo import login_of
from engine.states import OPEN_TASK
from engine.tables import Instance, UserTask

PROCESSES = HOME / "processes"
STORY = PROCESSES / "repair" / "scenarios" / "leaking_pipe.yaml"
ENDINGS = (".bpmn", ".dmn", ".form")
ALWAYS_DAY = {"day_from": "00:00", "night_from": "24:00"}  # by night somebody else would dispatch
CLERK = "customer_service"


@dataclass(frozen=True)
class Act:
    """A person completes a task of the order, or of what it called."""

    activity: str
    who: str  # a post; `technician_2` is the second one
    process: str
    data: Mapping[str, Any]


@cache
def story() -> tuple[Mapping[str, Any], Sequence[Act]]:
    """What the caller reports, and what is done about it; what the scenario expects, waits for or sees refused is left out."""
    steps = [step for step in scenarios.read(STORY).steps if "refused" not in step]
    report = next(step["start"]["data"] for step in steps if "start" in step)
    acts = [Act(step["complete"], step["as"], step.get("in", "repair"), step.get("data", {})) for step in steps if "complete" in step]
    return report, acts


class Orders:
    """The company at work on its repair orders."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.database, self.clock = stage.database, stage.clock
        with self.database.transaction() as session:
            directory, now = self.database.settings.attachments, self.clock.now()
            self._picture = attachments.store(session, directory, demo_pictures.signature(), "签名.png", SITE, person(CLERK), now)
        report, acts = story()
        self._report = self._filled(report)
        self.acts = [Act(act.activity, act.who, act.process, self._filled(act.data)) for act in acts]

    def call(self) -> int:
        """Somebody calls; returns the case, with everything done that needs no person."""
        with self.database.transaction() as session:
            case = instances.start(session, "repair", SITE, person(CLERK), self.clock.now(), self._report).instance.id
        self.settle(case)
        return case

    def task(self, case: int, act: Act) -> int:
        """The open task of the case at which the act is done."""
        wanted = select(UserTask.id).join(Instance, Instance.id == UserTask.instance_id).where(Instance.root_id == case)
        with self.database.read() as session:
            here = wanted.where(Instance.key == act.process, UserTask.activity_id == act.activity, UserTask.state.in_(OPEN_TASK))
            return session.scalars(here).one()

    def complete(self, task: int, act: Act) -> None:
        with self.database.transaction() as session:
            user_tasks.complete(session, task, act.data, person(act.who), self.clock.now())

    def due(self, case: int) -> Sequence[int]:
        """The jobs that wait in this case: a call, its return, a notice."""
        with self.database.read() as session:
            return due_jobs.of_case(session, self.clock.now(), 100, case)

    def settle(self, case: int) -> float:
        """Do the jobs of the case until none is left; returns the seconds that the doing took, without the looking."""
        spent = 0.0
        while found := self.due(case):
            begun = perf_counter()
            for job in found:
                jobs.run(self.database, job, self.clock.now())  # or somebody else has it: then it will be gone when we look again
            spent += perf_counter() - begun
        return spent

    def _filled(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data with a real picture and real logins where the scenario has specimens."""
        return {name: self._value(name, value) for name, value in data.items()}

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(name, item) for item in value]
        if name == "technician":
            return login_of(value, SITE)
        return self._picture if value in scenarios.SPECIMENS else value


@cache
def person(who: str) -> Actor:
    return Actor(login_of(who, SITE), "page", frozenset({(SITE, re.sub(r"_\d$", "", who))}))


@contextmanager
def repair_company(durable: bool = True, url: str | None = None) -> Iterator[Orders]:
    """A company with its people and processes, gone afterwards."""
    if url is not None:
        with empty_database(durable, url) as stage:
            found(stage.database, stage.clock.now())
            yield Orders(stage)
        return
    content, compiled = template()
    with empty_database(durable, content=content) as stage:
        stage.database.keep["definitions"] = dict(compiled)
        yield Orders(stage)


@cache
def template() -> tuple[bytes, Mapping[int, Any]]:
    """A SQLite file with the company in it, and its processes compiled: made once, copied for each benchmark."""
    with empty_database(durable=False) as stage:
        found(stage.database, stage.clock.now())
        with stage.database.read() as session:
            for row in definitions.newest_of_all(session):
                definitions.load(session, row.id)
        compiled = stage.database.keep["definitions"]
        stage.database.dispose()  # the last connection carries the log into the file
        return (stage.directory / "steward.db").read_bytes(), compiled


def found(database: Database, now: datetime) -> None:
    """The demonstration's first site with its people and houses, and all processes."""
    files = {str(path.relative_to(PROCESSES)): path.read_bytes() for path in PROCESSES.rglob("*") if path.suffix in ENDINGS}
    with database.transaction() as session:
        demo.build(session, now, codes=[SITE], with_passwords=False)
        definitions.deploy(session, files, OPERATOR, now)
        for name, value in ALWAYS_DAY.items():
            sites.set_variable(session, SITE, name, value, OPERATOR, now)


def tell(orders: Orders, case: int) -> None:
    """The whole order, one act after the other."""
    for act in orders.acts:
        orders.complete(orders.task(case, act), act)
        orders.settle(case)


def together(orders: Orders, count: int, callers: int) -> float:
    """Completions a second of so many new orders by so many callers; jobs are done in between, and not counted."""
    cases = [orders.call() for _ in range(count)]
    with ThreadPoolExecutor(callers) as pool:
        spent = rounds(orders, cases, lambda _, task, act: orders.complete(task, act), pool)
    return count * len(orders.acts) / spent.acting


def alone(orders: Orders, count: int) -> float:
    """Completions a second of so many new orders by one caller, the jobs that they cause counted in."""
    spent = rounds(orders, [orders.call() for _ in range(count)], lambda _, task, act: orders.complete(task, act))
    return count * len(orders.acts) / (spent.acting + spent.settling)


@dataclass
class Spent:
    """Seconds: in what people did, and in what the process did after it by jobs."""

    acting: float = 0.0
    settling: float = 0.0


def rounds(orders: Orders, cases: Sequence[int], do: Callable[[int, int, Act], object], callers: Executor | None = None) -> Spent:
    """Do the same act in all cases, then the next one, until all are closed; looking for the tasks is not counted.

    `do` is given the case, the task and the act.
    """
    spent = Spent()
    for act in orders.acts:
        tasks = [orders.task(case, act) for case in cases]
        begun = perf_counter()
        if callers is None:
            for case, task in zip(cases, tasks, strict=True):
                do(case, task, act)
        else:
            list(callers.map(do, cases, tasks, repeat(act)))
        spent.acting += perf_counter() - begun
        spent.settling += sum(orders.settle(case) for case in cases)
    return spent
