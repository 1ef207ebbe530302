"""抄送: people who are to know of a task without having to do anything. A copy opens nothing that its reader could not see anyway."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from engine import cursors, rights
from engine.actors import Actor
from engine.cursors import Page
from engine.errors import Conflict, Invalid
from engine.identity import require_people_at
from engine.posts import POSTS
from engine.tables import Instance, Membership, Person, TaskCopy, UserTask
from engine.task_work import TaskWork, checked_reason, hold_open, is_owner, tell

MAX_READERS = 200
COUNT_AT_MOST = 100  # a badge says 99+ beyond


@dataclass(frozen=True)
class Line:
    """A copy as its reader sees it, with the task and its case as they stand now."""

    copy: TaskCopy
    task: UserTask
    instance: Instance

    @property
    def is_new(self) -> bool:
        return self.copy.seen_at is None


def send(session: Session, task_id: int, to: Sequence[str], actor: Actor, now: datetime, note: str = "") -> list[str]:
    """Copy a task to people or posts of its site: who may work on it does that, and supervisors. Returns who got one now.

    Raises Invalid for people from elsewhere, Conflict when everybody named has one already.
    """
    work = hold_open(session, task_id, actor)
    task = work.task
    may_work = rights.may_work_on(actor, task.site, task.assignee, work.users, work.groups)
    if not may_work and work.principal is None and not is_owner(task, actor):
        rights.require(rights.may_supervise(actor, task.site), "copy tasks to others")
    note = checked_reason(note, is_required=False, field="note")
    logins = {one for one in to if one not in POSTS}
    if not to or actor.login in logins:
        raise Invalid("Expected others to copy the task to, but there is nobody, or only yourself", {"to": "请选择本人以外的人"})
    require_people_at(session, logins, task.site, "to")
    readers = _readers(session, task.site, to) - {actor.login}
    if len(readers) > MAX_READERS:
        raise Invalid(f"Expected at most {MAX_READERS} readers, but got {len(readers)}", {"to": f"最多 {MAX_READERS} 人"})
    return _write(session, work, readers, actor, now, note)


def _readers(session: Session, site: str, named: Collection[str]) -> set[str]:
    """The people meant by logins and posts, as far as they hold a post at the site."""
    query = select(Person.login).join(Membership, Membership.person_id == Person.id)
    meant = or_(Person.login.in_(named), Membership.post.in_([one for one in named if one in POSTS]))
    return set(session.scalars(query.where(Membership.site == site, Person.disabled_at.is_(None), meant)))


def _write(session: Session, work: TaskWork, readers: Iterable[str], actor: Actor, now: datetime, note: str) -> list[str]:
    task = work.task
    have = set(session.scalars(select(TaskCopy.login).where(TaskCopy.task_id == task.id)))
    new = sorted(set(readers) - have)
    if not new:
        raise Conflict(f"Expected somebody who has no copy of task {task.id} yet, but all of them have one")
    session.add_all(
        TaskCopy(site=task.site, task_id=task.id, login=login, sent_by=actor.login, note=note, at=now, seen_at=None) for login in new
    )
    tell(session, work, "user_task.copied", {"to": new, "reason": note}, actor, now)
    return new


def send_by_diagram(
    session: Session, task_id: int, instance: Instance, activity_id: str, to: Sequence[str], now: datetime
) -> tuple[list[str], list[str]]:
    """Copies for the people and posts that a diagram names, one a person and activity of the case.

    Returns who got one now, and which names are neither a post nor somebody of the site: they are no reason to stop a process.
    """
    readers = _readers(session, instance.site, to)
    same_step = (UserTask.instance_id == instance.id, UserTask.activity_id == activity_id)
    have = set(session.scalars(select(TaskCopy.login).join(UserTask, UserTask.id == TaskCopy.task_id).where(*same_step)))
    new = sorted(readers - have)[:MAX_READERS]
    session.add_all(
        TaskCopy(site=instance.site, task_id=task_id, login=login, sent_by=None, note="", at=now, seen_at=None) for login in new
    )
    return new, sorted(one for one in set(to) if one not in POSTS and one not in readers)


def of(session: Session, actor: Actor, limit: int = 50, cursor: str | None = None) -> Page[Line]:
    """What was copied to the person, newest first, of the sites at which they hold a post now."""
    query = select(TaskCopy, UserTask, Instance).join(UserTask, UserTask.id == TaskCopy.task_id)
    query = query.join(Instance, Instance.id == UserTask.instance_id).where(*_mine(actor))
    if cursor is not None:
        query = query.where(TaskCopy.id < cursors.decode(cursor, int)[0])
    rows = [Line(*row) for row in session.execute(query.order_by(TaskCopy.id.desc()).limit(limit + 1))]
    return cursors.page(rows, limit, lambda line: (line.copy.id,))


def count(session: Session, actor: Actor) -> int:
    """How many the person has not opened, counted up to COUNT_AT_MOST."""
    unseen = select(TaskCopy.id).where(*_mine(actor), TaskCopy.seen_at.is_(None)).limit(COUNT_AT_MOST)
    return session.scalar(select(func.count()).select_from(unseen.subquery())) or 0


def is_new(session: Session, task_id: int, actor: Actor) -> bool:
    """Whether the task was copied to the person and they have not opened it yet."""
    unseen = select(TaskCopy.id).where(TaskCopy.task_id == task_id, TaskCopy.login == actor.login, TaskCopy.seen_at.is_(None))
    return session.scalars(unseen).first() is not None


def mark_seen(session: Session, task_id: int, actor: Actor, now: datetime) -> None:
    """The person has opened the task; twice changes nothing."""
    mine = (TaskCopy.task_id == task_id, TaskCopy.login == actor.login, TaskCopy.seen_at.is_(None))
    session.execute(update(TaskCopy).where(*mine).values(seen_at=now))


def _mine(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return TaskCopy.login == actor.login, TaskCopy.site.in_(sorted(actor.sites))
