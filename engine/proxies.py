"""代理: somebody does the tasks of a person who is away, from one moment to another. The absent one, the principal, stays named.

A proxy has what the principal may do with tasks at that site, and nothing else of theirs; it does not pass on what another has given to the
principal. At every moment a person has at most one proxy for a task.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from engine import cursors, definitions, history, rights
from engine.actors import Actor
from engine.cursors import Page
from engine.errors import Conflict, Invalid, NotFound, ProxyEnded
from engine.identity import require_person_at
from engine.prepared import Prepared
from engine.tables import Proxy, UtcDateTime

LONGEST = timedelta(days=366)
REMEMBERED = timedelta(days=30)  # for which a proxy that is over is still listed
_NOW = bindparam("now", type_=UtcDateTime)
_OF_PERSON = Prepared(
    select(Proxy.principal, Proxy.proxy, Proxy.keys).where(
        Proxy.site == bindparam("at_site"),
        Proxy.from_at <= _NOW,
        Proxy.until_at > _NOW,
        or_(Proxy.principal == bindparam("login"), Proxy.proxy == bindparam("login")),
    )
)


def appoint(
    session: Session, principal: str, proxy: str, site: str, from_at: datetime, until_at: datetime, actor: Actor, now: datetime,
    *, keys: Collection[str] | None = None,
) -> Proxy:  # fmt: skip
    """Let `proxy` do the principal's tasks at the site; the principal decides that, or a supervisor. `keys`: only of these processes.

    Raises Invalid for people who do not work there and for times that cannot be, Conflict where one of the two is away or stands in
    already.
    """
    rights.require_site(actor, site)
    if actor.login != principal:
        rights.require(rights.may_supervise(actor, site), "let somebody stand in for others")
    rights.require(rights.works_at(actor, site), "let somebody stand in")
    require_person_at(session, principal, site, "principal")
    require_person_at(session, proxy, site, "proxy")
    _check(session, principal, proxy, from_at, until_at, keys, now)
    history.hold_site(session, site)  # two that come together are looked at one after the other
    _refuse_overlap(session, principal, proxy, site, from_at, until_at, keys)
    made = Proxy(
        site=site, principal=principal, proxy=proxy, from_at=from_at, until_at=until_at, keys=sorted(keys) if keys else None,
        set_by=actor.login or actor.source, set_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    history.append_site(session, site, "proxy.appointed", actor, now, _told(made))
    return made


def _check(
    session: Session, principal: str, proxy: str, from_at: datetime, until_at: datetime, keys: Collection[str] | None, now: datetime
) -> None:
    fields = {}
    if principal == proxy:
        fields["proxy"] = "请选择本人以外的人"
    if until_at <= max(from_at, now):
        fields["until"] = "结束时间要晚于开始时间和现在"
    elif until_at - from_at > LONGEST:
        fields["until"] = "代理最长一年"
    unknown = set(keys or ()) - {one.key for one in definitions.newest_of_all(session)} if keys else set()
    if unknown:
        fields["keys"] = "请选择现有的流程"
    if fields:
        raise Invalid("Expected a proxy for a time that lies ahead, but some of what was given cannot be", fields)


def _refuse_overlap(
    session: Session, principal: str, proxy: str, site: str, from_at: datetime, until_at: datetime, keys: Collection[str] | None
) -> None:
    people = (principal, proxy)
    during = (Proxy.site == site, Proxy.from_at < until_at, Proxy.until_at > from_at)
    concerned = select(Proxy).where(*during, or_(Proxy.principal.in_(people), Proxy.proxy == principal))
    for one in session.scalars(concerned.order_by(Proxy.id)):
        if one.principal == proxy:
            raise Conflict(f"Expected somebody who is there at that time, but {one.proxy} stands in for {proxy} then")
        if one.proxy == principal:
            raise Conflict(f"Expected somebody who stands in for nobody, but {principal} stands in for {one.principal} at that time")
        if keys is None or one.keys is None or set(keys) & set(one.keys):
            raise Conflict(f"Expected nobody to stand in for {principal} at that time yet, but {one.proxy} does")


def end(session: Session, proxy_id: int, actor: Actor, now: datetime) -> Proxy:
    """End a proxy before its time, or one that has not begun: principal, proxy or a supervisor may."""
    row = session.get(Proxy, proxy_id)
    if row is None or not rights.may_see_site(actor, row.site):
        raise _missing(proxy_id)
    history.hold_site(session, row.site)
    session.refresh(row)
    if actor.login not in (row.principal, row.proxy):
        rights.require(rights.may_supervise(actor, row.site), "end what others have agreed")
    if row.until_at <= now:
        raise Conflict(f"Expected a proxy that is in force or to come, but this one ended at {row.until_at:%Y-%m-%dT%H:%M:%SZ}")
    row.until_at, row.ended_by = now, actor.login or actor.source
    row.from_at = min(row.from_at, now)
    history.append_site(session, row.site, "proxy.ended", actor, now, _told(row))
    return row


def _missing(proxy_id: int) -> NotFound:
    return NotFound(f"Expected a proxy, but there is none with id {proxy_id}")


def _told(row: Proxy) -> dict[str, Any]:
    times = {"from": row.from_at.isoformat(), "until": row.until_at.isoformat()}
    return {"proxy": row.id, "before": row.principal, "after": row.proxy, **times, "keys": row.keys}


def of(
    session: Session, actor: Actor, now: datetime, *, site: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Proxy]:
    """What the person may see: where they are away or stand in, and whatever is agreed at the sites that they supervise; newest first."""
    if site is not None:
        rights.require_site(actor, site)
    supervised = [one for one in sorted(actor.sites) if rights.may_supervise(actor, one)]
    query = select(Proxy).where(Proxy.until_at > now - REMEMBERED)
    if not actor.is_system:
        query = query.where(or_(Proxy.principal == actor.login, Proxy.proxy == actor.login, Proxy.site.in_(supervised)))
        query = query.where(Proxy.site.in_(sorted(actor.sites)))
    if site is not None:
        query = query.where(Proxy.site == site)
    if cursor is not None:
        query = query.where(Proxy.id < cursors.decode(cursor, int)[0])
    return cursors.page(list(session.scalars(query.order_by(Proxy.id.desc()).limit(limit + 1))), limit, lambda row: (row.id,))


def in_force(session: Session, sites: Collection[str], now: datetime) -> list[Proxy]:
    """Who stands in for whom at these sites at the moment."""
    there = (Proxy.site.in_(sites), Proxy.from_at <= now, Proxy.until_at > now)
    return list(session.scalars(select(Proxy).where(*there)))


def who_stands_in(rows: Iterable[Proxy], site: str, key: str, principals: Collection[str]) -> list[str]:
    """Who of them does the tasks of these people in a process at a site."""
    found = (one for one in rows if one.site == site and one.principal in principals)
    return sorted({one.proxy for one in found if one.keys is None or key in one.keys})


def counted_as_one(session: Session, login: str, site: str, key: str, now: datetime) -> frozenset[str]:
    """The person with those for whom they stand in and those who stand in for them: where two must sign, they are one."""
    rows = _OF_PERSON.rows(session, {"at_site": site, "login": login, "now": now})
    found = [(principal, proxy) for principal, proxy, keys in rows if keys is None or key in keys]
    return frozenset({login}).union(*found)


def refuse_after_end(session: Session, site: str, holder: str | None, actor: Actor, now: datetime) -> None:
    """Raise ProxyEnded with the moment at which the actor ceased to stand in, when that is why they may not do this task any more."""
    over = select(Proxy).where(Proxy.site == site, Proxy.proxy == actor.login, Proxy.until_at <= now, Proxy.until_at > now - REMEMBERED)
    if holder is not None:
        over = over.where(Proxy.principal == holder)
    row = session.scalars(over.order_by(Proxy.until_at.desc()).limit(1)).first()
    if row is not None:
        ended = f"{row.until_at:%Y-%m-%dT%H:%M:%SZ}"
        raise ProxyEnded(f"Expected a proxy that is in force, but {row.proxy} stood in for {row.principal} until {ended}")
