"""`steward site`: sites, their figures and their days, as an operator types them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task
from web.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(company: Company, tmp_path: Path) -> Run:
    company.deploy(diagram(chain(START_EVENT, script("reckon", "limit = site('work_limit', 'PT5M')"), task("work"), END_EVENT)))
    environment = {"STEWARD_DATABASE_URL": company.database.url, "STEWARD_ATTACHMENTS": str(tmp_path / "attachments")}
    return lambda *words: CliRunner(env=environment).invoke(main, ["site", *words])


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def listed(result: Result) -> Any:
    return json.loads(said(result))


def refused(result: Result) -> str:
    assert result.exit_code == 1 and result.stderr.startswith("Expected") and result.stderr.count("\n") == 1, result.output
    return result.stderr


def test_a_site_is_added_and_listed(run: Run) -> None:
    assert said(run("add", "S9", "翠湖二期", "--zone", "Asia/Urumqi")) == "Added site S9"
    assert [(one["code"], one["zone"]) for one in listed(run("list", "--json"))][-1] == ("S9", "Asia/Urumqi")
    refused(run("add", "S9", "again"))
    refused(run("add", "S10", "far", "--zone", "Mars/Olympus"))


def test_a_figure_is_set_and_unset(run: Run, company: Company) -> None:
    expected = {"name": "work_limit", "kind": "duration", "default": "PT5M", "value": None, "asked_by": ["Order"]}
    assert listed(run("figures", "S1", "--json")) == [expected]
    assert said(run("set", "S1", "work_limit", "PT7M")) == "work_limit is PT7M at S1"
    assert company.variables(company.start())["limit"] == "PT7M"
    assert "work_limit" in said(run("figures", "S1"))
    refused(run("set", "S1", "work_limit", "soon"))
    refused(run("set", "S1", "other", "3"))
    refused(run("set", "S1", "work_limit", "PT9M", "--as", "anna"))
    assert said(run("unset", "S1", "work_limit")) == "work_limit is PT5M at S1"
    assert listed(run("figures", "S1", "--json")) == [expected]


def test_a_day_of_the_site_is_set(run: Run) -> None:
    assert said(run("day", "S1", "2027-02-05", "holiday")) == "2027-02-05 is a holiday at S1"
    assert said(run("day", "S1", "2027-02-05", "default")) == "2027-02-05 is as the calendar says at S1"
    refused(run("day", "S8", "2027-02-05", "holiday"))
    assert run("day", "S1", "2027-02-30", "holiday").exit_code == 2
    assert run("day", "S1", "2027-02-05", "party").exit_code == 2


def test_an_entry_is_put_into_a_list_shown_and_struck(run: Run) -> None:
    assert said(run("enter", "S1", "standing_services", '{"key": "擦窗", "price": 120}')) == "擦窗 is in standing_services at S1"
    assert listed(run("entries", "S1", "--json")) == [{"list": "standing_services", "key": "擦窗", "content": {"price": 120}}]
    refused(run("enter", "S1", "standing_services", '{"price": 120}'))
    refused(run("enter", "S1", "standing_services", '{"key": "擦窗"}', "--as", "anna"))
    assert run("enter", "S1", "standing_services", "擦窗").exit_code == 2
    assert said(run("strike", "S1", "standing_services", "擦窗")) == "擦窗 is no longer in standing_services at S1"
    refused(run("strike", "S1", "standing_services", "擦窗"))
    assert listed(run("entries", "S1", "--json")) == []
