"""Hands that work side by side: one slow case holds up no other."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from engine import runner, timers, worker
from engine.clock import VirtualClock
from engine.crew import CASE, HANDS, Pile, Threads
from engine.db import Database
from engine.jobs import Handler, Work
from engine.scheduler import Scheduler
from engine.settings import Settings
from tests.eventually import eventually
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, found_company, task, timer


def flow(source: str, target: str) -> str:
    return f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'


def reminding(*durations: str, activity: str = "") -> bytes:
    """A task, or the activity given, with boundary timers that are told to nobody."""
    body = chain(START_EVENT, activity or task("work"), END_EVENT) + '<endEvent id="told"/>'
    for number, duration in enumerate(durations):
        body += timer(f"late{number}", "work", duration) + flow(f"late{number}", "told")
    return diagram(body)


CALL = '<serviceTask id="work" camunda:type="external" camunda:topic="ask"/>'


@pytest.fixture
def office(database_url: str, clock: VirtualClock) -> Iterator[Company]:
    company = found_company(Database(database_url, Settings(poll_seconds=0.05)), clock)
    yield company
    company.database.dispose()


@contextmanager
def alarm_of(office: Company, **handlers: Handler) -> Iterator[Scheduler]:
    scheduler = Scheduler(office.database, office.clock, handlers)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.stop()


class Hanging:
    """A handler that gives no answer until it is let go."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun: list[int] = []

    def __call__(self, work: Work) -> Mapping[str, Any]:
        self.begun.append(work.instance_id)
        assert self.go_on.wait(60)
        return {}


def test_handlers_that_hang_hold_up_no_timer_not_even_of_their_own_case(office: Company) -> None:
    office.deploy(reminding("PT10M", activity=CALL))
    cases = [office.start() for _ in range(HANDS + 3)]
    ask = Hanging()
    with alarm_of(office, ask=ask):
        try:
            assert eventually(lambda: len(ask.begun) == HANDS)
            office.clock.advance(timedelta(minutes=10))
            assert eventually(lambda: all(office.told(case).count("timer.fired") == 1 for case in cases))
            assert len(ask.begun) == HANDS
        finally:
            ask.go_on.set()
        assert eventually(lambda: all(office.instance(case).state == "completed" for case in cases))
    assert sorted(ask.begun) == cases


def test_a_case_that_is_held_for_long_holds_up_no_timer_of_others(postgresql_url: str, clock: VirtualClock) -> None:
    office = found_company(Database(postgresql_url, Settings(poll_seconds=0.05)), clock)
    office.deploy(reminding("PT10M"))
    slow, *others = [office.start() for _ in range(30)]
    with alarm_of(office), office.database.transaction() as session:
        runner.lock(session, slow)
        office.clock.advance(timedelta(minutes=10))
        assert eventually(lambda: all("timer.fired" in office.told(case) for case in others))
        assert "timer.fired" not in office.told(slow)
    office.database.dispose()


def test_side_by_side_the_timers_of_a_case_still_fire_in_their_order(office: Company) -> None:
    office.deploy(reminding("PT10M", "PT5M", "PT15M"))
    cases = [office.start() for _ in range(20)]
    office.clock.advance(timedelta(hours=1))
    crew = Threads()
    assert worker.run_due(office.database, office.clock, crew=crew) == 60
    crew.close()
    for case in cases:
        assert [event.activity for event in office.events(case) if event.type == "timer.fired"] == ["late1", "late0", "late2"]


def test_what_is_wrong_with_the_database_is_told_to_the_tick_and_done_by_the_next(office: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    office.deploy(reminding("PT10M"))
    cases = [office.start() for _ in range(20)]
    office.clock.advance(timedelta(hours=1))

    def full(*_given: object) -> None:
        raise OperationalError("update", None, Exception("database or disk is full"))

    crew = Threads()
    with monkeypatch.context() as broken, pytest.raises(OperationalError):
        broken.setattr(timers, "fire", full)
        worker.run_due(office.database, office.clock, crew=crew)
    crew.close()
    office.work()
    assert all(office.told(case).count("timer.fired") == 1 for case in cases)


def test_who_is_asked_to_stop_finishes_what_is_begun_and_begins_nothing_new(office: Company) -> None:
    office.deploy(reminding("PT10M", activity=CALL))
    cases = [office.start() for _ in range(HANDS + 3)]
    ask = Hanging()
    with alarm_of(office, ask=ask) as scheduler:
        assert eventually(lambda: len(ask.begun) == HANDS)
        stopping = threading.Thread(target=scheduler.stop)
        stopping.start()
        stopping.join(0.3)
        assert stopping.is_alive()
        ask.go_on.set()
        stopping.join(60)
    assert sorted(ask.begun) == cases[:HANDS]
    assert [office.instance(case).state for case in cases] == ["completed"] * HANDS + ["running"] * 3


def test_several_processes_begin_at_different_places_and_leave_nothing_out() -> None:
    piles = [Pile(CASE, number) for number in range(20)]
    orders = [list(Threads().order(piles)) for _ in range(50)]
    assert len({order[0] for order in orders}) > 1
    assert all(sorted(order) == piles for order in orders)
    assert Threads().order([]) == []
