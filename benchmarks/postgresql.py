"""A throw-away PostgreSQL server, made from the machine's own binaries in a directory of its own."""

import getpass
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psycopg

SETTINGS = ("listen_addresses=", "shared_buffers=64MB", "max_connections=200")
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")
# For what is thrown away: nothing waits for the disk.
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
START_SECONDS = 60
HOW_TO_INSTALL = "PostgreSQL is not installed on this machine. Install it with: sudo apt install postgresql"


def binaries() -> Path | None:
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
class Server:
    """A server reachable through a socket in its directory only."""

    binaries: Path
    directory: Path
    settings: Sequence[str] = QUICK
    process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        command = [str(self.binaries / "initdb"), "-D", str(self.directory / "data"), "-A", "trust", "-U", "postgres"]
        options = ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(as_server_user(command + options), check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        command = [str(self.binaries / "postgres"), "-D", str(self.directory / "data"), "-k", str(self.directory)]
        for setting in (*SETTINGS, *self.settings):
            command += ["-c", setting]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(as_server_user(command), stdout=log, stderr=log, cwd="/")
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
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

    def new_database(self, name: str = "steward") -> str:
        """The address of a new, empty database."""
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)


Running = TypeVar("Running", bound=Server)


@contextmanager
def running(
    found: Path,
    settings: Sequence[str] = QUICK,
    kind: type[Running] = Server,  # type: ignore[assignment]
    place: Path | None = None,
) -> Iterator[Running]:
    """A server in a temporary directory (under `place`), gone afterwards. `found` is where its binaries are."""
    directory = Path(tempfile.mkdtemp(prefix=f"steward-pg-{getpass.getuser()}-", dir=place))
    server = kind(found, directory, settings)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
