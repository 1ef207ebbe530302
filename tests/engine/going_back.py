"""Tasks and cases that go back: what the tests of ways back share."""

from engine import returning, withdrawing
from engine.actors import Actor
from engine.tables import UserTask
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task

BACK = {"returnTo": "earlier, end", "withdraw": "allowed"}
ORDER = diagram(
    chain(
        START_EVENT, task("fill_in", "customer_service", BACK), task("work", "technician", BACK),
        task("check", "engineering_supervisor", BACK), END_EVENT,
    ),
    properties={"withdraw": "allowed", "numberSeries": "WX"},
)  # fmt: skip
FORK, JOIN = '<parallelGateway id="fork"/>', '<parallelGateway id="join"/>'
BRANCHES = diagram(
    chain(START_EVENT, FORK, task("work", properties=BACK), JOIN, task("check", "engineering_supervisor", BACK), END_EVENT)
    + task("clean", "technician", BACK)
    + '<sequenceFlow id="f1" sourceRef="fork" targetRef="clean"/><sequenceFlow id="f2" sourceRef="clean" targetRef="join"/>'
)


def send_back(company: Company, activity: str, to: str, actor: Actor, reason: str = "photographs are missing") -> returning.Returned:
    task_id = company.task(activity).id
    with company.database.transaction() as session:
        returned = returning.return_task(session, task_id, to, reason, actor, company.now)
        session.flush()
        session.expunge_all()
        return returned


def take_back(company: Company, task_id: int, actor: Actor) -> UserTask:
    with company.database.transaction() as session:
        taken = withdrawing.withdraw(session, task_id, actor, company.now)
        session.flush()
        session.expunge_all()
        return taken


def done(company: Company, *acts: tuple[str, Actor]) -> list[int]:
    """The ids of the tasks that these people have completed."""
    return [company.complete(activity, actor).task.id for activity, actor in acts]


def ways(company: Company, activity: str) -> list[tuple[str, str, str | None]]:
    with company.database.read() as session:
        found = returning.targets(session, session.get_one(UserTask, company.task(activity).id))
        return [(target.to, target.name, target.performer) for target in found]
