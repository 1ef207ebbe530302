"""A real `steward serve` in a process of its own, for tests that talk to it over the net or kill it; or its HTTP server in this one."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import requests
from waitress import wasyncore

from web import server

START_SECONDS = 60
COMMAND = [sys.executable, "-c", "from web.cli import main; main()"]
HOME = Path(__file__).parent.parent


@dataclass
class Server:
    """One serving process, and what it takes to start it again on the same data."""

    url: str
    directory: Path
    words: tuple[str, ...] = ("serve",)
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    address: str = ""
    reader: Thread | None = None

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"STEWARD_DATABASE_URL": self.url, "STEWARD_ATTACHMENTS": str(self.directory / "attachments"), **self.settings}

    def run(self, *words: str) -> str:
        """A command of `steward` on the same data; what it printed."""
        done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, env=self.environment, cwd=HOME, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        command = [*COMMAND, *self.words, "--port", "0"]
        with (self.directory / "log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment, cwd=HOME)
        found: Queue[str] = Queue()
        self.reader = Thread(target=self._read, args=(self.process, found), daemon=True)
        self.reader.start()
        try:
            self.address = found.get(timeout=START_SECONDS)
        except Empty:
            raise AssertionError(f"Expected the server to start, but: {(self.directory / 'log').read_text()[-2000:]}") from None

    def _read(self, process: subprocess.Popen[str], found: "Queue[str]") -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                if match := re.search(r"http://\S+", line):
                    found.put(match[0])

    def kill(self) -> None:
        """As a power cut would: nothing is finished, nothing is told."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._let_go()

    def stop(self) -> int:
        """As an operator would."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(timeout=20)
        self._let_go()
        return code

    def _let_go(self) -> None:
        assert self.reader is not None
        self.reader.join()

    def api(self, token: str, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        return requests.request(method, f"{self.address}/api/v1{path}", headers=headers, timeout=30, **more)


@contextmanager
def answering(application: Any, largest_body: int) -> Iterator[int]:
    """The product's HTTP server before an application of this process; gives the port. At the end every request has been answered."""
    running = server.listen(application, "127.0.0.1", 0, largest_body)
    thread = Thread(target=running.run)
    thread.start()
    try:
        yield running.effective_port
    finally:
        running.task_dispatcher.shutdown()
        running.trigger.pull_trigger(lambda: wasyncore.close_all(running.asyncore, ignore_all=True))
        thread.join(10)
        assert not thread.is_alive()
