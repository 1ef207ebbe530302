"""Every process that we deliver is played through, on a virtual clock, until no node and no flow is left unseen.

What is asked of the scenarios stands in this one file: whoever runs it plays them once.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.processes.clauses import Answer, answers, process, split
from tests.processes.play import FILES, FOLDERS, report


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}/{file.stem}")
def test_a_scenario_goes_as_its_file_says(file: Path) -> None:
    [result] = [result for result in report().results if result.scenario.file == file]
    assert result.failure is None


@pytest.mark.parametrize("key", [folder.name for folder in FOLDERS])
def test_the_scenarios_reach_every_node_and_flow(key: str) -> None:
    [coverage] = [coverage for coverage in report().coverage if coverage.key == key]
    assert (coverage.missing_nodes, coverage.missing_flows) == ([], [])


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: answer.clause)
def test_the_scenarios_of_a_clause_pass_its_elements(answer: Answer) -> None:
    played: dict[str, Mapping[str, frozenset[str]]] = {
        f"{result.scenario.file.parent.parent.name}/{result.scenario.file.stem}": result.reached for result in report().results
    }
    named = ["/".join(split(name, answer.process, "/")) for name in answer.scenarios]
    for name in answer.elements:
        key, element = split(name, answer.process, ".")
        if element in process(key).activities:
            assert any(element in played[scenario].get(key, ()) for scenario in named), f"{name} is passed by none of {named}"
