"""稍后处理: a task is put off until a moment. Its due date and its clocks stay; in lists it stands where that moment puts it."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import Invalid
from engine.tables import TaskParticipant, UserTask
from engine.task_work import checked_reason, hold_open, require_holder_or_supervisor, tell
from engine.waits import FAR_FUTURE

LONGEST = timedelta(days=366)


def put_off(session: Session, task_id: int, until: datetime | None, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Follow the task up at that moment and not before; None: now after all. Who holds it may, and a supervisor."""
    work = hold_open(session, task_id, actor)
    require_holder_or_supervisor(work, actor, "put off tasks")
    reason = checked_reason(reason, is_required=False)
    if until is not None and not now < until <= now + LONGEST:
        raise Invalid(f"Expected a time within a year from now, but got {until.isoformat()}", {"until": "请选择今后一年内的时间"})
    task, before = work.task, work.task.follow_up_at
    task.follow_up_at, task.sort_at = until, listed_at(task.due_at, until)
    session.execute(update(TaskParticipant).where(TaskParticipant.task_id == task_id).values(sort_at=task.sort_at))
    data = {"before": before and before.isoformat(), "after": until and until.isoformat(), "reason": reason}
    tell(session, work, "user_task.put_off", data, actor, now)
    return task


def listed_at(due_at: datetime | None, follow_up_at: datetime | None) -> datetime:
    """Where a task stands in lists: by when it is due, or by when it is to be followed up if that is later or nothing is due."""
    if follow_up_at is None:
        return due_at or FAR_FUTURE
    return follow_up_at if due_at is None else max(due_at, follow_up_at)
