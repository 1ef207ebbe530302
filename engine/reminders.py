"""催办: ask whoever has a task to do it. Counted, and not too often from one person."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import notices
from engine.actors import Actor
from engine.errors import Conflict, TooManyAttempts
from engine.posts import FALLBACK_POST
from engine.tables import Reminder, UserTask
from engine.task_work import checked_reason, hold_open, require_person, tell

APART = timedelta(minutes=10)  # between two reminders of one person about one task


def remind(session: Session, task_id: int, actor: Actor, now: datetime, note: str = "") -> UserTask:
    """Send a notice to who holds the task, or to everybody who may take it. Anyone who works at the site may.

    Raises TooManyAttempts within APART of the person's last one, Conflict for who holds it.
    """
    work = hold_open(session, task_id, actor)
    task, login = work.task, require_person(actor)
    if task.assignee == login:
        raise Conflict(f"Expected a task that others have to do, but you hold task {task_id} yourself")
    note = checked_reason(note, is_required=False, field="note")
    last = select(Reminder.at).where(Reminder.task_id == task_id, Reminder.login == login).order_by(Reminder.id.desc()).limit(1)
    before = session.scalars(last).first()
    if before is not None and now - before < APART:
        minutes = int(APART.total_seconds() // 60)
        raise TooManyAttempts(f"Expected {minutes} minutes between two reminders, but your last was at {before:%Y-%m-%dT%H:%M:%SZ}")
    session.add(Reminder(task_id=task_id, login=login, at=now))
    task.reminders += 1
    to = [task.assignee] if task.assignee else [*sorted(work.groups), *sorted(work.users)] or [FALLBACK_POST]
    tell(session, work, "user_task.reminded", {"to": to, "count": task.reminders, "reason": note}, actor, now)
    notices.ask(session, work.instance, task, "reminded", to, note, actor, now)
    return task
