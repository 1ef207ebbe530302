"""What a step has thrown becomes jobs, so that no step holds two instances: messages, signals, escalations, entries of data stores."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import site_lists, waits
from engine.bpmn import data_stores
from engine.bpmn.triggers import Thrown
from engine.history import Event
from engine.tables import Instance


def send(session: Session, instance: Instance, thrown: Sequence[Thrown], now: datetime, events: list[Event]) -> None:
    """Add what is to be done after the commit, and tell of each in `events`."""
    rows: list[dict[str, Any]] = []
    for one in thrown:
        if one.kind == data_stores.KIND:
            rows += _entries(instance, one, now)
            events.append(Event("data_store.written", one.activity_id, {"name": one.name}))
        else:
            rows += _message(instance, one, now)
            events.append(Event(f"{one.kind}.thrown", one.activity_id, {"name": one.name}))
    if rows:
        waits.insert_jobs(session, rows)


def _message(instance: Instance, one: Thrown, now: datetime) -> list[dict[str, Any]]:
    if one.kind != "escalation":
        payload = {"kind": one.kind, "name": one.name, "correlation": one.correlation, "variables": dict(one.payload)}
        return [waits.job(instance, waits.THROW, one.activity_id, payload, now)]
    if instance.parent_id is None:
        return []
    told = waits.job(instance, waits.ESCALATE, one.activity_id, {"code": one.name}, now, token=instance.parent_token)
    return [{**told, "instance_id": instance.parent_id}]


def _entries(instance: Instance, one: Thrown, now: datetime) -> list[dict[str, Any]]:
    """A data store is a list of the site. What it cannot take is an incident of the job, and no hindrance for whoever has just acted."""
    variables = [{"list": one.name, "entry": entry} for entry in one.payload["entries"]]
    return [waits.job(instance, site_lists.TOPIC, one.activity_id, {"variables": each}, now) for each in variables]
