"""The door to the database: one command, one transaction, one commit, at the edge.

On SQLite, commands that arrive together share one commit (see turns.py). PostgreSQL does that by itself.
"""

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.pool import ConnectionPoolEntry

from engine.settings import Settings
from engine.tables import Base
from engine.turns import HoldsUp as HoldsUp
from engine.turns import Overtaken as Overtaken
from engine.turns import Turn, Turns
from engine.turnstile import Turnstile

Result = TypeVar("Result")
Given = ParamSpec("Given")
WAL_PAGES = 8_000  # 32 MB of log before SQLite carries it into the file: whoever commits then waits for two more flushes
FRESH_SECONDS = 1.0  # for which a connection to PostgreSQL is believed to be alive still
BUSY_SECONDS = 15.0  # how long a writer of another process is waited for
STEPS_BACK = 3  # how often what takes long is reckoned beforehand; somebody else may have moved the instance each time


class Database:
    """A database with its sessions. `url` is SQLAlchemy's; SQLite's folder is made when it is missing.

    `durable=False` leaves out SQLite's flush: only for databases that are thrown away.
    """

    def __init__(self, url: str, settings: Settings | None = None, durable: bool = True) -> None:
        self.url = url
        self.settings = settings or Settings(database_url=url)
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url, durable) if self.is_sqlite else _postgresql_engine(url)
        file = make_url(url).database
        turnstile = Turnstile(file, BUSY_SECONDS) if file and file != ":memory:" else None
        self._turns = Turns(self.engine, turnstile) if self.is_sqlite else None
        self.keep: dict[str, Any] = {}  # what layers above keep for as long as the database is open, such as decoded workflows

    def transaction(self) -> AbstractContextManager[Session]:
        """A session whose work is committed at the end of the block, or not at all. Blocks do not nest."""
        return self._in_turn(self._turns) if self._turns else self._own()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        connection = self.engine.connect().execution_options(steward_read=True, **level)
        with connection, Session(bind=connection, info={"database": self}) as session:
            session.info["connection"] = _Driver(session)
            yield session
            session.rollback()
        _committed(session)  # whatever was seen is durable

    def look(self) -> AbstractContextManager[Session]:
        """A session for prepared statements that read: on SQLite each sees what is committed, without a transaction around them."""
        return self._in_turn(self._turns) if self._turns else self.read()

    def dispose(self) -> None:
        if self._turns:
            self._turns.close()
        self.engine.dispose()

    @contextmanager
    def _own(self) -> Iterator[Session]:
        with Session(self.engine, info={"database": self}) as session, session.begin():
            session.info["connection"] = _Driver(session)
            yield session
        _committed(session)

    @contextmanager
    def _in_turn(self, turns: Turns) -> Iterator[Session]:
        with turns.command() as turn:
            # The savepoint is the session's own: what fails in a flush is undone by itself, and takes nobody along.
            session = _SqliteSession(join_transaction_mode="create_savepoint", info={"database": self, "connection": turn})
            with session:
                yield session
                if session.in_transaction():
                    session.commit()
        _committed(session)


class _SqliteSession(Session):
    """Takes the turn as soon as it is used past the prepared statements."""

    def get_bind(self, *_arguments: Any, **_named: Any) -> Connection:
        turn: Turn = self.info["connection"]
        return turn.connection()


class _Driver:
    """The driver's connection behind a session that has a transaction of its own: what it has read stays so."""

    has_looked_ahead = False
    is_deciding = False
    is_held = False
    may_step_back = False

    def __init__(self, session: Session) -> None:
        self._session = session
        self._driver: Any = None

    def reading(self) -> Any:
        if self._driver is None:
            self._driver = self._session.connection().connection.driver_connection
        return self._driver

    writing = reading

    def step_back(self) -> None:
        raise NotImplementedError("Expected nobody to step back where each has a transaction of their own")


def decide(session: Session, work: Callable[[], Result]) -> Result:
    """Do work that reads, reckons and then writes; anew, in the turn this time, when another was faster.

    What takes long in the turn is undone, reckoned while others have theirs, and done anew with what was reckoned (`HoldsUp`).
    Work within such work is a part of it.
    """
    connection = session.info["connection"]
    if connection.is_deciding:
        return work()
    can_step_back = isinstance(connection, Turn) and not connection.is_held and not session.new and not session.dirty
    kept = list(session.info.get("on_commit", ()))
    connection.is_deciding = True
    try:
        for attempt in itertools.count():
            connection.may_step_back = can_step_back and attempt < STEPS_BACK
            try:
                return work()
            except Overtaken:
                connection.writing()
            except HoldsUp as held_up:
                session.rollback()
                connection.step_back()
                session.info["on_commit"] = list(kept)
                session.info.pop("seen", None)
                session.info["beforehand"] = held_up.beforehand()
        raise AssertionError
    finally:
        connection.is_deciding = connection.may_step_back = False
        session.info.pop("beforehand", None)


def decided(work: Callable[Concatenate[Session, Given], Result]) -> Callable[Concatenate[Session, Given], Result]:
    """A command that is decided as `decide` does it: for whatever makes an instance move."""

    @wraps(work)
    def deciding(session: Session, /, *arguments: Given.args, **named: Given.kwargs) -> Result:
        return decide(session, lambda: work(session, *arguments, **named))

    return deciding


def holds_others_up(session: Session) -> bool:
    """Whether others wait for the turn that this session has, and it could give it back."""
    connection = session.info["connection"]
    return bool(connection.is_held and connection.may_step_back)


def on_commit(session: Session, action: Callable[[], None]) -> None:
    """Do this once the session's work is durable; not at all when it is rolled back."""
    session.info.setdefault("on_commit", []).append(action)


def seen(session: Session) -> dict[str, Any]:
    """What layers above keep of what this session has read, for as long as that stays so: nothing once it has given back the turn."""
    kept: dict[str, Any] = session.info.setdefault("seen", {})
    return kept


def of(session: Session) -> Database:
    """The database that a session belongs to."""
    database: Database = session.info["database"]
    return database


def core(table: type[Base]) -> Table:
    """The table behind a class, for statements on the hot path: made once, executed without the mapper."""
    local = inspect(table).local_table
    assert isinstance(local, Table)
    return local


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


def _roll_back_to(connection: Connection, name: str) -> None:
    # A full disk makes SQLite roll everything back by itself. To complain about the savepoint would hide why.
    driver: Any = connection.connection.driver_connection
    if driver.in_transaction:
        connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {name}")


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
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:  # commands that share one have begun it already
            driver.execute("BEGIN" if connection.get_execution_options().get("steward_read") else "BEGIN IMMEDIATE")

    # SQLAlchemy compiles these anew for each name, which takes longer than running them.
    dialect: Any = engine.dialect
    dialect.do_savepoint = lambda connection, name: connection.exec_driver_sql(f"SAVEPOINT {name}")
    dialect.do_release_savepoint = lambda connection, name: connection.exec_driver_sql(f"RELEASE SAVEPOINT {name}")
    dialect.do_rollback_to_savepoint = _roll_back_to
    return engine


def _postgresql_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, pool_size=20, max_overflow=20)

    # The server would compile a statement of many parts before it runs it once, which takes many times as long as running it.
    @event.listens_for(engine, "connect")
    def interpret(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
        connection.commit()

    @event.listens_for(engine, "checkin")
    def stamp(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    # The pool's own ping asks the server before every transaction; one that answered just now need not be asked.
    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("used_at", 0.0) > FRESH_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    return engine
