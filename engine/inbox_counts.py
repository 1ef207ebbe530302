"""How much waits for a person: what is theirs, what each of their posts may take, and what of it is late or soon will be.

Each part is read in the order of its index and no further than is counted, so that a badge costs the same whatever waits behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, case, select
from sqlalchemy.orm import Session

from engine import inbox_walks
from engine.actors import Actor
from engine.inbox_walks import SOON
from engine.prepared import Prepared, Values
from engine.tables import TaskParticipant, UserTask

COUNT_AT_MOST = 100  # a badge says 99+ beyond
_SOON, _LATE = 1, 2


@dataclass(frozen=True)
class Count:
    """Tasks of a part, each figure up to COUNT_AT_MOST."""

    all: int = 0
    late: int = 0
    soon: int = 0


@dataclass(frozen=True)
class Counts:
    """`posts` has every task once, also where several posts of the person may take it; `first` names the tasks that were counted."""

    mine: Count
    posts: Count
    of_post: Mapping[str, Count]
    first: frozenset[int]


class _Part:
    """A part of an index: its first tasks, each with whether it is late or soon due."""

    def __init__(self, query: Select[Any], sort_at: Any, task_id: Any) -> None:
        pace = case((sort_at < bindparam("at_once"), _LATE), (sort_at < bindparam("before_long"), _SOON), else_=0)
        first = query.with_only_columns(task_id, pace).order_by(sort_at, task_id).limit(COUNT_AT_MOST)
        self._first = Prepared(first)
        self._soon = Prepared(first.where(sort_at >= bindparam("at_once"), sort_at < bindparam("before_long")))

    def read(self, session: Session, of: Values, now: datetime) -> dict[int, int]:
        """The first tasks; where these end before what is soon due, that as well."""
        asked = {**of, "at_once": now, "before_long": now + SOON}
        found: list[Any] = self._first.rows(session, asked)
        if len(found) == COUNT_AT_MOST and found[-1][1]:
            found = found + self._soon.rows(session, asked)
        return dict(found)


_MINE = _Part(
    select(UserTask.id).where(UserTask.assignee == bindparam("of_login"), UserTask.state == "claimed", UserTask.ended_at.is_(None)),
    UserTask.sort_at,
    UserTask.id,
)
_DELEGATED = _Part(
    select(UserTask.id).where(UserTask.delegated_by == bindparam("of_login"), UserTask.ended_at.is_(None)),
    UserTask.sort_at,
    UserTask.id,
)
_POOL = _Part(
    select(TaskParticipant.task_id).where(
        TaskParticipant.site == bindparam("at_site"),
        TaskParticipant.kind == bindparam("of_kind"),
        TaskParticipant.who == bindparam("of_who"),
        TaskParticipant.claimed.is_(False),
    ),
    TaskParticipant.sort_at,
    TaskParticipant.task_id,
)


def counts(session: Session, actor: Actor, now: datetime) -> Counts:
    """What waits for the person at this moment."""
    session.flush()  # a prepared statement would not see what the session still holds
    mine = _MINE.read(session, {"of_login": actor.login}, now) | _DELEGATED.read(session, {"of_login": actor.login}, now)
    mine |= _of_absent(session, "mine", actor, now)
    of_post: dict[str, dict[int, int]] = {}
    free = _of_absent(session, "posts", actor, now)
    for site, post in actor.posts:
        found = _POOL.read(session, {"at_site": site, "of_kind": "group", "of_who": post}, now)
        of_post.setdefault(post, {}).update(found)
        free.update(found)
    for site in actor.sites:
        free.update(_POOL.read(session, {"at_site": site, "of_kind": "user", "of_who": actor.login or ""}, now))
    return Counts(
        mine=_count(mine),
        posts=_count(free),
        of_post={post: _count(found) for post, found in of_post.items()},
        first=frozenset(mine.keys() | free.keys()),
    )


def _of_absent(session: Session, box: str, actor: Actor, now: datetime) -> dict[int, int]:
    """The first tasks of each for whom the person stands in."""
    nothing = inbox_walks.Filter()
    walks = inbox_walks.of_absent(box, actor)
    found = (place for walk in walks for place in inbox_walks.places(session, walk, nothing, None, None, COUNT_AT_MOST))
    return {task_id: _LATE if sort_at < now else _SOON if sort_at < now + SOON else 0 for sort_at, task_id in found}


def _count(found: Mapping[int, int]) -> Count:
    paces = list(found.values())
    return Count(*(min(number, COUNT_AT_MOST) for number in (len(paces), paces.count(_LATE), paces.count(_SOON))))
