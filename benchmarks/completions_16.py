"""User tasks of the repair order completed a second by sixteen callers who wait for the flush, beside one caller who waits for none: the
flush is shared, and the write lock held for writing only. On SQLite, and on PostgreSQL where it is installed."""

from collections.abc import Callable, Iterator

from benchmarks import postgresql
from benchmarks.figure import Figure, beside
from benchmarks.orders import repair_company, together
from benchmarks.postgresql import DURABLE, QUICK

CALLERS = 16
ORDERS = 48
BAR = 0.8
TURNS = 9


def measure() -> Iterator[Figure]:
    with repair_company() as durable, repair_company(durable=False) as quick:
        yield _figure("completions_16", lambda: together(durable, ORDERS, CALLERS), lambda: together(quick, ORDERS, 1))
    found = postgresql.binaries()
    if found is None:
        yield Figure("completions_16.postgresql", 0, f"left out: {postgresql.HOW_TO_INSTALL}")
        return
    with (
        postgresql.running(found, DURABLE) as slow, postgresql.running(found, QUICK) as fast,
        repair_company(url=slow.new_database()) as durable, repair_company(url=fast.new_database()) as quick,
    ):  # fmt: skip
        yield _figure("completions_16.postgresql", lambda: together(durable, ORDERS, CALLERS), lambda: together(quick, ORDERS, 1))


def _figure(name: str, many: Callable[[], float], one: Callable[[], float]) -> Figure:
    sixteen, alone = beside(many, one, TURNS)
    return Figure(name, sixteen, "completions/s", alone, BAR)
