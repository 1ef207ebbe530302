"""Every process that we deliver is played through, on a virtual clock, until no node and no flow is left unseen."""

from pathlib import Path

import pytest

from tests.processes.play import FILES, FOLDERS, report


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}/{file.stem}")
def test_a_scenario_goes_as_its_file_says(file: Path) -> None:
    [result] = [result for result in report().results if result.scenario.file == file]
    assert result.failure is None


@pytest.mark.parametrize("key", [folder.name for folder in FOLDERS])
def test_the_scenarios_reach_every_node_and_flow(key: str) -> None:
    [coverage] = [coverage for coverage in report().coverage if coverage.key == key]
    assert (coverage.missing_nodes, coverage.missing_flows) == ([], [])
