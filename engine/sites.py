"""What a site sets for itself: its zone, its figures, its working calendar."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine import db, history, search
from engine.actors import Actor
from engine.calendar import WorkingCalendar
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.prepared import Prepared
from engine.rights import READS_ONLY, may_administer, may_see_site, require
from engine.tables import CalendarDay, ListEntry, Membership, Person, Site, SiteVariable

_CODE = re.compile(r"[A-Z][A-Z0-9]{0,9}")
_SITE = Prepared(select(Site.name, Site.zone).where(Site.code == bindparam("wanted")))
_VARIABLES = Prepared(select(SiteVariable.name, SiteVariable.value).where(SiteVariable.site == bindparam("wanted")))
_DAYS = Prepared(select(CalendarDay.day, CalendarDay.kind).where(CalendarDay.site == bindparam("wanted")))
_ENTRIES = Prepared(
    select(ListEntry.list, ListEntry.key, ListEntry.content)
    .where(ListEntry.site == bindparam("wanted"))
    .order_by(ListEntry.added_at, ListEntry.key)
)
_STAFF = Prepared(
    select(Membership.post, Person.login)
    .join(Person, Person.id == Membership.person_id)
    .where(Membership.site == bindparam("wanted"), Person.disabled_at.is_(None))
)
KEPT_SECONDS = 5.0  # how long another process may go on with a figure that was changed here


@dataclass(frozen=True)
class SiteFacts:
    """A site as processes see it."""

    code: str
    name: str
    zone_name: str
    variables: Mapping[str, Any]
    days: Mapping[Any, str]
    lists: Mapping[str, Sequence[Mapping[str, Any]]]  # each entry with its key, the oldest first
    staff: Mapping[str, frozenset[str]]  # who can do work here now: logins by post; "" is everybody

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    @cached_property
    def calendar(self) -> WorkingCalendar:
        return WorkingCalendar(self.days, zone=self.zone_name)

    def functions(self, now: datetime) -> dict[str, Callable[..., Any]]:
        """What expressions of a diagram may ask of the site and its clock."""
        return {
            "now": lambda: now.astimezone(self.zone),
            "today": lambda: now.astimezone(self.zone).date(),
            "site": lambda name, default=None: self.variables.get(name, default),
            "entries": self.entries,
            "working_time": self._working_time,
            "working_days": lambda start, days: self.calendar.add_working_days(start, days),
        }

    def entries(self, name: str, like: str | None = None, most: int = 5) -> list[dict[str, Any]]:
        """The entries of a list; or of these only what shares words with a text, the most alike first."""
        found = [dict(entry) for entry in self.lists.get(name, ())]
        if like is None:
            return found
        wanted = search.terms_of({"text": str(like)})
        shared = [(len(wanted & search.terms_of({key: str(value) for key, value in entry.items()})), entry) for entry in found]
        best = sorted((one for one in shared if one[0]), key=lambda one: -one[0])
        return [entry for _, entry in best[:most]]

    def _working_time(self, start: datetime, duration: timedelta) -> datetime:
        return self.calendar.add_working_time(start, duration)


def add(session: Session, code: str, name: str, actor: Actor, now: datetime, *, zone: str = "Asia/Shanghai") -> Site:
    """Add a site; only the operator of the installation may."""
    if not actor.is_system:
        raise Forbidden("Expected the operator of the installation, but a site's people cannot add sites")
    fields = {}
    if not _CODE.fullmatch(code):
        fields["code"] = "Expected 1 to 10 capital letters and digits that begin with a letter, but it has others"
    if not name.strip():
        fields["name"] = "Expected a name, but it is empty"
    if not _is_zone(zone):
        fields["zone"] = f"Expected an IANA time zone, but {zone!r} is none"
    if fields:
        raise Invalid("Expected the data of a site, but some of it cannot be used", fields)
    if session.get(Site, code) is not None:
        raise Conflict(f"Expected a new site code, but {code} is taken")
    site = Site(code=code, name=name.strip(), zone=zone, created_at=now)
    session.add(site)
    session.flush()
    history.append_site(session, code, "site.added", actor, now, {"name": site.name, "zone": zone})
    return site


def get(session: Session, code: str, actor: Actor) -> Site:
    """The site, for somebody with a post there; raise NotFound otherwise."""
    site = session.get(Site, code)
    if site is None or not may_see_site(actor, code):
        raise NotFound(f"Expected a site {code!r}, but there is none")
    return site


def of(session: Session, actor: Actor) -> list[Site]:
    """The sites at which the actor holds a post (all for the machine), by code."""
    query = select(Site).order_by(Site.code)
    return list(session.scalars(query if actor.is_system else query.where(Site.code.in_(actor.sites))))


def _is_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def facts(session: Session, code: str) -> SiteFacts:
    """The site's facts, kept for a few seconds; raises NotFound."""
    mine: dict[str, SiteFacts] = db.seen(session).setdefault("sites", {})
    if code in mine:
        return mine[code]
    read_at, known = _kept(session).facts.get(code, (0.0, None))
    if known is None or time.monotonic() - read_at > KEPT_SECONDS:
        changes, read_at = _kept(session).changes, time.monotonic()
        known = mine[code] = _read(session, code)
        # What was read may be what this transaction, or one before it that shares its commit, has written: others have it from then on.
        db.on_commit(session, partial(_keep, session, code, read_at, known, changes))
    return known


@dataclass
class _Kept:
    """What is kept of all sites for everybody, by code with the moment of reading; and how often some of it was changed here."""

    facts: dict[str, tuple[float, SiteFacts]] = field(default_factory=dict)
    changes: int = 0


def _kept(session: Session) -> _Kept:
    kept: _Kept = db.of(session).keep.setdefault("sites", _Kept())
    return kept


def _keep(session: Session, code: str, read_at: float, known: SiteFacts, changes: int) -> None:
    kept = _kept(session)
    if kept.changes == changes:  # nobody has changed a site since
        kept.facts[code] = (read_at, known)


def _read(session: Session, code: str) -> SiteFacts:
    session.flush()
    rows = _SITE.rows(session, {"wanted": code})
    if not rows:
        raise NotFound(f"Expected a site, but there is none with the code {code!r}")
    [(name, zone)] = rows
    variables: dict[str, Any] = dict(_VARIABLES.rows(session, {"wanted": code}))
    days: dict[Any, str] = dict(_DAYS.rows(session, {"wanted": code}))
    lists: dict[str, list[Mapping[str, Any]]] = {}
    for list_name, key, content in _ENTRIES.rows(session, {"wanted": code}):
        lists.setdefault(list_name, []).append({**content, "key": key})
    return SiteFacts(code, name, zone, variables, days, lists, _staff(session, code))


def _staff(session: Session, code: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {"": set()}
    for post, login in _STAFF.rows(session, {"wanted": code}):
        for name in () if post in READS_ONLY else (post, ""):
            found.setdefault(name, set()).add(login)
    return {post: frozenset(logins) for post, logins in found.items()}


def set_variable(session: Session, code: str, name: str, value: Any, actor: Actor, now: datetime) -> None:
    """Set a figure of the site; None removes it, so that the diagrams' own default holds again."""
    get(session, code, actor)
    require(may_administer(actor, code), "set the figures of this site")
    row = session.get(SiteVariable, (code, name))
    before = row.value if row else None
    if value is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(SiteVariable(site=code, name=name, value=value))
    else:
        row.value = value
    history.append_site(session, code, "site_variable.set", actor, now, {"name": name, "before": before, "after": value})
    forget(session, code)
    db.on_commit(session, lambda: forget(session, code))


def staff_changed(session: Session, codes: Iterable[str]) -> None:
    """Who works at these sites is read anew, now and for everybody else from the commit on."""
    for code in codes:
        forget(session, code)
        db.on_commit(session, partial(forget, session, code))


def forget(session: Session, code: str) -> None:
    db.seen(session).get("sites", {}).pop(code, None)
    kept = _kept(session)
    kept.changes += 1
    kept.facts.pop(code, None)
