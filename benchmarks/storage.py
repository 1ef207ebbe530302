"""What a finished repair order takes in the database, history and indexes included: pages as they lie in the file, nothing tidied up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from sqlalchemy import func, select

from benchmarks import postgresql
from benchmarks.figure import Figure
from benchmarks.orders import Orders, repair_company, tell
from benchmarks.postgresql import QUICK
from engine.db import Database
from engine.tables import HistoryEvent

ORDERS = 100
BYTES_AN_EVENT = 1_200
BATCH = 20
TELLING = 4  # orders told side by side, as they are in life

_SQLITE_SIZES = "SELECT name, SUM(pgsize) FROM dbstat GROUP BY name"
_POSTGRESQL_SIZES = (
    "SELECT c.relname, pg_relation_size(c.oid) + coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0) FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'i')"
)


def measure() -> Iterator[Figure]:
    with repair_company(durable=False) as company:
        yield from _figures("storage", company)
    found = postgresql.binaries()
    if found is None:
        return
    with postgresql.running(found, QUICK) as server, repair_company(url=server.new_database()) as company:
        yield from _figures("storage.postgresql", company)


def _figures(name: str, company: Orders) -> Iterator[Figure]:
    grown, events = grow(company, ORDERS)
    taken = sum(grown.values())
    yield Figure(name, taken / events, "bytes an event", BYTES_AN_EVENT, 1.0, at_most=True)
    yield Figure(f"{name}.order", taken / ORDERS, "bytes an order", None)


def grow(company: Orders, count: int) -> tuple[dict[str, int], int]:
    """Tell so many orders to their end; by how many bytes each table and index has grown, and how many events of history there are.

    They come in batches with PostgreSQL's vacuum in between, as its own would come by: what it frees is used again.
    """
    before = sizes(company.database)
    after = before
    with ThreadPoolExecutor(TELLING) as callers:
        for begun in range(0, count, BATCH):
            list(callers.map(lambda _: tell(company, company.call()), range(begun, min(begun + BATCH, count))))
            after = sizes(company.database)
    with company.database.read() as session:
        events = session.scalar(select(func.count()).select_from(HistoryEvent).where(HistoryEvent.chain.startswith("i"))) or 0
    return {name: size - before.get(name, 0) for name, size in after.items()}, events


def sizes(database: Database) -> dict[str, int]:
    """Bytes of each table and index: on SQLite once the log is carried into the file, on PostgreSQL once its vacuum has been by."""
    database.dispose()  # readers would keep the log
    pooled = database.engine.raw_connection()
    driver: Any = pooled.driver_connection
    pooled.detach()  # not the pool's any more: its transactions would be in the way
    with closing(driver):
        if not database.is_sqlite:
            driver.autocommit = True
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)" if database.is_sqlite else "VACUUM")
        return {name: int(size) for name, size in driver.execute(_SQLITE_SIZES if database.is_sqlite else _POSTGRESQL_SIZES)}


def main() -> None:
    """Print what each table and index has grown by, an order and an event."""
    with repair_company(durable=False) as company:
        print_growth("SQLite", company)
    found = postgresql.binaries()
    if found is not None:
        with postgresql.running(found, QUICK) as server, repair_company(url=server.new_database()) as company:
            print_growth("PostgreSQL", company)


def print_growth(name: str, company: Orders) -> None:
    grown, events = grow(company, ORDERS)
    print(f"{name}: {ORDERS} orders, {events / ORDERS:.1f} events each")
    for table, size in sorted(grown.items(), key=lambda one: -one[1]):
        if size > 0:
            print(f"  {table:60} {size / ORDERS:8.0f} bytes an order {size / events:7.1f} an event")
    print(f"  {'together':60} {sum(grown.values()) / ORDERS:8.0f} bytes an order {sum(grown.values()) / events:7.1f} an event")


if __name__ == "__main__":
    main()
