"""A task that a command works on, held together with its instance and with those who may take it: what every operation on tasks shares.

An operation holds the task (`hold_open`), refuses who may not, changes its rows, and tells history (`tell`). Its caller commits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, outerjoin, select, update
from sqlalchemy.orm import Session

from engine import history, rights, runner
from engine.actors import Actor
from engine.db import core
from engine.errors import AlreadyClaimed, AlreadyCompleted, Conflict, Forbidden, Invalid, NotFound
from engine.history import Event
from engine.prepared import Prepared, detached
from engine.states import OPEN_TASK
from engine.tables import Instance, TaskParticipant, UserTask

MAX_REASON = 500

_INSTANCE_OF_TASK = runner.found_by(select(UserTask.instance_id).where(UserTask.id == bindparam("wanted")).scalar_subquery())
_WITH_PARTICIPANTS = outerjoin(core(UserTask), core(TaskParticipant), core(TaskParticipant).c.task_id == core(UserTask).c.id)
_TASK_COLUMNS = tuple(core(UserTask).c.keys())
_TASK_WITH_PARTICIPANTS = Prepared(
    select(*core(UserTask).c, core(TaskParticipant).c.kind, core(TaskParticipant).c.who)
    .select_from(_WITH_PARTICIPANTS)
    .where(core(UserTask).c.id == bindparam("wanted"))
)
_REMOVE_PARTICIPANTS = Prepared(delete(core(TaskParticipant)).where(core(TaskParticipant).c.task_id == bindparam("of_task")))


@dataclass(frozen=True)
class TaskWork:
    """A task and its instance, and by name and by post who may take the task."""

    task: UserTask
    instance: Instance
    users: frozenset[str]
    groups: frozenset[str]
    principal: str | None = None  # the absent person in whose name the actor works on it


# Holding


def hold(session: Session, task_id: int, actor: Actor) -> TaskWork:
    """The task with its instance locked, in whatever state. Another site's task is not found."""
    instance_id = session.scalars(select(UserTask.instance_id).where(UserTask.id == task_id)).first()
    instance = None if instance_id is None else runner.lock(session, instance_id)
    if instance is None or not rights.may_see_instance(actor, instance.site):
        raise _missing(task_id)
    task = session.get_one(UserTask, task_id, populate_existing=True)
    candidates = select(TaskParticipant.kind, TaskParticipant.who).where(TaskParticipant.task_id == task_id)
    return _work(task, instance, ((row.kind, row.who) for row in session.execute(candidates)), actor)


def hold_open(session: Session, task_id: int, actor: Actor) -> TaskWork:
    """The same, when the task can be worked on; raises AlreadyCompleted (by whom and when), Conflict, Forbidden."""
    work = hold(session, task_id, actor)
    refuse_unless_open(work, actor)
    return work


def find(session: Session, task_id: int, actor: Actor) -> TaskWork:
    """The task and its instance, as rows that no session looks after: for what goes on in `runner.advance`."""
    # The lock comes first and alone: what is read after it is what the last holder left.
    instance = runner.find(session, _INSTANCE_OF_TASK, task_id)
    if instance is None or not rights.may_see_instance(actor, instance.site):
        raise _missing(task_id)
    rows = _TASK_WITH_PARTICIPANTS.rows(session, {"wanted": task_id})
    task = detached(UserTask, _TASK_COLUMNS, rows[0][:-2])
    return _work(task, instance, (row[-2:] for row in rows), actor)


def _work(task: UserTask, instance: Instance, participants: Iterable[tuple[str, str]], actor: Actor) -> TaskWork:
    named = list(participants)
    users, groups = (frozenset(who for kind, who in named if kind == wanted) for wanted in ("user", "group"))
    return TaskWork(task, instance, users, groups, _principal(task, users, groups, actor) if actor.stands_in_for else None)


def _principal(task: UserTask, users: frozenset[str], groups: frozenset[str], actor: Actor) -> str | None:
    """Nobody, where the actor's own right is enough."""
    if actor.login in (task.assignee, task.delegated_by):
        return None
    if task.assignee is None and rights.may_work_on(actor, task.site, None, users, groups):
        return None
    if any(one.login == task.delegated_by for one in actor.absent(task.site, task.key)):
        return task.delegated_by
    return rights.in_whose_name(actor, task.site, task.key, task.assignee, users, groups)


def _missing(task_id: int) -> NotFound:
    return NotFound(f"Expected a user task, but there is none with id {task_id}")


# Refusing


def refuse_unless_open(work: TaskWork, actor: Actor) -> None:
    """Raise for who does not work at the site, for a task that is over, and for an instance that stands still."""
    rights.require(rights.works_at(actor, work.task.site), "work on tasks")
    if work.task.state not in OPEN_TASK:
        raise AlreadyCompleted(_already(work.task))
    if work.instance.state != "running":
        raise Conflict(f"Expected a running instance, but {work.instance.number or work.instance.id} is {work.instance.state}")


def _already(task: UserTask) -> str:
    if task.state == "completed":
        return f"Expected an open task {task.id}, but {task.completed_by} completed it at {task.ended_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"Expected an open task {task.id}, but it was cancelled at {task.ended_at:%Y-%m-%dT%H:%M:%SZ}"


def require_person(actor: Actor) -> str:
    """The login of who acts; raises Forbidden for the machine."""
    if actor.login is None:
        raise Forbidden("Expected a person, but nobody is named")
    return actor.login


def require_candidate(work: TaskWork, actor: Actor) -> None:
    """Raise Forbidden unless the person may work on the task: as its assignee or as a candidate, or in the name of an absent one."""
    allowed = rights.may_work_on(actor, work.task.site, work.task.assignee, work.users, work.groups)
    rights.require(allowed or work.principal is not None, f"work on {work.task.name}")


def owner_of(task: UserTask) -> str | None:
    """Whose task it is: of who holds it, or of who asked the helper that holds it."""
    return task.delegated_by or task.assignee


def is_owner(task: UserTask, actor: Actor) -> bool:
    """Whether the task is the person's own, or that of somebody for whom they stand in."""
    owner = owner_of(task)
    return owner is not None and (owner == actor.login or any(one.login == owner for one in actor.absent(task.site, task.key)))


def require_holder_or_supervisor(work: TaskWork, actor: Actor, what: str) -> None:
    """Raise Forbidden unless the task is the person's or they supervise at its site; `what` completes 'Expected someone who may …'."""
    if not is_owner(work.task, actor):
        rights.require(rights.may_supervise(actor, work.task.site), what)


def refuse_if_held_by_another(task: UserTask, actor: Actor) -> None:
    """Raise AlreadyClaimed when somebody else holds the task, and not one for whom the actor stands in."""
    free = task.assignee in (None, actor.login) or any(one.login == task.assignee for one in actor.absent(task.site, task.key))
    # A resident whose answer is asked for gives it, whoever of the staff has it in hand: who answers first decides.
    if not free and not actor.is_system and not actor.is_by_link:
        raise AlreadyClaimed(f"Expected a task that is free or yours, but {task.assignee} holds task {task.id}")


def refuse_if_delegated(task: UserTask, actor: Actor) -> None:
    """Raise Conflict while a helper holds the task: its owner decides, after the answer; or the resident whose answer is asked for."""
    if actor.is_by_link:
        return
    if task.delegated_by is not None:
        raise Conflict(f"Expected {task.delegated_by} to decide on task {task.id}, but it waits for the answer of {task.assignee}")


def checked_reason(reason: str, is_required: bool = True, field: str = "reason") -> str:
    """The reason without spaces around it; raises Invalid when it is missing or too long."""
    said = reason.strip()
    if is_required and not said:
        raise Invalid("Expected a reason, but it is empty", {field: "请填写原因"})
    if len(said) > MAX_REASON:
        raise Invalid(f"Expected a reason of at most {MAX_REASON} characters, but it has {len(said)}", {field: f"最多 {MAX_REASON} 个字"})
    return said


# Changing and telling


def set_assignee(session: Session, task: UserTask, login: str | None) -> None:
    """Give the task to a person, or put it back into its pool; no helper holds it any more."""
    task.assignee, task.delegated_by = login, None
    task.state = "claimed" if login else "ready"
    session.execute(update(TaskParticipant).where(TaskParticipant.task_id == task.id).values(claimed=login is not None))


def admit(session: Session, work: TaskWork, login: str) -> None:
    """Let a person who was given the task count among its candidates."""
    if login not in work.users:
        task = work.task
        claimed = task.assignee is not None
        session.add(TaskParticipant(task_id=task.id, kind="user", who=login, site=task.site, claimed=claimed, sort_at=task.sort_at))


def remove_participants(session: Session, task_id: int) -> None:
    """The task is over: nobody may take it any more."""
    _REMOVE_PARTICIPANTS.run(session, {"of_task": task_id})


def tell(session: Session, work: TaskWork, event_type: str, data: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Append what was done with the task to the history of its case."""
    named = {} if work.principal is None else {"for": work.principal}
    event = Event(event_type, work.task.activity_id, {"task": work.task.id, "name": work.task.name, **data, **named})
    history.append(session, work.instance, [event], actor, now)
