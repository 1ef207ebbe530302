"""Backups taken while people work, and brought back elsewhere: one moment, whole, and everything goes on from there."""

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import requests
from click.testing import CliRunner
from sqlalchemy import select

from engine import history
from engine.clock import VirtualClock
from engine.db import Database
from engine.tables import Attachment, Instance, UserTask
from tests.crash import load
from tests.crash.office import token
from tests.crash.processes import Process
from tests.crash.sizes import Tell, seed, size
from tests.databases import PostgresqlServer
from tests.eventually import eventually
from tests.factories import Company
from tests.people import START
from tests.servers import COMMAND, HOME
from web.cli import main

pytestmark = pytest.mark.crash
PEOPLE = 4
BACKUPS = size(short=1, full=10)  # taken one after the other; each is brought back
KILLED = size(short=3, full=40)  # taken and killed on the way


class Steward:
    """The command line on one database and one folder of attachments."""

    def __init__(self, url: str, attachments: Path) -> None:
        self.environment = os.environ | {"STEWARD_DATABASE_URL": url, "STEWARD_ATTACHMENTS": str(attachments)}
        self.url, self.attachments = url, attachments

    def begin(self, *words: str | Path) -> subprocess.Popen[str]:
        command = [*COMMAND, *map(str, words)]
        return subprocess.Popen(
            command, env=self.environment, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def run(self, *words: str | Path) -> str:
        process = self.begin(*words)
        said, complaint = process.communicate()
        assert process.returncode == 0, complaint
        return said

    def refused(self, *words: str | Path) -> str:
        """The one line in which it refuses."""
        process = self.begin(*words)
        _, complaint = process.communicate()
        assert process.returncode == 1, complaint
        [line] = complaint.splitlines()
        assert line.startswith("Expected"), line
        return line


@pytest.fixture
def steward(database_url: str, tmp_path: Path) -> Steward:
    return Steward(database_url, tmp_path / "attachments")


@pytest.fixture
def server(company: Company, steward: Steward, tmp_path: Path) -> Iterator[Process]:
    company.deploy(load.VISIT, load.NOTE, load.ORDER)
    server = Process(("serve",), steward.url, tmp_path / "log", {"STEWARD_ATTACHMENTS": str(steward.attachments)})
    server.start()
    yield server
    server.end()


@pytest.fixture
def elsewhere(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Steward]:
    """A new empty place of the same kind of database, each time."""

    def place() -> Steward:
        name = f"restored_{secrets.token_hex(4)}"
        if database_url.startswith("sqlite"):
            return Steward(f"sqlite:///{tmp_path / name / 'steward.db'}", tmp_path / name / "attachments")
        postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
        postgresql.execute(f"CREATE DATABASE {name}")
        request.addfinalizer(lambda: postgresql.drop(postgresql.url(name)))
        return Steward(postgresql.url(name), tmp_path / name / "attachments")

    return place


class Bringing(threading.Thread):
    """Somebody who brings one attachment after the other."""

    def __init__(self, address: str, token: str) -> None:
        super().__init__()
        self.address, self.token = address, token
        self.stop = threading.Event()
        self.brought: list[str] = []

    def run(self) -> None:
        while not self.stop.is_set():
            content = secrets.token_hex(20_000).encode()
            answer = requests.post(
                f"{self.address}/api/v1/attachments",
                headers={"Authorization": f"Bearer {self.token}"},
                data={"site": "S1"},
                files={"file": ("note.txt", content)},
                timeout=60,
            )
            if answer.status_code == 201:
                self.brought.append(answer.json()["hash"])


def test_a_backup_under_load_is_one_moment_from_which_everything_goes_on(
    company: Company, server: Process, steward: Steward, elsewhere: Callable[[], Steward], tmp_path: Path, tell: Tell
) -> None:
    dice = Random(chosen := seed())
    everybody = load.people(company, server.address, PEOPLE, dice)
    bringing = Bringing(server.address, token(company, "anna"))
    bringing.start()
    taken: list[tuple[Path, set[int], set[str]]] = []
    with load.at_work(everybody):
        for number in range(BACKUPS):
            load.let_work(everybody, 20)
            before = {order.id for order in load.orders(everybody)}, set(bringing.brought)
            steward.run("backup", tmp_path / f"backup{number}")
            taken.append((tmp_path / f"backup{number}", *before))
        bringing.stop.set()
    bringing.join()
    server.stop()

    for directory, orders, files in taken:
        place = elsewhere()
        place.run("restore", directory)
        proved(place, orders, files)
        goes_on(place, tmp_path / f"{directory.name}.log")
    tell(f"{BACKUPS} backups, {load.acknowledged(everybody)} acts, {len(bringing.brought)} attachments meanwhile, seed {chosen}")


def proved(place: Steward, orders: set[int], files: set[str]) -> None:
    """History holds, and everything is there that had been answered when the backup began; each file is what its name says."""
    assert place.run("verify") == "The history holds\n"
    database = Database(place.url)
    with database.read() as session:
        assert orders <= set(session.scalars(select(Instance.id)))
        named = set(session.scalars(select(Attachment.hash)))
    database.dispose()
    assert files <= named
    for digest in named:
        content = (place.attachments / digest[:2] / digest).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    assert list(place.attachments.rglob("*.part")) == []


def goes_on(place: Steward, log: Path) -> None:
    """A server on the restored copy brings every case to its end."""
    company = Company(Database(place.url), VirtualClock(START))
    server = Process(("serve",), place.url, log, {"STEWARD_ATTACHMENTS": str(place.attachments)})
    server.start()
    try:
        api = load.Caller(server.address, token(company, "anna"))
        assert eventually(lambda: not moved_on(company, api), seconds=120)
        assert company.incidents() == []
        with company.database.read() as session:
            assert list(history.verify(session)) == []
    finally:
        server.end()
        company.database.dispose()


def moved_on(company: Company, api: load.Caller) -> bool:
    """Do what the open cases wait for; False when none is left."""
    with company.database.read() as session:
        left = list(session.scalars(select(Instance.id).where(Instance.state == "running")))
        tasks = list(session.scalars(select(UserTask).where(UserTask.state.in_(("ready", "claimed")))))
        session.expunge_all()
    for task in tasks:
        api.post(f"/user-tasks/{task.id}/complete", {"variables": {"mark": "after"} if task.activity_id == "work" else {}})
    for case in left:
        if "hear" in api.get(f"/process-instances/{case}")["waiting"]:
            ref = company.variables(case)["ref"]
            body = {"name": "answer", "site": "S1", "correlation": {"ref": ref}, "variables": {"heard": "after"}}
            api.post("/messages", body)
    return bool(left)


def test_a_backup_that_was_killed_is_none(company: Company, steward: Steward, elsewhere: Callable[[], Steward], tmp_path: Path) -> None:
    for number in range(200):
        folder = steward.attachments / f"{number:02x}"[:2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:064x}").write_bytes(os.urandom(50_000))
    dice, place = Random(seed()), elsewhere()
    for number in range(KILLED):
        directory = tmp_path / f"killed{number}"
        process = steward.begin("backup", directory)
        while not (partial := directory.with_name(f".{directory.name}.partial")).exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.1))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if directory.exists():
            place.run("restore", directory)  # it had just been finished
            place = elsewhere()
        elif partial.exists():
            assert "Expected a whole backup" in place.refused("restore", partial)
        assert not place.attachments.exists()


def spoilt(directory: Path) -> dict[str, Callable[[], object]]:
    """Ways in which a backup may have suffered, each to be undone by copying it anew."""
    database = next(path for path in directory.iterdir() if path.name.startswith("steward."))
    attachment = next(path for path in (directory / "attachments").rglob("*") if path.is_file())
    manifest = directory / "backup.json"
    return {
        "database cut off": lambda: database.write_bytes(database.read_bytes()[:-100]),
        "database gone": database.unlink,
        "attachment gone": attachment.unlink,
        "attachment changed": lambda: attachment.write_bytes(b"other"),
        "manifest gone": manifest.unlink,
        "manifest cut off": lambda: manifest.write_text(manifest.read_text()[:40]),
        "manifest of something else": lambda: manifest.write_text("[1, 2]"),
        "manifest of nothing": lambda: manifest.write_text('{"format": 2}'),
        "later format": lambda: manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 99')),
        "other database": lambda: manifest.write_text(manifest.read_text().replace("sqlite", "oracle")),
    }


def test_a_broken_or_foreign_backup_is_refused_before_anything_is_touched(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "store" / "ab").mkdir(parents=True)
    (tmp_path / "store" / "ab" / "abcd").write_bytes(b"a photograph")
    here = {"STEWARD_DATABASE_URL": sqlite_url, "STEWARD_ATTACHMENTS": str(tmp_path / "store")}
    there = {
        "STEWARD_DATABASE_URL": f"sqlite:///{tmp_path / 'there' / 'steward.db'}",
        "STEWARD_ATTACHMENTS": str(tmp_path / "there" / "store"),
    }
    assert CliRunner().invoke(main, ["backup", str(tmp_path / "whole")], env=here).exit_code == 0
    for name in spoilt(tmp_path / "whole"):
        directory = tmp_path / name
        shutil.copytree(tmp_path / "whole", directory)
        spoilt(directory)[name]()
        done = CliRunner().invoke(main, ["restore", str(directory)], env=there)
        assert (done.exit_code, done.output[:8], len(done.output.splitlines())) == (1, "Expected", 1), (name, done.output)
        assert not (tmp_path / "there").exists(), name
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "steward.db-wal").write_bytes(b"left")
    assert "is left of one" in CliRunner().invoke(main, ["restore", str(tmp_path / "whole")], env=there).output
    (tmp_path / "there" / "steward.db-wal").unlink()
    assert CliRunner().invoke(main, ["restore", str(tmp_path / "whole")], env=there).exit_code == 0
    assert (tmp_path / "there" / "store" / "ab" / "abcd").read_bytes() == b"a photograph"
