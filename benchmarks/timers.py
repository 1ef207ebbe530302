"""Timers: ten thousand due at once, a hundred a second for a while, and what it costs to look when nothing is due."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import perf_counter, sleep, thread_time

from sqlalchemy import func, select

from benchmarks import postgresql
from benchmarks.bulk import FIRST
from benchmarks.clones import clone
from benchmarks.diagrams import chased_task
from benchmarks.figure import Figure, middle
from benchmarks.postgresql import DURABLE
from benchmarks.stage import Stage, empty_company
from engine import worker
from engine.crew import Threads
from engine.scheduler import Scheduler
from engine.tables import HistoryEvent, Timer

AT_ONCE = 10_000
RATE_TO_REACH = 300.0  # fired a second
STEADY_RATE, STEADY_SECONDS = 100, 20
LATENESS = 1.0  # seconds
LOOK_SECONDS = 0.02  # between two looks at what is late: lateness is never told too small, and too large by this at most
LEAD = timedelta(seconds=10)  # for making them
FEW, MANY = 10, 100_000
TICKS = 200
IDLE_BAR = 1.2


def measure() -> Iterator[Figure]:
    with waiting() as stage:
        yield from due_at_once("timers", stage)
    found = postgresql.binaries()
    if found is None:
        yield Figure("timers.postgresql.due", 0, f"left out: {postgresql.HOW_TO_INSTALL}")
    else:
        with postgresql.running(found, DURABLE) as server, waiting(server.new_database()) as stage:
            yield from due_at_once("timers.postgresql", stage)
    with waiting() as stage:
        yield Figure("timers.late", lateness(stage), "s at the 99th percentile", LATENESS, 1.0, at_most=True)
    with waiting() as few, waiting() as many:
        yield idle(few, many)


@contextmanager
def waiting(url: str | None = None) -> Iterator[Stage]:
    """An empty company that waits for its disk, with the diagram of a chased task."""
    with empty_company(url=url) as stage:
        stage.deploy(chased_task())
        yield stage


def due_at_once(name: str, stage: Stage) -> Iterator[Figure]:
    clone(stage, stage.start("chased"), AT_ONCE, lambda _: stage.clock.now())
    crew = Threads()  # as the scheduler has them
    begun = perf_counter()
    worker.run_due(stage.database, stage.clock, crew=crew)
    spent = perf_counter() - begun
    crew.close()
    yield Figure(f"{name}.due", AT_ONCE / spent, "fired/s", RATE_TO_REACH, 1.0)
    with stage.database.read() as session:
        firings = select(func.count(), func.count(HistoryEvent.chain.distinct())).where(HistoryEvent.type == "timer.fired")
        fired, instances = session.execute(firings).one()
    assert fired == instances == AT_ONCE, f"Expected {AT_ONCE} to fire once each, but {instances} fired {fired} times"
    yield Figure(f"{name}.once", fired, "firings, each of another timer", AT_ONCE, 1.0)


def lateness(stage: Stage) -> float:
    """Seconds from the moment at which a timer is due to the one at which anybody can see that it has fired, with a scheduler at work."""
    count, first = STEADY_RATE * STEADY_SECONDS, stage.clock.now() + LEAD
    due = {FIRST + number: first + timedelta(seconds=number / STEADY_RATE) for number in range(count)}
    clone(stage, stage.start("chased"), count, lambda number: due[FIRST + number])
    assert stage.clock.now() < first, "Expected to be ready before the first timer is due: the machine is too slow, or LEAD too short"
    scheduler, late = Scheduler(stage.database, stage.clock), list[float]()
    scheduler.start()
    try:
        while due:
            sleep(LOOK_SECONDS)
            late += _gone(stage, due)
    finally:
        scheduler.stop()
    return sorted(late)[int(len(late) * 0.99)]


def _gone(stage: Stage, due: dict[int, datetime]) -> list[float]:
    """How late those were that have fired since the last look; they are taken out of `due`."""
    now = stage.clock.now()
    with stage.database.read() as session:
        still = set(session.scalars(select(Timer.id).where(Timer.state == "open", Timer.due_at <= now)))
    gone = [timer for timer, moment in due.items() if moment <= now and timer not in still]
    return [(now - due.pop(timer)).total_seconds() for timer in gone]


def idle(few: Stage, many: Stage) -> Figure:
    """Processor time of a look when nothing is due."""
    tomorrow = few.clock.now() + timedelta(days=1)
    for stage, count in ((few, FEW), (many, MANY)):
        clone(stage, stage.start("chased"), count, lambda number: tomorrow + timedelta(seconds=number))
    small, large = [], []
    for _ in range(TICKS):
        small.append(_tick(few))
        large.append(_tick(many))
    return Figure("timers.idle", middle(large), "ms of processor time a look", middle(small), IDLE_BAR, at_most=True)


def _tick(stage: Stage) -> float:
    begun = thread_time()
    worker.run_due(stage.database, stage.clock)
    return (thread_time() - begun) * 1_000
