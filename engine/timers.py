"""Timers that are due: each is claimed and fired in a transaction of its own."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine import db, incidents, runner, sites
from engine.actors import Actor
from engine.bpmn.cycles import following
from engine.bpmn.triggers import Fire
from engine.db import core
from engine.history import Event, append
from engine.prepared import Prepared, detached
from engine.tables import Timer

TIMER = Actor.system("timer")

_COLUMNS = tuple(core(Timer).c.keys())
_TIMER = Prepared(select(core(Timer)).where(core(Timer).c.id == bindparam("wanted")))
_INSTANCE_OF_TIMER = runner.found_by(select(Timer.instance_id).where(Timer.id == bindparam("wanted")).scalar_subquery())


def due(session: Session, now: datetime, limit: int, apart_from: Collection[int] = ()) -> list[tuple[int, int]]:
    """Timers that should have fired by now, each with its instance, the longest due first; none of the instances in `apart_from`."""
    query = select(Timer.id, Timer.instance_id).where(Timer.state == "open", Timer.due_at <= now, Timer.instance_id.not_in(apart_from))
    return [(timer_id, of) for timer_id, of in session.execute(query.order_by(Timer.due_at, Timer.id).limit(limit))]


@db.decided
def fire(session: Session, timer_id: int, now: datetime) -> runner.Step | None:
    """Fire one timer, once; None when somebody else was faster. A rule `skip` may leave the firing out, which history tells."""
    instance = runner.find(session, _INSTANCE_OF_TIMER, timer_id)
    # Only once the instance is held is it certain: a task completed in this instant may have taken the timer away.
    rows = _TIMER.rows(session, {"wanted": timer_id})
    if instance is None or not rows:
        return None
    timer: Timer = detached(Timer, _COLUMNS, rows[0])
    if timer.state != "open" or timer.due_at > now or instance.state != "running":
        return None
    event = Event(
        "timer.skipped" if _skips(session, timer, now) else "timer.fired", timer.activity_id, {"due_at": timer.due_at.isoformat()}
    )
    # What was missed meanwhile is the door's to reckon: the token knows its cycle and its rule.
    return runner.advance(session, runner.hold(session, instance), Fire(timer.token, now), event, TIMER, now)


def _skips(session: Session, timer: Timer, now: datetime) -> bool:
    """Whether the rule `skip` leaves this firing out, because a later one of its cycle is due too."""
    if timer.catch_up != "skip" or timer.interval is None or timer.repeats_left == 1:
        return False
    later = following(timer.interval, timer.due_at, sites.facts(session, timer.site).zone_name)
    return later is not None and later <= now


def put_aside(session: Session, timer_id: int, message: str, now: datetime) -> None:
    """A timer whose instance cannot be moved at all becomes an incident, so that it holds nobody else up."""
    instance_id = session.scalars(select(Timer.instance_id).where(Timer.id == timer_id)).first()
    if instance_id is None:
        return
    instance = runner.lock(session, instance_id)
    timer = session.scalars(select(Timer).where(Timer.id == timer_id).execution_options(populate_existing=True)).first()
    if timer is None or timer.state != "open" or timer.due_at > now:
        return
    timer.state = "failed"
    told = {"timer": timer.id}
    _, event = incidents.open_incident(session, instance, timer.activity_id, "state", message, now, token=timer.token, trigger=told)
    append(session, instance, [event], TIMER, now)
