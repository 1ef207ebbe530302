"""Do everything that is due: timers, clocks, jobs, stored messages; one row a transaction, so that one bad row stops no other."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import clocks, history, jobs, messages, runner, sites, timers
from engine.clock import Clock
from engine.db import Database
from engine.jobs import Handler
from engine.tables import SlaClock

logger = logging.getLogger("steward.worker")
AT_ONCE = 200  # rows of a kind looked up together


def run_due(
    database: Database, clock: Clock, handlers: Mapping[str, Handler] | None = None, stopped: Callable[[], bool] = lambda: False
) -> int:
    """Do what is due until nothing is left; returns how many rows were done."""
    done = 0
    while not stopped():
        now = clock.now()
        some = _fire_timers(database, now) + _ring_clocks(database, now) + _run_jobs(database, clock, handlers) + _deliver(database, now)
        if not some:
            break
        done += some
    return done


def run_jobs_of(database: Database, root_id: int, clock: Clock, handlers: Mapping[str, Handler] | None = None) -> int:
    """Do the jobs that a person's act has just caused in this case, so that they see what comes of it at once."""
    done = 0
    while done < AT_ONCE:  # a process may go round in jobs for ever; the worker sees to the rest
        with database.read() as session:
            ids = jobs.due(session, clock.now(), AT_ONCE, [root_id])
        ran = sum(jobs.run(database, job_id, clock.now(), handlers) for job_id in ids)
        if not ran:
            break
        done += ran
    return done


def _fire_timers(database: Database, now: datetime) -> int:
    with database.read() as session:
        ids = timers.due(session, now, AT_ONCE)
    for timer_id in ids:
        try:
            with database.transaction() as session:
                timers.fire(session, timer_id, now)
        except OperationalError:  # the database's problem: away, full, or busy. The timer stays due, and the next tick tries again
            raise
        except Exception as error:  # this timer's problem alone
            logger.exception("Timer %s failed", timer_id)
            with database.transaction() as session:
                timers.put_aside(session, timer_id, f"{type(error).__name__}: {error}", now)
    return len(ids)


def _ring_clocks(database: Database, now: datetime) -> int:
    with database.read() as session:
        ids = clocks.due(session, now, AT_ONCE)
    return sum(_alone(database, "Clock", clock_id, lambda session, each: _ring(session, each, now)) for clock_id in ids)


def _ring(session: Session, clock_id: int, now: datetime) -> bool:
    clock = session.get(SlaClock, clock_id)
    if clock is None:
        return False
    instance = runner.lock(session, clock.instance_id)
    session.refresh(clock)
    events = clocks.ring(session, clock, now, sites.facts(session, clock.site).calendar)
    history.append(session, instance, events, timers.TIMER, now)
    return bool(events)


def _run_jobs(database: Database, clock: Clock, handlers: Mapping[str, Handler] | None) -> int:
    with database.read() as session:
        ids = jobs.due(session, clock.now(), AT_ONCE)
    # Each at its own time: after a slow one, the lock of the next must not have run out already.
    return sum(jobs.run(database, job_id, clock.now(), handlers) for job_id in ids)


def _deliver(database: Database, now: datetime) -> int:
    with database.read() as session:
        ids = messages.stored_for_somebody(session, now, AT_ONCE)
    return sum(
        _alone(database, "Message", message_id, lambda session, each: messages.deliver_stored(session, each, now)) for message_id in ids
    )


def _alone(database: Database, kind: str, row_id: int, do: Callable[[Session, int], bool]) -> bool:
    """Do something about one row in its own transaction; what goes wrong is told, and stops no other row."""
    try:
        with database.transaction() as session:
            return do(session, row_id)
    except OperationalError:
        raise
    except Exception:
        logger.exception("%s %s failed", kind, row_id)
        return False
