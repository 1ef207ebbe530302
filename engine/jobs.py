"""Automatic work, done after the commit that asked for it: at least once, with retries and back-off, then an incident.

What moves instances inside the database (calls and their returns, thrown messages, signals, notices) is done in one transaction with the
job's end, so exactly once. A handler of an external topic runs outside any transaction and is given the job's id as idempotency key.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import (
    alarms,
    back_off,
    channels,
    copies,
    db,
    history,
    incidents,
    instances,
    messages,
    notices,
    numbering,
    runner,
    site_lists,
    standstill,
    vacancies,
    waits,
)
from engine.actors import Actor
from engine.bpmn import codec
from engine.bpmn.triggers import Complete, Deliver, Escalate, Fail
from engine.db import Database
from engine.errors import LimitExceeded, StewardError, Unusable
from engine.history import Event
from engine.states import LIVE_INSTANCE
from engine.tables import Instance, InstanceState, Job, MessageSubscription

logger = logging.getLogger("steward.jobs")
LOCK = timedelta(minutes=5)  # after this a handler is believed dead and its job is done again
MAX_ERROR = 2_000
SYSTEM = Actor.system()


class BpmnError(StewardError):
    """What a handler raises to end its task by the error event of that code."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


@dataclass(frozen=True)
class Work:
    """What a handler is given. Doing it twice with one `idempotency_key` must be the same as doing it once."""

    idempotency_key: str
    topic: str
    site: str
    instance_id: int
    activity_id: str
    variables: Mapping[str, Any]


Handler = Callable[[Work], Mapping[str, Any]]


def run(database: Database, job_id: int, now: datetime, handlers: Mapping[str, Handler] | None = None) -> bool:
    """Do one job; False when somebody else has it. What fails is tried again by its rule and ends as an incident."""
    handlers = handlers or {}
    try:
        with database.transaction() as session:
            done = _do_inside(session, job_id, handlers, now)
        return done if isinstance(done, bool) else _do_outside(database, job_id, done, handlers[done.topic], now)
    except OperationalError:  # the database's problem: away, full, or busy. The job stays due and has not failed
        logger.warning("The database did not answer while job %s was done; it stays due", job_id, exc_info=True)
        return False
    except Exception as error:  # whatever a job does wrong is that job's problem alone
        _record_failure(database, job_id, error, now)
        return True


@db.decided
def _do_inside(session: Session, job_id: int, handlers: Collection[str], now: datetime) -> bool | Work:
    """Do what needs nobody from outside; whether it was done, or what a handler is to do."""
    job = _claim(session, job_id, now)
    if job is None:
        return False
    if job.topic not in handlers and job.topic in _OWN:
        _OWN[job.topic](session, job, now)
        return True
    work = _work(job)
    if job.topic not in handlers:
        raise StewardError(f"Expected somebody to do jobs of the topic {job.topic!r}, but nobody does")
    job.locked_until = now + LOCK
    job.attempts += 1
    return work


def _claim(session: Session, job_id: int, now: datetime) -> Job | None:
    """The job with what it moves locked, if it is still to be done."""
    found = session.execute(select(Job.instance_id, Job.topic).where(Job.id == job_id)).first()
    if found is None:
        return None
    wanted = select(Job).where(Job.id == job_id).execution_options(populate_existing=True)
    if found.topic == waits.THROW:
        # It moves another instance than its own. Holding both, two that send to each other would wait for each other for ever.
        job = session.scalars(wanted.with_for_update(skip_locked=True)).first()
    else:
        instance = runner.lock(session, found.instance_id)
        job = session.scalars(wanted).first()
        if job is not None and job.state == "ready" and instance.state == "suspended" and job.topic != waits.CANCEL:
            job.state = "held"  # it came after the instance was stopped: a returning call, a signal
    if job is None or job.state != "ready" or job.due_at > now or (job.locked_until is not None and job.locked_until > now):
        return None
    return job


def _hold(session: Session, job_id: int) -> tuple[Instance, Job] | None:
    """A job that was worked on, with its instance locked; None when it is gone."""
    instance_id = session.scalars(select(Job.instance_id).where(Job.id == job_id)).first()
    if instance_id is None:
        return None
    instance = runner.lock(session, instance_id)
    # Read after the lock: while it was waited for, an event may have taken the job away.
    job = session.scalars(select(Job).where(Job.id == job_id).execution_options(populate_existing=True)).first()
    return None if job is None else (instance, job)


def _work(job: Job) -> Work:
    return Work(f"job-{job.id}", job.topic, job.site, job.instance_id, job.activity_id, job.payload.get("variables") or {})


def _do_outside(database: Database, job_id: int, work: Work, handler: Handler, now: datetime) -> bool:
    error: BpmnError | None = None
    result: Mapping[str, Any] = {}
    try:
        result = handler(work)
    except BpmnError as thrown:
        error = thrown
    except OperationalError as trouble:  # of a database of the handler's own: its failure, and it is counted
        raise StewardError(f"Expected the handler of {work.topic} to do its work, but: {trouble}") from trouble
    with database.transaction() as session:
        return _report(session, job_id, result, error, now)


@db.decided
def _report(session: Session, job_id: int, result: Mapping[str, Any], error: BpmnError | None, now: datetime) -> bool:
    """Let the instance go on with what the handler gave or threw; False when the job is gone."""
    held = _hold(session, job_id)
    if held is None:
        return False
    instance, job = held
    token = job.token
    if error is None:
        _finish(session, instance, job, result, now)
    elif token is not None:
        session.delete(job)
        event = Event("job.failed", job.activity_id, {"topic": job.topic, "error": error.code})
        runner.advance(session, runner.hold(session, instance), Fail(token, error.code, str(error)), event, SYSTEM, now)
    return True


def _finish(session: Session, instance: Instance, job: Job, result: Mapping[str, Any], now: datetime) -> None:
    topic, token, activity_id = job.topic, job.token, job.activity_id
    session.delete(job)
    session.flush()
    if token is not None:
        event = Event("job.completed", activity_id, {"topic": topic})
        runner.advance(session, runner.hold(session, instance), Complete(token, result), event, SYSTEM, now)


def _call(session: Session, job: Job, now: datetime) -> None:
    """Start the called process as an instance of its own; the token waits on until that ends."""
    caller = session.get_one(Instance, job.instance_id)
    limit = db.of(session).settings.limits.call_depth
    if caller.depth + 1 > limit:
        raise LimitExceeded(f"Expected calls at most {limit} deep, but {job.payload['called']} would be deeper")
    token, payload = job.token, job.payload
    assert token is not None
    session.delete(job)
    step = instances.start(
        session,
        payload["called"],
        caller.site,
        SYSTEM,
        now,
        payload["variables"],
        business_key=_text(payload.get("business_key")) or caller.business_key,
        caller=instances.Caller(caller, token),
    )
    data = {"called": payload["called"], "child": step.instance.id}
    history.append(session, caller, [Event("call.started", job.activity_id, data)], SYSTEM, now)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _return(session: Session, job: Job, now: datetime) -> None:
    """A called instance has ended: its caller goes on with all of its variables."""
    parent = session.get_one(Instance, job.instance_id)
    token, child_id, state = job.token, job.payload["child"], job.payload["state"]
    error, message = job.payload.get("error", "cancelled"), job.payload.get("message", "the called process was cancelled")
    assert token is not None
    session.delete(job)
    session.flush()
    held = runner.hold(session, parent)
    waiting = {wait.token: wait for wait in held.workflow.waits()}
    if token not in waiting:
        return
    event = Event("call.ended", waiting[token].activity_id, {"child": child_id, "state": state})
    if state == "completed":
        stored = session.scalars(select(InstanceState.state).where(InstanceState.instance_id == child_id)).one()
        runner.advance(session, held, Complete(token, codec.read_scopes(stored)[""]), event, SYSTEM, now)
    else:
        runner.advance(session, held, Fail(token, error, message), event, SYSTEM, now)


def _escalate(session: Session, job: Job, now: datetime) -> None:
    """A called instance has escalated, and goes on; whoever catches it around the call is told."""
    parent = session.get_one(Instance, job.instance_id)
    token, code = job.token, job.payload["code"]
    assert token is not None
    session.delete(job)
    session.flush()
    held = runner.hold(session, parent)
    calling = {wait.token: wait for wait in held.workflow.waits() if wait.kind == "call"}
    if token in calling:
        event = Event("call.escalated", calling[token].activity_id, {"code": code})
        runner.advance(session, held, Escalate(token, code), event, SYSTEM, now)


def _alarm(session: Session, job: Job, now: datetime) -> None:
    """A clock has warned or is over its limit."""
    instance, payload, job_id = session.get_one(Instance, job.instance_id), job.payload, job.id
    session.delete(job)
    session.flush()
    alarms.ring(session, instance, payload["clock"], payload["event"] == "breached", job_id, SYSTEM, now)


def _throw(session: Session, job: Job, now: datetime) -> None:
    payload = job.payload
    message_id = f"job-{job.id}"
    site = job.site
    session.delete(job)
    session.flush()
    if payload["kind"] == "signal":
        messages.broadcast(session, payload["name"], site, payload["variables"], SYSTEM, now, message_id=message_id)
    else:
        correlation, variables = payload["correlation"], payload["variables"]
        messages.publish(session, payload["name"], site, correlation, variables, SYSTEM, now, message_id=message_id, source="instance")


def _signal(session: Session, job: Job, now: datetime) -> None:
    instance = session.get_one(Instance, job.instance_id)
    payload, activity_id = job.payload, job.activity_id
    session.delete(job)
    session.flush()
    query = select(MessageSubscription.id).where(
        MessageSubscription.instance_id == instance.id, MessageSubscription.token == payload["token"]
    )
    if session.scalars(query).first() is None or instance.state != "running":
        return
    trigger = Deliver(payload["token"], payload["name"], payload["variables"], now)
    event = Event("signal.received", activity_id, {"name": payload["name"]})
    runner.advance(session, runner.hold(session, instance), trigger, event, SYSTEM, now)


def _cancel(session: Session, job: Job, now: datetime) -> None:
    instance = session.get_one(Instance, job.instance_id)
    reason = job.payload["reason"]
    session.delete(job)
    session.flush()
    if instance.state in LIVE_INSTANCE:
        event = Event("instance.cancelled", None, {"reason": reason})
        instance.parent_token = None  # the caller is gone: nobody to return to
        runner.cancel(session, instance, event, SYSTEM, now)
        numbering.void_own(session, instance)


def _fill_vacancies(session: Session, job: Job, now: datetime) -> None:
    """Somebody who could do a task of this case has left."""
    instance = session.get_one(Instance, job.instance_id)
    session.delete(job)
    session.flush()
    if instance.state == "running":
        vacancies.fill(session, instance, now)


def _notify(session: Session, job: Job, now: datetime) -> None:
    """Topic `notify`: a line for a person or a post; inputs `to`, `text` and, where nobody is to be left in peace, `urgent`."""
    instance = session.get_one(Instance, job.instance_id)
    variables = job.payload.get("variables") or {}
    recipients = variables.get("to") or []
    to = [recipients] if isinstance(recipients, str) else recipients
    notices.send(session, instance, to, str(variables.get("text", "")), job.id, now, is_urgent=variables.get("urgent") is True)
    history.append(session, instance, [Event("notice.sent", job.activity_id, dict(variables))], SYSTEM, now)
    _finish(session, instance, job, {}, now)


def _tell(session: Session, job: Job, now: datetime) -> None:
    """Somebody did something of which others are to know."""
    instance, said = session.get_one(Instance, job.instance_id), job.payload
    act = notices.Act(said["kind"], said["sender"], said["task"])
    notices.send(session, instance, said["to"], said["text"], job.id, now, act)
    session.delete(job)


def _site_list(session: Session, job: Job, now: datetime) -> None:
    """Topic `site_list`: an entry for a list of the site; inputs `list` and `entry`."""
    instance = session.get_one(Instance, job.instance_id)
    variables = job.payload.get("variables") or {}
    site_lists.add(session, job.site, variables.get("list"), variables.get("entry"), SYSTEM, now, instance_id=instance.id)
    _finish(session, instance, job, {}, now)


def _copy(session: Session, job: Job, now: datetime) -> None:
    """`steward:copyTo`: the people and posts that the diagram names get their copies of a task."""
    instance, said = session.get_one(Instance, job.instance_id), job.payload
    told, unknown = copies.send_by_diagram(session, said["task"], instance, job.activity_id, said["to"], now)
    data = {"task": said["task"], "to": told} | ({"unknown": unknown} if unknown else {})
    if told or unknown:
        history.append(session, instance, [Event("user_task.copied", job.activity_id, data)], SYSTEM, now)
    session.delete(job)


_OWN: dict[str, Callable[[Session, Job, datetime], None]] = {
    waits.CALL: _call,
    waits.RETURN: _return,
    waits.ESCALATE: _escalate,
    waits.THROW: _throw,
    waits.VACANCY: _fill_vacancies,
    waits.ALARM: _alarm,
    waits.CANCEL: _cancel,
    messages.SIGNAL: _signal,
    "notify": _notify,
    notices.TELL: _tell,
    waits.COPY: _copy,
    site_lists.TOPIC: _site_list,
}


def _record_failure(database: Database, job_id: int, error: Exception, now: datetime) -> None:
    message = f"{type(error).__name__}: {error}"[:MAX_ERROR]
    with database.transaction() as session:
        held = _hold(session, job_id)
        if held is None:
            return
        instance, job = held
        if isinstance(error, Unusable) and error.instance_id == instance.id:
            standstill.note(session, instance, error, now)
            return
        own = job.topic in _OWN
        job.attempts += 1 if own or job.locked_until is None else 0
        job.error, job.locked_until = message, None
        beyond = isinstance(error, LimitExceeded)  # which no second try would change
        wait = None if beyond else back_off.wait(job)
        if wait is not None:
            job.due_at = now + wait
            return
        if job.topic == waits.DELIVER:
            channels.give_up(session, job.payload["variables"], message, now)
            session.delete(job)
            return
        job.state = "failed"
        kind, trigger = "limit" if beyond else "job", {"job": job.id, "topic": job.topic}
        _, event = incidents.open_incident(session, instance, job.activity_id, kind, message, now, token=job.token, trigger=trigger)
        history.append(session, instance, [event], SYSTEM, now)


def retry(session: Session, job_id: int, now: datetime) -> bool:
    """Let a failed job be tried again from the start; False when it is gone."""
    job = session.get(Job, job_id)
    if job is None:
        return False
    job.state, job.attempts, job.due_at, job.error, job.locked_until = "ready", 0, now, None, None
    waits.note_jobs(session)
    return True
