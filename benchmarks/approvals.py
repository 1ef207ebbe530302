"""会签: how long until two hundred people are asked, what each vote costs beside one among ten, and how many statements it takes."""

from collections.abc import Iterator
from time import process_time
from typing import Any

from sqlalchemy import select

from benchmarks.diagrams import HEAD
from benchmarks.figure import Figure, middle
from benchmarks.stage import SITE, WORKER, Stage, empty_company
from benchmarks.statement_log import listening
from engine import instances, signers, user_tasks
from engine.actors import Actor
from engine.states import OPEN_TASK
from engine.tables import Membership, Person, UserTask

PEOPLE, FEW = 200, 10
OPENING_SECONDS, ALLOWED, LINEAR = 1.0, 15, 1.5
REPEATS = 5


def measure() -> Iterator[Figure]:
    few, _ = cost(FEW)
    with empty_company(durable=False) as stage:
        opening, vote = opened(stage, PEOPLE)
        yield Figure("approvals.open", opening, f"s for {PEOPLE} people", OPENING_SECONDS, 1.0, at_most=True)
        yield Figure("approvals.open.each", opening / PEOPLE * 1_000, f"ms each of {PEOPLE}", few, LINEAR, at_most=True)
        counts = statements(stage)
        yield Figure("approvals.statements", max(counts.values()), f"at most, of {', '.join(counts)}", ALLOWED, 1.0, at_most=True)
    yield Figure("approvals.vote", vote, f"ms a vote of {PEOPLE}", cost(FEW)[1], LINEAR, at_most=True)


def cost(people: int) -> tuple[float, float]:
    """Milliseconds for each who is asked, and for each vote."""
    with empty_company(durable=False) as stage:
        opening, vote = opened(stage, people)
        return opening / people * 1_000, vote


def opened(stage: Stage, people: int) -> tuple[float, float]:
    """Seconds of the processor until so many are asked (a middle of some), and milliseconds of each vote but the last."""
    logins = [f"person{number}" for number in range(people)]
    hire(stage, logins)
    stage.deploy(diagram())
    begin(stage, logins)  # compiles
    spent = []
    for _ in range(REPEATS):
        begun = process_time()
        instance = begin(stage, logins)
        spent.append(process_time() - begun)
    votes = []
    for task, login in open_tasks(stage, instance)[:-1]:
        begun = process_time()
        vote(stage, task, login)
        votes.append((process_time() - begun) * 1_000)
    return middle(spent), middle(votes)


def statements(stage: Stage) -> dict[str, int]:
    """Statements of each thing that a person does with their vote."""
    (task, login), *_ = open_tasks(stage, begin(stage, [f"person{number}" for number in range(3)]))
    free = "worker"
    acts: dict[str, Any] = {
        "adding a signer": lambda session: signers.add(session, task, free, "before", person(login), stage.clock.now(), "-"),
        "taking one away": lambda session: signers.remove(session, task, free, person(login), stage.clock.now()),
        "a vote": lambda session: user_tasks.complete(session, task, {"decision": "approve"}, person(login), stage.clock.now()),
    }
    found = {}
    for name, act in acts.items():
        with listening(stage.database) as log, stage.database.transaction() as session:
            act(session)
        found[name] = len(log.statements)
    return found


def hire(stage: Stage, logins: list[str]) -> None:
    with stage.database.transaction() as session:
        people = [Person(login=login, name=login, created_at=stage.clock.now(), password_hash=None) for login in logins]
        session.add_all(people)
        session.flush()
        session.add_all(Membership(person_id=one.id, site=SITE, post="technician") for one in people)


def begin(stage: Stage, logins: list[str]) -> int:
    with stage.database.transaction() as session:
        return instances.start(session, "agree", SITE, WORKER, stage.clock.now(), {"people": logins}).instance.id


def open_tasks(stage: Stage, instance: int) -> list[tuple[int, str]]:
    with stage.database.read() as session:
        query = select(UserTask.id, UserTask.assignee).where(UserTask.instance_id == instance, UserTask.state.in_(OPEN_TASK))
        return [(row.id, row.assignee) for row in session.execute(query.order_by(UserTask.id))]


def vote(stage: Stage, task: int, login: str) -> None:
    with stage.database.transaction() as session:
        user_tasks.complete(session, task, {"decision": "approve"}, person(login), stage.clock.now())


def person(login: str) -> Actor:
    return Actor(login, "api", frozenset({(SITE, "technician")}))


def diagram() -> bytes:
    """One task that all the people decide together."""
    rule = '<camunda:property name="steward:approval" value="all"/>'
    return (
        f'{HEAD}<bpmn:process id="agree" isExecutable="true"><bpmn:startEvent id="begin"/>'
        '<bpmn:sequenceFlow id="f" sourceRef="begin" targetRef="all"/>'
        '<bpmn:userTask id="all" name="会签" camunda:assignee="${person}">'
        f"<bpmn:extensionElements><camunda:properties>{rule}</camunda:properties></bpmn:extensionElements>"
        '<bpmn:multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="person"/>'
        "</bpmn:userTask></bpmn:process></bpmn:definitions>"
    ).encode()
