"""Retry what an incident is about: a failed step, a job, a timer."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import db, history, incidents, jobs, rights, runner
from engine.actors import Actor
from engine.bpmn.triggers import Retry
from engine.errors import Conflict, NotFound
from engine.history import Event
from engine.tables import Incident, Timer


@db.decided
def retry(session: Session, incident_id: int, actor: Actor, now: datetime) -> Incident:
    """Try again. The incident is resolved when the step goes through, and stays (or comes again) when it does not.

    Raises NotFound for another site's incident, Forbidden for who may not operate, Conflict when it is resolved already,
    Unusable while the case can still not be moved at all.
    """
    incident = incidents.get(session, incident_id)
    if not rights.may_see_instance(actor, incident.site):
        raise NotFound(f"Expected an incident, but there is none with id {incident_id}")
    rights.require(rights.may_operate(actor, incident.site), "retry incidents")
    instance = runner.lock(session, incident.instance_id)
    session.refresh(incident)
    if incident.resolved_at is not None:
        raise Conflict(f"Expected an open incident, but it was resolved at {incident.resolved_at:%Y-%m-%dT%H:%M:%SZ}")
    event = Event("incident.retried", incident.activity_id, {"incident": incident.id})
    if incident.trigger.get("step"):
        assert incident.token is not None
        runner.advance(session, runner.hold(session, instance), Retry(incident.token), event, actor, now)
        return incident
    if incident.trigger.get(incidents.STANDSTILL):
        runner.hold(session, instance)  # still Unusable, or else readable now
        incidents.go_on(session, instance)
    _set_going(session, incident, now)
    resolved = incidents.resolve(instance, incident, now, actor.login)
    history.append(session, instance, [event, resolved], actor, now)
    return incident


def _set_going(session: Session, incident: Incident, now: datetime) -> None:
    """A job or a timer is put back where the worker finds it; it fails again as a new incident, if it must."""
    if "job" in incident.trigger:
        jobs.retry(session, int(incident.trigger["job"]), now)
    if "timer" in incident.trigger:
        timer = session.scalars(select(Timer).where(Timer.id == incident.trigger["timer"])).first()
        if timer is not None:
            timer.state = "open"
