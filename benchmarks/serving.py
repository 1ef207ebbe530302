"""A real `steward` process that serves, and a client that talks to it."""

import http.client
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.stage import HOME

COMMAND = [sys.executable, "-c", "from web.cli import main; main()"]


@dataclass(frozen=True)
class Serving:
    """A process that listens at an address; `said` is what it printed before, such as passwords."""

    address: str
    process: "subprocess.Popen[str]"
    said: str

    def memory(self, what: str = "VmHWM") -> float:
        """Megabytes that it holds now (VmRSS), or held at most (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) / 1_000  # type: ignore[index]


@contextmanager
def serving(url: str, directory: Path, *words: str) -> Iterator[Serving]:
    """`steward` with these words, on that database, until the end of the block."""
    environment = os.environ | {"STEWARD_DATABASE_URL": url, "STEWARD_ATTACHMENTS": str(directory / "attachments")}
    command = [*COMMAND, *words, "--port", "0"]
    with (
        (directory / "served.log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment, cwd=HOME) as process,
    ):
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"http://\S+", line):
                try:
                    yield Serving(found[0], process, "".join(said))
                finally:
                    process.terminate()
                return
    raise RuntimeError(f"Expected a server, but it ended: {(directory / 'served.log').read_text()[-2_000:]}")


@dataclass
class Client:
    """Somebody who keeps the connection open, one a thread, until `close`."""

    address: str
    own: threading.local = field(default_factory=threading.local)
    opened: list[http.client.HTTPConnection] = field(default_factory=list)

    def close(self) -> None:
        for connection in self.opened:
            connection.close()

    def post(self, path: str, token: str, body: Mapping[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        status, answer, _ = self.request("POST", f"/api/v1{path}", json.dumps(body), headers)
        assert status == 200, answer[:500]

    def request(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, bytes, Any]:
        """Status, body and headers of the answer."""
        if not hasattr(self.own, "connection"):
            self.own.connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)
            self.opened.append(self.own.connection)
        self.own.connection.request(method, path, body, dict(headers or {}))
        answer = self.own.connection.getresponse()
        return answer.status, answer.read(), answer.headers
