"""Who writes without a pause keeps nobody out."""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from engine import db
from engine.db import Database
from engine.tables import Site
from engine.turnstile import Turnstile
from tests.people import START


def writer(path: Path) -> tuple[sqlite3.Connection, Callable[[float], object]]:
    """A connection, and how it begins to write."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def begin(seconds: float) -> None:
        connection.execute(f"PRAGMA busy_timeout={seconds * 1000:.0f}")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError("BEGIN", None, error) from error

    return connection, begin


def test_who_writes_now_and_then_soon_has_a_turn_beside_one_who_never_pauses(tmp_path: Path) -> None:
    path = tmp_path / "file.db"
    (greedy, grab), (modest, ask) = writer(path), writer(path)
    stop, written = threading.Event(), []

    def write_without_pause() -> None:
        turnstile = Turnstile(str(path), 15.0)
        while not stop.is_set():
            turnstile.enter(grab)
            time.sleep(0.05)
            written.append(1)
            greedy.execute("COMMIT")

    greed = threading.Thread(target=write_without_pause)
    greed.start()
    waited = []
    for _ in range(5):
        before = len(written)
        Turnstile(str(path), 15.0).enter(ask)
        waited.append(len(written) - before)
        modest.execute("COMMIT")
    stop.set()
    greed.join()
    greedy.close()
    modest.close()
    assert max(waited) < 20, waited


def add(database: Database, code: str) -> None:
    with database.transaction() as session:
        session.add(Site(code=code, name=code, zone="Asia/Shanghai", created_at=START))


def test_a_file_that_another_program_holds_is_given_up_after_a_while(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.5)
    holding, waiting = Database(sqlite_url), Database(sqlite_url)
    with holding.transaction() as session:
        session.add(Site(code="S8", name="x", zone="Asia/Shanghai", created_at=START))
        session.flush()
        with pytest.raises(OperationalError, match="locked"):
            add(waiting, "S9")
    add(waiting, "S9")
    for database in (holding, waiting):
        database.dispose()
