"""Personal links: what opens one case, or the reporting form of a site or house, to residents who have no login.

A token carries 128 random bits and is shown once; only its hash is kept. Every token that is given is looked for in the same way, so
that neither the answer nor its time tells anything about those that there are.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from engine import db, history, instances, rights, user_tasks
from engine.actors import Actor
from engine.db import insert_unless_there
from engine.errors import Conflict, Invalid, LinkRefused, NotFound
from engine.history import Event
from engine.tables import House, Instance, PersonalLink, UserTask
from engine.user_tasks import Completion

CASE, REPORT = "case", "report"
KINDS = (CASE, REPORT)
TOKEN_BYTES = 16
DAYS_OF_CASE, DAYS_OF_REPORT, MOST_DAYS = 30, 365, 366


@dataclass(frozen=True)
class Made:
    """A new link with its token, which is told here and never again."""

    link: PersonalLink
    token: str


def as_token(content: bytes) -> str:
    """Sixteen bytes as they stand in an address."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def new_token() -> str:
    return as_token(secrets.token_bytes(TOKEN_BYTES))


def make_for_case(
    session: Session,
    instance_id: int,
    actor: Actor,
    now: datetime,
    *,
    days: int = DAYS_OF_CASE,
    once: bool = False,
) -> Made:
    """A link to the case that the instance belongs to; anybody who works at its site may give one to the resident."""
    instance = instances.held(session, instance_id, actor)
    rights.require(rights.works_at(actor, instance.site), "make links for residents")
    root = instance if instance.root_id == instance.id else instances.held(session, instance.root_id or instance.id, actor)
    token = new_token()
    made = _made(session, _row(token, CASE, root.site, actor, now, days, once) | {"instance_id": root.id})
    _tell(session, made, "link.made", actor, now, {"expires_at": made.expires_at.isoformat(), "once": once})
    return Made(made, token)


def make_for_reporter(session: Session, instance: Instance, token: str, reporter: PersonalLink, now: datetime) -> bool:
    """The link by which a resident follows what they have just reported; whether it was made now: a report sent twice makes one."""
    row = _row(token, CASE, instance.site, reporter_of(reporter), now, DAYS_OF_CASE, once=False) | {"instance_id": instance.id}
    if not insert_unless_there(session, PersonalLink, row):
        return False
    told = {"expires_at": row["expires_at"].isoformat(), "once": False}
    _tell(session, _find(session, token), "link.made", reporter_of(reporter), now, told)
    return True


def make_for_reports(
    session: Session,
    site: str,
    actor: Actor,
    now: datetime,
    *,
    house: str | None = None,
    days: int = DAYS_OF_REPORT,
    once: bool = False,
) -> Made:
    """A link to the reporting form of a site, or of one house, for a wall or a letter."""
    rights.require_site(actor, site)
    rights.require(rights.may_open_reporting(actor, site), "make links by which residents report")
    code = _house(session, site, house)
    token = new_token()
    made = _made(session, _row(token, REPORT, site, actor, now, days, once) | {"house": code})
    _tell(session, made, "link.made", actor, now, {"house": code, "expires_at": made.expires_at.isoformat(), "once": once})
    return Made(made, token)


def revoke(session: Session, link_id: int, actor: Actor, now: datetime) -> PersonalLink:
    """End a link before its time; whoever might have made it may. Another site's is not found."""
    link = session.get(PersonalLink, link_id, with_for_update=True)
    if link is None or not rights.may_see_site(actor, link.site):
        raise NotFound(f"Expected a personal link, but there is none with id {link_id}")
    may = rights.works_at(actor, link.site) if link.kind == CASE else rights.may_open_reporting(actor, link.site)
    rights.require(may, "revoke this link")
    if link.revoked_at is not None:
        raise Conflict(f"Expected a link that holds, but it was revoked at {link.revoked_at:%Y-%m-%dT%H:%M:%SZ}")
    link.revoked_at = now
    session.flush()
    _tell(session, link, "link.revoked", actor, now, {})
    return link


def of_case(session: Session, instance_id: int, actor: Actor) -> Sequence[PersonalLink]:
    """The links to a case, newest first."""
    instance = instances.visible(session, instance_id, actor)
    return _listed(session, PersonalLink.instance_id == (instance.root_id or instance.id))


def of_site(session: Session, site: str, actor: Actor) -> Sequence[PersonalLink]:
    """The links by which residents of a site report, newest first."""
    rights.require_site(actor, site)
    return _listed(session, (PersonalLink.site == site) & (PersonalLink.kind == REPORT))


def state_of(link: PersonalLink, now: datetime) -> str:
    """`open`, or why it opens nothing: `revoked`, `expired`, `used`."""
    if link.revoked_at is not None:
        return "revoked"
    if link.expires_at <= now:
        return "expired"
    return "used" if link.once and link.used_at is not None else "open"


def find(session: Session, token: str) -> PersonalLink:
    """The link of a token, whatever its state; raises LinkRefused for one that is nobody's."""
    return _find(session, token)


def opened(session: Session, token: str, now: datetime) -> PersonalLink:
    """The link of a token, when it opens something; raises LinkRefused."""
    link = _find(session, token)
    state = state_of(link, now)
    if state != "open":
        raise LinkRefused(state, f"Expected a personal link that holds, but this one is {state}")
    return link


def note_opening(session: Session, link_id: int, now: datetime) -> None:
    """Tell the case's history that its link was opened, the first time that it is."""
    link = session.get_one(PersonalLink, link_id)
    first = update(PersonalLink).where(PersonalLink.id == link_id, PersonalLink.opened_at.is_(None)).values(opened_at=now)
    if session.execute(first).rowcount and link.kind == CASE:  # type: ignore[attr-defined]
        _tell(session, link, "link.opened", reporter_of(link), now, {})


@db.decided
def complete(session: Session, token: str, task_id: int, variables: Mapping[str, Any], now: datetime) -> Completion:
    """Do a task of the link's case that is meant for its resident. Refuses like any completion, and like `opened`."""
    link = opened(session, token, now)
    if not is_of(session, link, task_id):
        raise NotFound(f"Expected a task of the link's case, but {task_id} is none")
    completion = user_tasks.complete(session, task_id, variables, reporter_of(link), now)
    use(session, link, now)
    return completion


def is_of(session: Session, link: PersonalLink, task_id: int) -> bool:
    """Whether the task belongs to the case that the link opens."""
    root = select(Instance.root_id).join(UserTask, UserTask.instance_id == Instance.id).where(UserTask.id == task_id)
    return link.kind == CASE and session.scalar(root) == link.instance_id


def use(session: Session, link: PersonalLink, now: datetime) -> None:
    """Note that something was done by the link; raises LinkRefused when it was meant for one act and another was faster."""
    unused = update(PersonalLink).where(PersonalLink.id == link.id, PersonalLink.used_at.is_(None)).values(used_at=now)
    if not session.execute(unused).rowcount and link.once:  # type: ignore[attr-defined]
        raise LinkRefused("used", "Expected a personal link that holds, but it was for one act, and that was done")


def reporter_of(link: PersonalLink) -> Actor:
    """The resident who acts by this link."""
    return Actor.by_link(link.id, link.site)


def _row(token: str, kind: str, site: str, actor: Actor, now: datetime, days: int, once: bool) -> dict[str, Any]:
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"Expected a link for 1 to {MOST_DAYS} days, but got {days}", {"days": f"请填写 1 到 {MOST_DAYS} 天"})
    expires_at = now + timedelta(days=days)
    by = actor.login or actor.source
    return {"hash": _hash(token), "kind": kind, "site": site, "once": once, "made_by": by, "made_at": now, "expires_at": expires_at}


def _made(session: Session, row: Mapping[str, Any]) -> PersonalLink:
    link = PersonalLink(**row)
    session.add(link)
    session.flush()  # its id is told
    return link


def _tell(session: Session, link: PersonalLink, event_type: str, actor: Actor, now: datetime, data: Mapping[str, Any]) -> None:
    """Into the history of its case, or of its site."""
    told = {"link": link.id, **data}
    if link.instance_id is None:
        history.append_site(session, link.site, event_type, actor, now, told)
        return
    instance = instances.held(session, link.instance_id, actor)
    history.append(session, instance, [Event(event_type, None, told)], actor, now)


def _find(session: Session, token: str) -> PersonalLink:
    link = session.scalars(select(PersonalLink).where(PersonalLink.hash == _hash(token))).first()
    if link is None:
        raise LinkRefused("unknown", "Expected a personal link, but there is none with this token")
    return link


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _listed(session: Session, which: ColumnElement[bool]) -> Sequence[PersonalLink]:
    return session.scalars(select(PersonalLink).where(which).order_by(PersonalLink.id.desc())).all()


def _house(session: Session, site: str, code: str | None) -> str | None:
    """The house as the site writes it; raises Invalid for one that the site does not have."""
    wanted = (code or "").strip()
    if not wanted:
        return None
    known = session.scalar(select(House.code).where(House.site == site, func.upper(House.code) == wanted.upper()))
    if known is None:
        raise Invalid(f"Expected a house of {site}, but there is no {wanted!r}", {"house": "没有这个房号"})
    return known
