"""A process cannot go on: stored with its trigger, shown, retried or repaired; other branches and instances are untouched."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.history import Event
from engine.tables import Incident, Instance


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
    gone = [one for one in open_of(session, instance.id) if one.token is not None]
    gone = [one for one in gone if one.token not in (stuck if one.trigger.get("step") else waiting)]
    return [resolve(instance, incident, now, by) for incident in gone]


def count_open(session: Session, sites: Iterable[str]) -> int:
    query = select(func.count()).where(Incident.site.in_(list(sites)), Incident.resolved_at.is_(None))
    return session.scalar(query) or 0
