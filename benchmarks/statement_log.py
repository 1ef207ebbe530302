"""Which statements a database is given, told by the driver itself: whatever way they take through SQLAlchemy, none escapes."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import event

from engine.db import Database

FRAME = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT", "PRAGMA")  # what opens and closes a command's part of a transaction


_VALUE = re.compile(r"x?'(?:[^']|'')*'|\bNULL\b|-?\b\d+(?:\.\d+)?\b")


class StatementLog:
    """The statements executed so far, in their order."""

    def __init__(self) -> None:
        self.all: list[str] = []

    @property
    def statements(self) -> list[str]:
        """Without those that open and end transactions."""
        return [one for one in self.all if not one.upper().startswith(FRAME)]

    @property
    def commits(self) -> int:
        return sum(one.upper().startswith("COMMIT") for one in self.all)

    def note(self, statement: str) -> None:
        self.all.append(statement)

    def note_step(self, statement: str) -> None:
        """What SQLite tells of each step: a comment is a trigger at work, and each row of an `executemany` comes by itself."""
        if not statement.startswith("--") and not (self.all and _is_next_row(self.all[-1], statement)):
            self.note(statement)


def _is_next_row(before: str, statement: str) -> bool:
    return statement.startswith(("INSERT", "UPDATE", "DELETE")) and _VALUE.sub("?", before) == _VALUE.sub("?", statement)


@contextmanager
def listening(database: Database) -> Iterator[StatementLog]:
    """Every statement that this process gives to the database from here on; the connections opened before are given back first."""
    database.dispose()
    log = StatementLog()

    class Noting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **named: Any) -> Any:
            log.note(str(query))
            return super().execute(query, *arguments, **named)

        def executemany(self, query: Any, *arguments: Any, **named: Any) -> None:
            log.note(str(query))
            super().executemany(query, *arguments, **named)

    def listen(connection: Any, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(log.note_step)
        else:
            connection.cursor_factory = Noting

    def committed(_connection: object) -> None:
        if not database.is_sqlite:  # psycopg commits without a cursor
            log.note("COMMIT")

    event.listen(database.engine, "connect", listen)
    event.listen(database.engine, "commit", committed)
    try:
        yield log
    finally:
        event.remove(database.engine, "connect", listen)
        event.remove(database.engine, "commit", committed)
        database.dispose()
