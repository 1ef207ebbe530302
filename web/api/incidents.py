"""What needs a person because a process cannot go on; and what happened, across instances."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from engine import listings, masking, retries
from engine.actors import Actor
from engine.cursors import Page
from engine.tables import Incident, Instance
from web.api import schemas
from web.api.routing import commands, reads
from web.settling import settle

nouns = APIBlueprint("incidents", __name__, tag="incidents")


@reads(nouns, "/incidents", schemas.Incidents, schemas.IncidentFilter)
def list_incidents(session: Session, actor: Actor, asked: Mapping[str, Any]) -> Any:
    """Incidents of the person's sites, oldest first."""
    return listings.incidents(session, actor, **asked)


@commands(nouns, "/incidents/<id:incident_id>/retry", schemas.Incident)
def retry(session: Session, actor: Actor, now: datetime, said: Mapping[str, Any], incident_id: int) -> Incident:
    """Try again what failed; the incident is resolved when it goes through."""
    incident = retries.retry(session, incident_id, actor, now)
    settle(session, session.get_one(Instance, incident.instance_id))
    return incident


@reads(nouns, "/history", schemas.History, schemas.HistoryFilter, refusals=(403,))
def read_history(session: Session, actor: Actor, asked: Mapping[str, Any]) -> Any:
    """What happened at the sites that the person audits, newest first."""
    part = listings.history_across(session, actor, **asked)
    return Page(masking.mask_lines(session, part.items, actor), part.next)
