"""The HTTP server against clients who stall, with its times made short. What it serves is of no interest here."""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.servers import answering
from web import server

QUICK = {"IDLE_SECONDS": 1, "HEAD_SECONDS": 1, "REQUEST_SECONDS": 3, "CLEANUP_SECONDS": 0}
SERVED = b"HTTP/1.1 200 OK"
LARGE = 30_000_000  # more than any socket takes in


def answer(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    """What is said comes back; some paths are answered late or at length."""
    content = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/late":
        time.sleep(2.5)
    if environ["PATH_INFO"] == "/large":
        content = b"x" * LARGE
    start_response("200 OK", [("Content-Length", str(len(content)))])
    return [content]


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    for name, value in QUICK.items():
        monkeypatch.setattr(server, name, value)
    with answering(answer, 100_000) as port:
        yield "127.0.0.1", port


@pytest.fixture
def call(address: tuple[str, int]) -> Iterator[Callable[..., socket.socket]]:
    """Opens a connection and says something."""
    opened: list[socket.socket] = []

    def connect(said: bytes = b"") -> socket.socket:
        opened.append(socket.create_connection(address, timeout=20))
        opened[-1].sendall(said)
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


def post(length: int, path: str = "/") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode()


def heard(connection: socket.socket) -> bytes:
    """Everything until the other side hangs up."""
    parts = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def answered(connection: socket.socket) -> bytes:
    """The body of the next answer."""
    said = connection.makefile("rb")
    head = iter(said.readline, b"\r\n")
    length = next(int(line.split()[1]) for line in list(head) if line.startswith(b"Content-Length"))
    return said.read(length)


def drip(connection: socket.socket, piece: bytes = b"a") -> float:
    """Send a piece at a time until nobody takes it any more; how many seconds that took."""
    began = time.monotonic()
    try:
        while time.monotonic() - began < 15:
            connection.sendall(piece)
            time.sleep(0.1)
    except ConnectionError:
        pass
    return time.monotonic() - began


def test_who_says_nothing_is_let_go(call):
    assert heard(call()) == b""


def test_who_sends_half_a_head_and_waits_is_let_go(call):
    assert heard(call(b"POST / HTTP/1.1\r\nHost: a\r\n")) == b""


def test_who_sends_half_a_body_and_waits_is_let_go(call):
    assert heard(call(post(10) + b"half")) == b""


def test_a_head_in_drips_is_let_go(call):
    assert drip(call(b"GET / HTTP/1.1\r\nX: ")) < 10


def test_a_body_in_drips_may_take_its_time_and_no_more(call):
    assert 2 < drip(call(post(10_000))) < 12
    patient = call(post(15))
    for _ in range(15):
        patient.sendall(b"b")
        time.sleep(0.1)
    assert answered(patient) == b"b" * 15


def test_a_request_that_takes_long_to_answer_is_answered(call):
    assert answered(call(post(2, "/late") + b"ok")) == b"ok"


def test_who_takes_nothing_of_the_answer_is_let_go(call):
    unread = call(post(0, "/large"))
    time.sleep(3)
    assert len(heard(unread)) < LARGE


def test_who_takes_the_answer_slowly_gets_all_of_it(call):
    slow = call(b"POST /large HTTP/1.0\r\n\r\n")
    taken = 0
    for _ in range(20):  # longer than the idle time
        taken += len(slow.recv(400_000))
        time.sleep(0.1)
    assert taken + len(heard(slow)) > LARGE


@pytest.mark.parametrize("pieces", [1, 400])
def test_the_size_of_a_chunk_has_an_end(call, pieces):
    endless = call(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    try:
        for _ in range(pieces):
            endless.sendall(b"a" * 50_000)
    except ConnectionError:
        return
    assert heard(endless).startswith(b"HTTP/1.1 400") or pieces > 1


@pytest.mark.parametrize(
    "body", [b"5\r\nhello\r\n0\r\n\r\n", b"5;note=x\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", b"\r\n5\r\nhello\r\n0\r\n\r\n"]
)
def test_a_body_in_chunks_is_put_together(call, body):
    chunked = call(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + body)
    assert heard(chunked).endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 300 + b"\r\n\r\n", 400),  # a browser that expects https
        (b"\xff\xfe\xfd\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000000000000\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello there\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"t" * 2_000, 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 431),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
    ],
)
def test_garbage_is_refused_and_the_connection_closed(call, said, status):
    assert heard(call(said)).startswith(f"HTTP/1.1 {status}".encode()) or heard(call(said)).startswith(f"HTTP/1.0 {status}".encode())


def test_requests_that_come_together_are_answered_in_their_order(call):
    together = call(post(1) + b"1" + post(1) + b"2" + b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\n3")
    said = heard(together)
    assert said.count(SERVED) == 3
    assert [said.index(b"\r\n\r\n%d" % number) for number in (1, 2, 3)] == sorted(
        said.index(b"\r\n\r\n%d" % number) for number in (1, 2, 3)
    )


def test_urgent_data_wakes_nobody(call, address):
    urgent = call(b"GET / HTTP/1.1\r\n")
    urgent.send(b"!", socket.MSG_OOB)
    began = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - began < 0.3  # the loop of this very process sleeps
    assert answered(call(post(2) + b"ok")) == b"ok"


def test_many_who_are_silent_cost_the_others_nothing(call, monkeypatch):
    monkeypatch.setattr(server, "HEAD_SECONDS", 60)
    monkeypatch.setattr(server, "IDLE_SECONDS", 60)
    asked: list[int] = []
    monkeypatch.setattr(server.Channel, "readable", lambda self: asked.append(id(self)) or server.HTTPChannel.readable(self))
    for _ in range(300):
        call()
    so_far = -1
    while so_far != len(asked):
        so_far = len(asked)
        time.sleep(0.2)
    asked.clear()
    for _ in range(20):
        assert answered(call(post(2) + b"ok")) == b"ok"
    assert len(set(asked)) <= 20  # the connections that speak: not one of the three hundred
