"""Timers that repeat: `R3/PT10M` and its kin, and cron. A cycle is kept as its next due time, how often it is left, and its interval."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.bpmn.cron import looks_like_cron, parse_cron
from engine.bpmn.timing import Duration, at_site, parse_duration, parse_moment

REPETITION = re.compile(r"R(?P<times>\d*)/(?P<rest>.+)", re.DOTALL)
FARTHEST = 1_000_000  # firings between now and the end of a cycle that ends by a date


@dataclass(frozen=True)
class Cycle:
    """When it fires first, how often from then on (None: for ever), and the interval as it is kept: a duration or cron.

    Whole days and months are kept with the time of day that is meant, `P1D@02:30:00`: an hour that the clocks jump over moves one firing
    and none after it.
    """

    first: datetime
    times: int | None
    interval: str


def read_cycle(text: str, now: datetime, zone: str) -> Cycle:
    """`R3/PT10M`, `R/2026-03-01T09:00/P1D`, `R/PT1H/2026-03-02`, `R4/2026-03-01/2026-03-08`, a bare `PT10M`, or cron.

    Without a start it begins to count now. With an end the last firing is at that end, and a start and an end are one interval.
    """
    text = text.strip()
    if looks_like_cron(text):
        first = parse_cron(text).after(now, zone)
        if first is None:
            raise ValueError(f"Expected a cron expression that is still to come, but {text!r} lies in the past")
        return Cycle(first, None, text)
    found = REPETITION.fullmatch(text)
    times = int(found["times"]) if found and found["times"] else None
    try:
        if times == 0:
            raise ValueError("it repeats no times")
        return _repetition(found["rest"].split("/") if found else [text], times, now, zone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"Expected a repetition such as R3/PT10M, or cron such as 0 9 * * MON, but found {text!r}: {error}") from None


def _repetition(parts: list[str], times: int | None, now: datetime, zone: str) -> Cycle:
    first, second = (parts[0].strip(), parts[1].strip() if len(parts) == 2 else "")
    if len(parts) > 2:
        raise ValueError("it has more than a start, an interval and an end")
    if not second:
        return Cycle(_spacing(first).after(now, zone), times, _kept(first, now.astimezone(ZoneInfo(zone)).time()))
    if first.startswith("P"):
        return _ending(first, parse_moment(second, zone), times, now, zone)
    start = parse_moment(first, zone)
    if second.startswith("P"):
        _spacing(second)
        written = datetime.fromisoformat(first)
        meant = written if written.tzinfo is None else start.astimezone(ZoneInfo(zone))
        return Cycle(start, times, _kept(second, meant.time()))
    length = parse_moment(second, zone) - start
    interval = f"PT{int(length.total_seconds())}S"
    _spacing(interval)
    return Cycle(start, times, interval)


def _ending(interval: str, end: datetime, times: int | None, now: datetime, zone: str) -> Cycle:
    """The firings that are still to come when the last one is at the end."""
    spacing = _spacing(interval)
    if spacing.months or spacing.days:
        raise ValueError("an interval that ends by a date is written in hours, minutes and seconds")
    ahead = -((now - end) // spacing.span) if end > now else 0
    count = ahead if times is None else min(ahead, times)
    if not count:
        raise ValueError("its end lies in the past")
    if count > FARTHEST:
        raise ValueError(f"it fires more than {FARTHEST} times")
    return Cycle(end - (count - 1) * spacing.span, count, interval)


def _spacing(interval: str) -> Duration:
    spacing = parse_duration(interval)
    if not (spacing.months or spacing.span):
        raise ValueError("nothing lies between two repetitions")
    return spacing


def _kept(interval: str, meant: time) -> str:
    spacing = _spacing(interval)
    return f"{interval}@{meant.isoformat()}" if _by_the_calendar(spacing) else interval


def _by_the_calendar(spacing: Duration) -> bool:
    return bool(spacing.months or spacing.days) and spacing.span == timedelta(days=spacing.days)


def following(interval: str, due: datetime, zone: str) -> datetime | None:
    """The firing after the one that was due then; None when a cron expression has no more."""
    if looks_like_cron(interval):
        return parse_cron(interval).after(due, zone)
    spacing, _, meant = interval.partition("@")
    later = parse_duration(spacing).after(due, zone)
    if not meant:
        return later
    day = later.astimezone(ZoneInfo(zone)).date()
    return at_site(datetime.combine(day, time.fromisoformat(meant)), zone).astimezone(due.tzinfo)


def skip_missed(interval: str, due: datetime, at: datetime, most: int | None, zone: str) -> tuple[datetime | None, int]:
    """Pass over what was due up to a moment, `due` included, but no more than so many; the next firing, and how many were passed over."""
    if most is None and looks_like_cron(interval):
        return parse_cron(interval).after(at, zone), 1
    passed, found = 0, due
    spacing = None if looks_like_cron(interval) else parse_duration(interval.partition("@")[0])
    if spacing is not None and not (spacing.months or spacing.days) and found <= at:
        passed = (at - found) // spacing.span + 1
        passed = passed if most is None else min(passed, most)
        return found + passed * spacing.span, passed
    while found <= at and (most is None or passed < most):
        later = following(interval, found, zone)
        passed += 1
        if later is None:
            return None, passed
        found = later
    return found, passed
