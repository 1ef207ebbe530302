"""Working time and working days of a site: statutory holidays and make-up workdays of China, and the site's own exceptions.

The holidays are those that the State Council has announced; for years not announced yet, weekends and the holidays whose dates never
move are assumed, and such a day is called provisional.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar

WORKDAY, HOLIDAY = "workday", "holiday"
HOURS = ((time(9, 0), time(12, 0)), (time(13, 30), time(18, 0)))
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})  # month and day, every year
MAX_DAYS = 5_000  # how far ahead anything is looked for: about 14 years

DAY = timedelta(days=1)


class WorkingCalendar:
    """When the people of a site work. `days` are the site's exceptions: a date is a "workday" or a "holiday"."""

    def __init__(
        self,
        days: Mapping[date, str] | None = None,
        hours: Sequence[tuple[time, time]] = HOURS,
        zone: str = "Asia/Shanghai",
    ) -> None:
        self.days = dict(days or {})
        self.hours = tuple(sorted(hours))
        self.zone = ZoneInfo(zone)
        self._check()

    def _check(self) -> None:
        for day, kind in self.days.items():
            if kind not in (WORKDAY, HOLIDAY):
                raise ValueError(f"Expected workday or holiday for {day}, but found {kind!r}")
        if not self.hours:
            raise ValueError("Expected working hours, but there are none")
        before = time.min
        for begin, end in self.hours:
            if begin < before or (end != time.min and end <= begin):
                raise ValueError(f"Expected working hours one after the other, but found {begin}–{end}")
            before = end if end != time.min else time.max  # midnight at the end of the day

    def is_workday(self, day: date) -> bool:
        if day in self.days:
            return self.days[day] == WORKDAY
        announced = _announced(day)
        if announced is not None:
            return announced
        return day.isoweekday() <= 5 and (day.month, day.day) not in FIXED_HOLIDAYS

    def is_provisional(self, day: date) -> bool:
        """Whether the holidays around this day have not been announced yet, so that the answer may still change."""
        return day not in self.days and _announced(day) is None

    def add_working_time(self, start: datetime, length: timedelta) -> datetime:
        """The moment at which so much working time has passed since the start."""
        if length < timedelta(0):
            raise ValueError("Expected a working time that is not negative, but it is")
        left = length
        for begin, end in self._shifts(start):
            begin = max(begin, start)
            if end - begin >= left:
                return (begin + left if left else start).astimezone(self.zone)
            left -= end - begin
        raise ValueError(f"Expected the working time to end within {MAX_DAYS} days, but it does not")

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; none when the second is not later."""
        passed = timedelta(0)
        if end <= start:
            return passed
        for begin, finish in self._shifts(start):
            if begin >= end:
                break
            passed += max(min(finish, end) - max(begin, start), timedelta(0))
        return passed

    def add_working_days(self, start: datetime, count: int) -> datetime:
        """The same time of day on the count-th working day after the day of the start."""
        if not 0 <= count <= MAX_DAYS:
            raise ValueError(f"Expected between 0 and {MAX_DAYS} working days, but found {count}")
        local = start.astimezone(self.zone)
        day = local.date()
        for _ in range(MAX_DAYS * 2):
            if count == 0:
                return datetime.combine(day, local.timetz())
            day += DAY
            count -= self.is_workday(day)
        raise ValueError(f"Expected so many working days within {MAX_DAYS * 2} days, but there are fewer")

    def _shifts(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time that end after the start, in UTC, in order."""
        first = start.astimezone(self.zone).date()
        for offset in range(MAX_DAYS):
            day = first + offset * DAY
            if not self.is_workday(day):
                continue
            for begin, end in self.hours:
                ends_on = day + DAY if end == time.min else day
                shift = (self._moment(day, begin), self._moment(ends_on, end))
                if shift[1] > start:
                    yield shift

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=self.zone).astimezone(UTC)


@lru_cache(maxsize=20_000)
def _announced(day: date) -> bool | None:
    """Whether the day is a workday by the announced holidays; None where nothing has been announced."""
    return bool(chinese_calendar.is_workday(day)) if _is_announced(day.year) else None


@lru_cache(maxsize=1_000)
def _is_announced(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True
