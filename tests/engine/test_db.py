"""Transactions: all or nothing, and on SQLite one commit for those that came together."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, select, text, update

from engine.db import Database, insert_unless_there, on_commit
from engine.errors import Conflict
from engine.tables import Site, SiteVariable
from tests.eventually import eventually
from tests.factories import Company
from tests.people import START


def add(database: Database, code: str) -> None:
    with database.transaction() as session:
        session.add(Site(code=code, name=code, zone="Asia/Shanghai", created_at=START))


def codes(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Site.code)))


def test_what_fails_leaves_nothing(company: Company) -> None:
    with pytest.raises(ZeroDivisionError), company.database.transaction() as session:
        session.add(Site(code="S9", name="x", zone="UTC", created_at=START))
        session.flush()
        raise ZeroDivisionError
    assert "S9" not in codes(company.database)


def test_one_that_fails_takes_nobody_along(company: Company) -> None:
    together = threading.Barrier(20)
    failures: list[str] = []

    def work(number: int) -> None:
        together.wait()
        try:
            with company.database.transaction() as session:
                session.add(Site(code=f"T{number}", name="x", zone="UTC", created_at=START))
                session.flush()
                if number % 2:
                    raise ValueError("odd")
        except ValueError:
            failures.append(f"T{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes(company.database) == {"S1", "S2"} | {f"T{number}" for number in range(0, 20, 2)}
    assert len(failures) == 10


def test_no_increment_is_lost(company: Company) -> None:
    with company.database.transaction() as session:
        session.add(SiteVariable(site="S1", name="count", value=0))

    def increment() -> None:
        for _ in range(25):
            with company.database.transaction() as session:
                row = session.get_one(SiteVariable, ("S1", "count"), with_for_update=True)
                session.execute(update(SiteVariable).values(value=row.value + 1))

    threads = [threading.Thread(target=increment) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with company.database.read() as session:
        assert session.get_one(SiteVariable, ("S1", "count")).value == 100


def test_commands_that_come_together_share_a_commit_on_sqlite(sqlite_url: str) -> None:
    """All who have come to write while somebody else does."""
    database = Database(sqlite_url)
    commits: list[int] = []
    event.listen(database.engine, "commit", lambda _connection: commits.append(1))

    def work(number: int) -> None:
        with database.transaction() as session:
            session.add(Site(code=f"T{number}", name="x", zone="UTC", created_at=START))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    with database.transaction() as session:
        session.connection()  # has the turn
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while database._turns._waiting < 20 and time.monotonic() < deadline:  # type: ignore[union-attr]
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert len(codes(database)) == 20
    assert len(commits) == 1
    database.dispose()


def test_nobody_is_answered_before_the_commit(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    seen: list[set[str]] = []
    other = Database(sqlite_url)
    for number in range(5):
        with database.transaction() as session:
            session.add(Site(code=f"T{number}", name="x", zone="UTC", created_at=START))
            on_commit(session, lambda: seen.append(codes(other)))
    assert [len(found) for found in seen] == [1, 2, 3, 4, 5]
    database.dispose()
    other.dispose()


def test_a_failed_commit_is_told_to_everybody_in_it(sqlite_url: str) -> None:
    database = Database(sqlite_url)

    def refuse(_connection: object) -> None:
        raise OSError("the disk is gone")

    event.listen(database.engine, "commit", refuse)
    with pytest.raises(OSError, match="disk"):
        add(database, "T1")
    event.remove(database.engine, "commit", refuse)
    assert codes(database) == set()
    add(database, "T2")
    assert codes(database) == {"T2"}
    database.dispose()


def test_who_is_refused_by_what_others_wrote_is_told_after_their_commit_or_of_its_failure(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    answers: dict[str, BaseException] = {}
    first_has_written = threading.Event()

    def write(name: str, wait: Callable[[], object]) -> None:
        try:
            with database.transaction() as session:
                if session.scalar(select(Site.code).where(Site.code == "T1")) is not None:
                    raise Conflict("Expected to be the first, but somebody was faster")
                session.add(Site(code="T1", name="x", zone="UTC", created_at=START))
                session.flush()
                first_has_written.set()
                wait()
        except (OSError, Conflict) as error:
            answers[name] = error

    def refuse(_connection: object) -> None:
        raise OSError("the disk is gone")

    event.listen(database.engine, "commit", refuse)
    second = threading.Thread(target=lambda: first_has_written.wait() and write("second", lambda: None))
    second.start()
    write("first", lambda: eventually(lambda: database._turns is not None and database._turns._waiting > 0))
    second.join()
    event.remove(database.engine, "commit", refuse)
    assert codes(database) == set()
    assert [type(answers[name]) for name in ("first", "second")] == [OSError, OSError]
    database.dispose()


def test_transactions_do_not_nest_on_sqlite(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.transaction(), pytest.raises(RuntimeError, match="one transaction"), database.transaction():
        pass
    database.dispose()


def test_every_commit_is_flushed_on_sqlite(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    database.dispose()


def test_postgresql_runs_statements_without_compiling_them_first(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    for session_of in (database.read, database.transaction):
        with session_of() as session:
            assert session.scalar(text("SHOW jit")) == "off"
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        raise ZeroDivisionError
    with database.read() as session:
        assert session.scalar(text("SHOW jit")) == "off"
    database.dispose()


def test_an_insert_tells_whether_the_key_was_there(company: Company) -> None:
    row = {"code": "T1", "name": "x", "zone": "UTC", "created_at": START}
    for expected in (True, False):
        with company.database.transaction() as session:
            assert insert_unless_there(session, Site, row) is expected


def test_a_time_without_its_zone_is_refused(company: Company) -> None:
    with pytest.raises(Exception, match="zone"), company.database.transaction() as session:
        session.add(Site(code="T1", name="x", zone="UTC", created_at=START.replace(tzinfo=None)))
        session.flush()


def test_the_folder_of_a_sqlite_database_is_made(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path}/deep/er/steward.db").dispose()
    assert (tmp_path / "deep" / "er").is_dir()
