"""加签 and 减签: let somebody sign a task before, after or beside whoever has it, and take them away again."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from engine import db, exclusions, rights, runner
from engine.actors import Actor
from engine.bpmn.signers import BARRED, BEFORE
from engine.bpmn.triggers import AddSigner, RemoveSigner
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.history import Event
from engine.identity import require_person_at
from engine.tables import UserTask
from engine.task_work import (
    TaskWork,
    admit,
    checked_reason,
    hold,
    hold_open,
    refuse_if_delegated,
    refuse_if_held_by_another,
    require_candidate,
    require_person,
    set_assignee,
)


@db.decided
def add(session: Session, task_id: int, login: str, where: str, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Let somebody at the site sign before, after or beside the person, whose task it becomes if it was free.

    Before: the task goes away and comes back when they have signed. Raises Conflict for who signs it already.
    """
    work = hold_open(session, task_id, actor)
    refuse_if_delegated(work.task, actor)
    require_person(actor)
    require_candidate(work, actor)
    refuse_if_held_by_another(work.task, actor)
    reason = checked_reason(reason)
    holder = work.principal or actor.login
    if login in (holder, actor.login):
        raise Invalid(f"Expected somebody else, but {login} has task {task_id}", {"login": "请选择本人以外的人"})
    _require_there(session, login, work)
    held = runner.hold(session, work.instance)
    exclusions.require_may_act(session, held, work, actor, now)
    _require_may_sign(session, held, login, work, now)
    if work.task.assignee is None and where != BEFORE:  # which comes back as theirs
        set_assignee(session, work.task, holder)
        admit(session, work, holder or "")
    told = {"task": task_id, "name": work.task.name, "login": login, "where": where, "reason": reason}
    told |= {} if work.principal is None else {"for": work.principal}
    event = Event("signer.added", work.task.activity_id, told)
    adding = AddSigner(work.task.token, login, where, holder, reason)
    runner.advance(session, held, adding, event, actor, now)
    return work.task


def _require_there(session: Session, login: str, work: TaskWork) -> None:
    try:
        require_person_at(session, login, work.task.site)
    except Invalid as refusal:
        raise Invalid(str(refusal), {"login": "请选择本项目的在职人员"}) from None


def _require_may_sign(session: Session, held: runner.Held, login: str, work: TaskWork, now: datetime) -> None:
    """Whoever may not do the task may not sign it either: better said now than to those who wait for them."""
    signer, of_them = Actor(login, "page"), replace(work, principal=None)
    try:
        exclusions.require_not_other_half(session, held, of_them, signer, now)
        exclusions.require_not_excluded(held, of_them, signer, now)
    except Forbidden as refusal:
        raise Invalid(refusal.message, {"login": BARRED}) from None


@db.decided
def remove(session: Session, task_id: int, login: str, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Take a signer away who was added to this task and has not signed: whoever added them may, and a supervisor."""
    work = hold(session, task_id, actor)
    rights.require(rights.works_at(actor, work.task.site), "work on tasks")
    if work.instance.state != "running":
        raise Conflict(f"Expected a running instance, but {work.instance.number or work.instance.id} is {work.instance.state}")
    reason = checked_reason(reason, is_required=False)
    held = runner.hold(session, work.instance)
    token, added = _signer(held, work.task, login)
    if added != actor.login and added not in (work.principal, None):
        rights.require(rights.may_supervise(actor, work.task.site), "take away a signer whom somebody else has added")
    told = {"task": task_id, "name": work.task.name, "login": login, "reason": reason}
    event = Event("signer.removed", work.task.activity_id, told)
    runner.advance(session, held, RemoveSigner(token), event, actor, now)
    return work.task


def _signer(held: runner.Held, task: UserTask, login: str) -> tuple[str, str | None]:
    """The token of a signer of this task who is still to sign, and who has added them."""
    waiting = held.workflow.signers_of(task.token)
    if login not in waiting:
        raise NotFound(f"Expected {login} to be an added signer of {task.name} who has not signed yet, but there is none")
    return waiting[login]
