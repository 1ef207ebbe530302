"""What is said when the database is away or full, or when timers stand still."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from engine import listings, scheduler
from engine.scheduler import Scheduler
from tests.factories import Company
from web.pages import inbox


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is said does not depend on the database."""
    return sqlite_url


FULL = sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize("error", [FULL, OperationalError("insert", None, FULL)])
def test_a_full_disk_is_told_in_one_sentence_to_programs_and_people(call, visit, monkeypatch, error):
    def full(*_given: Any, **_more: Any) -> None:
        raise error

    anna = visit("anna")
    monkeypatch.setattr(listings, "tasks", full)
    monkeypatch.setattr(inbox, "counts", full)
    answer = call("anna").get("/user-tasks")
    assert (answer.status_code, answer.json["error"]["code"], answer.headers["Retry-After"]) == (503, "unavailable", "10")
    assert answer.json["error"]["message"].startswith("Expected the database to answer and to have room, but")
    anna.open("/inbox", status=503)
    assert anna.text("h1") == "系统暂时存不了数据" and "disk" not in anna.text("body")


def test_a_database_that_is_away_altogether_still_gives_a_page(app, visit, company, monkeypatch):
    anna = visit("anna")
    monkeypatch.setattr(company.database.engine, "connect", _away)
    anna.open("/inbox", status=503)
    assert "编号" in anna.text("main")
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "unavailable"})


def _away(*_given: Any, **_more: Any) -> None:
    raise OperationalError("select", None, Exception("the server closed the connection"))


def test_a_process_whose_timers_stand_still_is_not_ready(app, company: Company, monkeypatch):
    app.extensions["scheduler"] = Scheduler(company.database, company.clock)
    client = app.test_client()
    assert client.get("/readyz").json == {"status": "ready"}
    monkeypatch.setattr(scheduler, "STALL_SECONDS", -1.0)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "timers stand still"})
    app.extensions["scheduler"] = None  # somebody else's timers
    assert client.get("/readyz").status_code == 200
