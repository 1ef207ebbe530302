"""Databases for tests: a fresh one per test, on SQLite and on a throw-away PostgreSQL server made from the machine's own binaries."""

import getpass
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

HOW_TO_INSTALL = "PostgreSQL is not installed on this machine. Install it with: sudo apt install postgresql"
# Durability is not what these tests are about; the server lives as long as the test session.
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200")


def postgresql_binaries() -> Path | None:
    """The directory of the newest installed server, or None."""
    found = list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return max(found, key=lambda path: [int(number) for number in re.findall(r"\d+", path.parts[-3])]).parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def as_server_user(command: list[str]) -> list[str]:
    """The command as PostgreSQL accepts it: it refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@dataclass
class PostgresqlServer:
    """A server of our own in a directory of its own, reachable through a socket in that directory only."""

    binaries: Path
    directory: Path
    settings: Sequence[str] = QUICK
    process: subprocess.Popen[bytes] | None = None
    templates: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def create(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        command = [str(self.binaries / "initdb"), "-D", str(self.directory / "data"), "-A", "trust", "-U", "postgres"]
        options = ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(as_server_user(command + options), check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        command = [str(self.binaries / "postgres"), "-D", str(self.directory / "data"), "-k", str(self.directory)]
        for setting in ("listen_addresses=", *self.settings):
            command += ["-c", setting]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(as_server_user(command), stdout=log, stderr=log, cwd="/")
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.conninfo("postgres")).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"Expected PostgreSQL to start, but: {(self.directory / 'log').read_text()[-2000:]}") from None
                time.sleep(0.05)

    def stop(self, mode: str = "immediate") -> None:
        """At once: whatever is connected is cut off, as in a crash; or `fast`, as an operator would."""
        if self.process is not None:
            command = [str(self.binaries / "pg_ctl"), "-D", str(self.directory / "data"), "-m", mode, "stop"]
            subprocess.run(as_server_user(command), check=False, capture_output=True, cwd="/")
            self.process.wait(timeout=30)
            self.process = None

    def conninfo(self, database: str) -> str:
        return f"host={self.directory} user=postgres dbname={database}"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.directory}"

    def execute(self, statement: str) -> None:
        with closing(psycopg.connect(self.conninfo("postgres"), autocommit=True)) as connection:
            connection.execute(statement.encode())

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
    binaries = postgresql_binaries()
    if binaries is None:
        pytest.skip(HOW_TO_INSTALL)
    directory = Path(tempfile.mkdtemp(prefix=f"steward-pg-{getpass.getuser()}-"))
    server = PostgresqlServer(binaries, directory, settings)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


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
