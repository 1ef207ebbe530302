"""How much waits for a person: what is theirs, what each of their posts may take, and what of it is late or soon will be.

Each part is read in the order of its index and no further than is counted, so that a badge costs the same whatever waits behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from engine import inbox_walks
from engine.actors import Actor
from engine.inbox_walks import SOON, Place
from engine.prepared import Prepared, Values
from engine.tables import TaskParticipant, UserTask

COUNT_AT_MOST = 100  # a badge says 99+ beyond


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
    """A part of an index: its first tasks, and those of it that are soon due."""

    def __init__(self, query: Select[Any, Any], sort_at: Any, task_id: Any) -> None:
        first = query.order_by(sort_at, task_id).limit(COUNT_AT_MOST)
        self._first = Prepared(first)
        self._soon = Prepared(first.where(sort_at >= bindparam("from_now"), sort_at < bindparam("to_then")))

    def read(self, session: Session, of: Values, now: datetime) -> set[Place]:
        """The first tasks; where these end before what is soon due, that as well."""
        found: list[Any] = self._first.rows(session, of)
        if len(found) == COUNT_AT_MOST and found[-1][0] < now + SOON:
            found = found + self._soon.rows(session, {**of, "from_now": now, "to_then": now + SOON})
        return set(found)


_MINE = _Part(
    select(UserTask.sort_at, UserTask.id).where(UserTask.assignee == bindparam("of_login"), UserTask.state == "claimed"),
    UserTask.sort_at,
    UserTask.id,
)
_DELEGATED = _Part(
    select(UserTask.sort_at, UserTask.id).where(UserTask.delegated_by == bindparam("of_login"), UserTask.ended_at.is_(None)),
    UserTask.sort_at,
    UserTask.id,
)
_POOL = _Part(
    select(TaskParticipant.sort_at, TaskParticipant.task_id).where(
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
    mine |= _of_absent(session, "mine", actor)
    of_post: dict[str, set[Place]] = {}
    for site, post in actor.posts:
        of_post.setdefault(post, set()).update(_POOL.read(session, {"at_site": site, "of_kind": "group", "of_who": post}, now))
    free = set[Place]().union(*of_post.values()) | _of_absent(session, "posts", actor)
    for site in actor.sites:
        free |= _POOL.read(session, {"at_site": site, "of_kind": "user", "of_who": actor.login or ""}, now)
    return Counts(
        mine=_count(mine, now),
        posts=_count(free, now),
        of_post={post: _count(found, now) for post, found in of_post.items()},
        first=frozenset(task_id for _, task_id in mine | free),
    )


def _of_absent(session: Session, box: str, actor: Actor) -> set[Place]:
    """The first tasks of each for whom the person stands in."""
    nothing = inbox_walks.Filter()
    walks = inbox_walks.of_absent(box, actor)
    return {place for walk in walks for place in inbox_walks.places(session, walk, nothing, None, None, COUNT_AT_MOST)}


def _count(found: Iterable[Place], now: datetime) -> Count:
    due = [sort_at for sort_at, _ in found]
    late, soon = sum(moment < now for moment in due), sum(now <= moment < now + SOON for moment in due)
    return Count(*(min(number, COUNT_AT_MOST) for number in (len(due), late, soon)))
