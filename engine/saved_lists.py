"""Lists of the inbox that people keep under a name, for themselves, for a post of a site, or for everybody there.

Only the filters are kept: whoever opens a shared list sees by it what they may see anyway.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from engine import history, rights
from engine.actors import Actor
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.posts import POSTS
from engine.tables import SavedList

FILTERS = ("box", "q", "late", "soon", "follow_up", "key", "activity", "post", "site", "who")
MAX_NAME, MAX_VALUE, MOST = 40, 200, 50


@dataclass(frozen=True)
class Audience:
    """With whom a list is shared: a post of a site, or everybody there."""

    site: str
    post: str | None = None


def keep(
    session: Session, name: str, filters: Mapping[str, str], audience: Audience | None, actor: Actor, now: datetime
) -> SavedList:  # fmt: skip
    """Keep these filters under the name, in place of what the person kept under it before."""
    login, name = _person(actor), name.strip()
    _refuse(name, filters)
    if audience is not None:
        _require_audience(audience, actor)
    row = session.scalar(select(SavedList).where(SavedList.owner == login, SavedList.name == name))
    if row is None:
        if (session.scalar(select(func.count()).where(SavedList.owner == login)) or 0) >= MOST:
            raise Conflict(f"Expected at most {MOST} lists of one person, but there are as many already")
        row = SavedList(owner=login, name=name)
        session.add(row)
    was = row.site
    row.filters, row.saved_at = dict(filters), now
    row.site, row.post = (audience.site, audience.post) if audience else (None, None)
    session.flush()
    if was is not None and was != row.site:
        _tell(session, was, "list.unshared", row, actor, now)
    if row.site is not None:
        _tell(session, row.site, "list.shared", row, actor, now)
    return row


def of(session: Session, actor: Actor) -> list[SavedList]:
    """The person's own lists and those shared with them, by name."""
    shared = [and_(SavedList.site == site, SavedList.post.is_(None)) for site in sorted(actor.sites)]
    shared += [and_(SavedList.site == site, SavedList.post == post) for site, post in sorted(actor.posts)]
    query = select(SavedList).where(or_(SavedList.owner == actor.login, *shared, false()))
    return list(session.scalars(query.order_by(SavedList.name, SavedList.id)))


def get(session: Session, list_id: int, actor: Actor) -> SavedList:
    """One of the person's own lists, or one shared with them; any other is not found."""
    row = session.get(SavedList, list_id)
    if row is None or not (row.owner == actor.login or _is_among(row, actor)):
        raise NotFound(f"Expected a list that is yours or shared with you, but there is none with id {list_id}")
    return row


def may_remove(row: SavedList, actor: Actor) -> bool:
    """Its owner; a shared one also who administers the site, since people leave."""
    return row.owner == actor.login or (row.site is not None and rights.may_administer(actor, row.site))


def remove(session: Session, list_id: int, actor: Actor, now: datetime) -> str:
    """Take a list away, for everybody who saw it; returns its name."""
    row = get(session, list_id, actor)
    rights.require(may_remove(row, actor), "take away other people's lists")
    if row.site is not None:
        _tell(session, row.site, "list.unshared", row, actor, now)
    session.delete(row)
    return row.name


def audiences(actor: Actor) -> list[Audience]:
    """With whom the person may share: everybody at a site where they work, and each post that they hold there themselves."""
    sites = sorted(site for site in actor.sites if rights.works_at(actor, site))
    return [
        one for site in sites for one in (Audience(site), *(Audience(site, post) for post in sorted(actor.at(site) - rights.READS_ONLY)))
    ]


def _require_audience(audience: Audience, actor: Actor) -> None:
    rights.require_site(actor, audience.site)
    rights.require(rights.works_at(actor, audience.site), "share lists at this site")
    if audience.post is not None and audience.post not in POSTS:
        raise Invalid(f"Expected a post, but {audience.post!r} is none", {"share": "请选择岗位"})


def _is_among(row: SavedList, actor: Actor) -> bool:
    return row.site is not None and (row.site in actor.sites if row.post is None else actor.has(row.site, row.post))


def _person(actor: Actor) -> str:
    if actor.login is None:
        raise Forbidden("Expected a person, but nobody is named")
    return actor.login


def _refuse(name: str, filters: Mapping[str, str]) -> None:
    fields = {}
    if not 1 <= len(name) <= MAX_NAME:
        fields["name"] = f"请填写 1 到 {MAX_NAME} 字"
    if any(key not in FILTERS or len(value) > MAX_VALUE for key, value in filters.items()):
        fields["filters"] = "请从列表上的条件中选择"
    if fields:
        raise Invalid("Expected a name and filters of the inbox, but some of it cannot be used", fields)


def _tell(session: Session, site: str, event_type: str, row: SavedList, actor: Actor, now: datetime) -> None:
    words = {"q"}  # what somebody searched for may be a resident's name or number, and history forgets nothing
    filters = {name: value for name, value in row.filters.items() if name not in words}
    data = {"list": row.id, "name": row.name, "post": row.post, "filters": filters}
    history.append_site(session, site, event_type, actor, now, data)
