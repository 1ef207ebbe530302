"""FEEL's functions on dates, times and durations."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.bpmn.expressions_budget import EvaluationFailed, Frame, kind_of
from engine.bpmn.expressions_functions import zone_of
from engine.bpmn.expressions_values import Months, parse_duration
from engine.bpmn.feel_texts import Functions, null_safe
from engine.bpmn.feel_values import equal, family

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"T?(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d(?::\d\d)?|@[\w/+-]{1,60})?", re.ASCII)
_MONTHS = re.compile(r"(?P<sign>-?)P(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?", re.ASCII)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def as_date(value: Any, month: Any = None, day: Any = None) -> date:
    if month is not None:
        return date(int(value), int(month), int(day))
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise EvaluationFailed(f"Expected a date such as 2026-03-02, but found {str(value)[:40]!r}")
    return date.fromisoformat(value)


def as_time(value: Any, minute: Any = None, second: Any = None, offset: Any = None) -> time:
    if minute is not None:
        whole = int(second)
        zone = None if offset is None else timezone(offset)
        return time(int(value), int(minute), whole, int((second - whole) * 1_000_000), zone)
    if isinstance(value, datetime):
        return value.timetz()
    if isinstance(value, date):
        return time(tzinfo=UTC)
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or (found := _TIME.fullmatch(value)) is None:
        raise EvaluationFailed(f"Expected a time such as 09:30:00, but found {str(value)[:40]!r}")
    return time.fromisoformat(found[1]).replace(tzinfo=_zone(found[2]))


def _zone(text: str | None) -> Any:
    if text is None:
        return None
    if text[0] == "@":
        try:
            return ZoneInfo(text[1:])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise EvaluationFailed(f"Expected a time zone such as Asia/Shanghai, but found {text[1:41]!r}") from None
    return time.fromisoformat(f"00:00{text}").tzinfo


def as_moment(frame: Frame, value: Any, at: Any = None) -> datetime | None:
    """A moment; one without a zone is meant in the site's."""
    if value is None:
        return None
    if at is not None:
        moment = datetime.combine(as_date(value), as_time(at))
    elif isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    else:
        day, _, clock = str(value).partition("T")
        moment = datetime.combine(as_date(day), as_time(clock) if clock else time())
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone_of(frame))


def as_duration(value: Any) -> timedelta | Months:
    if isinstance(value, timedelta | Months):
        return value
    if not isinstance(value, str):
        raise EvaluationFailed(f"Expected a duration such as P1D, but found {kind_of(value)}")
    found = _MONTHS.fullmatch(value)
    if found and (found["years"] or found["months"]):
        count = int(found["years"] or 0) * 12 + int(found["months"] or 0)
        return Months(-count if found["sign"] else count)
    return parse_duration(value)


def months_between(start: Any, end: Any) -> Months:
    """The whole months from one date to another."""
    sign, first, last = (1, as_date(start), as_date(end)) if as_date(start) <= as_date(end) else (-1, as_date(end), as_date(start))
    return Months(sign * ((last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)))


def same(left: Any, right: Any) -> bool:
    """`is(a, b)`: equal, of one kind, and moments also of one zone."""
    if family(left) != family(right):
        return False
    if isinstance(left, datetime):
        return bool(left == right) and left.utcoffset() == right.utcoffset()
    return equal(left, right) is True


DATES: Functions = {
    ("date", "from | year, month, day"): null_safe("any")(as_date),
    ("time", "from | hour, minute, second, offset?"): lambda value, *rest: None if value is None else as_time(value, *rest),
    ("duration", "from"): null_safe("any")(as_duration),
    ("years and months duration", "from, to"): null_safe("any", "any")(months_between),
    ("day of year", "date"): null_safe("any")(lambda value: as_date(value).timetuple().tm_yday),
    ("day of week", "date"): null_safe("any")(lambda value: _WEEKDAYS[as_date(value).weekday()]),
    ("month of year", "date"): null_safe("any")(lambda value: _MONTH_NAMES[as_date(value).month - 1]),
    ("week of year", "date"): null_safe("any")(lambda value: as_date(value).isocalendar().week),
    ("is", "value1, value2"): same,
}  # fmt: skip
#: These see the evaluation itself: they need the site's zone.
MOMENTS: Functions = {("date and time", "from | date, time"): as_moment}
