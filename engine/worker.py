"""Do everything that is due: timers, clocks, jobs, stored messages; one row a transaction, so that one bad row stops no other."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from engine import clocks, history, jobs, messages, runner, sites, timers
from engine.actors import Actor
from engine.clock import Clock
from engine.db import Database
from engine.jobs import Handler
from engine.tables import SlaClock

logger = logging.getLogger("steward.worker")
AT_ONCE = 200  # rows of a kind looked up together
TIMER = Actor.system("timer")


def run_due(
    database: Database, clock: Clock, handlers: Mapping[str, Handler] | None = None, stopped: Callable[[], bool] = lambda: False
) -> int:
    """Do what is due until nothing is left; returns how many rows were done."""
    done = 0
    while not stopped():
        now = clock.now()
        some = _fire_timers(database, now) + _ring_clocks(database, now) + _run_jobs(database, now, handlers) + _deliver(database, now)
        if not some:
            break
        done += some
    return done


def run_jobs_of(database: Database, root_id: int, clock: Clock, handlers: Mapping[str, Handler] | None = None) -> int:
    """Do the jobs that a person's act has just caused in this case, so that they see what comes of it at once."""
    done = 0
    while True:
        with database.read() as session:
            ids = jobs.due(session, clock.now(), AT_ONCE, [root_id])
        if not ids:
            return done
        done += sum(jobs.run(database, job_id, clock.now(), handlers) for job_id in ids)


def _fire_timers(database: Database, now: datetime) -> int:
    with database.read() as session:
        ids = timers.due(session, now, AT_ONCE)
    for timer_id in ids:
        try:
            with database.transaction() as session:
                timers.fire(session, timer_id, now)
        except Exception as error:  # this timer's problem alone
            logger.exception("Timer %s failed", timer_id)
            with database.transaction() as session:
                timers.put_aside(session, timer_id, f"{type(error).__name__}: {error}", now)
    return len(ids)


def _ring_clocks(database: Database, now: datetime) -> int:
    with database.read() as session:
        ids = clocks.due(session, now, AT_ONCE)
    for clock_id in ids:
        with database.transaction() as session:
            _ring(session, clock_id, now)
    return len(ids)


def _ring(session: Session, clock_id: int, now: datetime) -> None:
    clock = session.get(SlaClock, clock_id)
    if clock is None:
        return
    instance = runner.lock(session, clock.instance_id)
    session.refresh(clock)
    events = clocks.ring(session, clock, now, sites.facts(session, clock.site).calendar)
    history.append(session, instance, events, TIMER, now)


def _run_jobs(database: Database, now: datetime, handlers: Mapping[str, Handler] | None) -> int:
    with database.read() as session:
        ids = jobs.due(session, now, AT_ONCE)
    return sum(jobs.run(database, job_id, now, handlers) for job_id in ids)


def _deliver(database: Database, now: datetime) -> int:
    with database.read() as session:
        ids = messages.stored_for_somebody(session, now, AT_ONCE)
    delivered = 0
    for message_id in ids:
        with database.transaction() as session:
            delivered += messages.deliver_stored(session, message_id, now)
    return delivered
