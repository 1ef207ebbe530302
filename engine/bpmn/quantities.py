"""How many tokens an activity takes before it begins, and gives when it is done (BPMN 2.0.2 §10.3, startQuantity, completionQuantity)."""

from typing import Any

from engine.bpmn import compaction
from engine.bpmn.instance import Token


def gathered(spec: Any, token: Token) -> bool:
    """Whether enough tokens have come; those that came before it become one with this one."""
    assert token.owner is not None
    if token.details.get("gathered") or token.details.get("again"):
        return True
    before = [each for each in token.owner.within() if each.task_spec is spec and each.phase == "arrived"]
    if len(before) + 1 < spec.start_quantity:
        arrive(spec, token)
        return False
    taken = before[: spec.start_quantity - 1]
    token.flows = tuple(flow for each in [*taken, token] for flow in each.flows)
    token.details = {"gathered": True}  # a step that fails from now on is not to gather again
    if (past := token.workflow.past) is not None:
        past.unite([*taken, token])
        past.placed(token)
    for each in taken:
        compaction.splice(each)
    return True


def arrive(spec: Any, token: Token) -> None:
    """The token waits for others, as at a join: where nothing else can come any more, that is a deadlock."""
    assert token.owner is not None
    token.phase = "arrived"
    token.workflow.joins[token.owner.id, spec.name] = spec


def withdraw(spec: Any, token: Token) -> None:
    """A token that waited is gone."""
    assert token.owner is not None
    if not any(each is not token and each.task_spec is spec and each.phase == "arrived" for each in token.owner.within()):
        token.workflow.joins.pop((token.owner.id, spec.name), None)
