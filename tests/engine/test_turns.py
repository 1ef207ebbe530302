"""Commands on SQLite read and reckon beside each other; only the writing is done in turns."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from engine import history, messages, turns, user_tasks
from engine.clock import VirtualClock
from engine.db import Database
from engine.errors import AlreadyClaimed, AlreadyCompleted
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, found_company, script, task
from tests.people import ANNA, BAO, OPERATOR

LONG = "total = 0\nfor a in range(150):\n    for b in range(150):\n        total = total + 1\n"
MOST = 0.5  # of the time that something slow takes: longer nobody else waits
SCRIPTS = [script(f"count_{number}", LONG) for number in range(30)]
SLOW = diagram(chain(START_EVENT, task("press"), *SCRIPTS, task("after"), END_EVENT), key="slow")
SLOW_AT_ONCE = diagram(
    chain(START_EVENT, script("look", "seen = case.number"), *SCRIPTS[:22], task("after"), END_EVENT),
    key="slow_at_once",
    properties={"numberSeries": "WX"},
)
ASKED = '<serviceTask id="ask" camunda:type="external" camunda:topic="ask"/>'
SLOW_AFTER_A_JOB = diagram(chain(START_EVENT, ASKED, *SCRIPTS, task("after"), END_EVENT), key="slow_after_a_job")
CALLS_SLOW = diagram(chain(START_EVENT, '<callActivity id="call" calledElement="slow_at_once"/>', END_EVENT), key="calls_slow")
HEARD = '<message id="m" name="heard"/>'
HEAR = '<intermediateCatchEvent id="hear"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
SLOW_AFTER_A_MESSAGE = diagram(chain(START_EVENT, HEAR, *SCRIPTS, task("after"), END_EVENT), key="slow_after_a_message", before=HEARD)


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
    office.deploy(SLOW)
    slow = office.start("slow")
    assert longest_wait(office, lambda: office.complete("press", ANNA, instance=slow)) < MOST
    assert office.waiting(slow) == ["after"]


def test_what_had_to_step_back_is_compiled_once_all_the_same(office: Company, elsewhere: Company) -> None:
    office.deploy(SLOW_AT_ONCE)
    elsewhere.start("slow_at_once")
    assert len(elsewhere.database.keep["definitions"]) == 1


def longest_wait(office: Company, slow: Callable[[], object]) -> float:
    """Complete tasks while something slow goes on in another thread: the longest that one took, as a share of its time."""
    office.deploy(ONE_TASK)
    others = [office.start() for _ in range(100)]
    running, begun = threading.Thread(target=slow), time.monotonic()
    running.start()
    waits = [0.0]
    while running.is_alive() and others:
        before = time.monotonic()
        office.complete("work", ANNA, instance=others.pop())
        waits.append(time.monotonic() - before)
    running.join()
    return max(waits) / (time.monotonic() - begun)


def test_a_slow_start_holds_nobody_up(office: Company) -> None:
    office.deploy(SLOW_AT_ONCE)
    assert longest_wait(office, lambda: office.start("slow_at_once")) < MOST
    assert office.waiting().count("after") == 1
    with office.database.read() as session:
        assert list(history.verify(session)) == []


def test_slow_starts_together_each_see_their_own_number_and_leave_no_gap(office: Company, elsewhere: Company) -> None:
    office.deploy(SLOW_AT_ONCE)
    started: list[int] = []
    starting = [threading.Thread(target=lambda at=at: started.append(at.start("slow_at_once"))) for at in (office, elsewhere, office)]
    for each in starting:
        each.start()
    for each in starting:
        each.join()
    numbers = sorted(str(office.instance(one).number) for one in started)
    assert [number[-4:] for number in numbers] == ["0001", "0002", "0003"]
    assert sorted(office.variables(one)["seen"] for one in started) == numbers
    assert all(office.variables(one)["seen"] == office.instance(one).number for one in started)


def test_what_is_slow_after_a_job_holds_nobody_up(office: Company) -> None:
    office.deploy(SLOW_AFTER_A_JOB)
    office.start("slow_after_a_job")
    assert longest_wait(office, lambda: office.work(ask=lambda work: {"answer": 1})) < MOST
    assert office.waiting().count("after") == 1
    assert office.incidents() == []


def test_a_slow_called_process_holds_nobody_up(office: Company) -> None:
    office.deploy(SLOW_AT_ONCE, CALLS_SLOW)
    office.start("calls_slow")
    assert longest_wait(office, office.work) < MOST
    assert office.waiting().count("after") == 1


def test_what_is_slow_after_a_message_holds_nobody_up(office: Company) -> None:
    office.deploy(SLOW_AFTER_A_MESSAGE)
    office.start("slow_after_a_message")

    def send() -> None:
        with office.database.transaction() as session:
            messages.publish(session, "heard", "S1", None, {}, OPERATOR, office.now)

    assert longest_wait(office, send) < MOST
    assert office.waiting().count("after") == 1


def test_what_is_slow_fails_as_it_would_have_at_once(office: Company) -> None:
    office.deploy(diagram(chain(START_EVENT, *SCRIPTS, script("wrong", "x = 1 / 0"), END_EVENT), key="slow_and_wrong"))
    instance = office.start("slow_and_wrong")
    assert [incident.activity_id for incident in office.incidents()] == ["wrong"]
    assert office.instance(instance).incidents == 1


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


def test_in_a_crowd_a_few_reckon_at_a_time(office: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 60.0)
    inside: list[int] = []
    most: list[int] = []

    def reckon(number: int) -> None:
        with suppress(LookupError), office.database.transaction():
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.01)
            inside.remove(number)
            if number % 2:
                raise LookupError  # who fails makes room as well

    with ThreadPoolExecutor(12) as crowd:
        list(crowd.map(reckon, range(24)))
    assert len(most) == 24 and max(most) == turns.AT_ONCE


def test_who_waits_for_the_turn_to_write_keeps_nobody_from_reckoning(office: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that all who come while the disk flushes share the next flush."""
    monkeypatch.setattr(turns, "PATIENCE", 60.0)
    written, writers = threading.Event(), 3 * turns.AT_ONCE

    def write(_number: int) -> None:
        with office.database.transaction() as session:
            reckoned.release()
            session.connection()

    reckoned = threading.Semaphore(0)
    with ThreadPoolExecutor(writers + 1) as crowd:
        crowd.submit(hold_the_turn, office, reckoned, written)
        assert reckoned.acquire(timeout=30)
        waiting = [crowd.submit(write, number) for number in range(writers)]
        came = [reckoned.acquire(timeout=30) for _ in waiting]
        written.set()
        for one in waiting:
            one.result(30)
    assert all(came)


def hold_the_turn(office: Company, reckoned: threading.Semaphore, written: threading.Event) -> None:
    with office.database.transaction() as session:
        session.connection()
        reckoned.release()
        written.wait(30)


def test_those_who_take_long_make_somebody_wait_once(office: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every request after them: a page is several looks, and a completion with its jobs is more."""
    let_go, slow = threading.Event(), 2 * turns.AT_ONCE
    inside = threading.Semaphore(0)

    def take_long(_number: int) -> None:
        with office.database.transaction():
            inside.release()
            let_go.wait(30)

    with ThreadPoolExecutor(slow) as crowd:
        try:
            long_ones = [crowd.submit(take_long, number) for number in range(slow)]
            assert all(inside.acquire(timeout=30) for _ in long_ones)
            monkeypatch.setattr(turns, "PATIENCE", 1.0)
            begun = time.monotonic()
            for _ in range(30):
                with office.database.look():
                    pass
            assert time.monotonic() - begun < 5
        finally:
            let_go.set()
        for one in long_ones:
            one.result(30)
