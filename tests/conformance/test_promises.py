"""The table of the manual is so: each of its models is deployed and played, and the pages are made of them."""

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine import instances
from engine.bpmn.decisions import compile_decisions
from engine.bpmn.parser import read_xml
from engine.definitions import lint_files
from tests.conformance.drive import MONDAY, Drive, bpmn
from tests.conformance.promise import Promise
from tests.conformance.promises import CHAPTERS
from tests.factories import Company
from tests.people import EMMA

DOCS = Path(__file__).parents[2] / "docs"
DEEP = 8  # likewise, and sooner
PROMISES = [promise for chapter in CHAPTERS.values() for promise in chapter]


def decisions_of(promise: Promise) -> Mapping[str, Any]:
    return compile_decisions(read_xml(promise.decisions.encode(), "t.dmn"), "t.dmn") if promise.decisions else {}


def entries_of(promise: Promise) -> Mapping[str, Any]:
    return {"entries": lambda name: list(promise.lists[name])} if promise.lists else {}


def played(promise: Promise) -> tuple[Drive, list[str]]:
    """The instance, and when what fired was due."""
    zone = ZoneInfo(promise.zone)
    begin = datetime.fromisoformat(promise.begins_at).replace(tzinfo=zone) if promise.begins_at else MONDAY
    content = bpmn(promise.body, promise.around)
    run = Drive(
        content, promise.start, decisions_of(promise), promise.begun_by or None, zone=promise.zone, now=begin, functions=entries_of(promise)
    )
    due = []
    for step, activity, values in promise.steps:
        if step == "fire":
            due.append(run.wait(activity).details["due_at"].astimezone(zone).strftime("%Y-%m-%d %H:%M%z"))
        getattr(run, step)(activity, **({} if step == "fire" else values))
    return run, due


@pytest.mark.parametrize("promise", [each for each in PROMISES if not (each.refused or each.deepest)], ids=lambda each: each.construct)
def test_what_the_manual_promises_is_so(promise: Promise) -> None:
    run, due = played(promise)
    assert not promise.due or due == list(promise.due)
    assert run.visits == promise.visits.split()
    assert sorted(run.waiting) == sorted(promise.waiting.split())
    assert {name: run.values[name] for name in promise.values} == promise.values
    assert [f"{failure.activity_id} {failure.kind}" for failure in run.failures] == ([promise.failure] if promise.failure else [])
    stored = {one.name: one.payload["entries"] for one in run.thrown if one.kind == "data_store"}
    assert stored == promise.stored
    assert [thrown.name for thrown in run.thrown if thrown.name not in stored] == promise.thrown.split()
    assert run.done is not bool(promise.waiting or promise.failure)


@pytest.mark.parametrize("promise", [each for each in PROMISES if each.deepest], ids=lambda each: each.construct)
def test_how_deep_a_process_calls_itself(promise: Promise, company: Company) -> None:
    settings = company.database.settings
    assert settings.limits.call_depth == promise.deepest
    company.database.settings = replace(settings, limits=replace(settings.limits, call_depth=DEEP))
    company.deploy(bpmn(promise.body))
    first = company.start("p", variables=promise.start)
    company.work()
    [incident] = company.incidents()
    assert f"{incident.activity_id} {incident.kind}" == promise.failure
    assert f"at most {DEEP} deep" in incident.message
    last = company.instance(incident.instance_id)
    assert (last.depth, last.root_id) == (DEEP, first)
    assert company.instance(first).state == "running"
    with company.database.transaction() as session:
        instances.cancel(session, first, "it never ends", EMMA, company.now)
    company.work()
    assert company.instance(last.id).state == "cancelled"
    assert company.incidents() == []


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
