"""委派: the holder of a task asks a helper. What the helper fills in comes back as the owner's draft; the owner decides and completes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import db, drafts, exclusions, notices
from engine.actors import Actor
from engine.errors import Conflict, Forbidden, Invalid
from engine.identity import require_person_at
from engine.tables import Draft, UserTask
from engine.task_work import (
    checked_reason,
    hold_open,
    is_owner,
    refuse_if_delegated,
    require_holder_or_supervisor,
    set_assignee,
    tell,
)
from engine.variables import check_size


def delegate(session: Session, task_id: int, to: str, actor: Actor, now: datetime, question: str = "") -> UserTask:
    """Ask somebody at the site for help with a task that one holds; until they answer, nobody else can do anything with it."""
    work = hold_open(session, task_id, actor)
    task, owner = work.task, work.task.assignee
    refuse_if_delegated(task, actor)
    if owner is None or not is_owner(task, actor):
        raise Forbidden("Expected somebody who holds the task, for only they can ask for help with it")
    question = checked_reason(question, is_required=False, field="question")
    if to in (owner, actor.login):
        raise Invalid(f"Expected somebody else, but {to} holds task {task_id} already", {"to": "任务已经在这个人手上"})
    require_person_at(session, to, task.site)
    exclusions.require_may_be_given(session, work, to, now)
    set_assignee(session, task, to)
    task.delegated_by = owner
    tell(session, work, "user_task.delegated", {"before": owner, "after": to, "reason": question}, actor, now)
    notices.ask(session, work.instance, task, "delegated", [to], question, actor, now)
    return task


def answer(session: Session, task_id: int, variables: Mapping[str, Any], actor: Actor, now: datetime, note: str = "") -> UserTask:
    """Give the task back to who asked. What was filled in becomes their draft, unchecked; what they had typed in other fields stays."""
    work = hold_open(session, task_id, actor)
    task = work.task
    if task.delegated_by is None:
        raise Conflict(f"Expected a task that was delegated, but task {task_id} is not")
    if task.assignee != actor.login and work.principal != task.assignee:
        raise Forbidden(f"Expected {task.assignee}, who was asked, but you are somebody else")
    note = checked_reason(note, is_required=False, field="note")
    check_size(variables, db.of(session).settings.limits)
    helper, owner = task.assignee, task.delegated_by
    _keep_for(session, task_id, owner, variables, now)
    drafts.forget(session, task_id, actor)
    set_assignee(session, task, owner)
    filled = sorted(name for name, value in variables.items() if value not in (None, "", []))
    tell(session, work, "user_task.answered", {"before": helper, "after": owner, "reason": note, "filled": filled}, actor, now)
    notices.ask(session, work.instance, task, "answered", [owner], note, actor, now)
    return task


def _keep_for(session: Session, task_id: int, owner: str, variables: Mapping[str, Any], now: datetime) -> None:
    kept = session.get(Draft, (task_id, owner))
    before = kept.payload if kept is not None else {}
    session.merge(Draft(task_id=task_id, login=owner, payload={**before, **variables}, saved_at=now))


def call_off(session: Session, task_id: int, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Take a delegated task back without waiting for the answer: its owner may, and a supervisor."""
    work = hold_open(session, task_id, actor)
    task, owner = work.task, work.task.delegated_by
    if owner is None:
        raise Conflict(f"Expected a task that was delegated, but task {task_id} is not")
    require_holder_or_supervisor(work, actor, "take back what was delegated")
    reason = checked_reason(reason, is_required=False)
    helper = task.assignee
    set_assignee(session, task, owner)
    tell(session, work, "user_task.delegation_ended", {"before": helper, "after": owner, "reason": reason}, actor, now)
    return task
