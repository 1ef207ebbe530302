"""What must be true at the end, whatever was killed: the database says what the people were told, no less and no more."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select

from engine import history
from engine.tables import HistoryEvent, Instance, Job, Message, MessageSubscription, Number, Timer
from tests.crash.load import Order, Person, orders
from tests.eventually import eventually
from tests.factories import Company

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def wait_for_jobs(company: Company) -> None:
    """Until the worker has done what it was left."""
    assert eventually(lambda: not _topics(company)), f"Expected the worker to do all jobs, but it left {_topics(company)}"


def _topics(company: Company) -> Sequence[str]:
    with company.database.read() as session:
        return session.scalars(select(Job.topic)).all()


def told(company: Company, event_type: str, since: datetime = LONG_AGO) -> Counter[str]:
    """How often each chain tells of such an event."""
    with company.database.read() as session:
        events = select(HistoryEvent.chain).where(HistoryEvent.type == event_type, HistoryEvent.recorded_at > since)
        return Counter(session.scalars(events))


def balance(company: Company, everybody: Sequence[Person]) -> None:
    """Compare the database, in which nothing waits any more, with the books of the people."""
    acknowledged = orders(everybody)
    rounds = sum(order.rounds for order in acknowledged)
    assert company.incidents() == []
    for order in acknowledged:
        _check(company, order)
    with company.database.read() as session:
        keys = Counter(session.scalars(select(Instance.key)))
        assert keys == {"order": len(acknowledged), "visit": rounds, "note": rounds}
        assert set(session.scalars(select(Instance.state))) == {"completed"}
        assert Counter((name, state) for name, state in session.execute(select(Message.name, Message.state))) == {
            ("answer", "delivered"): rounds,
            ("note", "delivered"): rounds,
        }
        for table in (Job, Timer, MessageSubscription):
            assert session.scalar(select(func.count()).select_from(table)) == 0, table
        numbers = dict(session.execute(select(Number.number, Number.instance_id)).all())
        given = dict(session.execute(select(Instance.number, Instance.id)).all())
        assert numbers == given
        assert len(numbers) == len(acknowledged) + 2 * rounds
        assert {order.number: order.id for order in acknowledged}.items() <= given.items()
        assert _gaps(list(numbers)) == []
        assert list(history.verify(session)) == []


def _check(company: Company, order: Order) -> None:
    events = company.events(order.id)
    types = Counter(event.type for event in events)
    assert [event.data["task"] for event in events if event.type == "user_task.completed" and event.data] == order.done
    assert types["instance.started"] == types["instance.completed"] == 1
    assert types["call.started"] == types["call.ended"] == types["message.received"] == order.rounds
    fired = Counter(event.activity for event in events if event.type == "timer.fired")
    assert fired["pause"] == order.rounds
    variables = company.variables(order.id)
    assert variables["steps"] == order.steps
    assert variables["nudges"] == fired["nudge"]


def _gaps(numbers: Sequence[str]) -> list[str]:
    """Numbers that are followed by none though their series goes on: WX-S1-202611-0007, say."""
    there = set(numbers)
    last: dict[str, int] = {}
    for number in numbers:
        series, _, place = number.rpartition("-")
        last[series] = max(last.get(series, 0), int(place))
    return [missing for series, end in last.items() for place in range(1, end) if (missing := f"{series}-{place:04d}") not in there]
