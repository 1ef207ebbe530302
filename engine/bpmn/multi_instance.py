"""Multi-instance activities: a body token holds one token per item and counts them, as BPMN 2.0.2 §13.3.7 tells."""

from typing import Any

from engine.bpmn import catching
from engine.bpmn.instance import Token
from engine.bpmn.scopes import View, holds


def enter(spec: Any, body: Token) -> bool | None:
    """Begin to repeat: all items at once, or the first one. No items, no visit: the token goes straight on."""
    view = View(body)
    items = spec.loop.items(view)
    waits = catching.prepare_boundaries(spec, view)
    if not items:
        body.entered()
        return True
    first = 1 if spec.loop.sequential else len(items)
    body.variables = {"nrOfInstances": len(items), "nrOfActiveInstances": first, "nrOfCompletedInstances": 0}
    body.details = {"items": items if spec.loop.sequential else [], "started": first}
    catching.listen(body, waits)
    for number in range(first):
        _start(body, number, items[number])
    return None


def _start(body: Token, number: int, element: Any) -> None:
    instance, loop = body.workflow, body.task_spec.loop
    item = instance.place(body.task_spec, body, body.flows)
    item.item = number
    item.variables = {"loopCounter": number}
    if loop.element is not None:
        item.variables[loop.element] = element
    instance.queue(item)


def item_ended(body: Token) -> None:
    """Count the item that has just left, and look at the rest in a step of its own: the condition may fail."""
    assert body.variables is not None
    body.variables["nrOfCompletedInstances"] += 1
    body.variables["nrOfActiveInstances"] -= 1
    body.go_on("check")


def check(body: Token) -> bool | None:
    """Whether the repeating is over; if not, start the next item of a sequence."""
    loop, variables = body.task_spec.loop, body.variables
    assert variables is not None
    if loop.condition is not None and holds(View(body), loop.condition):
        for item in body.within():
            body.workflow.cancel_token(item)
        return True
    started, total = body.details["started"], variables["nrOfInstances"]
    if started < total and loop.sequential:
        body.details["started"] = started + 1
        variables["nrOfActiveInstances"] += 1
        _start(body, started, body.details["items"][started])
    return None if body.holds_tokens() else True
