"""How a list of open tasks is walked: in the order of an index, by due time, and from a page's end on; narrowed by what is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import Session

from engine import rights, search
from engine.actors import Absent, Actor
from engine.tables import Instance, TaskParticipant, UserTask

LOOKED_AT = (400, 2_000)  # first tasks of a list in which something common is looked for, before all that have it are gathered
SOON = timedelta(minutes=30)  # what is due within this time is about to be late

Place = tuple[datetime, int]  # where a task stands in every list: by due time, then by id


@dataclass(frozen=True)
class Filter:
    """What narrows a list. Texts are compared whole, `q` with the terms of the case; moments say until when something counts."""

    site: str | None = None
    key: str | None = None
    activity: str | None = None
    post: str | None = None  # that may take it
    assignee: str | None = None
    late: datetime | None = None  # due before this moment
    soon: datetime | None = None  # due between this moment and SOON after it
    follow_up: datetime | None = None  # to be followed up until this moment
    q: str | None = None


@dataclass(frozen=True)
class Walk:
    """A query for open tasks in the order of an index."""

    query: Select[datetime, int]
    order: tuple[Any, Any]
    keys: frozenset[str] | None = None  # only tasks of these processes

    def of_participants(self) -> bool:
        return self.order[0] is TaskParticipant.sort_at


def walks(box: str, actor: Actor, wanted: Filter) -> list[Walk]:
    """The parts of which a box consists, each in a part of an index of its own."""
    if box == "mine":
        return [_held_by(actor.login or ""), _walk(UserTask.delegated_by == actor.login, UserTask.ended_at.is_(None)), *_absent_mine(actor)]
    sites = [site for site in sorted(actor.sites) if wanted.site in (None, site)]
    if box == "posts":
        return _pools(actor, sites, wanted.post) + _absent_pools(actor, sites, wanted.post)
    if wanted.assignee is not None:
        return [_held_by(wanted.assignee, sites)]
    if wanted.post is not None:
        return [_pool("group", wanted.post, site, claimed) for site in sites for claimed in (False, True)]
    return [_walk(UserTask.site == site, UserTask.ended_at.is_(None)) for site in sites]


def _walk(*conditions: ColumnElement[bool]) -> Walk:
    return Walk(select(UserTask.sort_at, UserTask.id).where(*conditions), (UserTask.sort_at, UserTask.id))


def _held_by(login: str, sites: Sequence[str] | None = None) -> Walk:
    theirs = (UserTask.assignee == login, UserTask.state == "claimed", UserTask.ended_at.is_(None))
    return _walk(*theirs) if sites is None else _walk(*theirs, UserTask.site.in_(sites))


def _pools(actor: Actor, sites: Sequence[str], post: str | None) -> list[Walk]:
    """One walk a post and site, and one a site for the person by name."""
    pools = [_pool("group", held, site) for site, held in sorted(actor.posts) if site in sites and post in (None, held)]
    return pools if post is not None else pools + [_pool("user", actor.login or "", site) for site in sites]


def of_absent(box: str, actor: Actor) -> list[Walk]:
    """The parts of `mine` and `posts` that are not the person's own, but of those for whom they stand in."""
    return _absent_mine(actor) if box == "mine" else _absent_pools(actor, sorted(actor.sites), None)


def _absent_mine(actor: Actor) -> list[Walk]:
    return [replace(_held_by(one.login, [one.site]), keys=one.keys) for one in _covered(actor)]


def _absent_pools(actor: Actor, sites: Sequence[str], post: str | None) -> list[Walk]:
    """Pools that are the person's own are not walked twice."""
    found = []
    for one in _covered(actor):
        if one.site in sites:
            held = [each for each in sorted(one.posts - actor.at(one.site)) if post in (None, each)]
            pools = [_pool("group", each, one.site) for each in held] + ([_pool("user", one.login, one.site)] if post is None else [])
            found += [replace(pool, keys=one.keys) for pool in pools]
    return found


def _covered(actor: Actor) -> list[Absent]:
    """Who is absent from sites at which the person works themselves: elsewhere they could do nothing for them."""
    return [one for one in actor.stands_in_for if rights.works_at(actor, one.site)]


def _pool(kind: str, who: str, site: str, claimed: bool = False) -> Walk:
    named = (TaskParticipant.site == site, TaskParticipant.kind == kind, TaskParticipant.who == who, TaskParticipant.claimed.is_(claimed))
    # The index is on the participant's copy of sort_at: ordering by that lets the database stop after a page.
    order = (TaskParticipant.sort_at, TaskParticipant.task_id)
    return Walk(select(*order).where(*named), order)


@dataclass(frozen=True)
class Search:
    """The words of a search, and whether so many cases have them that looking at the list itself is quicker."""

    q: str
    is_common: bool
    sites: frozenset[str]


def search_for(session: Session, actor: Actor, q: str | None) -> Search | None:
    return Search(q, search.is_common(session, q, actor.sites), actor.sites) if q else None


def places(session: Session, walk: Walk, wanted: Filter, words: Search | None, after: Sequence[Any] | None, limit: int) -> list[Place]:
    """The first tasks of a walk that are wanted, from a place on."""
    of_task = _of_task(walk, wanted)
    conditions = [*_due(walk, wanted), *of_task]
    if walk.of_participants() and (words or of_task):
        conditions.append(UserTask.id == TaskParticipant.task_id)
    if after is not None:
        conditions.append(tuple_(*walk.order) > tuple_(*after))
    query = walk.query.where(*conditions).order_by(*walk.order)
    if words is not None:
        if words.is_common:
            found = _first_found(session, query, words, limit)
            if len(found) == limit:
                return found
        query = query.where(UserTask.instance_id == Instance.id, Instance.root_id.in_(search.matching(words.q, words.sites)))
    return [(sort_at, task_id) for sort_at, task_id in session.execute(query.limit(limit))]


def _due(walk: Walk, wanted: Filter) -> list[ColumnElement[bool]]:
    """Lists are ordered by when things are due (what is never due stands at the end), so these are ranges of the index."""
    due = walk.order[0]
    conditions = [] if wanted.late is None else [due < wanted.late]
    if wanted.soon is not None:
        conditions += [due >= wanted.soon, due < wanted.soon + SOON]
    return conditions


def _of_task(walk: Walk, wanted: Filter) -> list[ColumnElement[bool]]:
    """What is asked of the task itself, beyond what the walk was chosen by."""
    equal: dict[Any, str | None] = {UserTask.key: wanted.key, UserTask.activity_id: wanted.activity}
    if not walk.of_participants():
        equal |= {UserTask.site: wanted.site, UserTask.assignee: wanted.assignee}
    conditions = [column == value for column, value in equal.items() if value is not None]
    if walk.keys is not None:
        conditions.append(UserTask.key.in_(sorted(walk.keys)))
    if wanted.follow_up is not None:
        conditions.append(UserTask.follow_up_at <= wanted.follow_up)
    if wanted.post is not None and not walk.of_participants():
        theirs = (TaskParticipant.task_id == UserTask.id, TaskParticipant.kind == "group", TaskParticipant.who == wanted.post)
        conditions.append(select(TaskParticipant.task_id).where(*theirs).exists())
    return conditions


def _first_found(session: Session, query: Select[datetime, int], words: Search, limit: int) -> list[Place]:
    """What a search for something common finds among the first tasks of a list: a page is soon full, and not all that have it are read."""
    found: list[Place] = []
    for looked_at in LOOKED_AT:
        sort_at, task_id, instance_id = query.add_columns(UserTask.instance_id).limit(looked_at).subquery().c
        fitting = select(sort_at, task_id).where(*search.matches(instance_id, words.q, words.sites)).order_by(sort_at, task_id)
        found = [(moment, each) for moment, each in session.execute(fitting.limit(limit))]
        if not is_worth_more(len(found), looked_at, limit):
            break
    return found


def is_worth_more(found: int, looked_at: int, limit: int) -> bool:
    """Whether the page is not full yet, but will be after looking further."""
    return found < limit <= found * LOOKED_AT[-1] / looked_at
