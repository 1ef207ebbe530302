"""How urgent a task is beside others: shown wherever it is listed; the order of lists stays that of due times."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine import rights
from engine.actors import Actor
from engine.errors import Invalid
from engine.tables import UserTask
from engine.task_work import checked_reason, hold_open, tell

LOW, NORMAL, HIGH, URGENT = 25, 50, 75, 100
HIGHEST = 100  # that a person may give


def change(session: Session, task_id: int, priority: int, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Give a task another priority, from 0 to 100, 50 being normal: supervisors may."""
    work = hold_open(session, task_id, actor)
    rights.require(rights.may_supervise(actor, work.task.site), "change priorities")
    reason = checked_reason(reason, is_required=False)
    if not 0 <= priority <= HIGHEST:
        raise Invalid(f"Expected a priority from 0 to {HIGHEST}, but got {priority}", {"priority": f"请填写 0 到 {HIGHEST}"})
    before = work.task.priority
    if priority == before:
        return work.task
    work.task.priority = priority
    tell(session, work, "user_task.prioritized", {"before": before, "after": priority, "reason": reason}, actor, now)
    return work.task
