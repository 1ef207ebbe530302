"""Working time and working days, by the holidays of China and the exceptions of a site."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import WorkingCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def calendar() -> WorkingCalendar:
    return WorkingCalendar()


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 3, 2), True),  # a Monday
        (date(2026, 3, 7), False),  # a Saturday
        (date(2026, 1, 1), False),  # New Year
        (date(2026, 1, 4), True),  # a Sunday worked instead
        (date(2026, 2, 17), False),  # Spring Festival
        (date(2026, 2, 14), True),  # a Saturday worked instead
        (date(2026, 10, 1), False),  # National Day
        (date(2025, 9, 28), True),  # a Sunday worked instead
    ],
)
def test_holidays_and_make_up_days_of_announced_years_are_known(calendar: WorkingCalendar, day: date, works: bool) -> None:
    assert calendar.is_workday(day) is works
    assert not calendar.is_provisional(day)


def test_years_not_announced_have_weekends_and_fixed_holidays_and_are_provisional(calendar: WorkingCalendar) -> None:
    assert calendar.is_provisional(date(2040, 10, 1))
    assert not calendar.is_workday(date(2040, 10, 1))  # a Monday, but National Day
    assert calendar.is_workday(date(2040, 10, 8))
    assert not calendar.is_workday(date(2040, 10, 6))  # a Saturday
    assert calendar.is_workday(date(1999, 3, 1))


def test_exceptions_of_the_site_come_first() -> None:
    calendar = WorkingCalendar({date(2026, 3, 2): "holiday", date(2026, 3, 7): "workday", date(2040, 10, 1): "workday"})
    assert not calendar.is_workday(date(2026, 3, 2))
    assert calendar.is_workday(date(2026, 3, 7))
    assert not calendar.is_provisional(date(2040, 10, 1))


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2026-03-02T09:00", timedelta(hours=1), "2026-03-02T10:00"),
        ("2026-03-02T09:00", timedelta(hours=3), "2026-03-02T12:00"),
        ("2026-03-02T11:30", timedelta(hours=1), "2026-03-02T14:00"),
        ("2026-03-02T17:30", timedelta(hours=1), "2026-03-03T09:30"),
        ("2026-03-06T17:00", timedelta(hours=2), "2026-03-09T10:00"),  # over a weekend
        ("2026-03-07T15:00", timedelta(minutes=5), "2026-03-09T09:05"),  # begun on a Saturday
        ("2026-03-02T20:00", timedelta(minutes=5), "2026-03-03T09:05"),  # begun in the evening
        ("2026-03-02T20:00", timedelta(0), "2026-03-02T20:00"),
        ("2026-02-13T17:00", timedelta(hours=9), "2026-02-24T09:30"),  # the Saturday is worked, then Spring Festival
    ],
)
def test_working_time_passes_only_while_people_work(calendar: WorkingCalendar, start: str, length: timedelta, end: str) -> None:
    assert calendar.add_working_time(at(start), length) == at(end)
    assert calendar.working_time_between(at(start), at(end)) == length


def test_working_time_between_moments_in_the_wrong_order_is_none(calendar: WorkingCalendar) -> None:
    assert calendar.working_time_between(at("2026-03-03T10:00"), at("2026-03-02T10:00")) == timedelta(0)


def test_moments_in_utc_are_understood(calendar: WorkingCalendar) -> None:
    end = calendar.add_working_time(datetime(2026, 3, 2, 1, tzinfo=UTC), timedelta(hours=1))
    assert end == at("2026-03-02T10:00")
    assert end.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-03-02T10:00", 0, "2026-03-02T10:00"),
        ("2026-03-02T10:00", 1, "2026-03-03T10:00"),
        ("2026-03-06T10:00", 1, "2026-03-09T10:00"),
        ("2026-03-07T10:00", 1, "2026-03-09T10:00"),
        ("2026-02-13T10:00", 2, "2026-02-24T10:00"),
        ("2026-12-31T10:00", 1, "2027-01-04T10:00"),  # New Year of a year that is not announced
    ],
)
def test_working_days_skip_holidays_and_count_make_up_days(calendar: WorkingCalendar, start: str, count: int, end: str) -> None:
    assert calendar.add_working_days(at(start), count) == at(end)


def test_hours_of_the_site_count() -> None:
    night = WorkingCalendar(hours=((time(18, 0), time(0, 0)),))
    assert night.add_working_time(at("2026-03-02T23:00"), timedelta(hours=2)) == at("2026-03-03T19:00")
    assert night.working_time_between(at("2026-03-02T00:00"), at("2026-03-04T00:00")) == timedelta(hours=12)


def test_nonsense_is_refused(calendar: WorkingCalendar) -> None:
    with pytest.raises(ValueError, match="workday or holiday"):
        WorkingCalendar({date(2026, 3, 2): "maybe"})
    with pytest.raises(ValueError, match="one after the other"):
        WorkingCalendar(hours=((time(9), time(12)), (time(11), time(18))))
    with pytest.raises(ValueError, match="not negative"):
        calendar.add_working_time(at("2026-03-02T10:00"), timedelta(hours=-1))
    with pytest.raises(ValueError, match="between 0 and"):
        calendar.add_working_days(at("2026-03-02T10:00"), -1)
    with pytest.raises(ValueError, match="does not"):
        calendar.add_working_time(at("2026-03-02T10:00"), timedelta(days=100_000))


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.sampled_from([UTC, SHANGHAI]))  # noqa: DTZ001
LENGTHS = st.timedeltas(timedelta(0), timedelta(hours=300))


@given(MOMENTS, LENGTHS, LENGTHS)
@settings(max_examples=60, deadline=None)
def test_working_time_adds_up(start: datetime, first: timedelta, second: timedelta) -> None:
    calendar = WorkingCalendar()
    middle = calendar.add_working_time(start, first)
    end = calendar.add_working_time(middle, second)
    assert end == calendar.add_working_time(start, first + second) or not (first or second)
    assert calendar.working_time_between(start, middle) == first
    assert calendar.working_time_between(start, end) == first + second
    assert start <= middle <= end


@given(MOMENTS, st.integers(0, 200), st.integers(0, 200))
@settings(max_examples=60, deadline=None)
def test_working_days_add_up(start: datetime, first: int, second: int) -> None:
    calendar = WorkingCalendar()
    end = calendar.add_working_days(calendar.add_working_days(start, first), second)
    assert end == calendar.add_working_days(start, first + second)
    assert first + second == 0 or calendar.is_workday(end.date())
