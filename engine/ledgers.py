"""Ledgers: the cases of a process that were entered at some sites within a period, and what can be counted of them. Reads only.

Everything is read from rows: no state of a case is decoded. What is counted by class is what the diagram declares in `steward:ledger`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, not_, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from engine import cursors, inbox
from engine.cursors import Page
from engine.periods import Period, midnight
from engine.tables import CaseField, House, Instance, KpiPoint, Number, SlaClock, UserTask

CALLBACK = "callback"  # the process of calling residents back
VERDICT, UNREACHED = "verdict", "unreached"  # its result, and that of a callback which a supervisor has excused
VALID, TRUE = "valid", "True"  # whether a complaint counts as one
EXCEPTION, GRANTED = "exception_result", "granted"  # of a case that a supervisor lets end without a callback
AT_ONCE = 1_000  # cases of a download that are held in memory
CLASSES = 30  # values of a field that are counted each by itself
_COUNTED = ("received", "ended", "in_time", "late", "void")


@dataclass(frozen=True)
class Ledger:
    """Which cases: of one process, at these sites, entered within the period as the clocks of the zone show it."""

    key: str
    sites: Sequence[str]
    period: Period
    zone: ZoneInfo
    steps: Collection[str] = ()  # user tasks of which the lines say who completed them

    @property
    def begin(self) -> datetime:
        return midnight(self.period.begin, self.zone)

    @property
    def end(self) -> datetime:
        return midnight(self.period.end, self.zone)


@dataclass(frozen=True)
class Day:
    """What became of the cases that were entered on a day, or in a longer part of the period. Void ones are received, and nothing else."""

    day: date  # the first one of the part
    received: int
    ended: int
    in_time: int  # ended, and every clock kept
    late: int  # a clock over its limit, ended or not
    void: int


@dataclass(frozen=True)
class Callbacks:
    """Callbacks of the ledger's cases; one that was withdrawn with its case counts nowhere."""

    made: int
    open: int
    late: int
    satisfied: int
    excused: int  # excepted with a reason: not in the denominator

    @property
    def due(self) -> int:
        return self.made + self.open

    @property
    def rate(self) -> float | None:
        return self.made / self.due if self.due else None


@dataclass(frozen=True)
class Valid:
    """Complaints that were found to be valid, and the houses of which they are counted."""

    complaints: int
    houses: int

    @property
    def per_mille(self) -> float | None:
        return 1000 * self.complaints / self.houses if self.houses else None


@dataclass(frozen=True)
class Entry:
    """A line of the ledger."""

    case: Instance
    is_void: bool
    kept: int
    breached: int
    points: tuple[str, ...]
    fields: Mapping[str, str]
    verdict: str | None  # of its last callback, or its own; open when it is still to be made
    callbacks: int
    done_by: Mapping[str, Sequence[str]]  # of each of the ledger's steps: who completed it, each once, the first one first


def days(session: Session, ledger: Ledger) -> list[Day]:
    """Each day (week, month) of the period, with what came of its cases."""
    # One range of the index a day: a single pass that sorts cases into days would reckon with every row thirty times.
    begins = ledger.period.parts
    counted: list[dict[str, int]] = [dict.fromkeys(_COUNTED, 0) for _ in begins]
    for number, state, late, void, count in session.execute(union_all(*(_of_day(ledger, place) for place in range(len(counted))))):
        ended = state == "completed"
        fits = {"received": True, "ended": ended, "in_time": ended and not late, "late": late and not void, "void": void}
        for name, does in fits.items():
            counted[number][name] += count if does else 0
    return [Day(day, **of) for day, of in zip(begins, counted, strict=True)]


def by_class(session: Session, ledger: Ledger, names: Collection[str]) -> dict[str, list[tuple[str, int, int]]]:
    """For each field: its values, how many cases have each, how many of them are late; the most frequent ones first."""
    classes = [_field(name).label(f"class_{place}") for place, name in enumerate(names)]
    late = case((and_(_late(), not_(_void())), 1), else_=0).label("late")
    cases = select(late, *classes).where(*_within(ledger)).subquery()
    counted: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in names}
    for number, is_late, *values in session.execute(select(func.count(), *cases.c).group_by(*cases.c)):
        for name, value in zip(names, values, strict=True):
            if value is not None:
                before, before_late = counted[name].get(value, (0, 0))
                counted[name][value] = before + number, before_late + number * is_late
    return {name: _most_frequent(found) for name, found in counted.items()}


def callbacks(session: Session, ledger: Ledger) -> Callbacks:
    """How many of those due were called back; the ledger of callbacks counts its own cases."""
    of, verdict = (Instance, aliased(CaseField)) if ledger.key == CALLBACK else (aliased(Instance), aliased(CaseField))
    counts = (
        _number(and_(of.state == "completed", _said(verdict) != UNREACHED)),
        _number(and_(of.ended_at.is_(None), _said(verdict) != UNREACHED)),
        _number(and_(exists().where(SlaClock.instance_id == of.id, SlaClock.breached_at.is_not(None)), _said(verdict) != UNREACHED)),
        _number(and_(of.state == "completed", _said(verdict) == "satisfied")),
        _number(_said(verdict) == UNREACHED),
    )
    query = select(*counts).select_from(Instance)
    if of is not Instance:
        query = query.join(of, and_(of.root_id == Instance.root_id, of.parent_id == Instance.id, of.key == CALLBACK))
    query = query.outerjoin(verdict, and_(verdict.instance_id == of.id, verdict.name == VERDICT))
    made, still_open, late, satisfied, excused = session.execute(query.where(*_within(ledger), of.state != "cancelled")).one()
    return Callbacks(made, still_open, late, satisfied, excused + _excepted(session, ledger))


def valid(session: Session, ledger: Ledger) -> Valid:
    """The valid complaints among the ledger's cases, void ones left out, and how many houses its sites have (A94)."""
    said = select(func.count()).select_from(Instance).where(*_within(ledger), Instance.state != "cancelled", _field(VALID) == TRUE)
    houses = select(func.count()).select_from(House).where(House.site.in_(sorted(ledger.sites)))
    return Valid(session.scalar(said) or 0, session.scalar(houses) or 0)


def entries(session: Session, ledger: Ledger, limit: int, cursor: str | None = None) -> Page[Entry]:
    """A page of the ledger in the order in which its cases were entered: that of their numbers."""
    query = select(Instance).where(*_within(ledger))
    if cursor is not None:
        at, after = cursors.decode(cursor, datetime, int)
        query = query.where(or_(Instance.started_at > at, and_(Instance.started_at == at, Instance.id > after)))
    rows = list(session.scalars(query.order_by(Instance.started_at, Instance.id).limit(limit + 1)))
    found = cursors.page(rows, limit, lambda one: (one.started_at, one.id))
    return Page(_entries(session, found.items, ledger.steps), found.next)


def all_entries(session: Session, ledger: Ledger) -> Iterator[Entry]:
    """The whole ledger, so many cases at once as memory allows."""
    cursor, is_first = None, True
    while is_first or cursor is not None:
        part = entries(session, ledger, AT_ONCE, cursor)
        yield from part.items
        session.expunge_all()
        cursor, is_first = part.next, False


def _within(ledger: Ledger) -> tuple[ColumnElement[bool], ...]:
    return (*_of_process(ledger), Instance.started_at >= ledger.begin, Instance.started_at < ledger.end)


def _of_process(ledger: Ledger) -> tuple[ColumnElement[bool], ...]:
    return Instance.site.in_(sorted(ledger.sites)), Instance.key == ledger.key


def _of_day(ledger: Ledger, number: int) -> Any:
    """How many cases of the part are alike in state, lateness and voidness."""
    begin, end = [*ledger.period.parts, ledger.period.end][number : number + 2]
    range_ = (Instance.started_at >= midnight(begin, ledger.zone), Instance.started_at < midnight(end, ledger.zone))
    alike = (Instance.state.label("state"), case((_late(), 1), else_=0).label("late"), case((_void(), 1), else_=0).label("void"))
    inner = select(*alike).where(*_of_process(ledger), *range_).subquery()
    return select(literal(number), inner, func.count()).group_by(inner.c.state, inner.c.late, inner.c.void)


def _field(name: str) -> ColumnElement[str | None]:
    """The field of each case, by a look into the primary key: joined, PostgreSQL would go through all fields there ever were."""
    return select(CaseField.value).where(CaseField.instance_id == Instance.id, CaseField.name == name).scalar_subquery()


def _most_frequent(counted: Mapping[str, tuple[int, int]]) -> list[tuple[str, int, int]]:
    found = [(value, number, late) for value, (number, late) in counted.items()]
    return sorted(found, key=lambda one: (-one[1], one[0]))[:CLASSES]


def _late() -> ColumnElement[bool]:
    breached = select(SlaClock.id).where(SlaClock.instance_id == Instance.id, SlaClock.breached_at.is_not(None))
    # The offset keeps PostgreSQL from gathering every breach there ever was, once for each day, instead of asking for the day's cases.
    return exists(breached.correlate(Instance).offset(0))


def _void() -> ColumnElement[bool]:
    return and_(Instance.state == "cancelled", exists().where(Number.number == Instance.number, Number.state == "void"))


def _said(verdict: Any) -> ColumnElement[str]:
    return func.coalesce(verdict.value, "")


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _excepted(session: Session, ledger: Ledger) -> int:
    return session.scalar(select(func.count()).select_from(Instance).where(*_within(ledger), _field(EXCEPTION) == GRANTED)) or 0


def _entries(session: Session, cases: Sequence[Instance], steps: Collection[str]) -> list[Entry]:
    ids = [one.id for one in cases]
    clocks, points, fields = _clocks(session, ids), _points(session, ids), inbox.fields_of(session, ids)
    named = [one.number for one in cases if one.number and one.state == "cancelled"]
    void = set(session.scalars(select(Number.number).where(Number.number.in_(named), Number.state == "void"))) if named else set()
    called, done_by = _called_back(session, cases), _done_by(session, ids, steps)
    return [
        Entry(
            one,
            one.number in void,
            *clocks.get(one.id, (0, 0)),
            tuple(points.get(one.id, ())),
            fields.get(one.id, {}),
            called.get(one.id, [fields.get(one.id, {}).get(VERDICT)])[-1],
            len(called.get(one.id, ())),
            done_by.get(one.id, {}),
        )
        for one in cases
    ]


def _clocks(session: Session, ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """How many clocks of each case were kept, and how many were not; those that still run in time are neither."""
    breached = SlaClock.breached_at.is_not(None)
    kept = and_(SlaClock.state == "stopped", SlaClock.breached_at.is_(None))
    query = select(SlaClock.instance_id, _number(kept), _number(breached)).where(SlaClock.instance_id.in_(ids))
    return {of: (int(well), int(badly)) for of, well, badly in session.execute(query.group_by(SlaClock.instance_id))}


def _points(session: Session, ids: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    query = select(KpiPoint.instance_id, KpiPoint.code).where(KpiPoint.instance_id.in_(ids)).order_by(KpiPoint.id)
    for of, code in session.execute(query):
        found.setdefault(of, []).append(code)
    return found


def _done_by(session: Session, ids: Collection[int], steps: Collection[str]) -> dict[int, dict[str, list[str]]]:
    if not steps:
        return {}
    done = select(UserTask.instance_id, UserTask.activity_id, UserTask.completed_by).order_by(UserTask.id)
    mine = done.where(UserTask.instance_id.in_(ids), UserTask.activity_id.in_(sorted(steps)), UserTask.completed_by.is_not(None))
    found: dict[int, dict[str, list[str]]] = {}
    for of, step, login in session.execute(mine):
        people = found.setdefault(of, {}).setdefault(step, [])
        if login is not None and login not in people:
            people.append(login)
    return found


def _called_back(session: Session, cases: Sequence[Instance]) -> dict[int, list[str | None]]:
    """The verdicts of each case's callbacks, the oldest first; `open` of one that is not over."""
    ids = {one.id for one in cases}
    roots = {one.root_id for one in cases}
    query = select(Instance.parent_id, Instance.ended_at, CaseField.value).outerjoin(
        CaseField, and_(CaseField.instance_id == Instance.id, CaseField.name == VERDICT)
    )
    mine = query.where(Instance.root_id.in_(roots), Instance.key == CALLBACK, Instance.state != "cancelled").order_by(Instance.id)
    found: dict[int, list[str | None]] = {}
    for of, ended_at, verdict in session.execute(mine):
        if of in ids:
            found.setdefault(of, []).append(verdict if ended_at is not None else "open")
    return found
