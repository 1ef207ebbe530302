"""Undoing what has been done: what a scope remembers of its completed activities, and how that is taken back (BPMN 2.0.2 §10.6, §13.5.5).

Finished tokens do not exist, so what undoing needs is written down when an activity completes: its id, the variables that only it saw,
and what was completed within it. A record is used once. The tokens that undo are held by a token of their own (`undoing.Undo`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.bpmn import catching, compaction
from engine.bpmn.instance import STARTED, StepFailed, Token

DONE = "done"  # where a scope keeps its records, the oldest first
Record = Mapping[str, Any]


def remember(token: Token) -> None:
    """An activity is completed: keep what undoing it would need. Each item of a repetition is kept, once the whole is completed."""
    spec, inside = token.task_spec, token.details.get(DONE, ())
    if not (inside or spec.handler is not None or spec.undone_by is not None) or not spec.drawn:
        return
    assert token.owner is not None
    _keep(token.owner, inside if spec.repeats(token) else [_record(token, inside)])


def _record(token: Token, inside: Sequence[Record]) -> dict[str, Any]:
    token.workflow.numbers += 1  # drawn like a token's: it tells which of two records is the younger, whatever scopes they come from
    number = token.workflow.numbers
    variables = None if token.variables is None else dict(token.variables)
    return {"activity": token.task_spec.name, "number": number, "variables": variables, DONE: list(inside)}


def _keep(scope: Token, records: Sequence[Record]) -> None:
    if records:
        scope.details = {**scope.details, DONE: [*scope.details.get(DONE, []), *records]}


def _take(scope: Token, activity: str | None) -> list[Record]:
    """The scope's records, all or those of one activity; they are gone from it then."""
    taken: list[Record] = []
    left: list[Record] = []
    for record in scope.details.get(DONE, []):
        (taken if activity in (None, record["activity"]) else left).append(record)
    if taken:
        scope.details = {**scope.details, DONE: left}
    return taken


def throw(token: Token, activity: str | None, waits: bool) -> bool | None:
    """Undo what the scope of a throwing event has done; None when the event waits for the end of that."""
    scope = token.owner
    assert scope is not None
    records = _take(scope, activity)
    if scope.task_spec.starts_itself:  # an event subprocess speaks for the scope that holds it
        assert scope.owner is not None
        records += _take(scope.owner, activity)
    if not records:
        return True
    undo(scope, token.task_spec.undo, sorted(records, key=lambda record: int(record["number"])), token.number if waits else None)
    return None if waits else True


def undo(scope: Token, spec: Any, records: Sequence[Record], waiter: int | None) -> None:
    """A token that takes the records back, the youngest first, one after the other."""
    if (past := scope.workflow.past) is not None and records:
        past.act("compensation.begun", spec.shown_as)
    token = scope.workflow.place(spec, scope)
    token.details = {"todo": list(records), "waiter": waiter}
    scope.workflow.queue(token)


def is_under_way(token: Token) -> bool:
    """Whether this token takes records back: by now some are, and some are not."""
    return "todo" in token.details


def begin(undoing: Token, record: Record) -> None:
    """Take one completed activity back: by its handler, or a subprocess by what is in it."""
    instance = undoing.workflow
    spec = instance.specs[record["activity"]]
    undoing.variables = None
    if spec.handler is None or record.get("unfinished"):
        _restore(undoing, spec, record)
        return
    undoing.variables = record["variables"]
    boundary = instance.place(spec.compensation, undoing)
    boundary.entered()
    boundary.left()
    instance.queue(instance.place(spec.handler, undoing))
    compaction.splice(boundary)


def _restore(undoing: Token, spec: Any, record: Record) -> None:
    """The subprocess with its variables as they were when it was completed; in it its event subprocess, or its activities' handlers."""
    instance = undoing.workflow
    scope = instance.place(spec.restored, undoing)
    scope.variables, scope._state = dict(record["variables"] or {}), STARTED
    if spec.undone_by is None or record.get("unfinished"):
        undo(scope, spec.undo, record[DONE], None)
        return
    scope.details = {DONE: record[DONE]}
    token = instance.place(spec.undone_by, scope)
    token.details = {"start": spec.undone_by.body.starts[0].name}
    instance.queue(token)


def transaction_around(token: Token) -> Token:
    at = token.owner
    while at is not None and not at.task_spec.is_transaction:
        at = at.owner
    if at is None:
        raise StepFailed("error", "Expected a transaction around a cancel end event, but there is none")
    return at


def cancel(transaction: Token, token: Token) -> None:
    """A cancel end event: what still goes on in the transaction ends, what was done is taken back, then its cancel event happens."""
    records = _done_within(transaction)
    token.left()
    token.phase = "leave"
    if (past := transaction.workflow.past) is not None:
        past.interrupt(transaction, transaction.listening())
    for child in transaction.within():
        transaction.workflow.cancel_token(child)
    for listener in transaction.listening():
        compaction.splice(listener)
    transaction.details = {"interrupted": True}  # an error from now on is a hazard: it goes to the boundary
    undo(transaction, transaction.task_spec.undo, records, None)


def _done_within(scope: Token) -> list[Record]:
    """What was completed in a scope, and in the scopes within that are not completed themselves."""
    records = list(scope.details.get(DONE, []))
    for token in scope.within():
        inside = _done_within(token) + token.details.get("todo", [])
        if inside and token.task_spec.drawn and not token.task_spec.repeats(token):
            inside = [{**_record(token, inside), "unfinished": True}]
        records += inside
    return sorted(records, key=lambda record: int(record["number"]))


def cancelled(transaction: Token) -> None:
    """Everything is taken back: the transaction leaves by its cancel event."""
    boundary = next((each for each in transaction.task_spec.boundaries if each.catches_cancel), None)
    if boundary is None:
        raise StepFailed("error", "Expected a cancel event at the boundary of the transaction, but there is none")
    catching.leave_by_boundary(boundary, transaction)
