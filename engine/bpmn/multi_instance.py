"""Multi-instance activities: a body token holds one token per item and counts them, as BPMN 2.0.2 §13.3.7 tells."""

from typing import Any

from engine.bpmn import catching
from engine.bpmn.instance import Token
from engine.bpmn.scopes import View, holds, write


def enter(spec: Any, body: Token) -> bool | None:
    """Begin to repeat: all items at once, or the first one. No items, no visit: the token goes straight on."""
    view = spec.data.collected(View(body))
    items = spec.loop.items(view)
    waits = catching.prepare_boundaries(spec, view)
    nobody = not items and spec.without_items(body) is None
    if nobody:
        items = [None]
    if not items:
        _give_results(body, _results(body, []))
        body.entered()
        return True
    first = 1 if spec.loop.sequential else len(items)
    body.variables = {"nrOfInstances": len(items), "nrOfActiveInstances": first, "nrOfCompletedInstances": 0}
    body.details = {"items": items if spec.loop.sequential else [], "started": first, **({"nobody": True} if nobody else {})}
    catching.listen(body, waits)
    for number in range(first):
        _start(body, number, items[number])
    return None


def _start(body: Token, number: int, element: Any) -> None:
    instance = body.workflow
    item = instance.place(body.task_spec, body, body.flows)
    item.item, item.variables = number, _variables(body.task_spec.loop, number, element)
    instance.queue(item)


def _variables(loop: Any, number: int, element: Any) -> dict[str, Any]:
    variables: dict[str, Any] = {"loopCounter": number}
    if loop.element is not None:
        variables[loop.element] = element
    if loop.results is not None:
        variables.setdefault(loop.results.item, None)
    return variables


def as_begun(item: Token) -> dict[str, Any]:
    """The variables with which the item began."""
    assert item.item is not None and item.variables is not None
    loop = item.task_spec.loop
    return _variables(loop, item.item, item.variables.get(loop.element))


def reopen(body: Token, items: list[int]) -> None:
    """These items have not ended after all: they are there again, or in a sequence the first of them."""
    assert body.variables is not None
    body.task_spec.reopened(body, items)
    body.variables["nrOfCompletedInstances"] -= len(items)
    if body.task_spec.loop.sequential:
        body.details["started"], body.variables["nrOfActiveInstances"] = min(items) + 1, 1
    else:
        body.variables["nrOfActiveInstances"] += len(items)
    if "results" in body.details:
        body.details["results"] = [each for each in body.details["results"] if each[0] not in items]


def item_ended(body: Token, item: Token) -> None:
    """Count the item that has just left, and look at the rest in a step of its own: the condition may fail."""
    assert body.variables is not None
    results = body.task_spec.loop.results
    if results is not None:
        body.details.setdefault("results", []).append([item.item, (item.variables or {}).get(results.item)])
    body.variables["nrOfCompletedInstances"] += 1
    body.variables["nrOfActiveInstances"] -= 1
    body.workflow.written += 1
    body.go_on("check")


def check(body: Token) -> bool | None:
    """Whether the repeating is over; if not, start the next item of a sequence."""
    loop, variables = body.task_spec.loop, body.variables
    assert variables is not None
    started, total = body.details["started"], variables["nrOfInstances"]
    decided = body.task_spec.decided(body)
    enough = decided is not None or (loop.condition is not None and holds(View(body), loop.condition))
    if enough or (started == total and not body.holds_tokens()):
        results = _results(body, body.details.get("results", []))
        if (past := body.workflow.past) is not None:
            past.consume_whole(body)
        for item in body.within():
            body.workflow.cancel_token(item)
        body.task_spec.conclude(body, decided)
        _give_results(body, results)
        return True
    if started < total and loop.sequential and not body.holds_tokens():
        body.details["started"] = started + 1
        variables["nrOfActiveInstances"] += 1
        _start(body, started, body.details["items"][started])
    return None


def _results(body: Token, done: list[list[Any]]) -> dict[str, Any]:
    """The list of what the completed items gave, in the order of the items, for the variables where it goes."""
    spec, results = body.task_spec, body.task_spec.loop.results
    if results is None:
        return {}
    values = [value for _, value in sorted(done, key=lambda each: int(each[0]))]
    carried: dict[str, Any] = spec.data.leaving(View(body).within({results.target: values}), only=results.output)
    return carried or {results.target: values}


def _give_results(body: Token, results: dict[str, Any]) -> None:
    assert body.owner is not None
    write(body.owner, results)
