"""Remove what has served its time (messages, answers to repeated requests, counted logins, drafts), and set the clocks of new sites."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine import messages, scheduled_starts
from engine.states import OPEN_TASK
from engine.tables import Draft, EndedSession, IdempotencyKey, LoginAttempt, UserTask

ANSWERS_KEPT = timedelta(days=7)  # a request that is repeated later than this is a new one
LOGINS_KEPT = timedelta(days=1)
EVERY = timedelta(minutes=10)


def sweep(session: Session, now: datetime) -> None:
    """One round; nothing that history needs is touched."""
    messages.expire(session, now)
    scheduled_starts.arm_new_sites(session, now)
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.at < now - ANSWERS_KEPT))
    session.execute(delete(LoginAttempt).where(LoginAttempt.at < now - LOGINS_KEPT))
    session.execute(delete(EndedSession).where(EndedSession.until < now))
    done = select(UserTask.id).where(UserTask.id == Draft.task_id, UserTask.state.not_in(OPEN_TASK))
    session.execute(delete(Draft).where(done.exists()))
