"""The ledger of a month with 20,000 cases: its page (days, classes, callbacks, the first lines), and all its lines for a download."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks import postgresql
from benchmarks.bulk import FIRST, insert_rows
from benchmarks.crowd import fields
from benchmarks.diagrams import loop_of_three
from benchmarks.figure import Figure, middle, milliseconds
from benchmarks.postgresql import QUICK
from benchmarks.stage import SITE, Stage, empty_company
from engine import ledgers, periods, sites
from engine.ledgers import Ledger
from engine.tables import CaseField, Definition, Instance, KpiPoint, Number, SlaClock

CASES = 20_000
OTHERS = 3  # months before it that are as full
LIMIT = 500.0
CLOCKS = 4
MEASURED = 5
CLASSES = ("area", "kind", "urgency", "rating")
LINES = 50


def measure() -> Iterator[Figure]:
    with empty_company(durable=False) as stage:
        yield from _figures("ledgers", stage)
    found = postgresql.binaries()
    if found is None:
        yield Figure("ledgers.postgresql.month", 0, f"left out: {postgresql.HOW_TO_INSTALL}")
        return
    with postgresql.running(found, QUICK) as server, empty_company(durable=False, url=server.new_database()) as stage:
        yield from _figures("ledgers.postgresql", stage)


def _figures(name: str, stage: Stage) -> Iterator[Figure]:
    ledger = fill(stage)
    yield Figure(f"{name}.month", middle([_timed(stage, page, ledger) for _ in range(MEASURED)]), "ms", LIMIT, 1.0, at_most=True)
    yield Figure(f"{name}.lines", _timed(stage, lambda session, asked: list(ledgers.all_entries(session, asked)), ledger), "ms", LIMIT)


def page(session: Session, ledger: Ledger) -> object:
    """What the page shows."""
    counted = ledgers.days(session, ledger), ledgers.by_class(session, ledger, CLASSES), ledgers.callbacks(session, ledger)
    return counted, ledgers.entries(session, ledger, LINES)


def _timed(stage: Stage, work: Callable[[Session, Ledger], object], ledger: Ledger) -> float:
    def once() -> None:
        with stage.database.read() as session:
            work(session, ledger)

    return milliseconds(once)


def fill(stage: Stage) -> Ledger:
    """A month of finished cases with clocks, fields and callbacks, and months before it."""
    stage.deploy(loop_of_three())
    dice, now = random.Random(7), stage.clock.now()
    with stage.database.read() as session:
        zone = sites.facts(session, SITE).zone
        definition = session.scalars(select(Definition.id)).one()
    month = periods.month_at(now, zone)
    asked = Ledger("loop", [SITE], month, zone)
    with stage.database.engine.begin() as connection:
        rows: dict[type[Any], list[dict[str, Any]]] = {table: [] for table in (Instance, Number, SlaClock, CaseField, KpiPoint)}
        for back in range(OTHERS + 1):
            span = (asked.end - asked.begin).total_seconds()
            for number in range(CASES):
                at = asked.begin + timedelta(seconds=span * number / CASES)
                _case(rows, FIRST + 2 * (back * CASES + number), at, definition, dice)
            asked = Ledger("loop", [SITE], asked.period.before(), zone)
        for table, those in rows.items():
            insert_rows(connection, table, iter(those))
        connection.exec_driver_sql("ANALYZE")
    return Ledger("loop", [SITE], month, zone)


def _case(rows: dict[type[Any], list[dict[str, Any]]], id_: int, at: Any, definition: int, dice: random.Random) -> None:
    case = {
        "definition_id": definition, "version": 1, "site": SITE, "title": "x", "state": "completed", "incidents": 0, "starter": "chen",
        "first_responder": "chen", "occurred_at": at, "started_at": at, "ended_at": at + timedelta(hours=5), "root_id": id_, "moves": 9,
        "chain_length": 0, "chain_head": b"", "revision": 1,
    }  # fmt: skip
    number = f"WX-{SITE}-{at:%Y%m}-{id_}"
    rows[Instance].append(case | {"id": id_, "key": "loop", "number": number, "parent_id": None, "depth": 0})
    rows[Instance].append(case | {"id": id_ + 1, "key": "callback", "number": f"HF-{id_}", "parent_id": id_, "depth": 1})
    rows[Number].append({"number": number, "site": SITE, "instance_id": id_, "state": "used", "allocated_at": at})
    known = fields(id_) | {"area": "indoor", "kind": f"kind{id_ % 12}", "urgency": dice.choice(("normal", "urgent")), "rating": "5"}
    rows[CaseField].extend({"instance_id": id_, "name": name, "value": value} for name, value in known.items())
    rows[CaseField].append({"instance_id": id_ + 1, "name": "verdict", "value": dice.choice(("satisfied", "dissatisfied", "unreached"))})
    for clock in range(CLOCKS):
        breached = at + timedelta(hours=1) if dice.random() < 0.1 else None
        rows[SlaClock].append({
            "instance_id": id_, "site": SITE, "name": f"clock{clock}", "state": "stopped", "time": "running", "limit_seconds": 3_600,
            "warn_share": 0.8, "used_seconds": 60, "started_at": at, "due_at": at + timedelta(hours=1), "breached_at": breached,
            "stopped_at": at + timedelta(hours=2), "kpi": "B09",
        })  # fmt: skip
        if breached is not None:
            rows[KpiPoint].append({"site": SITE, "instance_id": id_, "clock": f"clock{clock}", "code": "B09", "at": breached})
