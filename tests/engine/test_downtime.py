"""A day without Steward, and a clock that jumps: all is caught up by its rule, nothing happens twice, nothing is forgotten."""

import random
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.clock import VirtualClock
from engine.crew import Threads
from engine.db import Database
from engine.errors import StewardError
from engine.jobs import Work
from engine.scheduler import Scheduler
from engine.settings import Settings
from engine.tables import KpiPoint, SlaClock, Timer
from engine.worker import run_due
from tests.eventually import eventually
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, found_company, task, timer

DAY = timedelta(days=1)
TOLD = '<endEvent id="told"/>'
CALL = '<serviceTask id="ask" camunda:type="external" camunda:topic="ask"/>'


def late(name: str, duration: str, kind: str = "timeDuration", catch_up: str | None = None) -> str:
    """A boundary timer of the task `work` that leads to an end."""
    boundary = timer(name, "work", duration, kind=kind)
    if catch_up:
        boundary = boundary.replace("<timerEventDefinition>", extensions({"catchUp": catch_up}) + "<timerEventDefinition>", 1)
    return boundary + f'<sequenceFlow id="{name}_told" sourceRef="{name}" targetRef="told"/>'


def working(*timers: str, **properties: str) -> bytes:
    return diagram(chain(START_EVENT, task("work"), END_EVENT) + "".join(timers) + TOLD, properties=properties)


def fired(company: Company, instance: int) -> list[str | None]:
    return [event.activity for event in company.events(instance) if event.type == "timer.fired"]


def due(company: Company, instance: int) -> datetime:
    with company.database.read() as session:
        return session.scalars(select(Timer.due_at).where(Timer.instance_id == instance)).one()


def restarted_after(company: Company, downtime: timedelta) -> Company:
    """The company in a process that has just begun: it remembers nothing but what the database says."""
    url = company.database.url
    company.database.dispose()
    return Company(Database(url), VirtualClock(company.now + downtime))


@pytest.mark.parametrize(("catch_up", "minutes", "firings"), [("once", 1, 1), ("skip", 1, 0), ("all", 30, 48)], ids=["once", "skip", "all"])
def test_a_cycle_does_not_storm_after_a_day(company: Company, catch_up: str, minutes: int, firings: int) -> None:
    company.deploy(working(late("again", f"R/PT{minutes}M", "timeCycle", catch_up)))
    instance = company.start()
    began = company.now
    later = restarted_after(company, DAY + timedelta(seconds=5))
    later.work()
    assert len(fired(later, instance)) == firings
    assert due(later, instance) == began + DAY + timedelta(minutes=minutes)  # still in step
    later.pass_time(minutes=minutes)
    assert len(fired(later, instance)) == firings + 1
    later.database.dispose()


def test_what_fell_due_in_a_day_is_done_once_and_in_the_order_of_its_time(company: Company) -> None:
    company.deploy(working(late("evening", "PT9H"), late("noon", "PT3H"), late("next_week", "P7D")))
    instances = [company.start() for _ in range(10)]
    later = restarted_after(company, DAY)
    crew = Threads()
    run_due(later.database, later.clock, crew=crew)
    crew.close()
    assert [fired(later, instance) for instance in instances] == [["noon", "evening"]] * 10
    assert [due(later, instance) - later.now for instance in instances] == [timedelta(days=6)] * 10
    later.work()
    assert [fired(later, instance) for instance in instances] == [["noon", "evening"]] * 10
    later.database.dispose()


def test_a_promise_broken_during_the_day_was_broken_when_it_was(company: Company) -> None:
    company.deploy(working(**{"clock.repair": "from=work.started; to=work.completed; limit=duration('PT1H'); warn=0.5; kpi=B09"}))
    instance = company.start()
    began = company.now
    later = restarted_after(company, DAY)
    later.work()
    later.work()
    with later.database.read() as session:
        clock = session.scalars(select(SlaClock)).one()
        assert (clock.state, clock.breached_at) == ("running", began + timedelta(hours=1))
        assert list(session.scalars(select(KpiPoint.code))) == ["B09"]
    assert later.told(instance).count("clock.breached") == 1
    later.database.dispose()


def test_a_job_that_waited_for_its_next_try_is_done_once_after_the_day(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, CALL, task("after"), END_EVENT)))
    instance = company.start()

    def away(_work: Work) -> Mapping[str, Any]:
        raise StewardError("nobody answers")

    company.work(ask=away)
    later = restarted_after(company, DAY)
    asked: list[str] = []

    def answers(work: Work) -> Mapping[str, Any]:
        asked.append(work.idempotency_key)
        return {}

    later.work(ask=answers)
    later.work(ask=answers)
    assert (len(asked), later.waiting(instance), later.incidents()) == (1, ["after"], [])
    later.database.dispose()


def test_a_clock_set_an_hour_forward_and_back_fires_nothing_twice_and_skips_nothing(company: Company) -> None:
    company.deploy(working(late("soon", "PT30M"), late("later", "PT90M"), late("again", "R3/PT20M", "timeCycle", "all")))
    instance = company.start()
    began = company.now
    for moment in (5, 65, 5, 10, 59, 61, 79, 81, 91, 200):  # minutes: forward by an hour, back, and on from there
        company.clock.set(began + timedelta(minutes=moment))
        company.work()
        company.work()
    names = fired(company, instance)
    assert sorted(map(str, names)) == ["again", "again", "again", "later", "soon"]
    assert company.incidents() == []


@pytest.fixture
def office(database_url: str, clock: VirtualClock) -> Iterator[Company]:
    company = found_company(Database(database_url, Settings(poll_seconds=0.02)), clock)
    yield company
    company.database.dispose()


def test_under_load_a_clock_that_jumps_forward_and_back_fires_each_timer_once(office: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm clock's own time jumps as well: it sleeps until a time of day."""
    import apscheduler.schedulers.base as library

    jump = timedelta(0)

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + jump  # type: ignore[arg-type]

    monkeypatch.setattr(library, "datetime", Jumping)
    monkeypatch.setattr("engine.scheduler.STALL_SECONDS", 0.3)
    monkeypatch.setattr("engine.scheduler.WATCHDOG_SECONDS", 0.1)
    office.deploy(working(late("soon", "PT10M"), late("later", "PT50M")))
    began, dice = office.now, random.Random(7)
    instances: list[int] = []
    starting = threading.Thread(target=lambda: instances.extend(office.start() for _ in range(30)))
    scheduler = Scheduler(office.database, office.clock)
    scheduler.start()
    try:
        starting.start()
        while starting.is_alive():
            jump = timedelta(minutes=dice.choice([-60, 0, 0, 60]))
            office.clock.set(began + timedelta(minutes=dice.randint(0, 5)) + jump)
            starting.join(0.2)
        jump = timedelta(0)
        office.clock.set(began + timedelta(hours=4))
        assert eventually(lambda: all(len(fired(office, instance)) >= 2 for instance in instances), seconds=60)
    finally:
        scheduler.stop()
    office.work()
    assert [sorted(map(str, fired(office, instance))) for instance in instances] == [["later", "soon"]] * 30
    assert office.incidents() == []
