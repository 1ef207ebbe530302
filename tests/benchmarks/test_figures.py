"""The benchmarks say what they measured, and the loop costs no more the longer it goes: here in small."""

import json

import pytest
from click.testing import CliRunner

from benchmarks import loop
from benchmarks.figure import Figure
from web.cli import main


@pytest.mark.parametrize(("value", "at_most", "ok"), [(12.0, True, True), (12.1, True, False), (12.0, False, True), (11.9, False, False)])
def test_a_figure_reaches_its_bar_or_misses_it(value: float, at_most: bool, ok: bool) -> None:
    figure = Figure("f", value, "ms", reference=10.0, bar=1.2, at_most=at_most)
    assert figure.as_dict() == {
        "figure": "f", "value": value, "unit": "ms", "reference": 10.0, "ratio": round(value / 10, 3), "bar": 1.2, "ok": ok,
    }  # fmt: skip


def test_a_loop_of_three_tasks_keeps_its_state_small_beyond_what_the_raw_library_survives() -> None:
    cost, state = loop.measure(rounds=300)
    assert state.ok, state
    assert cost.ratio is not None and cost.ratio < 3, cost  # the bar itself is for a quiet machine


def test_a_figure_that_is_not_known_is_refused() -> None:
    result = CliRunner().invoke(main, ["bench", "nothing"])
    assert result.exit_code == 1 and result.stderr.startswith("Expected one of") and "loop" in result.stderr


def test_figures_come_as_json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "ROUNDS", 1)
    result = CliRunner().invoke(main, ["bench", "loop", "--json"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["figure"] for line in lines] == ["loop.cost", "loop.state"]
    assert all(line.keys() == {"figure", "value", "unit", "reference", "ratio", "bar", "ok"} for line in lines)
