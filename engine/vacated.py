"""Somebody is disabled or loses a post: each case with a task that they could do is looked at again, so that none waits for nobody."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine import waits
from engine.states import LIVE_INSTANCE, OPEN_TASK
from engine.tables import Instance, TaskParticipant, UserTask


def announce(session: Session, login: str, site: str, posts: Collection[str], now: datetime) -> None:
    """A job for each case of the site in which this person, or a holder of these posts, could do an open task: `vacancies` does it."""
    session.flush()
    theirs = or_(
        and_(TaskParticipant.kind == "user", TaskParticipant.who == login),
        and_(TaskParticipant.kind == "group", TaskParticipant.who.in_(posts)),
    )
    tasks = (
        select(UserTask.instance_id)
        .join(TaskParticipant, TaskParticipant.task_id == UserTask.id)
        .where(TaskParticipant.site == site, UserTask.state.in_(OPEN_TASK), or_(theirs, UserTask.assignee == login))
    )
    found = session.scalars(select(Instance).where(Instance.id.in_(tasks), Instance.state.in_(LIVE_INSTANCE)).order_by(Instance.id))
    rows = [waits.job(instance, waits.VACANCY, "-", {}, now) for instance in found]
    if rows:
        waits.insert_jobs(session, rows)
