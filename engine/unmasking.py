"""Open the masked name and telephone of a case by exception: for who may, with a reason, and never without a line in its history."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine import history, instances, rights
from engine.actors import Actor
from engine.history import Event
from engine.task_work import checked_reason


def unmask(session: Session, instance_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Note that the actor sees the resident's name and number of this case from here on, this once, and why."""
    instance = instances.held(session, instance_id, actor)
    rights.require(rights.may_unmask(actor, instance.site), "see residents' numbers")
    history.append(session, instance, [Event("telephone.unmasked", None, {"reason": checked_reason(reason)})], actor, now)
