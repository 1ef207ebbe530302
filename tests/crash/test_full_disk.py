"""A full disk: what would write is refused in words, what reads goes on, and once there is room again everything works by itself."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import html
from sqlalchemy import select, update

from benchmarks.postgresql import HOW_TO_INSTALL, binaries
from engine import history, passwords
from engine.clock import VirtualClock
from engine.db import Database
from engine.tables import Instance, Person
from tests.crash import disks
from tests.crash.office import token
from tests.crash.processes import Process
from tests.crash.sizes import size
from tests.databases import PostgresqlServer, sqlite_copy
from tests.eventually import eventually
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, found_company, task, timer
from tests.people import START
from tests.servers import COMMAND, HOME

pytestmark = pytest.mark.crash
PASSWORD = "a long sentence of the tests"
TIMES = size(short=1, full=10)  # that the disk is full and has room again
ORDER = diagram(
    chain(START_EVENT, task("work"), END_EVENT)
    + timer("late", "work", "PT4S")
    + '<endEvent id="told"/><sequenceFlow id="f" sourceRef="late" targetRef="told"/>'
)


@pytest.fixture(params=disks.kinds())
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with disks.KINDS[request.param](tmp_path / "disk", "12m") as disk:
        yield disk


@pytest.fixture
def company(disk: Any, sqlite_template: Path) -> Iterator[Company]:
    company = found_company(Database(sqlite_copy(sqlite_template, disk.directory)), VirtualClock(START))
    company.deploy(ORDER)
    with company.database.transaction() as session:
        session.execute(update(Person).values(password_hash=passwords.hashed(PASSWORD), must_change_password=False))
    yield company
    company.database.dispose()


@pytest.fixture
def server(company: Company, disk: Any, tmp_path: Path) -> Iterator[Process]:
    """A server with its database, its attachments and its temporary files on that disk."""
    settings = {"STEWARD_ATTACHMENTS": str(disk.directory / "attachments"), "TMPDIR": str(disk.directory)}
    server = Process(("serve",), company.database.url, tmp_path / "log", settings)
    server.start()
    yield server
    server.end()


class Office:
    """What people do at the server, by API, page and command line, and what was answered."""

    def __init__(self, server: Process, company: Company, disk: Any) -> None:
        self.server, self.company, self.disk = server, company, disk
        self.chen, self.anna = token(company, "chen"), token(company, "anna")
        self.started: list[int] = []
        self.done: list[int] = []
        self.kept: dict[str, bytes] = {}
        self.browser = requests.Session()

    def api(self, token: str, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, f"{self.server.address}/api/v1{path}", headers=headers, timeout=30, **more)

    def start(self) -> requests.Response:
        answer = self.api(self.chen, "POST", "/process-definitions/order/start", json={"site": "S1"})
        if not is_refused(answer):
            self.started.append(answer.json()["id"])
        return answer

    def complete(self, case: int) -> requests.Response:
        answer = self.api(self.anna, "POST", f"/user-tasks/{self.task(case)}/complete", json={"variables": {"fixed": True}})
        if not is_refused(answer):
            self.done.append(case)
        return answer

    def bring(self, content: bytes) -> requests.Response:
        files = {"file": ("note.txt", content)}
        answer = self.api(self.anna, "POST", "/attachments", data={"site": "S1"}, files=files)
        if not is_refused(answer):
            self.kept[answer.json()["hash"]] = content
        return answer

    def read(self) -> None:
        """Everything that is there can be read."""
        for case in self.started[-3:]:
            assert self.api(self.chen, "GET", f"/process-instances/{case}/history").status_code == 200
        for digest, content in list(self.kept.items())[-2:]:
            assert self.api(self.anna, "GET", f"/attachments/{digest}").content == content
        assert self.browser.get(f"{self.server.address}/inbox", timeout=30).status_code == 200
        assert requests.get(f"{self.server.address}/readyz", timeout=30).json() == {"status": "ready"}

    def send(self, page: str, path: str, **said: str) -> requests.Response:
        """Send a form of a page as a browser does."""
        shown = html.fromstring(self.browser.get(self.server.address + page, timeout=30).text)
        token = shown.cssselect("meta[name=csrf-token]")[0].get("content")
        return self.browser.post(self.server.address + path, data={"csrf_token": token, **said}, timeout=30)

    def task(self, case: int) -> int:
        [task] = self.api(self.anna, "GET", f"/user-tasks?instance={case}").json()["items"]
        return int(task["id"])

    def history(self, case: int) -> list[str]:
        lines = self.api(self.chen, "GET", f"/process-instances/{case}/history?limit=200").json()["items"]
        return [line["type"] for line in lines]

    def balance(self) -> None:
        """What was answered is there, and nothing else; nobody has to mend anything."""
        assert self.company.incidents() == []
        with self.company.database.read() as session:
            states = dict(session.execute(select(Instance.id, Instance.state)).all())
            assert states == {case: "completed" if case in self.done else "running" for case in self.started}
            assert list(history.verify(session)) == []
        log = self.server.tail()
        assert "Traceback" not in log, log[-4000:]

    def command(self, *words: str) -> Any:
        environment = os.environ | {"STEWARD_DATABASE_URL": self.server.url}
        command = [*COMMAND, *words]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=HOME, check=False, preexec_fn=self.disk.in_command
        )

    def pid(self) -> int:
        assert self.server.running is not None and self.server.running.pid is not None
        return self.server.running.pid


def is_refused(answer: requests.Response) -> bool:
    """Whether it was refused, which must be in words and in the one shape."""
    if answer.ok:
        return False
    assert answer.status_code == 503, answer.text
    error = answer.json()["error"]
    assert error["code"] == "unavailable" and error["message"].startswith("Expected") and "Traceback" not in answer.text
    return True


@pytest.fixture
def office(server: Process, company: Company, disk: Any) -> Office:
    office = Office(server, company, disk)
    office.send("/login", "/login", login="bao", password=PASSWORD)
    return office


def until_refused(ask: Callable[[], requests.Response]) -> None:
    """A little may still fit into blocks that the files have already; then no more."""
    for _ in range(300):
        if is_refused(ask()):
            return
    raise AssertionError("Expected a disk that is full, but everything fits on it")


def test_a_full_disk_refuses_in_words_and_goes_on_when_there_is_room(office: Office) -> None:
    for time in range(TIMES):
        for number in range(3):
            office.start()
            office.bring(f"{time} {number} ".encode() * 5_000)
        case, late = office.started[-2:]
        office.disk.fill(office.pid())
        until_refused(office.start)
        until_refused(lambda time=time: office.bring(os.urandom(700_000).hex().encode()))
        assert is_refused(office.complete(case))
        told_on_the_page(office, late)
        told_on_the_command_line(office)
        office.read()
        assert "timer.fired" not in office.history(late)

        office.disk.make_room(office.pid())
        assert eventually(lambda late=late: "timer.fired" in office.history(late))
        for ask in (office.start, lambda case=case: office.complete(case), lambda: office.bring(b"after")):
            assert not is_refused(ask())
        office.read()
    office.balance()


def told_on_the_page(office: Office, case: int) -> None:
    answer = office.send("/inbox", f"/tasks/{office.task(case)}/claim")
    page = html.fromstring(answer.text)
    assert answer.status_code == 503
    assert page.cssselect("h1")[0].text_content() == "系统暂时存不了数据"
    assert "Traceback" not in answer.text and "sqlite" not in answer.text.lower()


def told_on_the_command_line(office: Office) -> None:
    done = office.command("start", "order", "--site", "S1")
    assert (done.returncode, done.stdout) == (1, "")
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("Expected the database to answer and to have room, but")
    assert office.command("tasks", "--site", "S1").returncode == 0


@pytest.fixture
def small_postgresql(tmp_path: Path, make_tables: Callable[[str], None]) -> Iterator[tuple[PostgresqlServer, disks.SmallDisk]]:
    """A PostgreSQL of our own on a disk of its own. Its socket lies elsewhere, where a path may be short."""
    found = binaries()
    if found is None:
        pytest.skip(HOW_TO_INSTALL)
    directory = Path(tempfile.mkdtemp(prefix="steward-full-"))
    directory.chmod(0o755)  # the server runs as somebody else
    try:
        with disks.mounted(directory / "disk", "120m") as disk:
            server = PostgresqlServer(found, disk.directory)
            server.create()
            server.start()
            server.execute("CREATE DATABASE steward")
            make_tables(server.url("steward"))
            yield server, disk
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def test_a_postgresql_without_room_refuses_in_words_and_goes_on_when_there_is_room(
    small_postgresql: tuple[PostgresqlServer, disks.SmallDisk], tmp_path: Path
) -> None:
    database, disk = small_postgresql
    company = found_company(Database(database.url("steward")), VirtualClock(START))
    company.deploy(ORDER)
    server = Process(("serve",), company.database.url, tmp_path / "log")
    server.start()
    try:
        office = Office(server, company, disk)
        for _ in range(3):
            office.start()
        disk.fill(0)
        until_refused(office.start)
        office.complete(office.started[0])  # it may still fit
        disk.make_room(0)
        if database.process is not None and database.process.poll() is not None:  # it gives itself up when it cannot write its log
            database.start()
        assert eventually(lambda: not is_refused(office.start()))
        assert eventually(lambda: "timer.fired" in office.history(office.started[-1]))
        office.balance()
    finally:
        server.end()
        company.database.dispose()
