"""Search over all history at the sites that a person audits and over the company's own, and whether the chains of a case hold.

History has one index besides its key: by site and time of entry. A search goes back along it in steps of a bounded number of events,
so that what is rare is looked for in several short answers rather than in one that never comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, String, case, cast, func, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import Session

from engine import cursors, history, rights, search
from engine.actors import Actor
from engine.errors import NotFound
from engine.history import COMPANY, Fault, Line
from engine.tables import HistoryContent, HistoryEvent, Instance, Number, Person

STEP = 20_000  # events of all sites together that one step looks at
VERIFIED_AT_ONCE = 20_000  # events of a case whose chain is verified without being asked
NAMESAKES = 50
_PLACE = (HistoryEvent.recorded_at, HistoryEvent.chain, HistoryEvent.seq)
_BEFORE_ALL: tuple[str, int] = ("", 0)  # stands before every event that was entered at the same moment


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is None or empty does not narrow the search. Times are those of entry."""

    site: str | None = None  # or COMPANY
    number: str | None = None  # of a case, or its end
    people: Sequence[str] | None = None  # logins
    kind: str | None = None
    activities: Sequence[str] | None = None  # ids in the diagram
    key: str | None = None  # of the process
    since: datetime | None = None
    until: datetime | None = None

    @property
    def narrows(self) -> bool:
        """Whether events have to be looked at that are not wanted."""
        return any(one is not None for one in (self.people, self.kind, self.activities, self.key))


@dataclass(frozen=True)
class Found:
    """The newest of what was looked for. `next` is where to go on; `back_to` how far this step looked, when it found less than a page."""

    lines: Sequence[Line]
    next: str | None
    back_to: datetime | None = None


@dataclass(frozen=True)
class Intact:
    """Whether the chains of a case hold: how many events they have, the first bad one of each; `faults` is None when nobody has looked."""

    events: int
    faults: Sequence[Fault] | None


def audited(actor: Actor) -> list[str]:
    """The sites that the person audits."""
    return sorted(site for site in actor.sites if rights.may_audit(actor, site))


def find(session: Session, wanted: Wanted, actor: Actor, limit: int, cursor: str | None = None) -> Found:
    """One step of the search, newest first. A site that the person does not audit has nothing in it; who audits none is refused.

    What belongs to no single site, such as the processes that all of them go by, is found by everybody who audits one.
    """
    mine = audited(actor)
    rights.require(bool(mine), "audit a site")
    sites = [site for site in (*mine, COMPANY) if wanted.site in (None, site)]
    before = cursors.decode(cursor, datetime, str, int) if cursor is not None else None
    if not sites:
        return Found([], None)
    among = _conditions(wanted, before)
    horizon = None if wanted.number is not None else _horizon(session, sites, among, STEP if wanted.narrows else limit + 1)
    if horizon is not None:
        among.append(HistoryEvent.recorded_at >= horizon)
    query = history.joined().where(HistoryEvent.site.in_(sites), *among, *_narrowing(wanted, sites))
    newest = query.order_by(*(column.desc() for column in _PLACE)).limit(limit + 1)
    lines = [history.read(event, content) for event, content in session.execute(newest)]
    # LIKE takes capitals for small letters on SQLite: both are compared once more, after the end of the page was settled.
    part = cursors.page(lines, limit, lambda line: (line.recorded_at, line.chain, line.seq))
    kept = [line for line in part.items if _is_among(line.actor, wanted.people) and _is_among(line.activity, wanted.activities)]
    if part.next is None and horizon is not None:
        return Found(kept, cursors.encode((horizon, *_BEFORE_ALL)), horizon)
    return Found(kept, part.next)


def people_called(session: Session, text: str) -> list[str]:
    """The logins that may be meant: it is one, or part of a name. What nobody is called is taken for the login of somebody long gone."""
    named = Person.name.contains(text, autoescape=True)
    found = session.scalars(select(Person.login).where(or_(Person.login == text, named)).order_by(Person.login).limit(NAMESAKES))
    return list(found) or [text]


def intact(session: Session, instance_id: int, actor: Actor, at_any_length: bool = False) -> Intact | None:
    """Whether the chains of the case that an instance belongs to hold; None to who audits nothing there. Very long ones when asked."""
    instance = session.get(Instance, instance_id)
    if instance is None or not rights.may_see_instance(actor, instance.site):
        raise NotFound(f"Expected an instance, but there is none with id {instance_id}")
    if not rights.may_audit(actor, instance.site):
        return None
    family = select(Instance.id, Instance.chain_length).where(Instance.root_id == instance.root_id).order_by(Instance.depth, Instance.id)
    lengths = dict(session.execute(family).all())
    events = sum(lengths.values())
    if events > VERIFIED_AT_ONCE and not at_any_length:
        return Intact(events, None)
    return Intact(events, [fault for key in lengths for fault in history.verify(session, key)])


def _conditions(wanted: Wanted, before: tuple[Any, ...] | None) -> list[ColumnElement[bool]]:
    """What the index by site and time answers."""
    among: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        among.append(HistoryEvent.recorded_at >= wanted.since)
    if wanted.until is not None:
        among.append(HistoryEvent.recorded_at < wanted.until)
    if before is not None:
        # The first part alone says where in the index to begin; the second leaves out what the last page has shown of the same moment.
        among += [HistoryEvent.recorded_at <= before[0], tuple_(*_PLACE) < tuple_(*before)]
    return among


def _horizon(session: Session, sites: Sequence[str], among: Sequence[ColumnElement[bool]], events: int) -> datetime | None:
    """How far back this step looks: at so many events, shared among the sites. None when that is everything."""
    each = max(events // len(sites), 1) if events == STEP else events
    parts = []
    for site in sites:
        last = select(HistoryEvent.recorded_at.label("at")).where(HistoryEvent.site == site, *among)
        one = last.order_by(*(column.desc() for column in _PLACE)).offset(each).limit(1).subquery()
        parts.append(select(one.c.at))
    horizon: datetime | None = session.scalar(select(func.max(union_all(*parts).subquery().c.at)))
    return horizon


def _narrowing(wanted: Wanted, sites: Sequence[str]) -> list[ColumnElement[bool]]:
    """What has to be looked at event by event."""
    found: list[ColumnElement[bool]] = []
    if wanted.number is not None:
        found.append(HistoryEvent.chain.in_(_chains(wanted.number, sites)))
    if wanted.kind is not None:
        found.append(HistoryEvent.type == wanted.kind)
    if wanted.activities is not None:
        # Content is canonical: its names are sorted, so that it begins with the activity, and the actor stands before the data.
        found.append(_any(HistoryContent.content.startswith(f'{{"activity":{_said(one)},', autoescape=True) for one in wanted.activities))
    if wanted.people is not None:
        found.append(_any(HistoryContent.content.contains(f',"actor":{_said(one)},"data":', autoescape=True) for one in wanted.people))
    if wanted.key is not None:
        number = case((HistoryEvent.chain.startswith("i"), cast(func.substr(HistoryEvent.chain, 2), BigInteger)))
        of_a_case = select(Instance.id).where(Instance.id == number, Instance.key == wanted.key).exists()
        of_the_process = HistoryContent.content.contains(f'"key":{_said(wanted.key)},"version":', autoescape=True)
        found.append(or_(of_a_case, (HistoryEvent.site == COMPANY) & of_the_process))
    return found


def _chains(number: str, sites: Sequence[str]) -> Any:
    """The chains of the cases that are known by this number, with all that they called; void numbers too."""
    exactly = select(Instance.root_id).join(Number, Number.instance_id == Instance.id).where(Number.number == number.upper())
    family = select(Instance.id).where(Instance.root_id.in_(exactly.union(search.matching(number, sites))))
    return select(literal("i") + cast(family.subquery().c.id, String))


def _is_among(value: str | None, wanted: Sequence[str] | None) -> bool:
    return wanted is None or value in wanted


def _any(conditions: Any) -> ColumnElement[bool]:
    return or_(False, *conditions)


def _said(text: str) -> str:
    return orjson.dumps(text).decode()
