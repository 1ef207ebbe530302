"""Make the rows match what an instance waits for: user tasks, timers, subscriptions, jobs.

Rows are compared with the tokens before and after a step, not with the database: what a token no longer waits for goes, what it newly
waits for comes. One statement a kind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from engine.bpmn.model import Activity, Process
from engine.bpmn.triggers import Wait
from engine.correlation import canonical_key
from engine.db import core
from engine.history import Event
from engine.posts import FALLBACK_POST
from engine.prepared import Prepared
from engine.states import LIVE_INSTANCE, OPEN_TASK
from engine.tables import Instance, Job, MessageSubscription, TaskParticipant, Timer, UserTask
from engine.texts import storable

FAR_FUTURE = datetime(9999, 12, 31, tzinfo=UTC)  # where a task without a due date stands in a list
DEFAULT_PRIORITY, MAX_PRIORITY = 50, 2**31 - 1
MAX_WHO = 255  # characters of a login or post: nobody has a longer one, and an index holds no book

_INSERT_TASK = Prepared(insert(core(UserTask)).returning(core(UserTask).c.id))
_INSERT_TASKS = insert(core(UserTask)).returning(core(UserTask).c.id, sort_by_parameter_order=True)
_INSERT_PARTICIPANTS, _INSERT_TIMERS = Prepared(insert(core(TaskParticipant))), Prepared(insert(core(Timer)))
_INSERT_SUBSCRIPTIONS, _INSERT_JOBS = Prepared(insert(core(MessageSubscription))), Prepared(insert(core(Job)))
_REPLACE_TIMER = Prepared(
    update(core(Timer))
    .where(core(Timer).c.instance_id == bindparam("of_instance"), core(Timer).c.token == bindparam("gone"))
    .values({column.name: bindparam(column.name) for column in core(Timer).c if column.name not in ("id", "instance_id")})
)
_REMOVE = {
    table: Prepared(
        delete(core(table)).where(core(table).c.instance_id == bindparam("of_instance"), core(table).c.token == bindparam("gone"))
    )
    for table in (Timer, MessageSubscription, Job)
}

# Topics of jobs that the engine does itself.
VACANCY = "steward.vacancy"
CALL, RETURN, THROW, CANCEL = "steward.call", "steward.return", "steward.throw", "steward.cancel"
ESCALATE, ALARM = "steward.escalate", "steward.alarm"
COPY = "steward.copy"
DELIVER = "steward.deliver"  # a message to somebody outside the pages


@dataclass(frozen=True)
class Difference:
    """What a step changed in what the instance waits for."""

    gone: Sequence[Wait]
    new: Sequence[Wait]
    moved: Sequence[Wait]  # timers that go on with another due time
    done: str | None = None  # the token whose own task or job was just closed by whoever did it

    def of(self, *kinds: str) -> "Difference":
        gone, new, moved = ([wait for wait in waits if wait.kind in kinds] for waits in (self.gone, self.new, self.moved))
        return Difference(gone, new, moved, self.done)


def difference(before: Iterable[Wait], after: Iterable[Wait], done: str | None = None) -> Difference:
    """Compare by token: a token keeps its id for as long as it waits."""
    was = {wait.token: wait for wait in before}
    now = {wait.token: wait for wait in after}
    return Difference(
        gone=[wait for token, wait in was.items() if token not in now],
        new=[wait for token, wait in now.items() if token not in was],
        moved=[wait for token, wait in now.items() if token in was and wait.kind == "timer" and wait.details != was[token].details],
        done=done,
    )


def sync(session: Session, instance: Instance, process: Process, changed: Difference, now: datetime) -> list[Event]:
    """Write the difference; returns the events that history should tell."""
    events = _sync_tasks(session, instance, process, changed.of("user_task"), now)
    _sync_timers(session, instance, process, changed.of("timer"))
    _sync_subscriptions(session, instance, changed.of("message", "signal"), now)
    _sync_jobs(session, instance, process, changed.of("job", "call"), now)
    return events


def _sync_tasks(session: Session, instance: Instance, process: Process, changed: Difference, now: datetime) -> list[Event]:
    cancelled = [wait.token for wait in changed.gone if wait.token != changed.done]
    if cancelled:
        _cancel_tasks(session, instance.id, cancelled, now)
    if not changed.new:
        return []
    rows = [_task_row(instance, process.activity(wait.activity_id), wait, now) for wait in changed.new]
    ids = _open_tasks(session, rows, changed.new)
    participants = [row for task_id, wait in zip(ids, changed.new, strict=True) for row in _participants(task_id, instance.site, wait)]
    _INSERT_PARTICIPANTS.run_all(session, participants)
    copies = [
        job(instance, COPY, wait.activity_id, {"task": task_id, "to": wait.details["copy_to"]}, now)
        for task_id, wait in zip(ids, changed.new, strict=True)
        if wait.details.get("copy_to") and not wait.details.get("again")
    ]
    if copies:
        insert_jobs(session, copies)
    return [_created(task_id, row, wait) for task_id, row, wait in zip(ids, rows, changed.new, strict=True)]


def _open_tasks(session: Session, rows: Sequence[Mapping[str, Any]], waits: Sequence[Wait]) -> Sequence[int]:
    """The ids of the tasks. One that comes back to its person, after somebody has signed before them, is the task that it was."""
    if not any(wait.details.get("again") for wait in waits):
        return _insert_tasks(session, rows)
    return [_reopened(session, row) or _insert_tasks(session, [row])[0] for row in rows]


def _reopened(session: Session, row: Mapping[str, Any]) -> int | None:
    mine = (UserTask.instance_id == row["instance_id"], UserTask.token == row["token"], UserTask.state == "cancelled")
    values = {"state": row["state"], "assignee": row["assignee"], "ended_at": None}
    return session.scalar(update(UserTask).where(*mine).values(values).returning(UserTask.id))


def _insert_tasks(session: Session, rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    if len(rows) == 1:
        return [_INSERT_TASK.run_returning(session, rows[0])[0]]
    return session.connection().execute(_INSERT_TASKS, rows).scalars().all()


def _cancel_tasks(session: Session, instance_id: int, tokens: Sequence[str], now: datetime) -> None:
    """Tasks that their diagram took away."""
    still_open = select(UserTask.id).where(UserTask.instance_id == instance_id, UserTask.token.in_(tokens), UserTask.state.in_(OPEN_TASK))
    session.execute(delete(TaskParticipant).where(TaskParticipant.task_id.in_(still_open)))
    closing = update(UserTask).where(UserTask.instance_id == instance_id, UserTask.token.in_(tokens), UserTask.state.in_(OPEN_TASK))
    session.execute(closing.values(state="cancelled", ended_at=now))


def _task_row(instance: Instance, activity: Activity, wait: Wait, now: datetime) -> dict[str, Any]:
    said = wait.details
    return {
        "instance_id": instance.id,
        "site": instance.site,
        "key": instance.key,
        "token": wait.token,
        "scope": wait.scope,
        "activity_id": wait.activity_id,
        "name": said.get("name") or activity.name or activity.id,
        "state": "claimed" if holder(wait) else "ready",
        "assignee": holder(wait),
        "priority": DEFAULT_PRIORITY if said.get("priority") is None else max(0, min(int(said["priority"]), MAX_PRIORITY)),
        "due_at": said.get("due_at"),
        "follow_up_at": said.get("follow_up_at"),
        "sort_at": said.get("due_at") or FAR_FUTURE,
        "form": None if "signer" in said else activity.form,  # who was added gives an opinion
        "created_at": now,
    }


def candidates(wait: Wait) -> tuple[list[str], list[str]]:
    """Users and groups who may claim; a task that names nobody at all belongs to the project manager."""
    users, groups = list(wait.details.get("candidate_users") or ()), list(wait.details.get("candidate_groups") or ())
    if not users and not groups and not wait.details.get("assignee"):
        groups = [FALLBACK_POST]
    return users, groups


def holder(wait: Wait) -> str | None:
    """Who has the task from its beginning: who has it again, else the one that the diagram names."""
    named = wait.details.get("holder") or wait.details.get("assignee")
    return _who(named) if named else None


def _who(name: str) -> str:
    return storable(name[:MAX_WHO])


def _participants(task_id: int, site: str, wait: Wait) -> list[dict[str, Any]]:
    users, groups = candidates(wait)
    users, groups = [_who(login) for login in users], [_who(post) for post in groups]
    assignee = holder(wait)
    common = {"task_id": task_id, "site": site, "claimed": bool(assignee), "sort_at": wait.details.get("due_at") or FAR_FUTURE}
    named = {("user", login) for login in users} | {("group", post) for post in groups} | ({("user", assignee)} if assignee else set())
    return [{**common, "kind": kind, "who": who} for kind, who in sorted(named)]


def _created(task_id: int, row: Mapping[str, Any], wait: Wait) -> Event:
    users, groups = candidates(wait)
    data = {"task": task_id, "name": row["name"], "assignee": row["assignee"], "candidate_groups": groups, "candidate_users": users}
    if row["due_at"] is not None:
        data["due_at"] = row["due_at"].isoformat()
    if (added := wait.details.get("signer")) is not None:
        data["signer"] = {name: value for name, value in added.items() if value}
    return Event("user_task.reopened" if wait.details.get("again") else "user_task.created", wait.activity_id, data)


def _sync_timers(session: Session, instance: Instance, process: Process, changed: Difference) -> None:
    rows = [_timer_row(instance, process.activity(wait.activity_id), wait) for wait in changed.new]
    # One that follows another takes its row over: one statement instead of two.
    replaced = {} if len(changed.gone) != 1 or len(rows) != 1 else {"of_instance": instance.id, "gone": changed.gone[0].token, **rows[0]}
    if not (replaced and _REPLACE_TIMER.run(session, replaced)):
        _remove(session, Timer, instance.id, changed.gone)
        _INSERT_TIMERS.run_all(session, rows)
    for wait in changed.moved:
        moving = update(Timer).where(Timer.instance_id == instance.id, Timer.token == wait.token)
        session.execute(moving.values(due_at=wait.details["due_at"], repeats_left=wait.details.get("repeats_left")))


def _timer_row(instance: Instance, activity: Activity, wait: Wait) -> dict[str, Any]:
    interval = wait.details.get("interval")
    default = "once" if interval else "all"
    return {
        "instance_id": instance.id,
        "site": instance.site,
        "token": wait.token,
        "activity_id": wait.activity_id,
        "due_at": wait.details["due_at"],
        "state": "open",
        "catch_up": activity.properties.get("catchUp", default),
        "interval": interval,
        "repeats_left": wait.details.get("repeats_left"),
    }


def _sync_subscriptions(session: Session, instance: Instance, changed: Difference, now: datetime) -> None:
    _remove(session, MessageSubscription, instance.id, changed.gone)
    rows = [
        {
            "instance_id": instance.id,
            "site": instance.site,
            "kind": wait.kind,
            "name": wait.details["name"],
            "correlation": canonical_key(wait.details.get("correlation_key")),
            "token": wait.token,
            "activity_id": wait.activity_id,
            "created_at": now,
        }
        for wait in changed.new
    ]
    _INSERT_SUBSCRIPTIONS.run_all(session, rows)


def _sync_jobs(session: Session, instance: Instance, process: Process, changed: Difference, now: datetime) -> None:
    _remove(session, Job, instance.id, changed.gone)
    calls = [wait.token for wait in changed.gone if wait.kind == "call"]
    if calls:
        _cancel_children(session, instance, calls, now)
    rows = [_job_row(instance, process.activity(wait.activity_id), wait, now) for wait in changed.new]
    if rows:
        insert_jobs(session, rows)


def _job_row(instance: Instance, activity: Activity, wait: Wait, now: datetime) -> dict[str, Any]:
    said = wait.details
    calling = wait.kind == "call"
    payload = {"called": said.get("called"), "business_key": said.get("business_key")} if calling else {}
    return job(
        instance,
        topic=CALL if calling else said["topic"],
        activity_id=activity.id,
        payload={**payload, "variables": dict(said.get("variables") or {})},
        now=now,
        token=wait.token,
        retries=activity.retries,
    )


def job(
    instance: Instance,
    topic: str,
    activity_id: str,
    payload: Mapping[str, Any],
    now: datetime,
    token: str | None = None,
    retries: str | None = None,
) -> dict[str, Any]:
    """A row of work to be done after the commit."""
    return {
        "instance_id": instance.id,
        "site": instance.site,
        "token": token,
        "activity_id": activity_id,
        "topic": topic,
        "payload": dict(payload),
        "state": "ready",
        "due_at": now,
        "attempts": 0,
        "retries": retries,
        "created_at": now,
    }


def insert_jobs(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as `job` makes them."""
    _INSERT_JOBS.run_all(session, rows)
    note_jobs(session)


def note_jobs(session: Session) -> None:
    session.info["wrote_jobs"] = True


def wrote_jobs(session: Session) -> bool:
    """Whether this session has made work for the worker: only then is it worth while to look for it."""
    return bool(session.info.get("wrote_jobs"))


def _cancel_children(session: Session, instance: Instance, tokens: Sequence[str], now: datetime) -> None:
    """Called instances whose call is over without them are cancelled by jobs of their own: no step holds two instances."""
    running = select(Instance).where(
        Instance.parent_id == instance.id, Instance.parent_token.in_(tokens), Instance.state.in_(LIVE_INSTANCE)
    )
    rows = [job(child, CANCEL, "-", {"reason": "the call that started it was cancelled"}, now) for child in session.scalars(running)]
    if rows:
        insert_jobs(session, rows)


def remove_all(session: Session, instance: Instance, now: datetime) -> None:
    """Nothing waits for this instance any more: what it called is cancelled by jobs of its own."""
    open_tasks = list(session.scalars(select(UserTask.token).where(UserTask.instance_id == instance.id, UserTask.state.in_(OPEN_TASK))))
    if open_tasks:
        _cancel_tasks(session, instance.id, open_tasks, now)
    for table in (Timer, MessageSubscription, Job):
        session.execute(delete(table).where(table.instance_id == instance.id))
    calls = select(Instance.parent_token).where(Instance.parent_id == instance.id, Instance.state.in_(LIVE_INSTANCE))
    tokens = [token for token in session.scalars(calls) if token is not None]
    if tokens:
        _cancel_children(session, instance, tokens, now)


def _remove(session: Session, table: type[Timer] | type[MessageSubscription] | type[Job], instance_id: int, gone: Sequence[Wait]) -> None:
    _REMOVE[table].run_all(session, [{"of_instance": instance_id, "gone": wait.token} for wait in gone])
