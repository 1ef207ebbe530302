"""Bad input at a serving process, while people work beside it: bounded, refused or served, and nobody waits for it."""

import json
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from tests.crash import load
from tests.crash.processes import Process
from tests.crash.sizes import Tell, size
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task

pytestmark = pytest.mark.crash

PEOPLE = 3
ACTS = 15  # are done by them while the bad input is there
SILENT = size(short=300, full=2_000)
STALLED = size(short=40, full=200)
TICKS = os.sysconf("SC_CLK_TCK")
DEEP = 10_000


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is refused here never reaches a database."""
    return sqlite_url


@pytest.fixture
def server(company: Company, database_url: str, tmp_path: Path) -> Iterator[Process]:
    company.deploy(load.VISIT, load.NOTE, load.ORDER)
    process = Process(("serve",), database_url, tmp_path / "serve.log")
    process.start()
    yield process
    process.stop()
    assert "Traceback" not in process.log.read_text()


@pytest.fixture
def everybody(company: Company, server: Process) -> list[load.Person]:
    return load.people(company, server.address, PEOPLE, random.Random(1))


@pytest.fixture
def token(everybody: list[load.Person]) -> str:
    return everybody[0].api.token


@contextmanager
def others_go_on(everybody: list[load.Person]) -> Iterator[Callable[[], None]]:
    """People at work; what is given back returns when they have done some more, and fails when they were kept from it."""

    def work() -> None:
        wanted, deadline = load.acknowledged(everybody) + ACTS, time.monotonic() + load.PATIENCE
        while load.acknowledged(everybody) < wanted:
            assert time.monotonic() < deadline, "Expected people to go on with their work, but they were held up"
            time.sleep(0.01)

    with load.at_work(everybody):
        work()
        yield work
    assert sum(person.api.broken for person in everybody) == 0


def processor_seconds(server: Process) -> float:
    """What the process has used of the processors so far."""
    fields = Path(f"/proc/{pid(server)}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def megabytes(server: Process, what: str = "VmHWM") -> int:
    """Memory of the process, the most that it ever had."""
    line = next(line for line in Path(f"/proc/{pid(server)}/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) // 1024


def pid(server: Process) -> int:
    assert server.running is not None and server.running.pid is not None
    return server.running.pid


def connect(server: Process, said: bytes = b"") -> socket.socket:
    host, port = server.address.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(said)
    return connection


def heard(connection: socket.socket) -> bytes:
    """What was answered until the other side hung up."""
    answer = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            answer += part
    return answer


def variables(inner: bytes) -> bytes:
    return b'{"site": "S1", "variables": ' + inner + b"}"


BODIES = {
    "one of ten megabytes": json.dumps({"big": "x" * 10_000_000}).encode(),
    "a hundred thousand": json.dumps({f"v{number}": number for number in range(100_000)}).encode(),
    "two million": b"{" + b",".join(b'"%d":1' % number for number in range(2_000_000)) + b"}",
    "a million empty lists": b'{"a": [' + b"[]," * 9_000_000 + b"1]}",
    "thirty megabytes": b'{"a": "' + b"x" * 29_900_000 + b'"}',
    "lists in lists": b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "objects in objects": b'{"a": ' * DEEP + b"1" + b"}" * DEEP,
    "a number of a million digits": b'{"a": ' + b"1" * 1_000_000 + b"}",
    "a name of five megabytes": b'{"' + b"n" * 5_000_000 + b'": 1}',
    "the same name a million times": b"{" + b'"a": 1,' * 1_000_000 + b'"a": 1}',
}


def test_bodies_without_an_end_are_refused_at_little_cost(server: Process, everybody: list[load.Person], token: str, tell: Tell) -> None:
    start = f"{server.address}/api/v1/process-definitions/order/start"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    costs = {}
    before = megabytes(server)
    for name, inner in BODIES.items():
        began = processor_seconds(server)
        answer = requests.post(start, variables(inner), headers=headers, timeout=30)
        costs[name] = processor_seconds(server) - began
        assert answer.status_code in (400, 413, 422), f"{name}: {answer.status_code} {answer.text[:200]}"
        assert len(answer.text) < 2_000
        assert costs[name] < 2, f"Expected {name} to be refused at little cost, but it took {costs[name]} s of processor time"
    assert megabytes(server) - before < 150
    with others_go_on(everybody) as work:
        for inner in BODIES.values():
            requests.post(start, variables(inner), headers=headers, timeout=30)
        work()
    tell(f"{len(BODIES)} bodies, the dearest {max(costs.values()):.2f} s of processor time, {megabytes(server) - before} MB more at most")


def test_connections_that_say_nothing_cost_the_others_nothing(server: Process, everybody: list[load.Person], tell: Tell) -> None:
    def cost() -> float:
        began, acts = processor_seconds(server), load.acknowledged(everybody)
        work()
        return (processor_seconds(server) - began) / (load.acknowledged(everybody) - acts)

    with others_go_on(everybody) as work, ExitStack() as silent:
        alone = cost()
        for _ in range(SILENT):
            silent.enter_context(connect(server))
        beside = cost()
    assert beside < 2.5 * alone
    assert megabytes(server) < 300
    tell(f"{SILENT} silent connections: {beside * 1000:.1f} ms of processor time an act, {alone * 1000:.1f} without")


@pytest.mark.parametrize(
    "said",
    [
        b"POST /api/v1/messages HTTP/1.1\r\nHost: a\r\nX: ",
        b"POST /api/v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n" + b"x" * 300_000,
        b"POST /api/v1/messages HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"100000\r\n" + b"x" * 300_000,
    ],
    ids=["head", "body", "chunk"],
)
def test_half_a_request_holds_up_nobody(server: Process, everybody: list[load.Person], said: bytes) -> None:
    before = megabytes(server)
    with others_go_on(everybody) as work, ExitStack() as halves:
        opened = [halves.enter_context(connect(server, said)) for _ in range(STALLED)]
        for drip in opened:
            drip.sendall(b"a")
        work()
    assert megabytes(server) - before < 60  # what has come of the bodies waits in files


def test_answers_that_nobody_takes_hold_up_nobody(server: Process, everybody: list[load.Person], token: str) -> None:
    api = f"{server.address}/api/v1"
    headers = {"Authorization": f"Bearer {token}"}
    large = requests.post(f"{api}/attachments", headers=headers, files={"file": ("a.txt", b"line\n" * 4_000_000)}, timeout=60).json()[
        "hash"
    ]
    wanted = [f"/api/v1/attachments/{large}", "/api/openapi.json", "/static/build/app.js"]
    before = megabytes(server)
    with others_go_on(everybody) as work, ExitStack() as unread:
        for number in range(STALLED):
            ask = f"GET {wanted[number % 3]} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            unread.enter_context(connect(server, ask * 2))
        work()
    assert megabytes(server) - before < 100


def test_garbage_gets_an_answer_or_none_and_leaves_no_trace(server: Process, everybody: list[load.Person], tell: Tell) -> None:
    dice = random.Random(3)
    statuses: dict[bytes, int] = {}
    head = b"POST /api/v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nTransfer-Encoding: chunked\r\nCookie: a=b\r\n\r\n"
    good = head + b"5\r\nabcde\r\n0\r\n\r\n"
    with others_go_on(everybody) as work:
        for _ in range(size(short=150, full=3_000)):
            said = bytearray(good if dice.random() < 0.7 else dice.randbytes(dice.randint(1, 300)))
            for _ in range(dice.randint(1, 8)):
                said[dice.randrange(len(said))] = dice.randrange(256)
            with connect(server, bytes(said) + b"\r\n\r\n") as connection:
                connection.shutdown(socket.SHUT_WR)
                answer = heard(connection)
            statuses[answer[9:12]] = statuses.get(answer[9:12], 0) + 1
        work()
    assert not any(status.startswith(b"5") and status != b"501" for status in statuses), statuses
    tell(f"answers: {dict(sorted(statuses.items()))}")


SLOW = diagram(
    chain(
        START_EVENT,
        task("ask"),
        *(script(f"reckon{number}", "n = 0\nfor i in range(5000):\n    n = n + i * i\n") for number in range(40)),
        END_EVENT,
    ),
    key="slow",
)


def test_a_case_that_reckons_for_seconds_holds_up_nobody(
    company: Company, server: Process, everybody: list[load.Person], tell: Tell
) -> None:
    company.deploy(SLOW)
    api, rest = everybody[0].api, everybody[1:]
    case = api.post("/process-definitions/slow/start", {"site": "S1", "variables": {}})
    [ask] = api.get(f"/user-tasks?instance={case['id']}")["items"]
    with others_go_on(rest), ThreadPoolExecutor(1) as threads:
        before, began = load.acknowledged(rest), time.monotonic()
        answer = threads.submit(api.post, f"/user-tasks/{ask['id']}/complete", {"variables": {}}).result()
        acts = load.acknowledged(rest) - before
    assert answer["instance"]["state"] == "completed" and answer["incidents"] == []
    assert acts > 0  # while it held the turn to write, there were none, however long it took
    tell(f"{acts} acts of others while one took {time.monotonic() - began:.1f} s")
