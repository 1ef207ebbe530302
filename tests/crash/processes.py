"""Real `steward` processes that can be killed hundreds of times: each starts in 0.2 s, forked from one that has imported all."""

import multiprocessing
import os
import random
import re
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.servers import START_SECONDS

READY = re.compile(r"Steward (?:serves (http://\S+)|works on timers and jobs)\n")
forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["web.app", "web.cli", "web.cli.serving", "engine.scheduler", "engine.schema", "psycopg", "waitress"])


def _run(words: tuple[str, ...], environment: Mapping[str, str], log: str) -> None:
    """What the new process does: the command, its output at the end of the log."""
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    from web.cli import main

    main(list(words))


def _free_port() -> int:
    """One that stays free while the server is away: below those that the system lends to whoever calls, or to a server that takes any."""
    while True:
        port = random.randrange(10_000, 32_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Process:
    """A command of `steward`, such as `serve` or `worker`, and what it takes to start it again on the same data and the same port."""

    words: tuple[str, ...]
    url: str
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    port: int = field(default_factory=_free_port)
    running: ForkServerProcess | None = None
    read: int = 0  # how much of the log belongs to those that ended

    @property
    def is_server(self) -> bool:
        return self.words[0] == "serve"

    def launch(self) -> None:
        """Start it; return before it is ready."""
        self.read = self.log.stat().st_size if self.log.exists() else 0
        environment = {"STEWARD_DATABASE_URL": self.url, "STEWARD_ATTACHMENTS": str(self.log.parent / "attachments"), **self.settings}
        words = (*self.words, "--port", str(self.port)) if self.is_server else self.words
        self.running = forks.Process(target=_run, args=(words, environment, str(self.log)), daemon=True)
        self.running.start()

    def start(self) -> None:
        """Start it; return when it serves or works."""
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while (found := READY.search(self.tail())) is None:
            if time.monotonic() > deadline or self.running is None or not self.running.is_alive():
                raise AssertionError(f"Expected `steward {' '.join(self.words)}` to start, but: {self.tail()[-2000:]}")
            time.sleep(0.01)
        self.address = found[1] or ""

    def tail(self) -> str:
        """What it has written since it was last started."""
        if not self.log.exists():
            return ""
        with self.log.open(encoding="utf-8") as log:
            log.seek(self.read)
            return log.read()

    def kill(self) -> None:
        """As a power cut would: nothing is finished, nothing is told."""
        assert self.running is not None
        self.running.kill()
        self.running.join()
        assert self.running.exitcode == -signal.SIGKILL, f"Expected it to be killed, but: {self.running.exitcode}, {self.tail()[-2000:]}"
        self.running = None

    def stop(self) -> None:
        """As an operator would; it must end by itself."""
        assert self.running is not None
        self.running.terminate()
        self.running.join(20)
        assert self.running.exitcode == 0, f"Expected it to end when asked to, but: {self.running.exitcode}, {self.tail()[-2000:]}"
        self.running = None

    def wait_until_done(self) -> None:
        """Until a command that ends by itself has done its work."""
        assert self.running is not None
        self.running.join(START_SECONDS)
        assert self.running.exitcode == 0, f"Expected `steward {' '.join(self.words)}` to be done, but: {self.tail()[-2000:]}"
        self.running = None

    def end(self) -> bool:
        """Kill it if it still runs; whether it did."""
        if self.running is None:
            return False
        self.running.kill()
        self.running.join()
        code, self.running = self.running.exitcode, None
        return code == -signal.SIGKILL
