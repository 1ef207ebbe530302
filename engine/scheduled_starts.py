"""Starts by the clock that are due: each is taken once, in a transaction of its own, whoever else looks."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import db, definitions, history, instances, runner, schedules, sites
from engine.bpmn.awaited import next_firing
from engine.errors import NotRunnable
from engine.tables import Schedule
from engine.timers import TIMER


def due(session: Session, now: datetime, limit: int, apart_from: Collection[int] = ()) -> list[int]:
    """Ids of the schedules that should have started something by now, the longest due first."""
    query = select(Schedule.id).where(Schedule.state == "open", Schedule.due_at <= now, Schedule.id.not_in(apart_from))
    return list(session.scalars(query.order_by(Schedule.due_at, Schedule.id).limit(limit)))


@db.decided
def start(session: Session, schedule_id: int, now: datetime) -> runner.Step | None:
    """Start the newest version of the process, as of the moment it was due; None when there is nothing (more) to start.

    What was missed meanwhile is caught up by the rule of the timer (`steward:catchUp`).
    """
    schedule = session.get(Schedule, schedule_id, populate_existing=True)
    if schedule is None:
        return None
    was_due, site, key, activity_id = schedule.due_at, schedule.site, schedule.key, schedule.activity_id
    if not _move_on(session, schedule, now):
        return None
    return instances.start(session, key, site, TIMER, now, {}, occurred_at=was_due, start_event=activity_id)


def _move_on(session: Session, schedule: Schedule, now: datetime) -> bool:
    """Set the schedule to its next time; whether this one is ours to start. Of several who try, the row lets one through."""
    if schedule.state != "open" or schedule.due_at > now:
        return False
    details = {
        "due_at": schedule.due_at.isoformat(),
        "interval": schedule.interval,
        "repeats_left": schedule.repeats_left,
        "catch_up": schedule.catch_up,
    }
    counts, following = next_firing(details, now, sites.facts(session, schedule.site).zone_name)
    next_time = (
        {"state": "done"}
        if following is None
        else {"due_at": datetime.fromisoformat(following["due_at"]), "repeats_left": following["repeats_left"]}
    )
    mine = update(Schedule).where(Schedule.id == schedule.id, Schedule.state == "open", Schedule.due_at == schedule.due_at)
    moved = session.execute(mine.values(**next_time).execution_options(synchronize_session=False))
    return bool(moved.rowcount) and counts  # type: ignore[attr-defined]


def give_up(session: Session, schedule_id: int, message: str, now: datetime) -> None:
    """A start that cannot be done is told in the site's history; the next one is tried when it is due."""
    schedule = session.get(Schedule, schedule_id, populate_existing=True)
    if schedule is None or schedule.due_at > now:
        return
    said = {"key": schedule.key, "activity": schedule.activity_id, "due_at": schedule.due_at.isoformat(), "message": message}
    if _move_on(session, schedule, now):
        history.append_site(session, schedule.site, "process.start_failed", TIMER, now, said)


def arm_new_sites(session: Session, now: datetime) -> None:
    """Sites that were added since a process was deployed have their starts by the clock as well."""
    for definition in definitions.newest_of_all(session):
        if sites_without := schedules.new_sites(session, definitions.describe_version(session, definition).process):
            with suppress(NotRunnable):  # what cannot be run starts nothing, and keeps nothing else from being done
                compiled = definitions.load(session, definition.id).executable
                schedules.arm_at(session, definition, compiled, sites_without, now)
