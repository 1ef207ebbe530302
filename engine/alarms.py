"""What follows when a clock warns or is over its limit: notices to those whom the diagram names, and an escalation that it can catch.

Both are the worker's, after the commit that marked the clock: what is told stands in the history, and no step waits for it.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, notices, runner
from engine.actors import Actor
from engine.bpmn import sandbox
from engine.bpmn.clock_rules import Rule
from engine.bpmn.triggers import Alarm
from engine.history import Event
from engine.notices import Act
from engine.runner import Held
from engine.states import OPEN_TASK
from engine.tables import Instance, TaskParticipant, UserTask


def ring(session: Session, instance: Instance, clock: str, is_over: bool, job_id: int, actor: Actor, now: datetime) -> None:
    """Tell and escalate as the diagram says; the caller holds the instance. A case that has ended meanwhile is told of, and not moved."""
    held = runner.hold(session, instance)
    rule = next((rule for rule in held.loaded.clocks if rule.name == clock), None)
    if rule is None:
        return
    if rule.tell:
        to, name = _recipients(session, held, rule, is_over, now), _name(held, rule)
        kind = "clock_breached" if is_over else "clock_warned"
        notices.send(session, instance, to, name, job_id, now, Act(kind, None, None))
        told = Event("notice.sent", data={"to": list(to), "text": name, "clock": clock, "kind": kind})
        history.append(session, instance, [told], actor, now)
    if is_over and rule.escalate and instance.state == "running":
        event = Event("clock.escalated", data={"clock": clock, "code": rule.escalate})
        session.flush()
        runner.advance(session, held, Alarm(rule.escalate), event, actor, now)


def _recipients(session: Session, held: Held, rule: Rule, is_over: bool, now: datetime) -> Sequence[str]:
    """A warning is for whoever can still keep the promise; a breach for those whom the diagram names."""
    if not is_over:
        return _at_work(session, held.instance, rule)
    names = {**held.workflow.variables, "case": runner.case_of(held.instance)}
    said = sandbox.compile_template(rule.tell or "").evaluate(names, held.facts.functions(now))
    named = said if isinstance(said, list) else str(said or "").split(",")
    return list(dict.fromkeys(str(one).strip() for one in named if one and str(one).strip()))


def _at_work(session: Session, instance: Instance, rule: Rule) -> Sequence[str]:
    """Who has the task that stops the clock; while nobody has, those who may take it."""
    query = select(UserTask).where(UserTask.instance_id == instance.id, UserTask.state.in_(OPEN_TASK))
    found: dict[str, None] = {}
    for task in session.scalars(query.where(UserTask.activity_id == rule.ends_at).order_by(UserTask.id)):
        may = select(TaskParticipant.who).where(TaskParticipant.task_id == task.id).order_by(TaskParticipant.kind, TaskParticipant.who)
        found.update(dict.fromkeys([task.assignee] if task.assignee else session.scalars(may)))
    return list(found)


def _name(held: Held, rule: Rule) -> str:
    """What the clock is for: the activity at which it stops. Each reader is told the rest in their language."""
    activity = held.loaded.process.activities.get(rule.ends_at)
    return (activity.name if activity is not None else None) or rule.name
