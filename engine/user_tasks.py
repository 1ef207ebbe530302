"""What people do with their tasks: claim, unclaim, assign, complete."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from engine import attachments, db, deciding, exclusions, proxies, runner, sequences, written_records
from engine.actors import Actor
from engine.bpmn.triggers import Complete
from engine.db import core
from engine.errors import AlreadyClaimed, Conflict, Forbidden, Invalid
from engine.history import Event
from engine.identity import require_holders, require_person_at
from engine.prepared import Prepared
from engine.site_lists import require_listed
from engine.states import USER_TASK
from engine.tables import Incident, Instance, UserTask
from engine.task_work import (
    TaskWork,
    admit,
    checked_reason,
    find,
    hold_open,
    refuse_if_delegated,
    refuse_if_held_by_another,
    refuse_unless_open,
    remove_participants,
    require_candidate,
    require_holder_or_supervisor,
    require_person,
    set_assignee,
    tell,
)
from engine.variables import check_size
from engine.written_records import Compared

_REVISION_NOW = select(core(Instance).c.revision).where(core(Instance).c.id == bindparam("of_instance")).scalar_subquery()
_CLOSE = Prepared(
    update(core(UserTask))
    .where(core(UserTask).c.id == bindparam("closed"), bindparam("read") == _REVISION_NOW)
    .values({name: bindparam(name) for name in ("state", "ended_at", "completed_by", "assignee")})
)


@dataclass(frozen=True)
class Completion:
    """What completing a task brought about."""

    task: UserTask
    instance: Instance
    incidents: list[Incident]
    events: list[Event]


def claim(session: Session, task_id: int, actor: Actor, now: datetime) -> UserTask:
    """Take a task out of the pool. Raises AlreadyClaimed when somebody else holds it; claiming it twice changes nothing."""
    work = hold_open(session, task_id, actor)
    login = require_person(actor)
    require_candidate(work, actor)
    refuse_if_held_by_another(work.task, actor)
    if work.task.assignee is not None:
        return work.task
    exclusions.require_may_claim(session, work, actor, now)
    sequences.require_turn(session, work.instance, work.task)
    set_assignee(session, work.task, work.principal or login)
    tell(session, work, "user_task.claimed", {}, actor, now)
    return work.task


def unclaim(session: Session, task_id: int, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Put a task back into the pool: its holder may, and a supervisor."""
    work = hold_open(session, task_id, actor)
    if work.task.assignee is None:
        return work.task
    require_holder_or_supervisor(work, actor, "take a task from somebody else")
    refuse_if_delegated(work.task, actor)
    if not work.groups and work.users <= {work.task.assignee}:
        raise Conflict("Expected a task that others may take, but this one is for one person alone: assign it instead")
    before = work.task.assignee
    reason = checked_reason(reason, is_required=False)
    set_assignee(session, work.task, None)
    tell(session, work, "user_task.unclaimed", {"before": before, "reason": reason}, actor, now)
    return work.task


def assign(session: Session, task_id: int, to: str, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Give a task to a person at its site: its holder may hand it on, and a supervisor may."""
    work = hold_open(session, task_id, actor)
    require_holder_or_supervisor(work, actor, "assign tasks")
    reason = checked_reason(reason, is_required=False)
    before = work.task.assignee
    if to == before:
        raise Invalid(f"Expected somebody else, but {to} holds task {task_id} already", {"to": "任务已经在这个人手上"})
    require_person_at(session, to, work.task.site)
    exclusions.require_may_be_given(session, work, to, now)
    sequences.require_turn(session, work.instance, work.task)
    set_assignee(session, work.task, to)
    work.task.announced = to == actor.login
    admit(session, work, to)
    tell(session, work, "user_task.assigned", {"before": before, "after": to, "reason": reason}, actor, now)
    return work.task


@db.decided
def complete(session: Session, task_id: int, variables: Mapping[str, Any], actor: Actor, now: datetime) -> Completion:
    """Do a task: check what was filled in, keep it, and let the process go on.

    A candidate need not claim first. Raises AlreadyCompleted (by whom and when), AlreadyClaimed, Forbidden, Invalid (every field at
    once). What the person did is kept even when the process cannot go on after it: then an incident is among the answer's.
    """
    work = find(session, task_id, actor)
    refuse_unless_open(work, actor)
    _require_right(session, work, actor, now)
    held = runner.hold(session, work.instance)
    exclusions.require_may_act(session, held, work, actor, now)
    sequences.require_turn(session, work.instance, work.task)
    said, payload = _check(session, held, work.task, variables)
    compared = _compare(session, held, work, payload, actor, now)
    held.opening = lambda: _close(session, work, actor, now)
    told = {"task": task_id, "name": work.task.name, **said.told} | ({"copied": compared.copied} if compared.copied else {})
    told |= {} if work.principal is None else {"for": work.principal}
    event = Event("user_task.completed", work.task.activity_id, told)
    proxy = None if work.principal is None else actor.login
    done = Complete(work.task.token, {**payload, **compared.variables}, work.principal or actor.login, said.decision, said.reason)
    step = runner.advance(session, held, replace(done, signature=said.signature, proxy=proxy), event, actor, now)
    written_records.keep(session, compared)
    return Completion(work.task, work.instance, list(step.incidents), list(step.events))


def _require_right(session: Session, work: TaskWork, actor: Actor, now: datetime) -> None:
    try:
        require_candidate(work, actor)
        refuse_if_held_by_another(work.task, actor)
    except (Forbidden, AlreadyClaimed):
        proxies.refuse_after_end(session, work.task.site, work.task.assignee, actor, now)
        raise
    refuse_if_delegated(work.task, actor)


def _check(session: Session, held: runner.Held, task: UserTask, variables: Mapping[str, Any]) -> tuple[deciding.Said, Mapping[str, Any]]:
    check_size(variables, db.of(session).settings.limits)
    activity = held.loaded.process.activity(task.activity_id)
    said = deciding.read(session, activity, held.workflow.details(task.token), variables, task.site)
    try:
        payload = said.form if task.form is None else _checked(session, held, task, said.form)
    except Invalid as refusal:
        deciding.refuse(said, refusal)
        raise
    deciding.refuse(said)
    return said, payload


def _checked(session: Session, held: runner.Held, task: UserTask, filled: Mapping[str, Any]) -> Mapping[str, Any]:
    assert task.form is not None
    form = held.loaded.forms[task.form].with_rights(held.loaded.process.activity(task.activity_id).properties)
    checked: Mapping[str, Any] = form.check(filled, held.workflow.visible(task.token))
    attachments.require_known(session, form, checked, task.site)
    require_holders(session, form, checked, task.site)
    require_listed(session, form, checked, task.site)
    return checked


def _compare(session: Session, held: runner.Held, work: TaskWork, payload: Mapping[str, Any], actor: Actor, now: datetime) -> Compared:
    """`steward:individual`: what was written is compared with earlier records, and marked where it repeats one (E22)."""
    named = held.loaded.process.activity(work.task.activity_id).properties.get("individual")
    return Compared() if named is None else written_records.compare(session, work.instance, work.task, named, payload, actor, now)


def _close(session: Session, work: TaskWork, actor: Actor, now: datetime) -> bool:
    """End the task, unless the instance has been moved since it was read; whether it was done."""
    task, instance = work.task, work.instance
    assert "completed" in USER_TASK[task.state]
    closed = {"state": "completed", "ended_at": now, "completed_by": actor.login or actor.source}
    closed["assignee"] = task.assignee or work.principal or actor.login
    if not _CLOSE.run(session, {"closed": task.id, "of_instance": instance.id, "read": instance.revision, **closed}):
        return False
    db.note(task, closed)
    remove_participants(session, task.id)
    return True
