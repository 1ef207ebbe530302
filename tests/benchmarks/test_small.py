"""Every benchmark runs, here in its smallest form: what it says of a machine is for a quiet one, what it measures must be there."""

import re
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import (
    approvals,
    browser,
    completions,
    completions_16,
    inbox,
    inbox_pages,
    language,
    ledgers,
    memory,
    over_http,
    postgresql,
    profile,
    sizes,
    statements,
    storage,
    table,
    timers,
)
from benchmarks.diagrams import row_of_tasks
from benchmarks.figure import Figure

TOLD = set(re.findall(r"`([a-z_0-9.*]+)`", (Path(__file__).parents[2] / "benchmarks/README.md").read_text(encoding="utf-8")))


def figures(monkeypatch: pytest.MonkeyPatch, benchmark: ModuleType, **sizes: object) -> dict[str, Figure]:
    for name, value in sizes.items():
        monkeypatch.setattr(benchmark, name, value)
    measured = {figure.figure: figure for figure in benchmark.measure()}
    unknown = [name for name in measured if not {name, f"{name.partition('.')[0]}.*"} & TOLD]
    assert not unknown, "the README tells what each figure means"
    return measured


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


def test_votes_stand_beside_those_of_few_people_and_take_their_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = figures(monkeypatch, approvals, PEOPLE=12, FEW=3, REPEATS=1)
    assert set(measured) == {f"approvals.{one}" for one in ("open", "open.each", "vote", "statements")}
    assert measured["approvals.statements"].ok and measured["approvals.open"].value > 0


def test_every_task_of_the_order_takes_its_statements_and_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = figures(monkeypatch, statements)
    assert measured["statements.commits"].value == 1
    assert measured["statements.row"].ok, measured
    assert measured["statements"].value > measured["statements.row"].value


def test_storage_is_measured_by_order_and_by_event(monkeypatch: pytest.MonkeyPatch, no_postgresql: None) -> None:
    measured = figures(monkeypatch, storage, ORDERS=2)
    assert measured["storage.order"].value > 10 * measured["storage"].value > 0


def test_clients_over_http_stand_beside_callers_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = figures(monkeypatch, over_http, TURNS=1, ORDERS=1, CLIENTS=(1, 2))
    assert set(measured) == {"http.1", "http.2"}
    assert all(figure.value > 0 and figure.ratio for figure in measured.values()), measured


def test_timers_due_at_once_fire_once_each_on_both_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"AT_ONCE": 30, "STEADY_RATE": 50, "STEADY_SECONDS": 1, "LEAD": timedelta(seconds=2), "MANY": 20, "TICKS": 2}
    measured = figures(monkeypatch, timers, **sizes)
    assert measured["timers.once"].value == 30
    assert measured.get("timers.postgresql.once", measured["timers.once"]).value == 30
    assert 0 < measured["timers.late"].value < 60
    assert measured["timers.idle"].ratio


def test_lists_of_few_and_many_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = figures(monkeypatch, inbox, FEW=10, MANY=60, EVENTS_EACH=1, MEASURED=1)
    assert set(measured) == {f"inbox.{name}" for name in inbox.LISTS}


def test_a_month_of_cases_is_counted_and_listed(monkeypatch: pytest.MonkeyPatch, no_postgresql: None) -> None:
    measured = figures(monkeypatch, ledgers, CASES=200, MEASURED=1)
    assert measured["ledgers.month"].value > 0 and measured["ledgers.lines"].value > 0


def test_a_task_is_opened_in_a_real_browser_and_the_inbox_shows_something(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = figures(monkeypatch, browser, VISITS=2)
    if browser.HOW_TO_INSTALL in measured["browser.task"].unit:
        pytest.skip(browser.HOW_TO_INSTALL)
    assert measured["browser.painted"].value > 0 and measured["browser.task"].value > 0


def test_whole_pages_of_few_and_many_are_timed(monkeypatch: pytest.MonkeyPatch, no_postgresql: None) -> None:
    measured = figures(monkeypatch, inbox_pages, FEW=50, MANY=200, VISITS=4)
    assert {"inbox_pages.p95", "inbox_pages.middle", "inbox_pages.unchanged"} <= measured.keys()
    assert measured["inbox_pages.unchanged"].value < measured["inbox_pages.p95"].value


def test_memory_is_read_from_the_serving_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PEOPLE": 1, "ORDERS_EACH": 1, "PAGES": ("/inbox",)}.items():
        monkeypatch.setattr(memory, name, value)
    assert 50 < memory.under_load() < memory.LIMIT


def test_memory_is_read_after_the_first_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "row.bpmn").write_bytes(row_of_tasks(1))
    monkeypatch.setattr(memory, "PROCESSES", str(tmp_path))
    assert 50 < memory.after_the_first_start() < memory.LIMIT


def test_the_language_is_measured_by_the_clock_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = figures(monkeypatch, language, TIMES=50, TURNS=2)
    assert 0 < measured["language.condition"].value < measured["language.script"].value


def test_large_diagrams_and_many_items_are_played_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = figures(monkeypatch, sizes, TASKS=20, BRANCHES=20, ITEMS=12, CALLS=20, FEW=2, REPEATS=1)
    assert len(measured) == 8
    assert all(figure.value > 0 for figure in measured.values())


def test_a_profile_divides_all_time_among_the_layers() -> None:
    stats = {
        ("~", 0, "<built-in>"): (1, 1, 0.5, 0.5, {("/x/site-packages/flask/app.py", 1, "f"): (1, 1, 0.5, 0.5)}),
        (f"{profile.HOME}/engine/history.py", 1, "append"): (1, 1, 0.25, 1.0, {}),
        (f"{profile.HOME}/engine/bpmn/sandbox.py", 1, "run"): (1, 1, 0.25, 1.0, {}),
        ("/usr/lib/python3.11/json/__init__.py", 1, "dumps"): (1, 1, 1.0, 1.0, {}),
    }
    expected = {"Flask and its kin": 0.5, "history and its hashes": 0.25, "expressions and scripts": 0.25, profile.REST: 1.0}
    assert profile.layers(stats) == expected


def test_runs_become_a_table_with_what_each_has_measured() -> None:
    told = {"figure": "f", "value": 12.345, "unit": "ms", "reference": 10.0, "ratio": 1.234, "bar": 1.2, "ok": False}
    assert table.rows([[told], [{**told, "value": 11.0, "ratio": 1.1, "ok": True}]]) == [
        "| `f` | 12.35, 11 | ms | 10 | 1.234, 1.1 | 1.2 | not reached |"
    ]
