"""Notices that processes send, and people by what they do: to a person, or to everybody who holds a post at the site.

Each person has seen a notice or not.

Who is meant is settled when a notice is sent: one row waits for each of them until they look. So counting is cheap, whoever comes to a post
later finds its notices in the list without being alarmed by all of them, and no notice slips through because it was stored a moment late.
"""

import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, false, func, or_, select
from sqlalchemy.orm import Session

from engine import channels, cursors, identity, masking, proxies, rights, waits
from engine.actors import Actor
from engine.channels import Telling
from engine.cursors import Page
from engine.posts import POSTS
from engine.tables import Instance, Notice, UnseenNotice, UserTask

TELL = "steward.tell"  # topic of the jobs by which people are told of what others did
COUNT_AT_MOST = 100  # a badge says 99+ beyond


@dataclass(frozen=True)
class Line:
    """A notice as its reader sees it; `number` is the case's, `text` says of residents what the reader's posts open."""

    notice: Notice
    number: str | None
    is_new: bool
    text: str


def ask(
    session: Session, instance: Instance, task: UserTask | None, kind: str, to: Sequence[str], text: str, actor: Actor, now: datetime
) -> None:
    """Have people or posts told, after the commit, of what somebody did; `text` is what that person wrote."""
    if to:
        payload = {"kind": kind, "to": list(to), "text": text, "sender": actor.login, "task": task.id if task is not None else None}
        waits.insert_jobs(session, [waits.job(instance, TELL, task.activity_id if task is not None else "-", payload, now)])


@dataclass(frozen=True)
class Act:
    """What a person or a clock did that others are told of: reminded, delegated, answered, mentioned; clock_warned, clock_breached."""

    kind: str
    sender: str | None
    task_id: int | None


def send(
    session: Session,
    instance: Instance,
    recipients: Iterable[str],
    text: str,
    job_id: int,
    now: datetime,
    act: Act | None = None,
    is_urgent: bool = False,
) -> None:
    """Leave a line for each recipient: a post of the instance's site, or a login name; and a message on the channels that they chose.

    Whoever stands in for one of them at the moment finds a line of their own.
    """
    told = list(dict.fromkeys(recipients))
    holders = identity.holders_of(session, instance.site, [one for one in told if one in POSTS])
    reached = {login for one in told for login in holders.get(one, [one])}
    away = proxies.who_stands_in(proxies.in_force(session, [instance.site], now), instance.site, instance.key, reached)
    told += [login for login in away if login not in reached]
    made = [
        Notice(
            site=instance.site, instance_id=instance.id, recipient=recipient, text=text, job_id=job_id, at=now,
            kind=act and act.kind, sender=act and act.sender, task_id=act and act.task_id,
        )
        for recipient in told
    ]  # fmt: skip
    session.add_all(made)
    session.flush()
    meant = [(login, notice.id) for notice in made for login in holders.get(notice.recipient, [notice.recipient])]
    sender = act.sender if act is not None else None
    session.add_all(UnseenNotice(login=login, notice_id=notice_id) for login, notice_id in meant if login != sender)
    task = session.get(UserTask, act.task_id) if act is not None and act.task_id is not None else None
    telling = Telling(
        logins=tuple(dict.fromkeys(login for login, _ in meant if login != sender)),
        kind="notice" if act is None else act.kind,
        about="notices",
        path=f"/orders/{instance.id}" if task is None else f"/tasks/{task.id}",
        text=text,
        task="" if task is None else task.name,
        sender=sender,
        is_urgent=is_urgent,
        holder=None if task is None else task.assignee,
    )
    channels.tell(session, [(instance, telling)], now)


def of(session: Session, actor: Actor, *, unread: bool = False, limit: int = 50, cursor: str | None = None) -> Page[Line]:
    """What was sent to the person or to a post that they hold now, newest first; or of this only what they have not seen."""
    before = cursors.decode(cursor, int)[0] if cursor is not None else None
    # One walk a reader: each ends after a page in its own part of the index.
    walks = [_unseen(actor)] if unread else [select(Notice.id).where(_sent_to(*reader)) for reader in _readers(actor)]
    ids = list(dict.fromkeys(heapq.merge(*(_ids(session, walk, before, limit + 1) for walk in walks), reverse=True)))
    part = cursors.page(ids, limit, lambda notice_id: (notice_id,))
    return Page(_lines(session, actor, part.items), part.next)


def count(session: Session, actor: Actor) -> int:
    """How many the person has not seen, counted up to COUNT_AT_MOST."""
    return session.scalar(select(func.count()).select_from(_unseen(actor).limit(COUNT_AT_MOST).subquery())) or 0


def mark_read(session: Session, actor: Actor, notice_ids: Collection[int] | None = None) -> None:
    """The person has seen these notices, or all that there are; twice changes nothing."""
    seen = delete(UnseenNotice).where(UnseenNotice.login == actor.login)
    session.execute(seen if notice_ids is None else seen.where(UnseenNotice.notice_id.in_(notice_ids)))


def _readers(actor: Actor) -> list[tuple[str, str]]:
    """Site and recipient under which notices reach the actor. Whoever has left a site or a post reads its notices no more."""
    own = [(site, actor.login) for site in sorted(actor.sites) if actor.login is not None and actor.login not in POSTS]
    return own + sorted(actor.posts)


def _sent_to(site: str, recipient: str) -> ColumnElement[bool]:
    return and_(Notice.site == site, Notice.recipient == recipient)


def _unseen(actor: Actor) -> Select[int]:
    query = select(Notice.id).join(UnseenNotice, UnseenNotice.notice_id == Notice.id)
    return query.where(UnseenNotice.login == actor.login, or_(false(), *(_sent_to(*reader) for reader in _readers(actor))))


def _ids(session: Session, walk: Select[int], before: int | None, limit: int) -> list[int]:
    query = walk if before is None else walk.where(Notice.id < before)
    return list(session.scalars(query.order_by(Notice.id.desc()).limit(limit)))


def _lines(session: Session, actor: Actor, ids: Collection[int]) -> list[Line]:
    """The notices in the given order, read for the whole page at once."""
    unseen = select(UnseenNotice.notice_id).where(UnseenNotice.login == actor.login, UnseenNotice.notice_id.in_(ids))
    fresh = set(session.scalars(unseen))
    query = select(Notice, Instance).join(Instance, Instance.id == Notice.instance_id).where(Notice.id.in_(ids))
    found = {notice.id: (notice, instance) for notice, instance in session.execute(query)}
    hides = {notice.site: not rights.may_see_telephone(actor, notice.site) for notice, _ in found.values()}
    known = masking.known_of(session, [instance for notice, instance in found.values() if hides[notice.site] and notice.text])

    def text(notice: Notice) -> str:
        return masking.in_text(notice.text, known[notice.instance_id]) if notice.instance_id in known else notice.text

    return [Line(notice, instance.number, notice.id in fresh, text(notice)) for notice, instance in (found[number] for number in ids)]
