"""The door to the database: one command, one transaction, one commit, at the edge.

On SQLite, commands that arrive together share one commit: each runs in a savepoint of one open transaction, one after the other,
and none is answered before the flush that holds them all. PostgreSQL does that by itself.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Executable, Table, create_engine, event, inspect, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine.settings import Settings
from engine.tables import Base

BATCH = 64  # commands that may share one commit; more would only make the first one wait longer
WAL_PAGES = 8_000  # 32 MB of log before SQLite carries it into the file: whoever commits then waits for two more flushes
BUSY_SECONDS = 15.0  # how long a writer of another process is waited for


class Database:
    """A database with its sessions. `url` is SQLAlchemy's; SQLite's folder is made when it is missing.

    `durable=False` leaves out SQLite's flush: only for databases that are thrown away.
    """

    def __init__(self, url: str, settings: Settings | None = None, durable: bool = True) -> None:
        self.url = url
        self.settings = settings or Settings(database_url=url)
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url, durable) if self.is_sqlite else _postgresql_engine(url)
        self._group = _GroupCommit(self.engine) if self.is_sqlite else None
        self.keep: dict[str, Any] = {}  # what layers above keep for as long as the database is open, such as decoded workflows

    def transaction(self) -> AbstractContextManager[Session]:
        """A session whose work is committed at the end of the block, or not at all. Blocks do not nest."""
        return self._grouped() if self._group else self._own()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        connection = self.engine.connect().execution_options(steward_read=True, **level)
        with connection, Session(bind=connection, info={"database": self}) as session:
            yield session
            session.rollback()
        _committed(session)  # whatever was seen is durable

    def dispose(self) -> None:
        if self._group:
            self._group.close()
        self.engine.dispose()

    @contextmanager
    def _own(self) -> Iterator[Session]:
        with Session(self.engine, info={"database": self}) as session, session.begin():
            yield session
        _committed(session)

    @contextmanager
    def _grouped(self) -> Iterator[Session]:
        assert self._group is not None
        with self._group.turn() as connection:
            session = Session(bind=connection, join_transaction_mode="create_savepoint", info={"database": self})
            with session, session.begin():
                yield session
        _committed(session)


def on_commit(session: Session, action: Callable[[], None]) -> None:
    """Do this once the session's work is durable; not at all when it is rolled back."""
    session.info.setdefault("on_commit", []).append(action)


def of(session: Session) -> Database:
    """The database that a session belongs to."""
    database: Database = session.info["database"]
    return database


def core(table: type[Base]) -> Table:
    """The table behind a class, for statements on the hot path: made once, executed without the mapper."""
    local = inspect(table).local_table
    assert isinstance(local, Table)
    return local


def write(session: Session, statement: Executable, values: Any) -> CursorResult[Any]:
    """Execute a statement on tables past the mapper: what the session holds is neither flushed before it nor told of it."""
    return session.connection().execute(statement, values)


def note(row: Base, values: Mapping[str, Any]) -> None:
    """Let an object say what a statement has written to its row, so that the session does not write it again."""
    for name, value in values.items():
        set_committed_value(row, name, value)


def insert_unless_there(session: Session, table: type[Base], row: dict[str, Any]) -> bool:
    """Insert the row, or do nothing when its key is there already; whether it was inserted."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    key = inspect(table).primary_key[0]
    inserted = session.execute(dialect.insert(table).values(row).on_conflict_do_nothing().returning(key))
    return inserted.first() is not None


def _committed(session: Session) -> None:
    for action in session.info.pop("on_commit", ()):
        action()


class _Batch:
    def __init__(self) -> None:
        self.size = 0
        self.done = threading.Event()
        self.error: BaseException | None = None


class _GroupCommit:
    """Lets threads take turns in one open transaction; the last of those that came together commits for all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._waiting = 0
        self._count = threading.Lock()
        self._owner: int | None = None
        self._connection: Connection | None = None
        self._batch = _Batch()

    @contextmanager
    def turn(self) -> Iterator[Connection]:
        """Hold the one open transaction; return after the commit that covers this turn. Raises what that commit raised."""
        self._take()
        batch = self._batch
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            if batch.size == 0:
                self._connection.begin()
            batch.size += 1
            yield self._connection
        finally:
            self._pass_on(batch)
        batch.done.wait()
        if batch.error is not None:
            raise batch.error

    def _take(self) -> None:
        if self._owner == threading.get_ident():
            raise RuntimeError("Expected one transaction at a time, but this thread is inside one already")
        with self._count:
            self._waiting += 1
        self._turn.acquire()
        with self._count:
            self._waiting -= 1
        self._owner = threading.get_ident()

    def _pass_on(self, batch: _Batch) -> None:
        try:
            if self._waiting == 0 or batch.size >= BATCH or (self._connection is not None and _gave_up(self._connection)):
                self._commit(batch)
        finally:
            self._owner = None
            self._turn.release()

    def _commit(self, batch: _Batch) -> None:
        connection, self._batch = self._connection, _Batch()
        try:
            if connection is not None:
                if _gave_up(connection):
                    raise sqlite3.OperationalError("Expected to commit, but the database gave the transaction up")
                connection.commit()
        except BaseException as error:
            batch.error = error
            if connection is not None:
                connection.invalidate()  # whatever state it is in, the next one begins afresh
                self.close()
        finally:
            batch.done.set()

    def close(self) -> None:
        """Give the connection back; the next turn takes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _gave_up(connection: Connection) -> bool:
    """A full disk makes SQLite roll everything back by itself; what follows must not pretend to join it."""
    raw: Any = connection.connection.dbapi_connection
    return not raw.in_transaction


def _sqlite_engine(url: str, durable: bool) -> Engine:
    file = make_url(url).database
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    # Autocommit in the driver: BEGIN is ours to write, IMMEDIATE for writers, so that nobody upgrades a read lock and fails.
    engine = create_engine(url, connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_SECONDS}, pool_size=20)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL" if durable else "PRAGMA synchronous=OFF")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("steward_read")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    # SQLAlchemy compiles these anew for each name, which takes longer than running them.
    dialect: Any = engine.dialect
    dialect.do_savepoint = lambda connection, name: connection.exec_driver_sql(f"SAVEPOINT {name}")
    dialect.do_release_savepoint = lambda connection, name: connection.exec_driver_sql(f"RELEASE SAVEPOINT {name}")
    return engine


def _postgresql_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(parsed, pool_size=20, max_overflow=20, pool_pre_ping=True)
