"""The clauses of the handbooks, and what the READMEs of the processes answer to each."""

import csv
import re
from dataclasses import dataclass
from functools import cache

from engine.bpmn.model import Process
from engine.bpmn.parser import read_xml
from engine.bpmn.vocabulary import read_processes
from tests.processes.play import PROCESSES

BUILT = tuple(sorted(path.parent.name for path in PROCESSES.glob("*/*.bpmn")))
ACROSS = ("work_order", "intake", "improvement", "privacy")  # groups that cut across the processes, answered as far as these concern them
LEFT_OUT = re.compile(r"\*conduct\*|\*later\* \([^)]+\)|\*other process\*: `\w+`")
_ROW = re.compile(r"\| (?P<clause>[A-E]\d\d) \| (?P<how>[^|]+) \| (?P<elements>[^|]+) \| (?P<scenarios>[^|]+) \|")
_NAMED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Clause:
    """One line of clauses.csv."""

    id: str
    process: str  # the group
    requirement: str
    figure: str
    source: str


@dataclass(frozen=True)
class Answer:
    """One line of a README's table of clauses."""

    process: str
    clause: str
    how: str
    elements: tuple[str, ...]
    scenarios: tuple[str, ...]

    @property
    def is_met(self) -> bool:
        return bool(self.elements and self.scenarios)


@cache
def clauses() -> tuple[Clause, ...]:
    with (PROCESSES / "clauses.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Clause(**line) for line in csv.DictReader(file))


@cache
def answers() -> tuple[Answer, ...]:
    found = []
    for key in BUILT:
        for match in _ROW.finditer((PROCESSES / key / "README.md").read_text(encoding="utf-8")):
            elements, scenarios = (tuple(_NAMED.findall(match[part])) for part in ("elements", "scenarios"))
            found.append(Answer(key, match["clause"], match["how"], elements, scenarios))
    return tuple(found)


@cache
def process(key: str) -> Process:
    path = PROCESSES / key / f"{key}.bpmn"
    [found] = read_processes(read_xml(path.read_bytes(), path.name), path.name)
    return found


def split(name: str, own: str, separator: str) -> tuple[str, str]:
    """`callback.call_back` names another process, `call_back` and `clock.record` the README's own."""
    first, found, rest = name.partition(separator)
    return (first, rest) if found and first in BUILT else (own, name)
