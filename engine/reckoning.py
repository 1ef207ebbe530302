"""What a trigger brings about, reckoned where it holds nobody up.

Whoever holds the turn to write has patience for a moment only. What takes longer is reckoned without the turn on the same state, and used
in the next turn when nothing that it rests on has changed by then.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from engine import db
from engine.bpmn.triggers import Context, Outcome, Trigger
from engine.bpmn.workflow import TakesLong, Workflow

Scopes = Mapping[str, Mapping[str, Any]]

PATIENCE = 0.2  # seconds in the turn to write


class CaseFacts(Mapping[str, Any]):
    """What expressions see as `case`; remembers what they looked at."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts
        self.seen: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        self.seen[name] = self._facts[name]
        return self.seen[name]

    def __iter__(self) -> Iterator[str]:
        self.seen.update(self._facts)
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)


@dataclass
class Subject:
    """A workflow that is about to move. `state` tells from which state, and at what site; `again` makes it once more, as it is now."""

    workflow: Workflow
    state: object
    again: Callable[[], Workflow]
    is_new: bool = False  # nothing has run yet: all of it is a change

    def compare_from_here(self) -> None:
        if not self.is_new:
            self.workflow.compare_from_here()


@dataclass(frozen=True)
class Beforehand:
    """What was reckoned without the turn, and what it rests on."""

    state: object
    trigger: Trigger
    seen: Mapping[str, Any]
    workflow: Workflow
    outcome: Outcome

    def holds(self, subject: Subject, trigger: Trigger, context: Context) -> bool:
        """Whether it is what would be reckoned now."""
        return (self.state, self.trigger) == (subject.state, trigger) and all(context.case[name] == was for name, was in self.seen.items())


def reckon(session: Session, subject: Subject, trigger: Trigger, context: Context) -> Outcome:
    """Move the workflow; returns what happened. Raises HoldsUp where that is better reckoned beforehand."""
    known = session.info.get("beforehand")
    if isinstance(known, Beforehand) and known.holds(subject, trigger, context):
        del session.info["beforehand"]
        subject.workflow = known.workflow
        return known.outcome
    subject.compare_from_here()
    if not db.holds_others_up(session):
        return subject.workflow.advance(trigger, context)
    try:
        return subject.workflow.advance(trigger, replace(context, patience=PATIENCE))
    except TakesLong:
        once_more = replace(subject, workflow=subject.again())
        raise db.HoldsUp(lambda: _beforehand(once_more, trigger, context)) from None


def _beforehand(subject: Subject, trigger: Trigger, context: Context) -> Beforehand:
    facts = CaseFacts(context.case)
    subject.compare_from_here()
    outcome = subject.workflow.advance(trigger, replace(context, case=facts))
    return Beforehand(subject.state, trigger, facts.seen, subject.workflow, outcome)


def changed_variables(before: Scopes, after: Scopes) -> dict[str, list[Any]]:
    """Name → [old, new] for what differs; names of inner scopes are written scope/name. Scopes that ended are no change."""
    changed = {}
    for scope, variables in after.items():
        was = before.get(scope, {})
        for name in variables.keys() | was.keys():
            old, new = was.get(name), variables.get(name)
            if old != new or type(old) is not type(new) or (name in variables) != (name in was):
                changed[f"{scope}/{name}" if scope else name] = [old, new]
    return changed
