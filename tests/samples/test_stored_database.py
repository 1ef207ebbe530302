"""A database of a former release, brought up by the migrations: every instance in it goes on, and its history holds."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import definitions, drafts, history, instances, messages, retries, schema
from engine.bpmn.triggers import SetVariables
from engine.clock import VirtualClock
from engine.db import Database
from engine.history import Event
from engine.runner import advance, hold, lock
from engine.tables import Definition, Instance
from tests.factories import Company
from tests.people import ANNA, CHEN, DONG, EMMA, OPERATOR, START
from tests.samples.plays import HERE

WORK, ASK, CHECK, HELD, CALLING, FAILED, FITTING, HEARING, PAYING = range(1, 10)  # what record_database.fill left behind, by instance id


@pytest.fixture(params=sorted(HERE.glob("*/steward.sql")), ids=lambda path: path.parent.name)
def company(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    file = tmp_path / "steward.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(request.param.read_text())
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    yield Company(database, VirtualClock(START + timedelta(hours=4)))
    database.dispose()


def test_the_migrations_bring_a_database_of_a_former_release_up(company: Company) -> None:
    schema.check(company.database)
    with company.database.read() as session:
        assert list(history.verify(session)) == []


def test_running_instances_keep_their_definitions(company: Company) -> None:
    with company.database.read() as session:
        for definition in session.scalars(select(Definition)):
            assert definitions.load(session, definition.id).executable.fingerprint == definition.compiler


def test_every_instance_of_a_former_release_goes_on_to_its_end(company: Company) -> None:
    assert {one: company.waiting(one) for one in (WORK, ASK, CHECK, FITTING)} == {
        WORK: ["work", "told"],
        ASK: [],
        CHECK: ["check"],
        FITTING: ["fit"],
    }
    with company.database.transaction() as session:
        found = drafts.find(session, company.task("work", WORK).id, ANNA)
        assert found is not None and found.payload == {"fault": "漏"}
        instances.resume(session, HELD, "回来了", EMMA, company.now)
        messages.publish(session, "delivered", "S1", "B-2", {"amount": 2}, CHEN, company.now)
        set_rooms = Event("instance.modified", None, {})
        advance(session, hold(session, lock(session, FAILED)), SetVariables("", {"rooms": ["厨房"]}), set_rooms, OPERATOR, company.now)
    [incident] = [one for one in company.incidents() if one.instance_id == FAILED]
    with company.database.transaction() as session:
        retries.retry(session, incident.id, OPERATOR, company.now)
    company.complete("work", ANNA, {"fault": "漏水"}, WORK)
    company.complete("told", DONG, {}, WORK)
    for _ in range(3):
        company.clock.advance(timedelta(minutes=11))
        company.work(pay=lambda work: {"paid": True})
        for task in company.open_tasks():
            who = {"telephone": CHEN, "check": DONG, "told": DONG}.get(task.activity_id, ANNA)
            company.complete(task.activity_id, who, {"verdict": "satisfied"} if task.activity_id == "telephone" else {}, task.instance_id)
    with company.database.read() as session:
        states = dict(session.execute(select(Instance.id, Instance.state)).all())
        assert {number: state for number, state in states.items() if state != "completed"} == {}
        assert list(history.verify(session)) == []
    assert company.incidents() == []
    assert company.variables(CHECK) == {"house": "A-2", "fault": "漏水", "verdict": "satisfied"}
    assert company.variables(FITTING) == {"house": "B-1", "rooms": ["厨房", "卫生间"], "amount": 1, "paid": True, "per_room": 5.0}
    assert company.variables(PAYING)["paid"] is True
