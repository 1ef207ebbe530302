"""Whether this node lives, whether it can work, and what an operator's monitoring wants to count."""

from collections.abc import Iterator
from datetime import datetime

from apiflask import APIBlueprint, Schema
from apiflask.fields import String
from flask import Response, current_app, jsonify, make_response
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from engine.scheduler import Scheduler
from engine.tables import Incident, Job, Message, Site, Timer, UserTask
from web import current

nouns = APIBlueprint("health", __name__, tag="health")


class Health(Schema):
    status = String(required=True)


@nouns.get("/healthz")
@nouns.output(Health)
@nouns.doc(operation_id="healthz")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@nouns.get("/readyz")
@nouns.output(Health)
@nouns.doc(operation_id="readyz", responses={503: {"description": "The database does not answer or has no tables, or timers stand still"}})
def readyz() -> ResponseReturnValue:
    """The database answers and has its tables; and timers run, where this process has them to run."""
    try:
        with current.steward().db.read() as session:
            session.execute(select(Site.code).limit(1)).all()
    except SQLAlchemyError:
        return make_response(jsonify(status="unavailable"), 503)
    scheduler: Scheduler | None = current_app.extensions.get("scheduler")
    if scheduler is not None and not scheduler.is_alive():
        return make_response(jsonify(status="timers stand still"), 503)
    return jsonify(status="ready")


@nouns.get("/metrics")
@nouns.doc(operation_id="metrics", responses={200: {"description": "Figures", "content": {"text/plain": {"schema": {"type": "string"}}}}})
def metrics() -> ResponseReturnValue:
    """Figures in the text format of Prometheus."""
    with current.steward().db.read() as session:
        lines = [line for metric in _metrics(session, current.now()) for line in metric]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


def _metrics(session: Session, now: datetime) -> Iterator[list[str]]:
    sites = session.scalars(select(Site.code).order_by(Site.code)).all()
    # One count a site, since the index begins with it.
    open_tasks = {site: _count(session, UserTask.site == site, UserTask.ended_at.is_(None)) for site in sites}
    yield _gauge("steward_user_tasks_open", "open user tasks", {f'{{site="{site}"}}': count for site, count in open_tasks.items()})
    yield _gauge("steward_incidents_open", "incidents that need a person", {"": _count(session, Incident.resolved_at.is_(None))})
    yield _gauge("steward_jobs_failed", "jobs that were given up", {"": _count(session, Job.state == "failed")})
    yield _gauge("steward_jobs_ready", "jobs that wait for a worker", {"": _count(session, Job.state == "ready")})
    yield _gauge("steward_messages_stored", "messages that nothing waits for yet", {"": _count(session, Message.state == "stored")})
    oldest = session.scalar(select(func.min(Timer.due_at)).where(Timer.state == "open"))
    late = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    yield _gauge("steward_timer_lateness_seconds", "how long the oldest due timer has waited", {"": late})


def _count(session: Session, *conditions: object) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0  # type: ignore[arg-type]


def _gauge(name: str, what: str, values: dict[str, float]) -> list[str]:
    return [f"# HELP {name} {what}", f"# TYPE {name} gauge", *(f"{name}{labels} {value}" for labels, value in values.items())]
