"""Two `steward worker` over one database: each timer fires once, whoever fires it."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from engine import instances
from engine.tables import HistoryEvent, Timer
from tests.crash.processes import Process
from tests.crash.sizes import Tell, size
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task
from tests.people import CHEN

pytestmark = pytest.mark.crash

TIMERS = size(short=200, full=2_000)
PATIENCE = 120.0  # seconds
ORDER = diagram(
    chain(
        START_EVENT,
        '<intermediateCatchEvent id="late"><timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>'
        "</intermediateCatchEvent>",
        script("count", "fired = fired + 1"),
        task("work"),
        END_EVENT,
    )
)
OFTEN = {"STEWARD_POLL_SECONDS": "0.05"}  # so that both begin together
# PostgreSQL notes by whom each timer was taken away: libpq says its name to the server.
WITNESS = (
    "CREATE TABLE witness (worker text)",
    "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN INSERT INTO witness VALUES (current_setting('application_name')); RETURN OLD; END $$",
    "CREATE TRIGGER witnessed BEFORE DELETE ON timer FOR EACH ROW EXECUTE FUNCTION see()",
)


@pytest.fixture
def workers(company: Company, database_url: str, tmp_path: Path) -> Iterator[list[Process]]:
    names = ("first", "second")
    both = [Process(("worker",), database_url, tmp_path / f"{name}.log", {"PGAPPNAME": name, **OFTEN}) for name in names]
    yield both
    for process in both:
        process.end()


def test_two_workers_fire_each_timer_once(company: Company, workers: list[Process], tell: Tell) -> None:
    company.deploy(ORDER)
    orders = _orders(company)
    witnessed = not company.database.is_sqlite
    if witnessed:
        _bring_witness(company)
    _set_due(company, datetime.now(UTC) + timedelta(days=1))
    for worker in workers:
        worker.start()
    _set_due(company, datetime.now(UTC))
    began = time.monotonic()
    _wait_until_fired(company)
    took = time.monotonic() - began
    for worker in workers:
        worker.stop()

    with company.database.read() as session:
        fired = Counter(session.scalars(select(HistoryEvent.chain).where(HistoryEvent.type == "timer.fired")))
    assert set(fired.values()) == {1}
    assert len(fired) == TIMERS
    assert [company.variables(order) for order in orders] == [{"fired": 1}] * TIMERS
    assert Counter(task.instance_id for task in company.open_tasks()) == Counter(orders)
    assert company.incidents() == []
    shares = _shares(company) if witnessed else {}
    assert not witnessed or (set(shares) == {"first", "second"} and sum(shares.values()) == TIMERS)
    tell(f"{TIMERS} timers, {sum(fired.values())} firings, {took:.1f} s, {dict(shares) or 'shares unseen'}")


def _orders(company: Company) -> list[int]:
    with company.database.transaction() as session:
        return [instances.start(session, "order", "S1", CHEN, company.now, {"fired": 0}).instance.id for _ in range(TIMERS)]


def _bring_witness(company: Company) -> None:
    with company.database.transaction() as session:
        for statement in WITNESS:
            session.execute(text(statement))


def _shares(company: Company) -> Counter[str]:
    with company.database.read() as session:
        return Counter(session.scalars(text("SELECT worker FROM witness")))


def _set_due(company: Company, moment: datetime) -> None:
    with company.database.transaction() as session:
        session.execute(update(Timer).values(due_at=moment))


def _wait_until_fired(company: Company) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with company.database.read() as session:
            left = session.scalar(select(func.count()).select_from(Timer))
        if not left:
            return
        assert time.monotonic() < deadline, f"Expected all timers to fire within {PATIENCE} s, but {left} did not"
        time.sleep(0.1)
