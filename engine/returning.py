"""退回: a task is not done but sent back, to a task that was done before it, to who began the case, or the case is ended.

What the person may choose from is said by `steward:returnTo`: ids of activities, `earlier` for all, `initiator` for the first task of
the case, `end`, or `none`. What going back does to tokens is told in `engine.bpmn.lineage`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import db, definitions, exclusions, identity, instances, rights, runner, task_work
from engine.actors import Actor
from engine.bpmn.approvals import buttons_of
from engine.bpmn.model import Activity, Process
from engine.bpmn.odd_cases import OddCases
from engine.bpmn.triggers import Holder, Return, StateCorrupt
from engine.bpmn.ways_back import Way
from engine.errors import Conflict, Forbidden, NotFound, NotRunnable
from engine.history import Event
from engine.states import OPEN_TASK
from engine.tables import Instance, TaskReturn, UserTask

INITIATOR: Final = "initiator"
END: Final = "end"
EARLIER: Final = "earlier"


@dataclass(frozen=True)
class Target:
    """Where a task may be sent back to; `to` is the id of an activity, `initiator` or `end`."""

    to: str
    name: str  # of the activity; empty for the end
    performer: str | None = None  # who did it and would get it again


@dataclass(frozen=True)
class Returned:
    """What came of it: the task that was returned, and those that people have now."""

    task: UserTask
    instance: Instance
    tasks: Sequence[UserTask]


def words(process: Process, activity_id: str) -> frozenset[str]:
    """What `steward:returnTo` of the activity names; nothing where it says `none` or nothing."""
    activity = process.activities.get(activity_id)  # none: its definition is gone
    named = "" if activity is None else activity.properties.get("returnTo", "")
    return frozenset(word.strip() for word in named.split(",")) - {"", "none"}


def targets(session: Session, task: UserTask) -> list[Target]:
    """Where this open task may be sent back to, in the order of the case; nothing when its case cannot be read."""
    instance = session.get_one(Instance, task.instance_id)
    try:
        loaded = definitions.load(session, instance.definition_id)
        allowed = words(loaded.process, task.activity_id)
        if not allowed:
            return []
        workflow = runner.decoded(session, instance, loaded)
        return [] if workflow.advises(task.token) else _targets(instance, loaded.process, allowed, workflow.ways_from(task.token))
    except (NotFound, NotRunnable, StateCorrupt):
        return []


def _targets(instance: Instance, process: Process, allowed: frozenset[str], ways: Iterable[Way]) -> list[Target]:
    found = []
    for way in ways:
        activity = process.activity(way.activity_id)
        if way.is_first and allowed & {EARLIER, INITIATOR} and instance.starter is not None:
            found.append(Target(INITIATOR, activity.name or activity.id, instance.starter))
        if allowed & {EARLIER, way.activity_id}:
            found.append(Target(way.activity_id, activity.name or activity.id, way.performer))
    if END in allowed and instance.parent_id is None:
        found.append(Target(END, ""))
    return found


@db.decided
def return_task(session: Session, task_id: int, to: str, reason: str, actor: Actor, now: datetime) -> Returned:
    """Send a task back, with a reason. Who may do the task may send it back.

    Raises Conflict for a target that is not allowed, or that the case has not passed, and Forbidden for who was only asked for an
    opinion before. Whoever did the target before gets it again, if
    they still may do it; all others find it in their pool.
    """
    session.connection()  # the turn to write comes first: nothing that is read here may be overtaken
    work = task_work.find(session, task_id, actor)
    task_work.refuse_unless_open(work, actor)
    login = task_work.require_person(actor)
    task_work.require_candidate(work, actor)
    task_work.refuse_if_held_by_another(work.task, actor)
    task_work.refuse_if_delegated(work.task, actor)
    said = task_work.checked_reason(reason)
    held = runner.hold(session, work.instance)
    exclusions.require_may_act(session, held, work, actor, now)
    if held.workflow.advises(work.task.token):
        raise Forbidden(f"Expected somebody who decides on {work.task.name}, but who signs before them only gives an opinion")
    ways = held.workflow.ways_from(work.task.token)
    target = _chosen(work, _targets(work.instance, held.loaded.process, words(held.loaded.process, work.task.activity_id), ways), to)
    told = {"task": task_id, "name": work.task.name, "to": to, "to_name": target.name, "reason": said}
    event = Event("user_task.returned", work.task.activity_id, told)
    if to == END:
        instances.void(session, runner.lock(session, work.instance.id), event, actor, now)
        return Returned(work.task, work.instance, [])
    way = ways[0] if to == INITIATOR else next(way for way in ways if way.activity_id == to)
    asked = held.loaded.process.activity(way.activity_id)
    trigger = Return(work.task.token, way.visit, _holder(session, work.instance, target, asked))
    step = runner.advance(session, held, trigger, event, actor, now)
    tasks = created(session, step, way.activity_id)
    session.add_all(TaskReturn(task_id=each.id, by=login, origin=work.task.name, reason=said, at=now) for each in tasks)
    return Returned(work.task, work.instance, tasks)


def _holder(session: Session, instance: Instance, target: Target, asked: Activity) -> Holder | None:
    """Who did it before, if they may still do it; the starter has it whatever post the task asks for, unless others are to decide it."""
    if target.performer is None:
        return None
    person = Actor(target.performer, "page", identity.posts_of(session, target.performer))
    if target.to == INITIATOR:
        if OddCases.of(asked.properties, bool(buttons_of(asked))).bars_initiator:
            return None
        return lambda users, groups: person.login if rights.works_at(person, instance.site) else None
    return lambda users, groups: person.login if rights.may_work_on(person, instance.site, None, users, groups) else None


def told_at(session: Session, task_id: int) -> TaskReturn | None:
    """Who sent this task back, and why; None for one that came the usual way."""
    return session.get(TaskReturn, task_id)


def _chosen(work: task_work.TaskWork, targets: Sequence[Target], to: str) -> Target:
    for target in targets:
        if target.to == to:
            return target
    allowed = ", ".join(target.to for target in targets) or "nowhere"
    raise Conflict(f"Expected {work.task.name} to be sent back to one of: {allowed}, but it was sent to {to[:60]!r}")


def created(session: Session, step: runner.Step, activity_id: str) -> list[UserTask]:
    """The tasks of this activity that a step has made."""
    events = (event for event in step.events if event.type == "user_task.created" and event.activity == activity_id)
    ids = [event.data["task"] for event in events]
    return list(session.scalars(select(UserTask).where(UserTask.id.in_(ids), UserTask.state.in_(OPEN_TASK)).order_by(UserTask.id)))
