"""Databases for tests: a fresh one per test, on SQLite and on a throw-away PostgreSQL server made from the machine's own binaries."""

import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import make_url

from benchmarks.postgresql import HOW_TO_INSTALL, QUICK, Server, binaries, running

MEMORY = Path("/dev/shm")  # a directory of its own is made there
ROOM = 2 * 1024**3  # bytes: a server for each core, its databases and its log


@dataclass
class PostgresqlServer(Server):
    """A server whose databases are copied from a template that is made once. Durability is not what most tests are about."""

    templates: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def fresh(self, make_tables: Callable[[str], None], template: str = "template_steward") -> str:
        """The address of a new database with all tables, copied from a template that is made once."""
        if template not in self.templates:
            self.execute(f"CREATE DATABASE {template}")
            make_tables(self.url(template))
            self.templates.add(template)
        name = f"test_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        name = make_url(url).database
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def running_postgresql(settings: Sequence[str] = QUICK) -> Iterator[PostgresqlServer]:
    """A running server without any database of ours, or a skip that says what to install."""
    found = binaries()
    if found is None:
        pytest.skip(HOW_TO_INSTALL)
    with running(found, settings, PostgresqlServer, in_memory() if settings is QUICK else None) as server:
        yield server


def in_memory() -> Path | None:
    """Where files are kept in memory, if the machine has room for them: a database is 400 files, and on a disk that is most of its cost."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """The server that the tests share."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(make_tables: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and nothing in them."""
    path = tmp_path_factory.mktemp("template") / "steward.db"
    make_tables(f"sqlite:///{path}")
    return path


def sqlite_copy(template: Path, directory: Path) -> str:
    """The address of a new SQLite database in the directory."""
    for file in template.parent.glob("steward.db*"):
        shutil.copy(file, directory / file.name)
    return f"sqlite:///{directory / 'steward.db'}"


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh SQLite database with all tables."""
    return sqlite_copy(sqlite_template, tmp_path)


@pytest.fixture
def postgresql_url(postgresql: PostgresqlServer, make_tables: Callable[[str], None]) -> Iterator[str]:
    """The address of a fresh PostgreSQL database with all tables."""
    url = postgresql.fresh(make_tables)
    yield url
    postgresql.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database with all tables: every test that asks for it runs on both engines."""
    return str(request.getfixturevalue(f"{request.param}_url"))
