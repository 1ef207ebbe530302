"""All scenarios of the processes that we deliver, played once for all tests."""

from functools import cache
from pathlib import Path

from engine import scenarios
from engine.scenarios import Report

PROCESSES = Path(__file__).parents[2] / "processes"
FOLDERS = sorted(path.parent for path in PROCESSES.glob("*/*.bpmn"))
FILES = sorted(PROCESSES.glob("*/scenarios/*.yaml"))
DEPLOYED = (".bpmn", ".dmn", ".form")


@cache
def report() -> Report:
    found = [path for path in sorted(PROCESSES.rglob("*")) if path.suffix in DEPLOYED]
    return scenarios.run(FOLDERS, {str(path.relative_to(PROCESSES)): path.read_bytes() for path in found})
