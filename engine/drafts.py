"""What a person had typed into a form before completing it: for that person alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.orm import Session

from engine import db, rights
from engine.actors import Actor
from engine.errors import AlreadyCompleted, Forbidden, NotFound
from engine.prepared import Prepared
from engine.states import OPEN_TASK
from engine.tables import Draft, UserTask
from engine.variables import check_size

_FORGET = Prepared(delete(Draft).where(Draft.task_id == bindparam("of_task"), Draft.login == bindparam("of_login")))


def find(session: Session, task_id: int, actor: Actor) -> Draft | None:
    """The person's draft for this task, or None. Another site's task is not found."""
    _visible(session, task_id, actor)
    return session.get(Draft, (task_id, _person(actor)))


def keep(session: Session, task_id: int, payload: Mapping[str, Any], actor: Actor, now: datetime) -> Draft:
    """Keep what was typed so far, in place of what was kept before; nothing of it is checked but its size."""
    task = _visible(session, task_id, actor)
    rights.require(rights.works_at(actor, task.site), "work at this site")
    if task.state not in OPEN_TASK:
        raise AlreadyCompleted(f"Expected an open task {task.id}, but it is {task.state}")
    check_size(payload, db.of(session).settings.limits)
    return session.merge(Draft(task_id=task_id, login=_person(actor), payload=dict(payload), saved_at=now))


def drop(session: Session, task_id: int, actor: Actor) -> None:
    """Forget the person's draft for this task, if there is one."""
    _visible(session, task_id, actor)
    forget(session, task_id, actor)


def forget(session: Session, task_id: int, actor: Actor) -> None:
    """The same, for who has just completed the task."""
    _FORGET.run(session, {"of_task": task_id, "of_login": _person(actor)})


def _visible(session: Session, task_id: int, actor: Actor) -> UserTask:
    task = session.get(UserTask, task_id)
    if task is None or not rights.may_see_instance(actor, task.site):
        raise NotFound(f"Expected a user task, but there is none with id {task_id}")
    return task


def _person(actor: Actor) -> str:
    if actor.login is None:
        raise Forbidden("Expected a person, but nobody is named")
    return actor.login
