"""What a supervisor looks at: where the work of their sites stands, and who holds how much of it. Reads only.

Open tasks have indexes of their own, so that what was done in all the years before weighs nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from engine import identity, inbox, rights
from engine.inbox import TaskItem
from engine.inbox_walks import SOON
from engine.tables import UserTask

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """How much stands at one activity of a process."""

    key: str
    activity_id: str
    open: int
    late: int


@dataclass(frozen=True)
class Load:
    """How much a person of the sites holds there."""

    login: str
    name: str
    posts: tuple[str, ...]
    open: int
    late: int
    soon: int


@dataclass(frozen=True)
class Loads:
    """Who holds how much, and how much nobody has taken."""

    people: Sequence[Load]
    free: int
    free_late: int


def standings(session: Session, sites: Collection[str], now: datetime) -> list[Standing]:
    """Process × activity with how many tasks stand there, what is most late first."""
    query = select(UserTask.key, UserTask.activity_id, func.count(), _number(UserTask.sort_at < now)).where(*_open_at(sites))
    found = [Standing(*row) for row in session.execute(query.group_by(UserTask.key, UserTask.activity_id))]
    return sorted(found, key=lambda one: (-one.late, -one.open, one.key, one.activity_id))


def loads(session: Session, sites: Sequence[str], now: datetime) -> Loads:
    """Everybody who works at the sites, with what they hold there; who holds most comes first, and who could take something last."""
    soon = (UserTask.sort_at >= now) & (UserTask.sort_at < now + SOON)
    held = select(UserTask.assignee, func.count(), _number(UserTask.sort_at < now), _number(soon)).where(*_open_at(sites))
    counted = {row[0]: tuple(row[1:]) for row in session.execute(held.group_by(UserTask.assignee))}
    nothing = (0, 0, 0)
    people: dict[str, tuple[str, set[str]]] = {}
    for site in sites:
        for colleague in identity.colleagues(session, site):
            posts = set(colleague.posts) - rights.READS_ONLY
            if posts and (colleague.person.disabled_at is None or colleague.person.login in counted):
                people.setdefault(colleague.person.login, (colleague.person.name, set()))[1].update(posts)
    found = [Load(login, name, tuple(sorted(posts)), *counted.get(login, nothing)) for login, (name, posts) in people.items()]
    return Loads(sorted(found, key=lambda one: (-one.late, -one.open, one.name)), *counted.get(None, nothing)[:2])


def followed_up(session: Session, sites: Collection[str], day: datetime, limit: int) -> list[TaskItem]:
    """Tasks that are to be followed up on the day that begins at this moment, in the order of the hour: appointments."""
    on_that_day = (UserTask.follow_up_at >= day, UserTask.follow_up_at < day + _DAY)
    query = select(UserTask.id).where(*_open_at(sites), *on_that_day).order_by(UserTask.follow_up_at, UserTask.id).limit(limit)
    return inbox.read(session, list(session.scalars(query)))


def _open_at(sites: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return UserTask.site.in_(sorted(sites)), UserTask.ended_at.is_(None)


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
