"""Which jobs may be done now."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from engine import waits
from engine.prepared import Prepared
from engine.tables import Instance, Job, UtcDateTime

# Asked after every act of a person, so made once.
_NOW = bindparam("now", type_=UtcDateTime)
_IS_DUE = and_(Job.state == "ready", Job.due_at <= _NOW, or_(Job.locked_until.is_(None), Job.locked_until <= _NOW))
_DUE_OF_CASE = Prepared(
    select(Job.id)
    .join(Instance, Instance.id == Job.instance_id)
    .where(_IS_DUE, Job.topic != waits.DELIVER, Instance.root_id == bindparam("root"))  # nobody waits for a mail
    .order_by(Job.due_at, Job.id)
    .limit(bindparam("most"))
)


def of_case(session: Session, now: datetime, limit: int, root_id: int) -> list[int]:
    """Ids of jobs of this case that may be done now, the oldest first."""
    return [job_id for (job_id,) in _DUE_OF_CASE.rows(session, {"now": now, "most": limit, "root": root_id})]


def inside(
    session: Session, now: datetime, limit: int, handlers: Collection[str], apart_from: Collection[int] = ()
) -> list[tuple[int, int]]:
    """Jobs that no handler from outside does, each with its instance, the oldest first; none of the instances in `apart_from`."""
    query = select(Job.id, Job.instance_id).where(_IS_DUE, Job.topic.not_in(handlers), Job.instance_id.not_in(apart_from))
    return [(job_id, of) for job_id, of in session.execute(query.order_by(Job.due_at, Job.id).limit(limit), {"now": now})]


def outside(session: Session, now: datetime, limit: int, handlers: Collection[str], apart_from: Collection[int] = ()) -> list[int]:
    """Ids of jobs for these handlers, the oldest first; none of those in `apart_from`."""
    query = select(Job.id).where(_IS_DUE, Job.topic.in_(handlers), Job.id.not_in(apart_from))
    return list(session.scalars(query.order_by(Job.due_at, Job.id).limit(limit), {"now": now}))
