"""Due times of timers: ISO 8601 dates, durations and repetitions, reckoned from a given moment and never from the wall clock."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DURATION = re.compile(
    r"P(?:(?P<weeks>\d+(?:[.,]\d+)?)W"
    r"|(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?)"
)
REPETITION = re.compile(r"R(?P<times>\d*)/(?P<rest>.+)", re.DOTALL)


@dataclass(frozen=True)
class Duration:
    """A span of months and of time; months have no length before they are added to a date."""

    months: int
    span: timedelta

    def after(self, moment: datetime, zone: str = "Asia/Shanghai") -> datetime:
        """Months are those of the zone's calendar; a day that a month lacks is its last."""
        if self.months:
            local = moment.astimezone(ZoneInfo(zone))
            year, month = divmod(local.year * 12 + local.month - 1 + self.months, 12)
            day = min(local.day, monthrange(year, month + 1)[1])
            moment = local.replace(year=year, month=month + 1, day=day).astimezone(moment.tzinfo)
        return moment + self.span


@dataclass(frozen=True)
class Repetition:
    """`R3/PT10M` and its kin: how often (None: for ever), from when (None: from entering), how far apart."""

    times: int | None
    start: datetime | None
    interval: Duration
    text: str  # the interval as written


def parse_duration(text: str) -> Duration:
    """`PT1H`, `P3D`, `P1M`; raises ValueError for anything else, negative ones included."""
    found = DURATION.fullmatch(text.strip())
    parts = {name: value.replace(",", ".") for name, value in found.groupdict().items() if value} if found else {}
    if not parts:
        raise ValueError(f"Expected a duration such as PT1H or P3D, but found {text!r}")
    months = int(parts.pop("years", 0)) * 12 + int(parts.pop("months", 0))
    return Duration(months, timedelta(**{name: float(value) for name, value in parts.items()}))


def parse_moment(text: str, zone: str) -> datetime:
    """An ISO date or date and time; without a zone it is meant in the given one."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"Expected a date such as 2026-03-01T09:00:00+08:00, but found {text!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def parse_repetition(text: str, zone: str) -> Repetition:
    """`R3/PT10M`, `R/2026-03-01T09:00/P1D`, `R2/PT1H/2026-…` is not taken; a bare `PT10M` repeats for ever."""
    text = text.strip()
    found = REPETITION.fullmatch(text)
    times, rest = (found["times"], found["rest"]) if found else ("", text)
    start, slash, interval = rest.rpartition("/")
    try:
        spacing = parse_duration(interval)
        if not (spacing.months or spacing.span):
            raise ValueError("nothing lies between two repetitions")
        return Repetition(int(times) if times else None, parse_moment(start, zone) if slash else None, spacing, interval.strip())
    except ValueError as error:
        raise ValueError(f"Expected a repetition such as R3/PT10M, but found {text!r}: {error}") from None


def moment_of(value: Any, now: datetime, zone: str) -> datetime:
    """The moment that a value means: a date, a date and time, a duration from now, or the ISO text of one of them."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))
    if isinstance(value, date):
        return datetime.combine(value, time(), ZoneInfo(zone))
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise ValueError(f"Expected a duration that is not negative, but found {value}")
        return now + value
    if isinstance(value, str):
        if value.strip().startswith("P"):
            return parse_duration(value).after(now, zone)
        return parse_moment(value, zone)
    raise ValueError(f"Expected a date or a duration, but found {type(value).__name__} {value!r}")
