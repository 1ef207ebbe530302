"""Do everything that is due: timers, clocks, jobs, stored messages; one row a transaction, so that one bad row stops no other."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import clocks, definitions, due_jobs, history, jobs, messages, runner, scheduled_starts, sites, standstill, timers
from engine.bpmn.clock_rules import Rule
from engine.clock import Clock
from engine.crew import CASE, HANDLER, MESSAGE, START, Alone, Crew, Pile
from engine.db import Database
from engine.errors import NotFound, NotRunnable, Unusable
from engine.jobs import Handler
from engine.tables import Instance, SlaClock

logger = logging.getLogger("steward.worker")
AT_ONCE = 200  # rows of a kind looked up together


class Row(NamedTuple):
    """Something that is due, and whose pile it lies on."""

    kind: str
    id: int
    pile: Pile


def run_due(
    database: Database,
    clock: Clock,
    handlers: Mapping[str, Handler] | None = None,
    stopped: Callable[[], bool] = lambda: False,
    crew: Crew | None = None,
) -> int:
    """Do what is due until nothing is left; returns how many rows were done.

    With a crew of several, cases are done side by side, each in its own order, and what is slow may be under way still at the end.
    """
    handlers, crew = handlers or {}, crew or Alone()
    vain: set[Row] = set()  # what could not be done stays due, for the next look
    done = 0
    while not stopped():
        piles = _piles(database, clock.now(), handlers, crew, vain)
        for pile in crew.order(list(piles)):
            crew.take(pile, partial(_do, piles[pile], database, clock, handlers, stopped, vain))
        some = crew.done()
        if not piles and not some:
            break
        done += some
    return done


def run_jobs_of(database: Database, root_id: int, clock: Clock, handlers: Mapping[str, Handler] | None = None) -> int:
    """Do the jobs that a person's act has just caused in this case, so that they see what comes of it at once."""
    done = 0
    while done < AT_ONCE:  # a process may go round in jobs for ever; the worker sees to the rest
        with database.look() as session:
            ids = due_jobs.of_case(session, clock.now(), AT_ONCE, root_id)
        ran = sum(jobs.run(database, job_id, clock.now(), handlers) for job_id in ids)
        if not ran:
            break
        done += ran
    return done


def _piles(database: Database, now: datetime, handlers: Mapping[str, Handler], crew: Crew, vain: set[Row]) -> dict[Pile, list[Row]]:
    """What is due and in nobody's hands, case by case: those that have waited longest first, each in the order of its rows."""
    held = crew.under_way(CASE)
    with database.read() as session:
        rows = [Row("timer", id_, Pile(CASE, of)) for id_, of in timers.due(session, now, AT_ONCE, held)]
        rows += [Row("clock", id_, Pile(CASE, of)) for id_, of in clocks.due(session, now, AT_ONCE, held)]
        rows += [Row("job", id_, Pile(CASE, of)) for id_, of in due_jobs.inside(session, now, AT_ONCE, handlers, held)]
        rows += [Row("message", id_, Pile(MESSAGE, id_)) for id_ in messages.stored_for_somebody(session, now, AT_ONCE)]
        if handlers:
            places, busy = crew.free_for_handlers(AT_ONCE), crew.under_way(HANDLER)
            rows += [Row("job", id_, Pile(HANDLER, id_)) for id_ in due_jobs.outside(session, now, places, handlers, busy)]
        rows += [Row("start", id_, Pile(START, id_)) for id_ in scheduled_starts.due(session, now, AT_ONCE, crew.under_way(START))]
    delivering = crew.under_way(MESSAGE)
    piles: dict[Pile, list[Row]] = {}
    for row in rows:
        if row not in vain and not (row.kind == "message" and row.id in delivering):
            piles.setdefault(row.pile, []).append(row)
    return piles


def _do(
    rows: Sequence[Row], database: Database, clock: Clock, handlers: Mapping[str, Handler], stopped: Callable[[], bool], vain: set[Row]
) -> int:
    done = 0
    for row in rows:
        if stopped():
            break
        # Each at its own time: after a slow one, the lock of a job must not have run out already.
        if _do_one(row, database, clock.now(), handlers):
            done += 1
        else:
            vain.add(row)
    return done


def _do_one(row: Row, database: Database, now: datetime, handlers: Mapping[str, Handler]) -> bool:
    match row.kind:
        case "timer":
            return _fire(database, row.id, now)
        case "start":
            return _start(database, row.id, now)
        case "clock":
            return _alone(database, "Clock", row.id, lambda session: _ring(session, row.id, now))
        case "message":
            return _alone(database, "Message", row.id, lambda session: messages.deliver_stored(session, row.id, now))
        case _:
            return jobs.run(database, row.id, now, handlers)


def _fire(database: Database, timer_id: int, now: datetime) -> bool:
    try:
        with database.transaction() as session:
            return timers.fire(session, timer_id, now) is not None
    except OperationalError:  # the database's problem: away, full, or busy. The timer stays due, and the next tick tries again
        raise
    except Unusable as unusable:
        standstill.report(database, unusable, now)
        return True
    except Exception as error:  # this timer's problem alone
        logger.exception("Timer %s failed", timer_id)
        with database.transaction() as session:
            timers.put_aside(session, timer_id, f"{type(error).__name__}: {error}", now)
        return True


def _start(database: Database, schedule_id: int, now: datetime) -> bool:
    try:
        with database.transaction() as session:
            scheduled_starts.start(session, schedule_id, now)
    except OperationalError:
        raise
    except Exception as error:  # this start's problem alone; the next one has its own chance
        logger.exception("Start %s by the clock failed", schedule_id)
        with database.transaction() as session:
            scheduled_starts.give_up(session, schedule_id, f"{type(error).__name__}: {error}", now)
    return True


def _ring(session: Session, clock_id: int, now: datetime) -> bool:
    clock = session.get(SlaClock, clock_id)
    if clock is None:
        return False
    instance = runner.lock(session, clock.instance_id)
    session.refresh(clock)
    events = clocks.ring(session, clock, now, sites.facts(session, clock.site).calendar)
    history.append(session, instance, events, timers.TIMER, now)
    clocks.follow(session, instance, _rules(session, instance), events, now)
    return bool(events)


def _rules(session: Session, instance: Instance) -> Sequence[Rule]:
    try:
        return definitions.load(session, instance.definition_id).clocks
    except (NotFound, NotRunnable):  # the breach is marked all the same
        return ()


def _alone(database: Database, kind: str, row_id: int, do: Callable[[Session], bool]) -> bool:
    """Do something about one row in its own transaction; what goes wrong is told, and stops no other row."""
    try:
        with database.transaction() as session:
            return do(session)
    except OperationalError:
        raise
    except Exception:
        logger.exception("%s %s failed", kind, row_id)
        return False
