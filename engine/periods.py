"""The weeks and months by which work is accounted: ISO weeks, and months whose last two days belong to the next one (A65)."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.errors import Invalid
from engine.numbering import DAYS_OF_NEXT_MONTH, accounting_month

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Period:
    """Days from `begin` to before `end`; `name` is 2026-11 for a month, 2026-W47 for a week."""

    name: str
    begin: date
    end: date

    @property
    def is_week(self) -> bool:
        return "W" in self.name

    @property
    def days(self) -> list[date]:
        return [self.begin + timedelta(days=number) for number in range((self.end - self.begin).days)]

    def before(self) -> "Period":
        return (_week_with if self.is_week else _month_with)(self.begin - timedelta(days=1))


def read(name: str) -> Period:
    """The period of a name; raises Invalid for what names none."""
    month, week = _MONTH.fullmatch(name), _WEEK.fullmatch(name)
    try:
        if month and int(month[1]) in _YEARS:
            return _month(int(month[1]), int(month[2]))
        if week and int(week[1]) in _YEARS:
            return _week_with(date.fromisocalendar(int(week[1]), int(week[2]), 1))
    except ValueError:
        pass
    raise Invalid(f"Expected a month such as 2026-11 or a week such as 2026-W47, but got {name[:20]!r}", {"period": "请选择月份或周"})


def month_at(now: datetime, zone: ZoneInfo) -> Period:
    """The accounting month that a moment belongs to, as its number says."""
    name = accounting_month(now, zone)
    return _month(int(name[:4]), int(name[4:]))


def week_at(now: datetime, zone: ZoneInfo) -> Period:
    return _week_with(now.astimezone(zone).date())


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _month(year: int, month: int) -> Period:
    first = date(year, month, 1)
    next_one = (first + timedelta(days=31)).replace(day=1)
    shift = timedelta(days=DAYS_OF_NEXT_MONTH)
    return Period(f"{year}-{month:02d}", first - shift, next_one - shift)


def _month_with(day: date) -> Period:
    counted = day + timedelta(days=DAYS_OF_NEXT_MONTH)
    return _month(counted.year, counted.month)


def _week_with(day: date) -> Period:
    year, week, _ = day.isocalendar()
    monday = date.fromisocalendar(year, week, 1)
    return Period(f"{year}-W{week:02d}", monday, monday + timedelta(days=7))
