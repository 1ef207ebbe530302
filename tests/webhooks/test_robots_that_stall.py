"""A robot that begins to answer and then says nothing more, or one byte after the other for ever, is a robot that has not answered."""

import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from engine.errors import StewardError
from webhooks import robots


def test_an_answer_that_stops_in_the_middle_is_none_and_its_key_stays_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "SECONDS", 0.2)
    heard = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
                heard.wait(10)

        threading.Thread(target=answer, daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/send?key=SECRET"
        with pytest.raises(StewardError, match="Expected the robot to answer") as refused:
            robots.send("wecom", address, None, "hello", datetime.now(UTC))
        heard.set()
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("begun", "dripping"),
    [(b"", b"HTTP/1.1 200 OK"), (b"HTTP/1.1 200 OK\r\nX-A: ", b"x"), (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" ")],
)
def test_an_answer_that_drips_byte_by_byte_is_cut_off(monkeypatch: pytest.MonkeyPatch, begun: bytes, dripping: bytes) -> None:
    monkeypatch.setattr(robots, "SECONDS", 0.3)
    was_cut_off = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                try:
                    connection.sendall(begun)
                    for number in range(300):
                        connection.sendall(dripping[number % len(dripping) :][:1])
                        time.sleep(0.02)
                except OSError:
                    was_cut_off.set()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(StewardError, match="Expected the robot to answer"):
            robots.send("wecom", f"http://127.0.0.1:{server.getsockname()[1]}/send", None, "hello", datetime.now(UTC))
        assert was_cut_off.wait(10)
