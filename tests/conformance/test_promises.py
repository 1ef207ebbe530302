"""The table of the manual is so: each of its models is deployed and played, and the pages are made of them."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.bpmn.decisions import compile_decisions
from engine.bpmn.parser import read_xml
from engine.definitions import lint_files
from tests.conformance.drive import Drive, bpmn
from tests.conformance.promises import CHAPTERS, Promise

DOCS = Path(__file__).parents[2] / "docs"
PROMISES = [promise for chapter in CHAPTERS.values() for promise in chapter]


def decisions_of(promise: Promise) -> Mapping[str, Any]:
    return compile_decisions(read_xml(promise.decisions.encode(), "t.dmn"), "t.dmn") if promise.decisions else {}


def played(promise: Promise) -> Drive:
    run = Drive(bpmn(promise.body, promise.around), promise.start, decisions_of(promise))
    for step, activity, values in promise.steps:
        getattr(run, step)(activity, **({} if step == "fire" else values))
    return run


@pytest.mark.parametrize("promise", [each for each in PROMISES if not each.refused], ids=lambda each: each.construct)
def test_what_the_manual_promises_is_so(promise: Promise) -> None:
    run = played(promise)
    assert run.visits == promise.visits.split()
    assert sorted(run.waiting) == sorted(promise.waiting.split())
    assert {name: run.values[name] for name in promise.values} == promise.values
    assert [f"{failure.activity_id} {failure.kind}" for failure in run.failures] == ([promise.failure] if promise.failure else [])
    assert [thrown.name for thrown in run.thrown] == promise.thrown.split()
    assert run.done is not bool(promise.waiting or promise.failure)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.construct)
def test_what_the_manual_shows_is_deployed_or_refused_as_it_says(promise: Promise) -> None:
    files = {"p.bpmn": bpmn(promise.body, promise.around)} | ({"t.dmn": promise.decisions.encode()} if promise.decisions else {})
    errors = [problem.message for problem in lint_files(files) if problem.severity == "error"]
    assert len(errors) == bool(promise.refused), errors
    assert all(promise.refused in error for error in errors)


def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("promises_of_the_manual", DOCS / "promises.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_made_of_these_models() -> None:
    """Else run `make docs`."""
    module = pages()
    assert (DOCS / "conformance.md").read_text(encoding="utf-8") == module.examples()
    manual = (DOCS / "bpmn.md").read_text(encoding="utf-8")
    assert manual == module.with_table(manual)
    assert module.table() in manual
