"""The periods by which work is accounted: ISO weeks, months whose last two days belong to the next one (A65), quarters and
years of such months.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.errors import Invalid
from engine.numbering import DAYS_OF_NEXT_MONTH, accounting_month

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_YEAR = re.compile(r"\d{4}")
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
MONTHS_OF_QUARTER = 3
_YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Period:
    """Days from `begin` to before `end`; `name` is 2026-11 for a month, 2026-W47 for a week, 2026-Q4 for a quarter, 2026 for a year."""

    name: str
    begin: date
    end: date

    @property
    def kind(self) -> str:
        """`month`, `week`, `quarter` or `year`."""
        return {"": "year", "W": "week", "Q": "quarter"}.get(self.name[5:6], "month")

    @property
    def days(self) -> list[date]:
        return [self.begin + timedelta(days=number) for number in range((self.end - self.begin).days)]

    @property
    def parts(self) -> list[date]:
        """The days at which its parts begin: every day; of a quarter its weeks, of a year its months."""
        if self.kind == "year":
            return [_month(int(self.name), number).begin for number in range(1, 13)]
        return [day for day in self.days if self.kind != "quarter" or day == self.begin or day.isoweekday() == 1]

    def before(self) -> "Period":
        return _WITH[self.kind](self.begin - timedelta(days=1))


def read(name: str) -> Period:
    """The period of a name; raises Invalid for what names none."""
    month, week, quarter = _MONTH.fullmatch(name), _WEEK.fullmatch(name), _QUARTER.fullmatch(name)
    try:
        if month and int(month[1]) in _YEARS:
            return _month(int(month[1]), int(month[2]))
        if week and int(week[1]) in _YEARS:
            return _week_with(date.fromisocalendar(int(week[1]), int(week[2]), 1))
        if quarter and int(quarter[1]) in _YEARS:
            return _quarter(int(quarter[1]), int(quarter[2]))
        if _YEAR.fullmatch(name) and int(name) in _YEARS:
            return _year(int(name))
    except ValueError:
        pass
    expected = "Expected a month such as 2026-11, a week such as 2026-W47, a quarter such as 2026-Q4 or a year"
    raise Invalid(f"{expected}, but got {name[:20]!r}", {"period": "请选择周、月、季度或年"})


def month_at(now: datetime, zone: ZoneInfo) -> Period:
    """The accounting month that a moment belongs to, as its number says."""
    name = accounting_month(now, zone)
    return _month(int(name[:4]), int(name[4:]))


def week_at(now: datetime, zone: ZoneInfo) -> Period:
    return _week_with(now.astimezone(zone).date())


def month_of(day: date) -> Period:
    """The accounting month to which a day belongs."""
    counted = day + timedelta(days=DAYS_OF_NEXT_MONTH)
    return _month(counted.year, counted.month)


def quarter_at(now: datetime, zone: ZoneInfo) -> Period:
    """The quarter of the accounting month that a moment belongs to."""
    return _quarter_with(now.astimezone(zone).date())


def year_at(now: datetime, zone: ZoneInfo) -> Period:
    """The year of the accounting month that a moment belongs to."""
    return _year_with(now.astimezone(zone).date())


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _month(year: int, month: int) -> Period:
    first = date(year, month, 1)
    next_one = (first + timedelta(days=31)).replace(day=1)
    shift = timedelta(days=DAYS_OF_NEXT_MONTH)
    return Period(f"{year}-{month:02d}", first - shift, next_one - shift)


def _week_with(day: date) -> Period:
    year, week, _ = day.isocalendar()
    monday = date.fromisocalendar(year, week, 1)
    return Period(f"{year}-W{week:02d}", monday, monday + timedelta(days=7))


def _quarter(year: int, number: int) -> Period:
    last = number * MONTHS_OF_QUARTER
    return Period(f"{year}-Q{number}", _month(year, last - MONTHS_OF_QUARTER + 1).begin, _month(year, last).end)


def _quarter_with(day: date) -> Period:
    counted = day + timedelta(days=DAYS_OF_NEXT_MONTH)
    return _quarter(counted.year, (counted.month - 1) // MONTHS_OF_QUARTER + 1)


def _year(year: int) -> Period:
    return Period(str(year), _month(year, 1).begin, _month(year, 12).end)


def _year_with(day: date) -> Period:
    return _year((day + timedelta(days=DAYS_OF_NEXT_MONTH)).year)


_WITH = {"month": month_of, "week": _week_with, "quarter": _quarter_with, "year": _year_with}
