"""The HTTP server: waitress, with what it lacks against clients who stall: nobody holds up others by being slow, silent or wrong.

- A connection that is idle costs nothing. waitress asks each of them at every turn of its loop; ours waits for those that speak.
- What is sent in drips is let go as well: a request has to be whole in a given time, its head sooner.
- Who does not take their answer is let go, and holds no thread: waitress waits until the socket can be written to, which is then never.
- The size line and the trailer of a chunked body are bounded: waitress collects them without an end, copying all of it at every piece.
- Who sends a long body while the disk is full is told so: waitress breaks the connection.
"""

import json
import resource
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.server import BaseWSGIServer
from waitress.utilities import BadRequest, Error

THREADS = 16
CONNECTIONS = 4_000
FILES_BESIDE = 300  # descriptors that are kept for the database, attachments and long bodies
BACKLOG = 1_024
IDLE_SECONDS = 60  # between two requests, and for an answer of which nothing is taken
HEAD_SECONDS = 20
REQUEST_SECONDS = 600  # 25 MB over a bad mobile network
CLEANUP_SECONDS = 5
LARGEST_HEAD = 32_768
LARGEST_SIZE_LINE = 1_024
KEPT_IN_MEMORY = 65_536  # of a body or an answer that waits; the rest of it waits in a file
# The kernel takes more of an answer only when a third of this is free again: so much a minute is slow, less is silence.
SOCKET_OPTIONS = [(socket.SOL_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * KEPT_IN_MEMORY)]


def listen(application: Any, host: str, port: int, largest_body: int, **more: Any) -> Any:
    """The server, listening already; `run()` serves until SystemExit. Raises OSError when the address cannot be had."""
    connections = Connections()
    server = waitress.create_server(
        application,
        map=connections,
        host=host,
        port=port,
        threads=THREADS,
        connection_limit=min(CONNECTIONS, _open_files() - FILES_BESIDE),
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=CLEANUP_SECONDS,
        backlog=BACKLOG,
        max_request_header_size=LARGEST_HEAD,
        max_request_body_size=largest_body,
        inbuf_overflow=KEPT_IN_MEMORY,
        outbuf_overflow=4 * KEPT_IN_MEMORY,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **more,
    )
    server.asyncore = connections  # its loop in place of waitress's own
    server.adj.socket_options = SOCKET_OPTIONS
    for one in list(connections.values()):
        if isinstance(one, BaseWSGIServer):
            one.channel_class = Channel
            one.maintenance = _maintenance(one)
    return server


def _open_files() -> int:
    """How many files this process may have open: as many as the machine lets it ask for."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + FILES_BESIDE if most == resource.RLIM_INFINITY else most
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted


class Request(HTTPRequestParser):
    """A request of which no part grows without an end."""

    has_no_room = False

    def received(self, data: bytes) -> int:
        try:
            used: int = super().received(data)
        except OSError:
            used = self._without_room(data)
        if self.has_no_room and self.completed:
            self.error = NoRoom()
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and len(body.control_line) + len(body.trailer) > LARGEST_SIZE_LINE:
            self.error = BadRequest("Expected the size of a chunk, but found something longer")
            self.completed = True
        return used

    def _without_room(self, data: bytes) -> int:
        """Take the rest of the body and keep nothing of it: who is still sending hears no answer."""
        body, self.has_no_room = self.body_rcv, True
        if isinstance(body, FixedStreamReceiver):
            with suppress(OSError):
                body.buf.close()
            body.buf = Nowhere()
            return int(super().received(data))
        self.completed = True  # in pieces, nobody knows how much is to come
        return len(data)


class Nowhere:
    """A buffer that keeps nothing."""

    def append(self, _data: bytes) -> None:
        """Let it go."""

    def close(self) -> None:
        """There is nothing to be closed."""

    def __len__(self) -> int:
        return 0


class NoRoom(Error):  # type: ignore[misc]
    """No room on the disk for a long body: answered before the application is asked, in its words."""

    code, reason = 503, "Service Unavailable"

    def __init__(self) -> None:
        super().__init__("Expected the disk to have room for what was sent, but it has none: try again later")

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        headers = [("Content-Type", "application/json"), ("Retry-After", "10")]
        answer = {"error": {"code": "unavailable", "message": self.body}}
        return f"{self.code} {self.reason}", headers, json.dumps(answer).encode()


class Channel(HTTPChannel):
    """One connection, and since when its present request is on its way."""

    parser_class = Request
    began = 0.0

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.began = time.time()
        return bool(super().received(data))

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Let nobody wait here: waitress holds the answering thread until the client takes more; a handful who take nothing hold all.

        What is not taken waits in files. Whoever asked for more before they took that gets what is there, and asks anew.
        """
        if self.total_outbufs_len > self.adj.outbuf_high_watermark:
            if len(self.requests) > 1:
                further, self.requests[1:] = self.requests[1:], []
                for request in further:
                    request.close()
                self.close_when_flushed = True
            self.server.pull_trigger()

    def is_overdue(self, now: float) -> bool:
        """Whether its client has had its time: to say something, to finish saying it, to take what was answered."""
        if self.requests and not self.total_outbufs_len:
            return False  # it waits for us
        if now - self.last_activity > IDLE_SECONDS:
            return True
        if self.request is None:
            return self.began == 0.0 and now - self.creation_time > HEAD_SECONDS
        return now - self.began > (REQUEST_SECONDS if self.request.headers_finished else HEAD_SECONDS)


def _maintenance(server: BaseWSGIServer) -> Callable[[float], None]:
    def let_go(now: float) -> None:
        for channel in list(server.active_channels.values()):
            if channel.is_overdue(now):
                channel.handle_close()

    return let_go


class Connections(dict[int, Any]):
    """The open sockets by file descriptor, and the loop that serves them: waitress writes into the one and calls the other.

    What a socket waits for changes by what it sends, or while a thread works for it: those alone are asked again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._poll = select.epoll()
        self._registered: dict[int, int] = {}
        self._stirred: set[int] = set()

    def __setitem__(self, descriptor: int, one: Any) -> None:
        super().__setitem__(descriptor, one)
        self._stirred.add(descriptor)

    def __delitem__(self, descriptor: int) -> None:
        super().__delitem__(descriptor)
        self._stirred.discard(descriptor)
        with suppress(OSError):  # waitress's own pipe is closed before it is taken out
            self._register(descriptor, 0)

    def loop(self, timeout: float, **_waitress_own: Any) -> None:
        """Serve until there is no socket left."""
        while self:
            for descriptor in list(self._stirred):
                self._look(descriptor)
            for descriptor, happened in self._poll.poll(timeout):
                if descriptor in self:
                    self._stirred.add(descriptor)
                    wasyncore.readwrite(self[descriptor], happened)

    def _look(self, descriptor: int) -> None:
        one = self.get(descriptor)
        if one is None:
            return  # closed by the one before it
        reads, writes = one.readable(), one.writable() and not one.accepting
        self._register(descriptor, (select.EPOLLIN if reads else 0) | (select.EPOLLOUT if writes else 0))
        if reads and not writes and not one.accepting:  # who accepts also cleans up, at every turn
            self._stirred.discard(descriptor)

    def _register(self, descriptor: int, wanted: int) -> None:
        before = self._registered.pop(descriptor, 0)
        if wanted:
            self._registered[descriptor] = wanted
        if wanted and not before:
            self._poll.register(descriptor, wanted)
        elif before and not wanted:
            self._poll.unregister(descriptor)
        elif wanted != before:
            self._poll.modify(descriptor, wanted)
