"""How commands write to SQLite together: each in a savepoint of one open transaction, one after the other, with one flush for all.

A command takes its turn when it first writes. What it reads before, it reads beside the others, and what it reckons it reckons beside them,
a few at a time: nobody waits for a slow script, and a crowd does not spend its time on handing the interpreter round.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from engine.turnstile import Turnstile

BATCH = 64  # commands that may share one commit; more would only make the first one wait longer
AT_ONCE = 2  # commands that read and reckon at the same time: more only take the interpreter from one another
PATIENCE = 0.05  # seconds for which somebody waits for them


class Overtaken(Exception):
    """What was read before the turn to write came may no longer be so. Nothing was written; whoever decides on it decides anew."""


class HoldsUp(Exception):
    """What is being reckoned in the turn to write takes long, and others wait. `beforehand` reckons it without the turn."""

    def __init__(self, beforehand: Callable[[], object]) -> None:
        super().__init__("Expected to reckon in a moment, but it takes long")
        self.beforehand = beforehand


class Room:
    """Where a few commands are at a time. Who has waited takes the place of the one who has been there longest, and goes on outside:
    what takes long makes somebody wait once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: dict[object, None] = {}  # in the order in which they came

    def enter(self, who: object) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._inside) < AT_ONCE, PATIENCE):
                del self._inside[next(iter(self._inside))]
            self._inside[who] = None

    def leave(self, who: object) -> None:
        """Make room for another one; nothing for who has lost the place already."""
        with self._changed:
            if who in self._inside:
                del self._inside[who]
                self._changed.notify()


class Turn:
    """One command's part in the shared transaction."""

    def __init__(self, turns: "Turns") -> None:
        self._turns = turns
        turns.room.enter(self)
        self._batch: _Batch | None = None
        self._was_first = True  # of its batch: it has seen nothing that was not committed
        self._reader: sqlite3.Connection | None = None
        self.has_looked_ahead = False  # something was read before the turn came, and may have been overtaken since
        self.is_deciding = False  # on what was read so far: what is read in the turn does not belong to it
        self.may_step_back = False  # nothing was written before what is being decided

    @property
    def is_held(self) -> bool:
        return self._batch is not None

    def reading(self) -> sqlite3.Connection:
        """The driver's connection to read by: without the turn one that sees what is committed."""
        if self._batch is not None:
            return self._turns.driver
        if self._reader is None:
            self._reader = self._turns.lend_reader()
        self.has_looked_ahead = True
        return self._reader

    def writing(self) -> sqlite3.Connection:
        """The driver's connection to write by; waits for the turn."""
        if self._batch is None:
            self._has_read()
            self._batch = self._turns.take()
            self._was_first = self._batch.size == 1
        return self._turns.driver

    def connection(self) -> Connection:
        """SQLAlchemy's connection of the shared transaction; waits for the turn."""
        if self.is_deciding and self.has_looked_ahead and not self.is_held:
            raise Overtaken
        self.writing()
        connection = self._turns.connection
        if not connection.in_transaction():
            connection.begin()
        return connection

    def step_back(self) -> None:
        """Undo what was written in this turn, and let the others go on; the next writing waits for another turn."""
        batch, self._batch = self._batch, None
        if batch is not None:
            self._turns.pass_on(batch, failed=True)
        self.has_looked_ahead = False

    def end(self, failed: bool) -> None:
        """Keep what was written, or undo it, and let the next one have the turn; returns after the commit that covers it.

        Who failed by what others have written waits for their commit as well: nobody is told of what may still come to nothing.
        """
        self._has_read()
        if self._batch is None:
            return
        self._turns.pass_on(self._batch, failed)
        if failed and self._was_first:
            return
        self._batch.done.wait()
        if self._batch.error is not None:
            raise self._batch.error

    def _has_read(self) -> None:
        """Make room for the next one: who waits for the turn, or for a flush, reckons nothing."""
        reader, self._reader = self._reader, None
        try:
            if reader is not None:
                self._turns.take_back_reader(reader)
        finally:
            self._turns.room.leave(self)


class _Batch:
    def __init__(self) -> None:
        self.size = 0
        self.done = threading.Event()
        self.error: BaseException | None = None


class Turns:
    """Lets threads take turns in one open transaction; the last of those that came together commits for all."""

    def __init__(self, engine: Engine, turnstile: Turnstile | None = None) -> None:
        self._engine = engine
        self._turnstile = turnstile  # where the writers of all processes wait
        self._turn = threading.Lock()
        self._waiting = 0
        self._count = threading.Lock()
        self._connection: Connection | None = None
        self._driver: Any = None
        self._busy_seconds: float | None = None  # what the driver was told
        self._batch = _Batch()
        self._readers: list[sqlite3.Connection] = []
        self.room = Room()
        self._inside = threading.local()

    @contextmanager
    def command(self) -> Iterator[Turn]:
        """A command's turn, not taken yet. What it wrote is committed when the block is left, or gone when it raises."""
        if getattr(self._inside, "turn", None) is not None:
            raise RuntimeError("Expected one transaction at a time, but this thread is inside one already")
        turn = self._inside.turn = Turn(self)
        try:
            yield turn
        except BaseException:
            self._inside.turn = None
            turn.end(failed=True)
            raise
        self._inside.turn = None
        turn.end(failed=False)

    @property
    def driver(self) -> sqlite3.Connection:
        raw: sqlite3.Connection = self._driver
        return raw

    @property
    def connection(self) -> Connection:
        assert self._connection is not None
        return self._connection

    def take(self) -> _Batch:
        """Wait for the turn, and begin a savepoint in the open transaction."""
        with self._count:
            self._waiting += 1
        self._turn.acquire()
        with self._count:
            self._waiting -= 1
        try:
            self._open()
            self._say("SAVEPOINT command")
        except BaseException as error:
            self._give_up(error)
            self._turn.release()
            raise
        self._batch.size += 1
        return self._batch

    def pass_on(self, batch: _Batch, failed: bool) -> None:
        """Close the savepoint; the last of those that came together commits for all."""
        try:
            if not _gave_up(self._driver):
                if failed:
                    self._say("ROLLBACK TO command")
                self._say("RELEASE command")
            if self._waiting == 0 or batch.size >= BATCH or _gave_up(self._driver):
                self._commit(batch)
        except BaseException as error:
            self._give_up(error)
            raise
        finally:
            self._turn.release()

    def lend_reader(self) -> sqlite3.Connection:
        """A connection that sees one state of what is committed: a task as it was beside its case as it is would be a riddle."""
        try:
            reader = self._readers.pop()
        except IndexError:
            reader = self._new_reader()
        reader.execute("BEGIN")
        return reader

    def take_back_reader(self, reader: sqlite3.Connection) -> None:
        reader.rollback()
        self._readers.append(reader)

    def _new_reader(self) -> sqlite3.Connection:
        raw: Any = self._engine.raw_connection()
        driver: sqlite3.Connection = raw.driver_connection
        raw.detach()
        return driver

    def close(self) -> None:
        """Give the connections back; the next turn takes another."""
        self._let_go()
        while self._readers:
            self._readers.pop().close()

    def _open(self) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._driver, self._busy_seconds = self._connection.connection.driver_connection, None
        if self._batch.size == 0:
            if self._turnstile is None:
                self._begin()
            else:
                self._turnstile.enter(self._begin)

    def _begin(self, busy_seconds: float | None = None) -> None:
        if busy_seconds != self._busy_seconds:
            self._say(f"PRAGMA busy_timeout={(busy_seconds or 0) * 1000:.0f}")
            self._busy_seconds = busy_seconds
        self._say("BEGIN IMMEDIATE")

    def _say(self, words: str) -> None:
        try:
            self._driver.execute(words)
        except sqlite3.Error as error:
            raise _told(words, error) from error

    def _commit(self, batch: _Batch) -> None:
        self._batch = _Batch()
        try:
            if _gave_up(self._driver):
                raise _told("COMMIT", sqlite3.OperationalError("Expected to commit, but the database gave the transaction up"))
            # SQLAlchemy takes longer to begin and to commit than SQLite does: it is asked only where it had a part.
            if self.connection.in_transaction():
                self.connection.commit()
            else:
                self._say("COMMIT")
        except BaseException as error:
            batch.error = error
            self._invalidate()
        finally:
            batch.done.set()

    def _give_up(self, error: BaseException) -> None:
        """Nobody knows what state the transaction is in: whoever had a part in it is told, and the next one begins afresh."""
        batch, self._batch = self._batch, _Batch()
        batch.error = error
        self._invalidate()
        batch.done.set()

    def _invalidate(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._let_go()

    def _let_go(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            connection.close()


def _told(words: str, error: sqlite3.Error) -> BaseException:
    """What the driver raised, as SQLAlchemy would raise it."""
    return DBAPIError.instance(words, None, error, sqlite3.Error)


def _gave_up(driver: sqlite3.Connection | None) -> bool:
    """A full disk makes SQLite roll everything back by itself; what follows must not pretend to join it."""
    return driver is None or not driver.in_transaction
