"""Two `steward worker` over one database: each timer fires once, each clock rings once, each job is done once, whoever does it."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from engine import history, instances
from engine.tables import Instance, Job, SlaClock, Timer
from tests.crash import books, load
from tests.crash.processes import Process
from tests.crash.sizes import Tell, size
from tests.eventually import eventually
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task
from tests.people import CHEN

pytestmark = pytest.mark.crash

TIMERS = size(short=200, full=2_000)
PATIENCE = size(short=120.0, full=600.0)  # seconds
ORDER = diagram(
    chain(
        START_EVENT,
        '<intermediateCatchEvent id="late"><timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>'
        "</intermediateCatchEvent>",
        script("count", "fired = fired + 1"),
        load.TELL,
        task("work"),
        END_EVENT,
    ),
    properties={"clock.promise": "from=start.completed; to=work.completed; limit=duration(&quot;PT1S&quot;)"},
    before=load.NOTE_SENT,
)
ONCE = ("timer.fired", "clock.breached")
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


def test_two_workers_do_everything_that_is_due_once(company: Company, workers: list[Process], tell: Tell) -> None:
    company.deploy(load.NOTE, ORDER)
    orders = _orders(company)
    witnessed = not company.database.is_sqlite
    if witnessed:
        _bring_witness(company)
    _set_due(company, datetime.now(UTC) + timedelta(days=1))
    for worker in workers:
        worker.start()
    _set_due(company, datetime.now(UTC))
    began = time.monotonic()
    assert eventually(lambda: not _left(company), PATIENCE), f"Expected everything to be done, but {_left(company)} things are not"
    took = time.monotonic() - began
    for worker in workers:
        worker.stop()

    for type_ in ONCE:
        told = books.told(company, type_)
        assert set(told.values()) == {1}, type_
        assert len(told) == TIMERS
    assert [company.variables(order) for order in orders] == [{"fired": 1, "round": 0}] * TIMERS
    assert Counter(task.instance_id for task in company.open_tasks()) == Counter(orders)
    assert company.incidents() == []
    with company.database.read() as session:
        assert session.scalar(select(func.count()).where(Instance.key == "note")) == TIMERS
        assert list(history.verify(session)) == []
    shares = _shares(company) if witnessed else {}
    assert not witnessed or (set(shares) == {"first", "second"} and sum(shares.values()) == TIMERS)
    tell(f"{TIMERS} timers, clocks and messages, each once, {took:.1f} s, {dict(shares) or 'shares unseen'}")


def _orders(company: Company) -> list[int]:
    with company.database.transaction() as session:
        return [instances.start(session, "order", "S1", CHEN, company.now, {"fired": 0, "round": 0}).instance.id for _ in range(TIMERS)]


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
        session.execute(update(SlaClock).values(alarm_at=moment))


def _left(company: Company) -> int:
    with company.database.read() as session:
        waiting = [session.scalar(select(func.count()).select_from(table)) or 0 for table in (Timer, Job)]
        ringing = session.scalar(select(func.count()).where(SlaClock.alarm_at.is_not(None))) or 0
    return sum(waiting) + ringing
