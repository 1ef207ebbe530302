"""A process cannot go on: stored with its trigger, shown, retried or repaired; other branches and instances are untouched."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from engine import waits
from engine.errors import NotFound
from engine.history import Event
from engine.tables import Incident, Instance, Job, Timer

KINDS = ("state", "definition")
STANDSTILL = "standstill"  # in the trigger of an incident that is about the instance as a whole


def open_incident(
    session: Session,
    instance: Instance,
    activity_id: str,
    kind: str,
    message: str,
    now: datetime,
    token: str | None = None,
    trigger: Mapping[str, Any] | None = None,
) -> tuple[Incident, Event]:
    """Store an incident and count it on the instance; the caller writes the event."""
    incident = Incident(
        instance_id=instance.id,
        site=instance.site,
        token=token,
        activity_id=activity_id,
        kind=kind,
        message=message,
        trigger=dict(trigger or {}),
        created_at=now,
    )
    session.add(incident)
    session.flush()
    instance.incidents += 1
    return incident, Event("incident.opened", activity_id, {"incident": incident.id, "kind": kind, "message": message})


def stand_still(session: Session, instance: Instance, kind: str, message: str, now: datetime) -> Event | None:
    """The instance cannot be moved at all: one incident, and nothing of it falls due before that is retried.

    What does not need its state, such as a message that it has thrown, goes on. The caller writes the event; there is none when it stood
    still before.
    """
    session.execute(update(Timer).where(Timer.instance_id == instance.id, Timer.state == "open").values(state="held"))
    its_own = (Job.instance_id == instance.id) & Job.topic.not_in((waits.THROW, waits.CANCEL))
    session.execute(update(Job).where(its_own, Job.state == "ready").values(state="held", locked_until=None))
    if any(one.trigger.get(STANDSTILL) for one in open_of(session, instance.id)):
        return None
    return open_incident(session, instance, instance.key, kind, message, now, trigger={STANDSTILL: True})[1]


def standing_still() -> Select[int]:
    """The ids of the instances that cannot be moved at all, as a subquery."""
    return select(Incident.instance_id).where(Incident.kind.in_(KINDS), Incident.token.is_(None), Incident.resolved_at.is_(None))


def go_on(session: Session, instance: Instance) -> None:
    """What was held while the instance stood still falls due again; in a suspended one, when it is resumed."""
    if instance.state == "running":
        session.execute(update(Timer).where(Timer.instance_id == instance.id, Timer.state == "held").values(state="open"))
        session.execute(update(Job).where(Job.instance_id == instance.id, Job.state == "held").values(state="ready"))


def get(session: Session, incident_id: int) -> Incident:
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound(f"Expected an incident, but there is none with id {incident_id}")
    return incident


def open_of(session: Session, instance_id: int) -> list[Incident]:
    query = select(Incident).where(Incident.instance_id == instance_id, Incident.resolved_at.is_(None)).order_by(Incident.id)
    return list(session.scalars(query))


def resolve(instance: Instance, incident: Incident, now: datetime, by: str | None) -> Event:
    """Close an incident, whose cause is gone; the caller writes the event."""
    incident.resolved_at, incident.resolved_by = now, by
    instance.incidents -= 1
    return Event("incident.resolved", incident.activity_id, {"incident": incident.id})


def resolve_gone(
    session: Session, instance: Instance, stuck: Collection[str], waiting: Collection[str], now: datetime, by: str | None
) -> list[Event]:
    """Close the incidents of what is over: steps that stand still no longer, jobs and timers for which no token waits any more."""
    if not instance.incidents:
        return []
    known = open_of(session, instance.id)
    gone = [one for one in known if one.token is not None and one.token not in (stuck if one.trigger.get("step") else waiting)]
    if moves_again := [one for one in known if one.trigger.get(STANDSTILL)]:
        go_on(session, instance)
    return [resolve(instance, incident, now, by) for incident in gone + moves_again]


def count_open(session: Session, sites: Iterable[str]) -> int:
    query = select(func.count()).where(Incident.site.in_(list(sites)), Incident.resolved_at.is_(None))
    return session.scalar(query) or 0
