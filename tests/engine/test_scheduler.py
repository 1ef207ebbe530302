"""The alarm clock: it only wakes; rows decide what is due."""

import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from engine import worker
from engine.clock import SystemClock, VirtualClock
from engine.db import Database
from engine.scheduler import Scheduler
from engine.settings import Settings
from tests.eventually import eventually
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, found_company, task, timer
from tests.people import START

REMINDED = diagram(
    chain(START_EVENT, task("work"), END_EVENT)
    + timer("late", "work", "PT10M")
    + task("remind")
    + '<endEvent id="over"/><sequenceFlow id="f" sourceRef="late" targetRef="remind"/>'
    + '<sequenceFlow id="g" sourceRef="remind" targetRef="over"/>'
)


@pytest.fixture
def office(sqlite_url: str) -> Company:
    return found_company(Database(sqlite_url, Settings(poll_seconds=0.05)), VirtualClock(START))


def test_what_falls_due_is_done_without_anybody_asking(office: Company) -> None:
    office.deploy(REMINDED)
    instance = office.start()
    scheduler = Scheduler(office.database, office.clock)
    scheduler.start()
    try:
        office.clock.advance(timedelta(minutes=10))
        assert eventually(lambda: office.waiting(instance) == ["work", "remind"])
    finally:
        scheduler.stop()


def test_it_goes_on_after_the_database_was_away(office: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    office.deploy(REMINDED)
    instance = office.start()
    failures: list[int] = []
    really = worker.run_due

    def away(*given: object, **more: object) -> int:
        if len(failures) < 3:
            failures.append(1)
            raise OperationalError("select", None, Exception("the server is restarting"))
        return really(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "run_due", away)
    scheduler = Scheduler(office.database, office.clock)
    scheduler.start()
    try:
        office.clock.advance(timedelta(minutes=10))
        assert eventually(lambda: "remind" in office.waiting(instance))
        assert len(failures) == 3
    finally:
        scheduler.stop()


def test_a_wall_clock_set_back_by_an_hour_does_not_stop_it(office: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """APScheduler sleeps until a time of day; the watchdog on the monotonic clock arms it anew."""
    import apscheduler.schedulers.base as library

    office.deploy(REMINDED)
    instance = office.start()
    shift = timedelta(hours=1)

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + shift  # type: ignore[arg-type]

    monkeypatch.setattr(library, "datetime", Shifted)
    monkeypatch.setattr("engine.scheduler.STALL_SECONDS", 0.5)
    monkeypatch.setattr("engine.scheduler.WATCHDOG_SECONDS", 0.2)
    scheduler = Scheduler(office.database, office.clock)
    scheduler.start()
    try:
        time.sleep(0.3)
        shift = timedelta(0)
        office.clock.advance(timedelta(minutes=10))
        assert eventually(lambda: "remind" in office.waiting(instance))
    finally:
        scheduler.stop()


def test_stopping_waits_for_what_is_under_way(office: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = threading.Event(), threading.Event()

    def slow(*_given: object, **_more: object) -> int:
        began.set()
        time.sleep(0.3)
        ended.set()
        return 0

    monkeypatch.setattr(worker, "run_due", slow)
    scheduler = Scheduler(office.database, SystemClock())
    scheduler.start()
    assert began.wait(10)
    scheduler.stop()
    assert ended.is_set()


def test_a_restart_loses_no_timer(tmp_path: Path, sqlite_url: str) -> None:
    company = found_company(Database(sqlite_url), VirtualClock(START))
    company.deploy(REMINDED)
    instance = company.start()
    company.database.dispose()
    again = Company(Database(sqlite_url), VirtualClock(START + timedelta(hours=3)))
    again.work()
    assert again.waiting(instance) == ["work", "remind"]


def test_a_long_tick_is_life_and_makes_no_noise(office: Company, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow(*_given: object, **_more: object) -> int:
        began.set()
        go_on.wait(20)
        return 0

    monkeypatch.setattr(worker, "run_due", slow)
    scheduler = Scheduler(office.database, SystemClock())
    scheduler.start()
    try:
        assert began.wait(10)
        monkeypatch.setattr("engine.scheduler.STALL_SECONDS", 0.01)
        time.sleep(0.4)  # the next ticks come to nothing
        assert scheduler.is_alive()
        monkeypatch.setattr("engine.scheduler.LONGEST_LOOK_SECONDS", 0.1)
        assert not scheduler.is_alive()
    finally:
        go_on.set()
        scheduler.stop()
    assert "maximum number of running instances" not in caplog.text
