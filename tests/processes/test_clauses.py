"""Every clause of the handbooks that concerns these processes is answered in a README, and what the README names is there."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from engine.bpmn.model import Process
from engine.bpmn.parser import read_xml
from engine.bpmn.vocabulary import read_processes
from tests.processes.play import report

PROCESSES = Path(__file__).parents[2] / "processes"
BUILT = tuple(sorted(path.parent.name for path in PROCESSES.glob("*/*.bpmn")))
CONCERNED = {*BUILT, "work_order", "intake"}  # groups of clauses: those of the built processes, and what cuts across them
ROW = re.compile(r"\| (?P<clause>[A-E]\d\d) \| (?P<how>[^|]+) \| (?P<elements>[^|]+) \| (?P<scenarios>[^|]+) \|")
NAMED = re.compile(r"`([^`]+)`")
LEFT_OUT = re.compile(r"\*conduct\*|\*later\* \([^)]+\)|\*other process\*: `\w+`")


@dataclass(frozen=True)
class Row:
    """One line of a README's table of clauses."""

    process: str
    clause: str
    how: str
    elements: tuple[str, ...]
    scenarios: tuple[str, ...]


@cache
def rows() -> tuple[Row, ...]:
    found = []
    for key in BUILT:
        for match in ROW.finditer((PROCESSES / key / "README.md").read_text(encoding="utf-8")):
            elements, scenarios = (tuple(NAMED.findall(match[part])) for part in ("elements", "scenarios"))
            found.append(Row(key, match["clause"], match["how"], elements, scenarios))
    return tuple(found)


def concerned() -> list[str]:
    with (PROCESSES / "clauses.csv").open(encoding="utf-8", newline="") as file:
        return [line["id"] for line in csv.DictReader(file) if line["process"] in CONCERNED]


@cache
def process(key: str) -> Process:
    path = PROCESSES / key / f"{key}.bpmn"
    [found] = read_processes(read_xml(path.read_bytes(), path.name), path.name)
    return found


def split(name: str, own: str, separator: str) -> tuple[str, str]:
    """`callback.call_back` names another process, `call_back` and `clock.record` the README's own."""
    first, found, rest = name.partition(separator)
    return (first, rest) if found and first in BUILT else (own, name)


def test_every_clause_is_answered_once() -> None:
    answered = [row.clause for row in rows()]
    assert sorted(set(concerned()) - set(answered)) == []
    assert sorted({clause for clause in answered if answered.count(clause) > 1}) == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.clause)
def test_what_a_clause_names_is_there(row: Row) -> None:
    for name in row.elements:
        key, element = split(name, row.process, ".")
        assert element in process(key).activities or element in process(key).properties, name
    for name in row.scenarios:
        key, scenario = split(name, row.process, "/")
        assert (PROCESSES / key / "scenarios" / f"{scenario}.yaml").is_file(), name


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.clause)
def test_a_clause_is_satisfied_or_said_to_be_left_out(row: Row) -> None:
    if not (row.elements and row.scenarios):
        assert LEFT_OUT.search(row.how), "Expected an element and a scenario, or *conduct*, *later* (where) or *other process*: `key`"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.clause)
def test_the_scenarios_of_a_clause_pass_its_elements(row: Row) -> None:
    played: dict[str, Mapping[str, frozenset[str]]] = {
        f"{result.scenario.file.parent.parent.name}/{result.scenario.file.stem}": result.reached for result in report().results
    }
    named = ["/".join(split(name, row.process, "/")) for name in row.scenarios]
    for name in row.elements:
        key, element = split(name, row.process, ".")
        if element in process(key).activities:
            assert any(element in played[scenario].get(key, ()) for scenario in named), f"{name} is passed by none of {named}"
