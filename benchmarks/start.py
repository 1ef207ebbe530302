"""Seconds until the second `steward up` answers /readyz: everything is there already, nothing is made again."""

import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.serving import serving

LIMIT = 5.0  # seconds
PROCESSES = "processes"


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as directory:
        until_ready(Path(directory))
        yield Figure("start", until_ready(Path(directory)), "s", LIMIT, 1.0, at_most=True)


def until_ready(directory: Path) -> float:
    begun = time.perf_counter()
    with serving(f"sqlite:///{directory}/steward.db", directory, "up", PROCESSES) as served:
        with urllib.request.urlopen(f"{served.address}/readyz", timeout=30) as answer:
            assert answer.status == 200
        return time.perf_counter() - begun
