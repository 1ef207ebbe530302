"""What people do with their tasks: claim, unclaim, assign, comment, complete."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, outerjoin, select, update
from sqlalchemy.orm import Session

from engine import attachments, db, history, rights, runner
from engine.actors import Actor
from engine.bpmn.triggers import Complete
from engine.db import core
from engine.errors import AlreadyClaimed, AlreadyCompleted, Conflict, Forbidden, Invalid, NotFound
from engine.history import Event
from engine.identity import require_holders, require_person_at
from engine.prepared import Prepared, detached
from engine.states import OPEN_TASK, USER_TASK
from engine.tables import Comment, Incident, Instance, TaskParticipant, UserTask
from engine.variables import check_size

MAX_COMMENT = 10_000


_INSTANCE_OF_TASK = runner.found_by(select(UserTask.instance_id).where(UserTask.id == bindparam("wanted")).scalar_subquery())
_WITH_PARTICIPANTS = outerjoin(core(UserTask), core(TaskParticipant), core(TaskParticipant).c.task_id == core(UserTask).c.id)
_TASK_COLUMNS = tuple(core(UserTask).c.keys())
_TASK_WITH_PARTICIPANTS = Prepared(
    select(*core(UserTask).c, core(TaskParticipant).c.kind, core(TaskParticipant).c.who)
    .select_from(_WITH_PARTICIPANTS)
    .where(core(UserTask).c.id == bindparam("wanted"))
)
_REVISION_NOW = select(core(Instance).c.revision).where(core(Instance).c.id == bindparam("of_instance")).scalar_subquery()
_CLOSE = Prepared(
    update(core(UserTask))
    .where(core(UserTask).c.id == bindparam("closed"), bindparam("read") == _REVISION_NOW)
    .values({name: bindparam(name) for name in ("state", "ended_at", "completed_by", "assignee")})
)
_REMOVE_PARTICIPANTS = Prepared(delete(core(TaskParticipant)).where(core(TaskParticipant).c.task_id == bindparam("of_task")))


@dataclass(frozen=True)
class Completion:
    """What completing a task brought about."""

    task: UserTask
    instance: Instance
    incidents: list[Incident]
    events: list[Event]


@dataclass(frozen=True)
class _Work:
    """A task that this transaction holds together with its instance."""

    task: UserTask
    instance: Instance
    users: frozenset[str]
    groups: frozenset[str]


def claim(session: Session, task_id: int, actor: Actor, now: datetime) -> UserTask:
    """Take a task out of the pool. Raises AlreadyClaimed when somebody else holds it; claiming it twice changes nothing."""
    work = _hold_open(session, task_id, actor)
    _require_person(actor)
    _require_candidate(work, actor)
    if work.task.assignee == actor.login:
        return work.task
    _refuse_if_held_by_another(work.task, actor)
    _set_assignee(session, work.task, actor.login)
    _tell(session, work, "user_task.claimed", {}, actor, now)
    return work.task


def unclaim(session: Session, task_id: int, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Put a task back into the pool: its holder may, and a supervisor."""
    work = _hold_open(session, task_id, actor)
    if work.task.assignee is None:
        return work.task
    if work.task.assignee != actor.login:
        rights.require(rights.may_supervise(actor, work.task.site), "take a task from somebody else")
    if not work.groups and work.users <= {work.task.assignee}:
        raise Conflict("Expected a task that others may take, but this one is for one person alone: assign it instead")
    before = work.task.assignee
    _set_assignee(session, work.task, None)
    _tell(session, work, "user_task.unclaimed", {"before": before, "reason": reason}, actor, now)
    return work.task


def assign(session: Session, task_id: int, to: str, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Give a task to a person at its site: its holder may hand it on, and a supervisor may."""
    work = _hold_open(session, task_id, actor)
    if work.task.assignee != actor.login:
        rights.require(rights.may_supervise(actor, work.task.site), "assign tasks")
    require_person_at(session, to, work.task.site)
    before = work.task.assignee
    _set_assignee(session, work.task, to)
    if to not in work.users:
        sort_at, site = work.task.sort_at, work.task.site
        session.add(TaskParticipant(task_id=task_id, kind="user", who=to, site=site, claimed=True, sort_at=sort_at))
    _tell(session, work, "user_task.assigned", {"before": before, "after": to, "reason": reason}, actor, now)
    return work.task


def comment(session: Session, task_id: int, text: str, actor: Actor, now: datetime) -> Comment:
    """Note something on the case, at this task."""
    work = _hold(session, task_id, actor)
    return _comment(session, work.instance, task_id, text, actor, now)


def comment_on_case(session: Session, instance_id: int, text: str, actor: Actor, now: datetime) -> Comment:
    """Note something on the case as a whole."""
    instance = runner.lock(session, instance_id)
    if not rights.may_see_instance(actor, instance.site):
        raise NotFound(f"Expected an instance, but there is none with id {instance_id}")
    return _comment(session, instance, None, text, actor, now)


def _comment(session: Session, instance: Instance, task_id: int | None, text: str, actor: Actor, now: datetime) -> Comment:
    rights.require(rights.works_at(actor, instance.site), "comment on cases")
    if not text.strip() or len(text) > MAX_COMMENT:
        raise Invalid(f"Expected a comment of 1 to {MAX_COMMENT} characters", {"text": f"请填写 1 到 {MAX_COMMENT} 字"})
    note = Comment(instance_id=instance.id, task_id=task_id, author=actor.login or actor.source, text=text, at=now)
    session.add(note)
    session.flush()  # its id is told
    history.append(session, instance, [Event("comment.added", None, {"text": text, "task": task_id})], actor, now)
    return note


def complete(session: Session, task_id: int, variables: Mapping[str, Any], actor: Actor, now: datetime) -> Completion:
    """Do a task: check what was filled in, keep it, and let the process go on.

    A candidate need not claim first. Raises AlreadyCompleted (by whom and when), AlreadyClaimed, Forbidden, Invalid (every field at
    once). What the person did is kept even when the process cannot go on after it: then an incident is among the answer's.
    """
    return db.decide(session, lambda: _complete(session, task_id, variables, actor, now))


def _complete(session: Session, task_id: int, variables: Mapping[str, Any], actor: Actor, now: datetime) -> Completion:
    work = _find(session, task_id, actor)
    _refuse_unless_open(work, actor)
    _require_candidate(work, actor)
    _refuse_if_held_by_another(work.task, actor)
    held = runner.hold(session, work.instance)
    _require_other_person(held, work.task, actor)
    payload = _check(session, held, work.task, variables)
    held.opening = lambda: _close(session, work, actor, now)
    event = Event("user_task.completed", work.task.activity_id, {"task": task_id, "name": work.task.name})
    step = runner.advance(session, held, Complete(work.task.token, payload, actor.login), event, actor, now)
    return Completion(work.task, work.instance, list(step.incidents), list(step.events))


def _find(session: Session, task_id: int, actor: Actor) -> _Work:
    """The task and its instance, as rows that no session looks after. Another site's task is not found."""
    # The lock comes first and alone: what is read after it is what the last holder left.
    instance = runner.find(session, _INSTANCE_OF_TASK, task_id)
    if instance is None or not rights.may_see_instance(actor, instance.site):
        raise _missing(task_id)
    rows = _TASK_WITH_PARTICIPANTS.rows(session, {"wanted": task_id})
    task = detached(UserTask, _TASK_COLUMNS, rows[0][:-2])
    return _Work(task, instance, *_participants(row[-2:] for row in rows))


def _hold(session: Session, task_id: int, actor: Actor) -> _Work:
    """The task with its instance locked. Another site's task is not found."""
    instance_id = session.scalars(select(UserTask.instance_id).where(UserTask.id == task_id)).first()
    instance = None if instance_id is None else runner.lock(session, instance_id)
    if instance is None or not rights.may_see_instance(actor, instance.site):
        raise _missing(task_id)
    task = session.get_one(UserTask, task_id, populate_existing=True)
    candidates = select(TaskParticipant.kind, TaskParticipant.who).where(TaskParticipant.task_id == task_id)
    return _Work(task, instance, *_participants((row.kind, row.who) for row in session.execute(candidates)))


def _participants(rows: Iterable[tuple[str, str]]) -> tuple[frozenset[str], frozenset[str]]:
    """Users and groups among them."""
    named = list(rows)
    return frozenset(who for kind, who in named if kind == "user"), frozenset(who for kind, who in named if kind == "group")


def _missing(task_id: int) -> NotFound:
    return NotFound(f"Expected a user task, but there is none with id {task_id}")


def _hold_open(session: Session, task_id: int, actor: Actor) -> _Work:
    work = _hold(session, task_id, actor)
    _refuse_unless_open(work, actor)
    return work


def _refuse_unless_open(work: _Work, actor: Actor) -> None:
    rights.require(rights.works_at(actor, work.task.site), "work on tasks")
    if work.task.state not in OPEN_TASK:
        raise AlreadyCompleted(_already(work.task))
    if work.instance.state != "running":
        raise Conflict(f"Expected a running instance, but {work.instance.number or work.instance.id} is {work.instance.state}")


def _already(task: UserTask) -> str:
    if task.state == "completed":
        return f"Expected an open task {task.id}, but {task.completed_by} completed it at {task.ended_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"Expected an open task {task.id}, but it was cancelled at {task.ended_at:%Y-%m-%dT%H:%M:%SZ}"


def _require_person(actor: Actor) -> None:
    if actor.login is None:
        raise Forbidden("Expected a person, but nobody is named")


def _require_candidate(work: _Work, actor: Actor) -> None:
    allowed = rights.may_work_on(actor, work.task.site, work.task.assignee, work.users, work.groups)
    rights.require(allowed, f"work on {work.task.name}")


def _refuse_if_held_by_another(task: UserTask, actor: Actor) -> None:
    if task.assignee is not None and task.assignee != actor.login and not actor.is_system:
        raise AlreadyClaimed(f"Expected a task that is free or yours, but {task.assignee} holds task {task.id}")


def _require_other_person(held: runner.Held, task: UserTask, actor: Actor) -> None:
    """`steward:differsFrom`: who did one of these activities may not do this one too, such as repair and collect (A57)."""
    named = held.loaded.process.activity(task.activity_id).properties.get("differsFrom", "")
    for activity_id in filter(None, (name.strip() for name in named.split(","))):
        if actor.login is not None and held.workflow.performers.get(activity_id) == actor.login:
            name = held.loaded.process.activity(activity_id).name or activity_id
            raise Forbidden(f"Expected somebody other than who did {name}, but that was {actor.login} too")


def _check(session: Session, held: runner.Held, task: UserTask, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    check_size(variables, db.of(session).settings.limits)
    if task.form is None:
        return variables
    form = held.loaded.forms[task.form]
    checked: Mapping[str, Any] = form.check(variables, held.workflow.visible(task.token))
    attachments.require_known(session, form, checked, task.site)
    require_holders(session, form, checked, task.site)
    return checked


def _close(session: Session, work: _Work, actor: Actor, now: datetime) -> bool:
    """End the task, unless the instance has been moved since it was read; whether it was done."""
    task, instance = work.task, work.instance
    assert "completed" in USER_TASK[task.state]
    closed = {"state": "completed", "ended_at": now, "completed_by": actor.login or actor.source, "assignee": task.assignee or actor.login}
    if not _CLOSE.run(session, {"closed": task.id, "of_instance": instance.id, "read": instance.revision, **closed}):
        return False
    db.note(task, closed)
    _REMOVE_PARTICIPANTS.run(session, {"of_task": task.id})
    return True


def _set_assignee(session: Session, task: UserTask, login: str | None) -> None:
    task.assignee = login
    task.state = "claimed" if login else "ready"
    session.execute(update(TaskParticipant).where(TaskParticipant.task_id == task.id).values(claimed=login is not None))


def _tell(session: Session, work: _Work, event_type: str, data: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    event = Event(event_type, work.task.activity_id, {"task": work.task.id, "name": work.task.name, **data})
    history.append(session, work.instance, [event], actor, now)
