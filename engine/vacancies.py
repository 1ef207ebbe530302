"""Open tasks whose people have left: who is disabled or has lost the post is no longer waited for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import history, runner
from engine.actors import Actor
from engine.bpmn import odd_cases, votes
from engine.bpmn.approvals import buttons_of
from engine.bpmn.odd_cases import MANAGER, Answer
from engine.history import Event
from engine.states import OPEN_TASK
from engine.tables import Instance, TaskParticipant, UserTask
from engine.task_work import remove_participants, set_assignee

SYSTEM = Actor.system()


@dataclass(frozen=True)
class _Vacancy:
    """An open task, and who of the site could do it."""

    task: UserTask
    users: list[str]
    groups: list[str]
    details: Mapping[str, Any]


def fill(session: Session, instance: Instance, now: datetime) -> None:
    """Give every open task of the case that waits for nobody to somebody: back to its owner, to its pool, or as `whenNobody` says.

    One that a rule decides is decided last of all and alone: what follows may have changed the others.
    """
    held = runner.hold(session, instance)
    staff = held.facts.staff
    for task in session.scalars(select(UserTask).where(UserTask.instance_id == instance.id, UserTask.state.in_(OPEN_TASK))).all():
        found = _Vacancy(task, *_participants(session, task), held.workflow.details(task.token))
        if task.assignee is not None and task.assignee not in staff.get("", ()):
            _let_go(session, held, found, now)
        if task.assignee is None and not odd_cases.there(_who(found), staff):
            answer = _answer(held, found)
            if answer.passes is not None:
                _decide(session, held, found, answer, now)
                return fill(session, instance, now) if instance.state == "running" else None
            _ask_instead(session, held, found, answer, now)
    return None


def _participants(session: Session, task: UserTask) -> tuple[list[str], list[str]]:
    rows = session.execute(select(TaskParticipant.kind, TaskParticipant.who).where(TaskParticipant.task_id == task.id)).all()
    return sorted(who for kind, who in rows if kind == "user"), sorted(who for kind, who in rows if kind == "group")


def _who(found: _Vacancy) -> dict[str, Any]:
    return {"candidate_users": found.users, "candidate_groups": found.groups, "not": found.details.get("not", ())}


def _let_go(session: Session, held: runner.Held, found: _Vacancy, now: datetime) -> None:
    """Who has left holds nothing any more. What a helper held goes back to who had asked them."""
    task, left = found.task, found.task.assignee
    owner = task.delegated_by if task.delegated_by in held.facts.staff.get("", ()) else None
    set_assignee(session, task, owner)
    data = {"task": task.id, "name": task.name, "before": left, "after": owner, "reason": ""}
    history.append(session, held.instance, [Event("user_task.vacated", task.activity_id, data)], SYSTEM, now)


def _answer(held: runner.Held, found: _Vacancy) -> Answer:
    """What the diagram says. A second signature that it demands is given by somebody, whatever it says."""
    properties = held.loaded.process.activity(found.task.activity_id).properties
    answer = odd_cases.read(properties.get("whenNobody", "")) or MANAGER
    demanded = "signer" in found.details and found.details["signer"].get("by") is None
    return MANAGER if answer.passes is not None and demanded else answer


def _ask_instead(session: Session, held: runner.Held, found: _Vacancy, answer: Answer, now: datetime) -> None:
    task, staff = found.task, held.facts.staff
    barred = set(found.details.get("not", ()))
    posts = [post for post in answer.posts if staff.get(post, frozenset()) - barred][:1] or list(answer.posts[:1])
    for post in posts:
        if post not in found.groups:
            session.add(TaskParticipant(task_id=task.id, kind="group", who=post, site=task.site, claimed=False, sort_at=task.sort_at))
    data = {"task": task.id, "rule": "whenNobody", "answer": answer.text, "to": posts}
    history.append(session, held.instance, [Event("user_task.redirected", task.activity_id, data)], SYSTEM, now)


def _decide(session: Session, held: runner.Held, found: _Vacancy, answer: Answer, now: datetime) -> None:
    task = found.task
    session.execute(update(UserTask).where(UserTask.id == task.id).values(state="cancelled", ended_at=now))
    remove_participants(session, task.id)
    buttons = buttons_of(held.loaded.process.activity(task.activity_id))
    act = votes.by_rule("whenNobody", bool(answer.passes), buttons, task.token)
    event = Event("user_task.settled", task.activity_id, {"task": task.id, "rule": "whenNobody", "answer": answer.text})
    runner.advance(session, held, act, event, SYSTEM, now)
