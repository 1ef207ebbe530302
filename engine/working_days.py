"""The working calendar of a site: its own days, which go before the announced ones, and what a year looks like with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from engine import clocks, db, history, rights, sites
from engine.actors import Actor
from engine.calendar import HOLIDAY, WORKDAY, WorkingCalendar
from engine.errors import Invalid
from engine.tables import CalendarDay

FIRST, LAST = 2000, 2100  # years that can be set
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stretch:
    """Days one after the other on which a week is not a plain one."""

    first: date
    last: date
    kind: str  # workday, holiday
    is_own: bool  # set by the site


def set_day(session: Session, code: str, day: date, kind: str | None, actor: Actor, now: datetime) -> None:
    """Declare a day a "workday" or a "holiday" at the site; None gives it back to the calendar. Clocks of working time follow at once."""
    sites.get(session, code, actor)
    rights.require(rights.may_administer(actor, code), "set the working calendar of this site")
    if kind not in (WORKDAY, HOLIDAY, None):
        raise Invalid(
            "Expected workday, holiday or default, but it is none of them", {"kind": f"Expected a kind of day, but it is {kind!r}"}
        )
    if not FIRST <= day.year <= LAST:
        message = f"Expected a day between {FIRST} and {LAST}, but it is {day}"
        raise Invalid(message, {"day": message})
    row = session.get(CalendarDay, (code, day))
    before = row.kind if row else None
    if kind == before:
        return
    if row is None:
        session.add(CalendarDay(site=code, day=day, kind=kind))
    elif kind is None:
        session.delete(row)
    else:
        row.kind = kind
    session.flush()
    sites.forget(session, code)
    # Before the site's history is held: whoever holds a case may be waiting for that.
    moved = clocks.recalculate(session, code, sites.facts(session, code).calendar)
    said = {"day": day.isoformat(), "before": before, "after": kind, "clocks": moved}
    history.append_site(session, code, "calendar_day.set", actor, now, said)
    sites.forget(session, code)  # what was read here is not committed yet
    db.on_commit(session, lambda: sites.forget(session, code))


def is_announced(calendar: WorkingCalendar, year: int) -> bool:
    """Whether the year's holidays are known, or weekends and the holidays that never move are assumed."""
    return any(not calendar.is_provisional(day) for day in _days(year) if day not in calendar.days)


def differences(calendar: WorkingCalendar, year: int) -> list[Stretch]:
    """What a year has besides plain weeks, in order: holidays with the weekends that they touch, work at weekends, the site's own days."""
    found: list[Stretch] = []
    for day in _days(year):
        is_own, kind = day in calendar.days, WORKDAY if calendar.is_workday(day) else HOLIDAY
        if kind == WORKDAY and day.isoweekday() <= 5 and not is_own:
            continue
        last = found[-1] if found else None
        if last is not None and (last.last, last.kind, last.is_own, is_own) == (day - DAY, kind, False, False):
            found[-1] = Stretch(last.first, day, kind, False)
        else:
            found.append(Stretch(day, day, kind, is_own))
    return [stretch for stretch in found if stretch.is_own or stretch.kind == WORKDAY or _has_weekday(stretch)]


def _has_weekday(stretch: Stretch) -> bool:
    length = (stretch.last - stretch.first).days + 1
    return any((stretch.first + offset * DAY).isoweekday() <= 5 for offset in range(length))


def _days(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + offset * DAY for offset in range((date(year + 1, 1, 1) - first).days))
