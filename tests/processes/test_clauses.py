"""Every clause of the handbooks that concerns these processes is answered in a README, and what the README names is there."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.processes.clauses import ACROSS, BUILT, LEFT_OUT, Answer, answers, clauses, process, split
from tests.processes.play import PROCESSES

DOCS = Path(__file__).parents[2] / "docs"


def test_every_clause_is_answered_once() -> None:
    answered = [answer.clause for answer in answers()]
    concerned = {clause.id for clause in clauses() if clause.process in (*BUILT, *ACROSS)}
    assert sorted(concerned - set(answered)) == []
    assert sorted({clause for clause in answered if answered.count(clause) > 1}) == []


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: answer.clause)
def test_what_a_clause_names_is_there(answer: Answer) -> None:
    for name in answer.elements:
        key, element = split(name, answer.process, ".")
        assert element in process(key).activities or element in process(key).properties, name
    for name in answer.scenarios:
        key, scenario = split(name, answer.process, "/")
        assert (PROCESSES / key / "scenarios" / f"{scenario}.yaml").is_file(), name


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: answer.clause)
def test_a_clause_is_satisfied_or_said_to_be_left_out(answer: Answer) -> None:
    if not answer.is_met:
        assert LEFT_OUT.search(answer.how), "Expected an element and a scenario, or *conduct*, *later* (where) or *other process*: `key`"


def maker() -> Any:
    """The program that makes the page."""
    spec = importlib.util.spec_from_file_location("page_of_the_clauses", DOCS / "sop.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_the_clauses_tells_what_the_readmes_tell() -> None:
    assert (DOCS / "sop.md").read_text(encoding="utf-8") == maker().page(), "Expected docs/sop.md as it is now: run make docs"


def test_the_page_has_every_clause_once_and_counts_them_all() -> None:
    page = maker().page()
    for clause in clauses():
        assert page.count(f"\n| {clause.id} | ") == 1, clause.id
    total = next(line for line in page.splitlines() if line.startswith("| **all** |"))
    count, *kinds = (int(cell.strip(" *")) for cell in total.strip("|").split("|")[1:])
    assert (count, sum(kinds)) == (len(clauses()), count)
