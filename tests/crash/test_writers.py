"""Everybody writes to one SQLite file at once, from `serve`, `worker` and the command line: each gets a turn, nobody hears of locks."""

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from sqlalchemy import func, select

from engine import history
from engine.clock import VirtualClock
from engine.db import Database
from engine.tables import Definition, Instance, Message
from tests.crash.office import token
from tests.crash.processes import Process, forks
from tests.crash.sizes import Tell, size
from tests.databases import sqlite_copy
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, found_company, script, task, timer
from tests.people import START

pytestmark = pytest.mark.crash
SECONDS = size(short=6.0, full=60.0)
CALLERS = 8  # over HTTP
SHELLS = 2  # processes that do nothing but give commands of the command line

CALL = '<callActivity id="ask" calledElement="visit"/>'
ORDER = diagram(
    chain(START_EVENT, CALL, task("work"), END_EVENT)
    + timer("late", "work", "PT0.2S")
    + '<endEvent id="told"/><sequenceFlow id="f" sourceRef="late" targetRef="told"/>',
    properties={"numberSeries": "WX"},
)
VISIT = diagram(chain(START_EVENT, script("look", "seen = 1"), END_EVENT), key="visit")


@pytest.fixture
def company(sqlite_template: Path, tmp_path: Path) -> Iterator[Company]:
    company = found_company(Database(sqlite_copy(sqlite_template, tmp_path)), VirtualClock(START))
    company.deploy(VISIT, ORDER)
    yield company
    company.database.dispose()


@pytest.fixture
def processes(company: Company, tmp_path: Path) -> Iterator[list[Process]]:
    both = [Process((word,), company.database.url, tmp_path / f"{word}.log") for word in ("serve", "worker")]
    for process in both:
        process.start()
    yield both
    for process in both:
        process.end()


def shell(url: str, report: str, until: float, place: int) -> None:
    """Give one command after the other, as scripts of an operator would; tell what each answered."""
    os.environ["STEWARD_DATABASE_URL"] = url
    from web.cli import main

    told = []
    number = 0
    while not told or time.time() < until:
        file = Path(report).with_suffix(".bpmn")
        file.write_bytes(ONE_TASK.replace(b'"order"', f'"own{place}"'.encode()).replace(b'"Work"', f'"Work {number}"'.encode()))
        for words in (
            ["start", "order", "--site", "S1", "--as", "chen"],
            ["message", "nobody", "--site", "S1", "--data", "{}"],
            ["deploy", str(file)],
        ):
            begun = time.monotonic()
            done = CliRunner().invoke(main, words)
            told.append([words[0], done.exit_code, done.output, time.monotonic() - begun])
        number += 1
    Path(report).write_text(json.dumps(told), encoding="utf-8")


class Caller(threading.Thread):
    """A program that starts orders and completes their tasks, as fast as it is answered."""

    def __init__(self, address: str, token: str, until: float) -> None:
        super().__init__()
        self.address, self.until = address, until
        self.web = requests.Session()
        self.web.headers["Authorization"] = f"Bearer {token}"
        self.started: list[int] = []
        self.done: list[int] = []
        self.wrong: list[str] = []
        self.slowest = 0.0

    def run(self) -> None:
        while not self.wrong and (not self.started or time.time() < self.until):
            case = self._post("/process-definitions/order/start", {"site": "S1"}).get("id")
            if case is None:
                return
            self.started.append(case)
            found = self.web.get(f"{self.address}/api/v1/user-tasks?instance={case}", timeout=60).json()["items"]
            for one in found:
                if self._post(f"/user-tasks/{one['id']}/complete", {"variables": {}}):
                    self.done.append(case)

    def _post(self, path: str, body: Any) -> dict[str, Any]:
        begun = time.monotonic()
        answer = self.web.post(f"{self.address}/api/v1{path}", json=body, headers={"Idempotency-Key": secrets.token_hex(8)}, timeout=60)
        self.slowest = max(self.slowest, time.monotonic() - begun)
        if not answer.ok:
            self.wrong.append(f"{answer.status_code} {answer.text}")
            return {}
        return dict(answer.json())


def test_everybody_who_writes_gets_a_turn_and_nobody_hears_of_locks(
    company: Company, processes: list[Process], tmp_path: Path, tell: Tell
) -> None:
    until = time.time() + SECONDS
    reports = [tmp_path / f"shell{place}.json" for place in range(SHELLS)]
    shells = [forks.Process(target=shell, args=(company.database.url, str(report), until, place)) for place, report in enumerate(reports)]
    callers = [Caller(processes[0].address, token(company, "anna"), until) for _ in range(CALLERS)]
    for one in (*shells, *callers):
        one.start()
    for one in (*shells, *callers):
        one.join()

    assert [caller.wrong for caller in callers] == [[]] * CALLERS
    told = [line for report in reports for line in json.loads(report.read_text(encoding="utf-8"))]
    assert [line for line in told if line[1] != 0] == []
    for process in processes:
        process.stop()
        assert "locked" not in process.tail(), process.tail()[-4000:]
    balance(company, callers, [line[0] for line in told])
    slowest = max(caller.slowest for caller in callers), max(line[3] for line in told)
    acts = sum(len(caller.started) + len(caller.done) for caller in callers)
    tell(f"{acts} acts over HTTP, {len(told)} commands, {SECONDS:.0f} s; the slowest took {slowest[0]:.1f} s and {slowest[1]:.1f} s")


def balance(company: Company, callers: list[Caller], commands: list[str]) -> None:
    """Everything that was answered is there, once."""
    started = {case for caller in callers for case in caller.started}
    done = {case for caller in callers for case in caller.done}
    with company.database.read() as session:
        orders = dict(session.execute(select(Instance.id, Instance.state).where(Instance.key == "order")).all())
        assert len(orders) == len(started) + commands.count("start")
        assert started <= orders.keys()
        assert {case for case, state in orders.items() if state == "completed"} == done
        assert session.scalar(select(func.count()).select_from(Message)) == commands.count("message")
        assert session.scalar(select(func.count()).where(Definition.key.like("own%"))) == commands.count("deploy")
        assert list(history.verify(session)) == []
