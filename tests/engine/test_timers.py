"""Timers are rows; each fires once, whatever happens around it."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import instances, timers, user_tasks, worker
from engine.errors import Rejected
from engine.tables import Timer
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, task, timer
from tests.people import ANNA, EMMA


def reminded(duration: str, kind: str = "timeDuration", interrupting: bool = False, catch_up: str | None = None) -> bytes:
    """A task with a boundary timer that leads to a reminder."""
    boundary = timer("late", "work", duration, interrupting, kind)
    if catch_up:
        boundary = boundary.replace("<timerEventDefinition>", extensions({"catchUp": catch_up}) + "<timerEventDefinition>", 1)
    after = '<sequenceFlow id="f" sourceRef="late" targetRef="remind"/>' + task("remind") + '<endEvent id="reminded"/>'
    return diagram(
        chain(START_EVENT, task("work"), END_EVENT) + boundary + after + '<sequenceFlow id="g" sourceRef="remind" targetRef="reminded"/>'
    )


def test_a_timer_fires_when_it_is_due_and_not_before(company: Company) -> None:
    company.deploy(reminded("PT10M"))
    instance = company.start()
    company.pass_time(minutes=9, seconds=59)
    assert company.waiting(instance) == ["work"]
    company.pass_time(seconds=1)
    assert company.waiting(instance) == ["work", "remind"]
    company.pass_time(days=30)
    assert company.told(instance).count("timer.fired") == 1


def test_an_interrupting_timer_takes_its_task_away(company: Company) -> None:
    company.deploy(reminded("PT10M", interrupting=True))
    instance = company.start()
    company.pass_time(minutes=10)
    assert company.task_states(instance) == {"work": "cancelled", "remind": "ready"}


def test_a_completed_task_takes_its_timer_with_it(company: Company) -> None:
    company.deploy(reminded("PT10M"))
    company.start()
    company.complete("work", ANNA)
    with company.database.read() as session:
        assert session.scalars(select(Timer)).all() == []


def test_a_cycle_goes_on_in_step(company: Company) -> None:
    company.deploy(reminded("R/PT10M", "timeCycle"))
    instance = company.start()
    for _ in range(3):
        company.pass_time(minutes=10)
    assert company.told(instance).count("timer.fired") == 3


@pytest.mark.parametrize(("catch_up", "firings"), [(None, 1), ("once", 1), ("all", 6), ("skip", 0)])
def test_after_an_hour_of_downtime_a_cycle_catches_up_by_its_rule(company: Company, catch_up: str | None, firings: int) -> None:
    company.deploy(reminded("R/PT10M", "timeCycle", catch_up=catch_up))
    instance = company.start()
    company.pass_time(minutes=65)
    assert company.told(instance).count("timer.fired") == company.waiting(instance).count("remind") == firings
    company.pass_time(minutes=5)
    assert company.told(instance).count("timer.fired") == company.waiting(instance).count("remind") == firings + 1


def test_a_suspended_instance_fires_nothing_until_it_is_resumed(company: Company) -> None:
    company.deploy(reminded("PT10M"))
    instance = company.start()
    with company.database.transaction() as session:
        instances.suspend(session, instance, "waiting for the owner", EMMA, company.now)
    company.pass_time(hours=1)
    assert company.waiting(instance) == ["work"]
    with company.database.transaction() as session:
        instances.resume(session, instance, "owner is back", EMMA, company.now)
    company.pass_time(seconds=1)
    assert company.waiting(instance) == ["work", "remind"]


def test_two_workers_never_fire_one_timer_twice(company: Company) -> None:
    company.deploy(reminded("PT10M"))
    started = [company.start() for _ in range(20)]
    company.clock.advance(timedelta(minutes=10))
    workers = [threading.Thread(target=worker.run_due, args=(company.database, company.clock)) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert [company.told(instance).count("timer.fired") for instance in started] == [1] * 20


def test_a_task_completed_in_the_instant_its_timer_fires_has_one_outcome(company: Company) -> None:
    company.deploy(reminded("PT10M", interrupting=True))
    for _ in range(10):
        instance = company.start()
        company.clock.advance(timedelta(minutes=10))
        task_id = company.task("work", instance).id
        with company.database.read() as session:
            timer_id = session.scalars(select(Timer.id).where(Timer.instance_id == instance)).one()
        together = threading.Barrier(2)

        def complete(task_id: int = task_id, together: threading.Barrier = together) -> None:
            together.wait()
            try:
                with company.database.transaction() as session:
                    user_tasks.complete(session, task_id, {}, ANNA, company.now)
            except Rejected:
                pass

        def fire(timer_id: int = timer_id, together: threading.Barrier = together) -> None:
            together.wait()
            with company.database.transaction() as session:
                timers.fire(session, timer_id, company.now)

        racing = [threading.Thread(target=complete), threading.Thread(target=fire)]
        for one in racing:
            one.start()
        for one in racing:
            one.join()
        outcome = (company.task_states(instance), company.told(instance).count("timer.fired"), company.instance(instance).state)
        assert outcome in (({"work": "completed"}, 0, "completed"), ({"work": "cancelled", "remind": "ready"}, 1, "running"))
        assert company.incidents() == []


def test_a_timer_whose_instance_cannot_be_read_becomes_an_incident_and_stops_nobody(company: Company) -> None:
    company.deploy(reminded("PT10M"))
    poisoned, sound = company.start(), company.start()
    company.spoil(poisoned)
    company.pass_time(minutes=10)
    assert "remind" in company.waiting(sound)
    (incident,) = company.incidents()
    assert (incident.instance_id, incident.kind) == (poisoned, "state")


@pytest.mark.parametrize(("catch_up", "fired"), [(None, 2), ("all", 4), ("skip", 1)])
def test_a_cycle_by_the_calendar_is_caught_up_as_the_timer_says(company: Company, catch_up: str | None, fired: int) -> None:
    company.deploy(reminded("0 9 * * *", "timeCycle", catch_up=catch_up))
    instance = company.start()
    company.pass_time(days=1)
    assert company.told(instance).count("timer.fired") == 1
    company.pass_time(days=3)
    assert company.told(instance).count("timer.fired") == fired
    assert company.waiting(instance).count("remind") == fired
