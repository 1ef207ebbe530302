"""The working calendar of a site: days of its own, and the clocks that follow them."""

from datetime import date, timedelta

import pytest

from engine import history, sites, working_days
from engine.actors import Actor
from engine.calendar import WorkingCalendar
from engine.errors import Forbidden, Invalid, NotFound
from engine.tables import SlaClock
from engine.working_days import Stretch
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, EMMA, HUA

TUESDAY = date(2026, 3, 3)  # the tests begin on the Monday before, at nine


def set_day(company: Company, day: date, kind: str | None, actor: Actor = EMMA) -> None:
    with company.database.transaction() as session:
        working_days.set_day(session, "S1", day, kind, actor, company.now)


def start_measured(company: Company, time: str = "working") -> int:
    """A case whose work is promised within ten hours; returns its id."""
    clock = {"clock.repair": f"from=work.started; to=work.completed; limit=duration('PT10H'); time={time}"}
    company.deploy(diagram(chain(START_EVENT, task("work"), END_EVENT), properties=clock))
    return company.start()


def due(company: Company, instance: int) -> timedelta:
    """How far from the beginning the promise of the case ends."""
    with company.database.read() as session:
        clock = session.query(SlaClock).filter_by(instance_id=instance).one()
        assert clock.due_at is not None
        return clock.due_at - clock.started_at


def test_running_clocks_of_working_time_follow_the_calendar(company: Company) -> None:
    working, running = start_measured(company), start_measured(company, "running")
    assert due(company, working) == timedelta(days=1, hours=2, minutes=30)
    set_day(company, TUESDAY, "holiday")
    assert due(company, working) == timedelta(days=2, hours=2, minutes=30)
    assert due(company, running) == timedelta(hours=10)
    set_day(company, TUESDAY, None)
    assert due(company, working) == timedelta(days=1, hours=2, minutes=30)


def test_a_clock_rings_by_the_new_calendar(company: Company) -> None:
    instance = start_measured(company)
    set_day(company, TUESDAY, "holiday")
    company.pass_time(days=1, hours=5)
    assert "clock.breached" not in company.told(instance)
    company.pass_time(days=1)
    assert "clock.breached" in company.told(instance)


def test_clocks_of_other_sites_and_stopped_ones_stay(company: Company) -> None:
    instance = start_measured(company)
    company.complete("work", ANNA)
    before = due(company, instance)
    with company.database.transaction() as session:
        working_days.set_day(session, "S2", TUESDAY, "holiday", Actor.system("cli"), company.now)
    set_day(company, TUESDAY, "holiday")
    assert due(company, instance) == before


def test_a_day_counts_for_the_next_case_at_once(company: Company) -> None:
    set_day(company, date(2026, 3, 2), "holiday")  # today
    assert due(company, start_measured(company)) == timedelta(days=2, hours=2, minutes=30)
    with company.database.read() as session:
        assert sites.facts(session, "S2").days == {}


def test_history_tells_who_changed_which_day(company: Company) -> None:
    start_measured(company)
    for kind in ("holiday", "holiday", "workday", None):
        set_day(company, TUESDAY, kind)
    with company.database.read() as session:
        lines = [line for line in history.lines(session, history.site_chain("S1")) if line.type == "calendar_day.set"]
    assert [(line.data["before"], line.data["after"]) for line in lines if line.data] == [
        (None, "holiday"),
        ("holiday", "workday"),
        ("workday", None),
    ]
    assert {(line.actor, line.data["day"], line.data["clocks"]) for line in lines if line.data} == {("emma", "2026-03-03", 1)}


def test_days_are_set_by_the_administrators_of_the_site_only(company: Company) -> None:
    for actor, refusal in ((ANNA, Forbidden), (HUA, NotFound)):
        with pytest.raises(refusal):
            set_day(company, TUESDAY, "holiday", actor)


def test_a_day_that_is_none_is_refused(company: Company) -> None:
    for day, kind in ((TUESDAY, "party"), (date(1999, 1, 1), "holiday"), (date(9999, 12, 31), "holiday")):
        with pytest.raises(Invalid):
            set_day(company, day, kind)


def test_a_year_shows_what_differs_from_a_plain_week() -> None:
    calendar = WorkingCalendar({date(2026, 1, 2): "workday", date(2026, 1, 7): "workday"})
    found = working_days.differences(calendar, 2026)
    assert found[:4] == [
        Stretch(date(2026, 1, 1), date(2026, 1, 1), "holiday", False),
        Stretch(date(2026, 1, 2), date(2026, 1, 2), "workday", True),
        Stretch(date(2026, 1, 4), date(2026, 1, 4), "workday", False),  # a Sunday made up for
        Stretch(date(2026, 1, 7), date(2026, 1, 7), "workday", True),
    ]
    assert Stretch(date(2026, 10, 1), date(2026, 10, 7), "holiday", False) in found


def test_a_year_says_whether_its_holidays_are_announced() -> None:
    calendar = WorkingCalendar({date(2040, 1, 1): "workday"})
    assert working_days.is_announced(calendar, 2026)
    assert not working_days.is_announced(calendar, 2040)
