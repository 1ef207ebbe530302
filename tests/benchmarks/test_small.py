"""Every benchmark runs, here in its smallest form: what it says of a machine is for a quiet one, what it measures must be there."""

from types import ModuleType

import pytest

from benchmarks import completions, completions_16, postgresql, statements, storage
from benchmarks.figure import Figure


def figures(monkeypatch: pytest.MonkeyPatch, benchmark: ModuleType, **sizes: int) -> dict[str, Figure]:
    for name, value in sizes.items():
        monkeypatch.setattr(benchmark, name, value)
    return {figure.figure: figure for figure in benchmark.measure()}


@pytest.fixture
def no_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "binaries", lambda: None)


def test_completions_stand_beside_the_library_and_the_disk_on_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = figures(monkeypatch, completions, TURNS=1, ORDERS=1, INSTANCES=1)
    assert set(measured) == {f"completions{one}" for one in ("", ".raw", ".flush", ".row.raw", ".row.flush")}
    assert measured["completions"].bar in {0.12, 0.7}
    assert all(figure.ratio for figure in measured.values())


def test_sixteen_callers_stand_beside_one_and_a_missing_server_is_said(monkeypatch: pytest.MonkeyPatch, no_postgresql: None) -> None:
    measured = figures(monkeypatch, completions_16, TURNS=1, ORDERS=2)
    assert measured["completions_16"].ratio
    assert "left out" in measured["completions_16.postgresql"].unit


def test_every_task_of_the_order_takes_its_statements_and_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = figures(monkeypatch, statements)
    assert measured["statements.commits"].value == 1
    assert measured["statements.row"].ok, measured
    assert measured["statements"].value > measured["statements.row"].value


def test_storage_is_measured_by_order_and_by_event(monkeypatch: pytest.MonkeyPatch, no_postgresql: None) -> None:
    measured = figures(monkeypatch, storage, ORDERS=2)
    assert measured["storage.order"].value > 10 * measured["storage"].value > 0
