"""Due times of timers: ISO 8601 dates and durations, reckoned from a given moment and never from the wall clock."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DURATION = re.compile(
    r"P(?:(?P<weeks>\d+(?:[.,]\d+)?)W"
    r"|(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?)"
)


@dataclass(frozen=True)
class Duration:
    """Months, days and time. Months have no length before they are added to a date, and days are those of the calendar."""

    months: int
    span: timedelta  # days of 24 hours included
    days: int = 0  # the whole days of the span

    def after(self, moment: datetime, zone: str = "Asia/Shanghai") -> datetime:
        """Months and days are those of the zone's calendar: a day that a month lacks is its last, and nine o'clock stays nine o'clock."""
        if self.months or self.days:
            local = moment.astimezone(ZoneInfo(zone))
            year, month = divmod(local.year * 12 + local.month - 1 + self.months, 12)
            day = min(local.day, monthrange(year, month + 1)[1])
            # In a zone of its own Python adds by the clock on the wall; by way of UTC an hour that does not exist becomes one that does.
            local = local.replace(year=year, month=month + 1, day=day) + timedelta(days=self.days)
            moment = local.astimezone(UTC).astimezone(moment.tzinfo)
        return (moment.astimezone(UTC) + self.span - timedelta(days=self.days)).astimezone(moment.tzinfo)


def parse_duration(text: str) -> Duration:
    """`PT1H`, `P3D`, `P1M`; raises ValueError for anything else, negative ones included."""
    found = DURATION.fullmatch(text.strip())
    parts = {name: value.replace(",", ".") for name, value in found.groupdict().items() if value} if found else {}
    if not parts:
        raise ValueError(f"Expected a duration such as PT1H or P3D, but found {text!r}")
    months = int(parts.pop("years", 0)) * 12 + int(parts.pop("months", 0))
    span = timedelta(**{name: float(value) for name, value in parts.items()})
    named = timedelta(**{name: float(value) for name, value in parts.items() if name in ("weeks", "days")})
    return Duration(months, span, named.days)


def parse_moment(text: str, zone: str) -> datetime:
    """An ISO date or date and time; without a zone it is meant in the given one."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"Expected a date such as 2026-03-01T09:00:00+08:00, but found {text!r}") from None
    return found if found.tzinfo else at_site(found, zone)


def at_site(moment: datetime, zone: str) -> datetime:
    """A time that names no zone, as the clocks of the zone show it; one that they jump over comes so much later."""
    # By way of UTC, as Python takes a time that does not exist for one that equals no other.
    try:
        return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
    except OverflowError:
        raise ValueError(f"Expected a date within the calendar, but found {moment}") from None


def moment_of(value: Any, now: datetime, zone: str) -> datetime:
    """The moment that a value means: a date, a date and time, a duration from now, or the ISO text of one of them."""
    if isinstance(value, datetime):
        return value if value.tzinfo else at_site(value, zone)
    if isinstance(value, date):
        return at_site(datetime.combine(value, time()), zone)
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise ValueError(f"Expected a duration that is not negative, but found {value}")
        return now + value
    if isinstance(value, str):
        if value.strip().startswith("P"):
            return parse_duration(value).after(now, zone)
        return parse_moment(value, zone)
    raise ValueError(f"Expected a date or a duration, but found {type(value).__name__} {value!r}")
