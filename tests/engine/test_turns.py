"""Commands on SQLite read and reckon beside each other; only the writing is done in turns."""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from engine import history, user_tasks
from engine.clock import VirtualClock
from engine.db import Database
from engine.errors import AlreadyClaimed, AlreadyCompleted
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, found_company, script, task
from tests.people import ANNA, BAO

LONG = "total = 0\nfor a in range(150):\n    for b in range(150):\n        total = total + 1\n"
SCRIPTS = [script(f"count_{number}", LONG) for number in range(30)]
SLOW = diagram(chain(START_EVENT, task("press"), *SCRIPTS, task("after"), END_EVENT), key="slow")


@pytest.fixture
def office(sqlite_url: str, clock: VirtualClock) -> Iterator[Company]:
    company = found_company(Database(sqlite_url), clock)
    yield company
    company.database.dispose()


@pytest.fixture
def elsewhere(office: Company) -> Iterator[Company]:
    """The same database, as another process has it open."""
    company = Company(Database(office.database.url), office.clock)
    yield company
    company.database.dispose()


def test_a_slow_script_holds_nobody_up(office: Company) -> None:
    office.deploy(SLOW, ONE_TASK)
    slow = office.start("slow")
    other = office.start()
    pressing = threading.Thread(target=lambda: office.complete("press", ANNA, instance=slow))
    pressing.start()
    office.complete("work", ANNA, instance=other)
    assert pressing.is_alive(), "the other should be done while the scripts still run"
    pressing.join()
    assert office.instance(other).state == "completed"
    assert office.waiting(slow) == ["after"]


def test_what_was_overtaken_by_another_process_is_decided_anew(office: Company, elsewhere: Company) -> None:
    office.deploy(SLOW)
    slow = office.start("slow")
    press = office.task("press")
    refused: list[Exception] = []

    def complete(company: Company) -> None:
        try:
            with company.database.transaction() as session:
                user_tasks.complete(session, press.id, {}, ANNA, company.now)
        except AlreadyCompleted as refusal:
            refused.append(refusal)

    both = [threading.Thread(target=complete, args=(company,)) for company in (office, elsewhere)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(refused) == 1
    assert "anna completed it" in str(refused[0])
    assert Counter(office.told(slow))["user_task.completed"] == 1
    with office.database.read() as session:
        assert list(history.verify(session)) == []


def test_what_was_claimed_meanwhile_is_not_completed_by_another(office: Company, elsewhere: Company) -> None:
    office.deploy(SLOW)
    office.start("slow")
    press = office.task("press")
    refused: list[Exception] = []

    def complete() -> None:
        try:
            with office.database.transaction() as session:
                user_tasks.complete(session, press.id, {}, ANNA, office.now)
        except AlreadyClaimed as refusal:
            refused.append(refusal)

    completing = threading.Thread(target=complete)
    completing.start()
    with elsewhere.database.transaction() as session:
        user_tasks.claim(session, press.id, BAO, elsewhere.now)
    assert completing.is_alive(), "it should still be reckoning"
    completing.join()
    assert len(refused) == 1
    assert office.task("press").assignee == "bao"


def test_two_processes_complete_tasks_of_one_instance_in_turn(office: Company, elsewhere: Company) -> None:
    office.deploy(diagram(chain(START_EVENT, *(task(f"task_{number}") for number in range(20)), END_EVENT)))
    instance = office.start()
    for number in range(20):
        (office, elsewhere)[number % 2].complete(f"task_{number}", ANNA, {"last": number}, instance)
    assert office.instance(instance).state == "completed"
    assert office.variables(instance) == {"last": 19}
