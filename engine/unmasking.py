"""Open the masked name and telephone of a case by exception: for who may, with a reason, and never without a line in its history."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine import history, instances, rights
from engine.actors import Actor
from engine.errors import Invalid
from engine.history import Event

MAX_REASON = 500


def unmask(session: Session, instance_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Note that the actor sees the resident's name and number of this case from here on, this once, and why."""
    instance = instances.held(session, instance_id, actor)
    rights.require(rights.may_unmask(actor, instance.site), "see residents' numbers")
    history.append(session, instance, [Event("telephone.unmasked", None, {"reason": checked(reason)})], actor, now)


def checked(reason: str) -> str:
    """The reason as it is kept; raises Invalid for none, or for a novel."""
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise Invalid(f"Expected a reason of 1 to {MAX_REASON} characters", {"reason": "请填写原因"})
    return reason.strip()
