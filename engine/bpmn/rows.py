"""A token as a row of plain values, and back: what is stored of it, and what can be put back when a step is undone."""

from typing import Any

from SpiffWorkflow.util.task import TaskState

STATES = [TaskState.READY, TaskState.STARTED, TaskState.WAITING]
READY, STARTED, LISTENING = range(3)


def row_of(token: Any) -> list[Any]:
    """Everything of the token that is not of its definition. One that descends from no visit is written as it always was."""
    place = [token.number, token.task_spec.name, token.owner.number, STATES.index(token._state), token.phase, token.flows]
    row = [*place, token.item, token.failed, token.variables, token.details]
    if token.lineage or token.ended or token.items:
        row += [sorted(token.lineage), sorted(token.ended), [[item, sorted(visits)] for item, visits in token.items.items()]]
    return row


def place_row(instance: Any, row: list[Any], owner: Any, number: int) -> Any:
    """The token of a row, with this number, held by this owner. Raises KeyError for an element that there is not."""
    _, name, _, state, phase, flows, item, failed, variables, details, *past = row
    token = instance.put(instance.specs[name], owner, number, STATES[state])
    token.phase, token.flows, token.item = phase, tuple(flows), item
    token.failed, token.variables, token.details = failed, variables, details
    if past:
        token.lineage, token.ended = frozenset(past[0]), frozenset(past[1])
        token.items = {item: frozenset(visits) for item, visits in past[2]}
    instance.watch(token)
    if phase == "arrived" and hasattr(token.task_spec, "arrive"):
        token.task_spec.arrive(token)
    elif state == READY:
        instance.queue(token)
    return token
