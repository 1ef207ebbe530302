"""Seconds until the second `steward up` answers /readyz: everything is there already, nothing is made again."""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure

HOME = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-c", "from web.cli import main; main()", "up", "processes", "--port", "0"]
LIMIT = 5.0  # seconds


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as directory:
        until_ready(directory)
        yield Figure("start", until_ready(directory), "s", LIMIT, 1.0, at_most=True)


def until_ready(directory: str) -> float:
    environment = os.environ | {
        "STEWARD_DATABASE_URL": f"sqlite:///{directory}/steward.db",
        "STEWARD_ATTACHMENTS": f"{directory}/attachments",
    }
    begun = time.perf_counter()
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True, env=environment, cwd=HOME) as process:
        assert process.stdout is not None
        address = next(found[0] for line in process.stdout if (found := re.search(r"http://\S+", line)))
        with urllib.request.urlopen(f"{address}/readyz", timeout=30) as answer:
            assert answer.status == 200
        spent = time.perf_counter() - begun
        process.terminate()
    return spent
