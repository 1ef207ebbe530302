"""Messages that people give from the page of a case: those that it waits for and that the diagram offers to their post."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import db, definitions, instances, messages, rights, task_work
from engine.actors import Actor
from engine.bpmn.model import Process
from engine.errors import Conflict, Forbidden
from engine.tables import Instance, Message, MessageSubscription

PROPERTY = "offeredTo"


@dataclass(frozen=True)
class Offer:
    """A message that the instance waits for now, by the event that waits."""

    instance_id: int
    activity_id: str
    name: str  # of the event


def offered(session: Session, family: Sequence[Instance], processes: Mapping[int, Process], actor: Actor) -> list[Offer]:
    """What the actor may give to a case and what it called, in the order in which they began to wait."""
    running = [one.id for one in family if one.state == "running" and _offers_any(processes[one.id])]
    if not running:
        return []
    waiting = select(MessageSubscription).where(MessageSubscription.instance_id.in_(running), MessageSubscription.kind == "message")
    return [
        Offer(one.instance_id, one.activity_id, processes[one.instance_id].activity(one.activity_id).name or one.name)
        for one in session.scalars(waiting.order_by(MessageSubscription.id))
        if _may_give(processes[one.instance_id], one.activity_id, one.site, actor)
    ]


@db.decided
def give(session: Session, instance_id: int, activity_id: str, reason: str, actor: Actor, now: datetime) -> Message:
    """Give the case the message that this event of it waits for, with a reason; history tells who did and why.

    Raises Forbidden where the diagram does not offer it to a post of theirs, Conflict when the case does not wait for it any more.
    """
    session.connection()  # the turn to write comes first: nothing that is read here may be overtaken
    instance = instances.held(session, instance_id, actor)
    said = task_work.checked_reason(reason)
    task_work.require_person(actor)
    process = definitions.load(session, instance.definition_id).process
    if not _may_give(process, activity_id, instance.site, actor):
        raise Forbidden("Expected a message that the diagram offers to a post of yours, but it does not")
    waiting = select(MessageSubscription).where(
        MessageSubscription.instance_id == instance_id,
        MessageSubscription.kind == "message",
        MessageSubscription.activity_id == activity_id,
    )
    found = session.scalars(waiting.order_by(MessageSubscription.id).limit(1)).first()
    if found is None or instance.state != "running":
        raise Conflict(f"Expected {instance.number or instance.id} to wait for this, but it does not any more")
    return messages.give(session, instance, found, {"reason": said}, actor, now)


def _offers_any(process: Process) -> bool:
    return any(PROPERTY in activity.properties for activity in process.activities.values())


def _may_give(process: Process, activity_id: str, site: str, actor: Actor) -> bool:
    activity = process.activities.get(activity_id)
    posts = activity.properties.get(PROPERTY, "") if activity is not None else ""
    named = [post.strip() for post in posts.split(",") if post.strip()]
    return bool(named) and rights.works_at(actor, site) and actor.has(site, *named)
