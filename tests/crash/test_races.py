"""Two things happen to one task in the same instant: one is first, the other is told so, and the case goes on as if they had queued."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import history, instances, messages, timers, user_tasks
from engine.clock import VirtualClock
from engine.db import Database
from engine.errors import AlreadyCompleted, Conflict
from engine.tables import Message, Timer
from engine.workflows import WorkflowCache
from tests.crash.processes import Process
from tests.crash.sizes import Tell, seed, size
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, extensions, found_company, script, task, timer
from tests.people import ANNA, BAO, CHEN, EMMA

pytestmark = pytest.mark.crash

RACES = size(short=50, full=500)
FEWER = size(short=10, full=200)
BESIDE = size(short=0, full=200)  # against a worker that is a process of its own
STOPPED_BY = (
    '<boundaryEvent id="told" attachedToRef="work" cancelActivity="true">{}<messageEventDefinition messageRef="m"/></boundaryEvent>'
)
ORDER = diagram(
    chain(START_EVENT, task("work"), script("count", "done = done + 1"), task("check"), END_EVENT)
    + timer("late", "work", "PT1H", interrupting=True)
    + STOPPED_BY.format(extensions({"correlationKey": "house"}))
    + task("overdue")
    + task("stopped")
    + '<sequenceFlow id="late_to" sourceRef="late" targetRef="overdue"/><sequenceFlow id="told_to" sourceRef="told" targetRef="stopped"/>'
    + '<sequenceFlow id="overdue_to" sourceRef="overdue" targetRef="end"/>'
    + '<sequenceFlow id="stopped_to" sourceRef="stopped" targetRef="end"/>',
    before='<message id="m" name="called off"/>',
)
Act = Callable[[Session], Any]


@dataclass(frozen=True)
class Order:
    """A case at the task that the race is about."""

    id: int
    house: str
    work: int
    late: int


@pytest.fixture
def orders(company: Company) -> Iterator[Order]:
    """One order after the other, as many as are asked for, its timer already due."""
    company.deploy(ORDER)
    company.clock.advance(timedelta(hours=2))
    before = company.now - timedelta(hours=2)

    def begin() -> Iterator[Order]:
        for number in range(1_000):
            house = f"A-{number}"
            with company.database.transaction() as session:
                started = instances.start(session, "order", "S1", CHEN, before, {"house": house, "done": 0}).instance.id
                late = session.scalars(select(Timer.id).where(Timer.instance_id == started)).one()
            yield Order(started, house, company.task("work", started).id, late)

    return begin()


def race(company: Company, first: Act, second: Act, lead: float) -> tuple[Any, Any]:
    """What each act gave, or raised, when both began at once, or the first that much earlier."""
    outcomes: list[Any] = [None, None]
    gate = threading.Barrier(2)

    def act(place: int, do: Act, wait: float) -> None:
        gate.wait()
        time.sleep(max(wait, 0))
        try:
            with company.database.transaction() as session:
                outcomes[place] = do(session)
                session.flush()
                session.expunge_all()
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=act, args=args) for args in ((0, first, -lead), (1, second, lead))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes[0], outcomes[1]


def leads(count: int, dice: random.Random) -> Iterator[float]:
    """Seconds by which the first is earlier: once far, once far behind, and then within the time that a command takes."""
    yield from (0.1, -0.1)
    for number in range(count - 2):
        yield 0.0 if number % 2 else dice.uniform(-0.004, 0.004)


def completing(company: Company, order: Order, actor: Any = ANNA) -> Act:
    return lambda session: user_tasks.complete(session, order.work, {"fixed": True}, actor, company.now)


def finish(company: Company, order: Order) -> None:
    """Go on to the end: where a token was lost or doubled, that does not come."""
    [open_task] = company.open_tasks(order.id)
    company.complete(open_task.activity_id, ANNA, instance=order.id)
    if company.instance(order.id).state != "completed":
        company.complete("check", ANNA, instance=order.id)
    assert company.instance(order.id).state == "completed"
    assert company.open_tasks(order.id) == []
    done = company.told(order.id).count("user_task.completed") == 2 and "timer.fired" not in company.told(order.id)
    assert company.variables(order.id)["done"] in ((1,) if done else (0, 1))


def holds(company: Company) -> None:
    assert company.incidents() == []
    with company.database.read() as session:
        assert list(history.verify(session)) == []
        assert session.scalars(select(Timer.id)).all() == []


def refused(error: Any, kind: type[Exception], words: str) -> bool:
    """Whether an act was refused in these words; anything else that it raised is a fault."""
    if not isinstance(error, Exception):
        return False
    assert isinstance(error, kind) and words in str(error), repr(error)
    return True


def test_a_task_is_completed_while_its_timer_fires(company: Company, orders: Iterator[Order], tell: Tell) -> None:
    dice = random.Random(seed())
    winners: Counter[str] = Counter()
    for lead in leads(RACES, dice):
        order = next(orders)
        completed, fired = race(
            company, completing(company, order), lambda session, late=order.late: timers.fire(session, late, company.now), lead
        )
        assert not isinstance(fired, Exception), repr(fired)
        was_late = refused(completed, AlreadyCompleted, "was cancelled at 2026-03-02T03:00:00Z")
        assert was_late == (fired is not None)
        assert company.waiting(order.id) == (["overdue"] if was_late else ["check"])
        told = Counter(company.told(order.id))
        assert (told["timer.fired"], told["user_task.completed"]) == ((1, 0) if was_late else (0, 1))
        winners["timer" if was_late else "person"] += 1
        finish(company, order)
    holds(company)
    assert winners.keys() == {"timer", "person"}
    tell(f"{RACES} races, {dict(winners)}")


def test_a_task_is_completed_while_a_message_interrupts_it(company: Company, orders: Iterator[Order], tell: Tell) -> None:
    dice = random.Random(seed())
    winners: Counter[str] = Counter()
    for lead in leads(FEWER, dice):
        order = next(orders)
        completed, message = race(
            company,
            completing(company, order),
            lambda session, house=order.house: messages.publish(session, "called off", "S1", house, {}, CHEN, company.now),
            lead,
        )
        assert isinstance(message, Message), repr(message)
        was_late = refused(completed, AlreadyCompleted, "was cancelled at")
        assert message.state == ("delivered" if was_late else "stored")
        assert company.waiting(order.id) == (["stopped"] if was_late else ["check"])
        winners["message" if was_late else "person"] += 1
        finish(company, order)
    holds(company)
    assert winners.keys() == {"message", "person"}
    tell(f"{FEWER} races, {dict(winners)}")


def test_a_task_is_completed_while_its_case_is_cancelled(company: Company, orders: Iterator[Order], tell: Tell) -> None:
    dice = random.Random(seed())
    winners: Counter[str] = Counter()
    for lead in leads(FEWER, dice):
        order = next(orders)
        completed, cancelled = race(
            company,
            completing(company, order),
            lambda session, one=order.id: instances.cancel(session, one, "called off", EMMA, company.now),
            lead,
        )
        assert not isinstance(cancelled, Exception), repr(cancelled)
        was_late = refused(completed, AlreadyCompleted, "was cancelled at")
        assert company.instance(order.id).state == "cancelled"
        assert company.waiting(order.id) == []
        told = company.told(order.id)
        assert (told.count("user_task.completed"), told.count("instance.cancelled")) == (0 if was_late else 1, 1)
        winners["cancelling" if was_late else "person"] += 1
    holds(company)
    assert winners.keys() == {"cancelling", "person"}
    tell(f"{FEWER} races, {dict(winners)}")


def test_a_task_is_completed_while_its_case_is_suspended(company: Company, orders: Iterator[Order], tell: Tell) -> None:
    dice = random.Random(seed())
    winners: Counter[str] = Counter()
    for lead in leads(FEWER, dice):
        order = next(orders)
        completed, suspended = race(
            company,
            completing(company, order),
            lambda session, one=order.id: instances.suspend(session, one, "a question", EMMA, company.now),
            lead,
        )
        assert not isinstance(suspended, Exception), repr(suspended)
        was_late = refused(completed, Conflict, "is suspended")
        assert company.instance(order.id).state == "suspended"
        assert company.waiting(order.id) == (["work"] if was_late else ["check"])
        with company.database.transaction() as session:
            instances.resume(session, order.id, "answered", EMMA, company.now)
        winners["suspending" if was_late else "person"] += 1
        finish(company, order)
    holds(company)
    assert winners.keys() == {"suspending", "person"}
    tell(f"{FEWER} races, {dict(winners)}")


@pytest.mark.parametrize("other", [ANNA, BAO], ids=["the same person", "a colleague"])
def test_a_task_is_completed_twice_at_once(company: Company, orders: Iterator[Order], other: Any) -> None:
    dice = random.Random(seed())
    winners: Counter[str] = Counter()
    for lead in leads(FEWER, dice):
        order = next(orders)
        outcomes = race(company, completing(company, order), completing(company, order, other), lead)
        [loser] = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, Exception)]
        winner = ("anna", other.login)[1 - loser]
        assert refused(outcomes[loser], AlreadyCompleted, f"{winner} completed it at 2026-03-02T03:00:00Z")
        assert company.told(order.id).count("user_task.completed") == 1
        assert company.waiting(order.id) == ["check"]
        winners[str(loser)] += 1
        finish(company, order)
    holds(company)
    assert winners.keys() == {"0", "1"}


def test_who_is_overtaken_between_reading_the_task_and_reading_the_state_is_told_by_whom(sqlite_url: str, clock: VirtualClock) -> None:
    company = found_company(Database(sqlite_url), clock)
    company.deploy(ONE_TASK.replace(END_EVENT.encode(), b'<userTask id="end"/>'))
    order = company.start()
    work = company.task("work", order).id
    company.database.keep["workflows"] = Hesitating(lambda: company.complete("work", BAO, instance=order))
    with pytest.raises(AlreadyCompleted, match="bao completed it at"), company.database.transaction() as session:
        user_tasks.complete(session, work, {}, ANNA, company.now)
    assert company.told(order).count("user_task.completed") == 1
    company.database.dispose()


class Hesitating(WorkflowCache):
    """Keeps nothing, and lets somebody else be faster the first time that it is asked."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self._meanwhile: list[Callable[[], object]] = [meanwhile]

    def take(self, instance_id: int, moves: int) -> None:
        if self._meanwhile:
            other = threading.Thread(target=self._meanwhile.pop())
            other.start()
            other.join()


@pytest.mark.skipif(not BESIDE, reason="a worker of its own: make soak")
def test_a_task_is_completed_while_a_worker_of_its_own_fires_its_timer(
    company: Company, orders: Iterator[Order], database_url: str, tmp_path: Path, tell: Tell
) -> None:
    dice = random.Random(seed())
    worker = Process(("worker",), database_url, tmp_path / "worker.log", {"STEWARD_POLL_SECONDS": "0.02"})
    waiting = [next(orders) for _ in range(BESIDE)]
    with company.database.transaction() as session:
        session.execute(update(Timer).values(due_at=datetime.now(UTC) + timedelta(days=1)))
    worker.start()
    winners: Counter[str] = Counter()
    try:
        for order in waiting:
            with company.database.transaction() as session:
                session.execute(update(Timer).where(Timer.id == order.late).values(due_at=datetime.now(UTC)))
            time.sleep(dice.uniform(0, 0.03))
            try:
                company.complete("work", ANNA, {"fixed": True}, order.id)
                winners["person"] += 1
                assert company.waiting(order.id) == ["check"]
            except (AlreadyCompleted, StopIteration):  # or the timer was so early that there was no open task to be found
                winners["timer"] += 1
                assert company.waiting(order.id) == ["overdue"]
            finish(company, order)
    finally:
        worker.stop()
    holds(company)
    assert winners.keys() == {"timer", "person"}
    tell(f"{BESIDE} races, {dict(winners)}")
