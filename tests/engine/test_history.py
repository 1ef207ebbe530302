"""History is only appended, and every tampering is named."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine import history
from engine.append_only import TRIGGERS, missing_triggers
from engine.db import Database
from engine.errors import StewardError
from engine.schema import NotReady, check, upgrade
from tests.factories import TWO_TASKS, Company
from tests.people import ANNA, DONG

REFUSED = [
    "UPDATE history_event SET type = 'nothing.happened'",
    "DELETE FROM history_event",
    "UPDATE history_content SET content = '{}'",
    "DELETE FROM history_content",
    "DELETE FROM number",
]


@pytest.fixture
def order(company: Company) -> int:
    company.deploy(TWO_TASKS)
    instance = company.start(variables={"house": "A-12"})
    company.complete("work", ANNA, {"note": "修好了"})
    company.complete("check", DONG)
    return instance


def faults(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        return [(fault.chain, fault.seq) for fault in history.verify(session)]


def without_triggers(database: Database, *statements: str) -> None:
    """What somebody with all rights on the database could do."""
    with database.engine.begin() as connection:
        for trigger in TRIGGERS:
            there = "" if database.is_sqlite else f" ON {trigger.table}"
            connection.execute(text(f"DROP TRIGGER {trigger.name}{there}"))
        for statement in statements:
            connection.execute(text(statement))


def test_history_tells_who_did_what_and_what_it_changed(company: Company, order: int) -> None:
    line = next(line for line in company.events(order) if line.type == "user_task.completed")
    assert (line.actor, line.source, line.activity) == ("anna", "page", "work")
    assert line.data is not None and line.data["variables"] == {"note": [None, "修好了"]}
    assert line.data["path"] == [["work", "left"], ["check", "entered", "work_check"]]


def test_an_untouched_history_holds(company: Company, order: int) -> None:
    assert faults(company.database) == []


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_itself_refuses_to_change_history(company: Company, order: int, statement: str) -> None:
    if "number" in statement:
        with company.database.transaction() as session:
            session.execute(text("INSERT INTO number VALUES ('WX-1', 'S1', 1, 'used', '2026-01-01')"))
    with pytest.raises(DBAPIError, match="append-only"), company.database.engine.begin() as connection:
        connection.execute(text(statement))


TAMPERINGS: dict[str, Callable[[str], str]] = {
    "a changed content": lambda chain: (
        f"UPDATE history_content SET content = replace(content, 'anna', 'bao') WHERE chain='{chain}' AND seq=3"
    ),
    "a changed header": lambda chain: f"UPDATE history_event SET type = 'user_task.cancelled' WHERE chain = '{chain}' AND seq = 3",
    "a removed event": lambda chain: f"DELETE FROM history_event WHERE chain = '{chain}' AND seq = 3",
    "a cut tail": lambda chain: f"DELETE FROM history_event WHERE chain = '{chain}' AND seq >= 3",
    "swapped times": lambda chain: f"UPDATE history_event SET at = '2020-01-01 00:00:00' WHERE chain = '{chain}' AND seq = 3",
    "a content taken away without a record": lambda chain: f"DELETE FROM history_content WHERE chain = '{chain}' AND seq = 3",
    "a rewritten hash": lambda chain: f"UPDATE history_event SET hash = previous_hash WHERE chain = '{chain}' AND seq = 3",
}


@pytest.mark.parametrize("tampering", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_every_tampering_is_named_with_its_place(company: Company, order: int, tampering: Callable[[str], str]) -> None:
    chain = history.instance_chain(order)
    without_triggers(company.database, tampering(chain))
    found = faults(company.database)
    assert len(found) == 1
    assert found[0][0] == chain
    assert found[0][1] in (3, 4)


def test_an_inserted_event_is_named(company: Company, order: int) -> None:
    chain = history.instance_chain(order)
    last = company.events(order)[-1].seq
    columns = "site, type, at, recorded_at, content_hash, previous_hash, hash"
    copy = f"INSERT INTO history_event (chain, seq, {columns}) SELECT chain, {last + 1}, {columns} FROM history_event"
    without_triggers(company.database, f"{copy} WHERE chain = '{chain}' AND seq = {last}")
    assert faults(company.database) == [(chain, last + 1)]


def test_a_content_without_its_event_and_a_missing_number_are_named(company: Company, order: int) -> None:
    number = "INSERT INTO number_series VALUES ('WX', 'S1', '202603', 2)"
    there = "INSERT INTO number VALUES ('WX-S1-202603-0002', 'S1', 1, 'used', '2026-03-02 01:00:00')"
    without_triggers(company.database, f"INSERT INTO history_content VALUES ('i{order}', 99, '{{}}')", number, there)
    assert faults(company.database) == [(history.instance_chain(order), 99), (history.site_chain("S1"), 0)]


def test_content_goes_only_with_a_disposal_record_and_the_chain_still_holds(company: Company, order: int) -> None:
    chain = history.instance_chain(order)
    with company.database.transaction() as session:
        session.execute(text(f"INSERT INTO disposal VALUES ('{chain}', 'emma', 'ten years are over', '2036-01-01 00:00:00')"))
        session.execute(text(f"DELETE FROM history_content WHERE chain = '{chain}'"))
    assert faults(company.database) == []
    assert {line.data for line in company.events(order)} == {None}


def test_a_database_without_its_triggers_is_not_ready(company: Company) -> None:
    check(company.database)
    without_triggers(company.database)
    with pytest.raises(NotReady, match="history_event_refuse_update"):
        check(company.database)
    upgrade(company.database)
    check(company.database)
    with company.database.engine.connect() as connection:
        assert missing_triggers(connection) == []


def test_not_ready_is_an_error_of_ours() -> None:
    assert issubclass(NotReady, StewardError)
