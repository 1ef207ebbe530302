"""Activities that loop: a body token holds the round that is being done and counts the rounds, as BPMN 2.0.2 §13.3.6 tells."""

from typing import Any

from engine.bpmn import catching
from engine.bpmn.instance import Token
from engine.bpmn.scopes import View, holds


def enter(spec: Any, body: Token) -> bool | None:
    """Begin the first round. A loop that is tested before and does not hold is passed by."""
    view = View(body)
    again = not spec.loop.tests_before or _goes_on(view.within({"loopCounter": 0}), spec.loop, 0)
    waits = catching.prepare_boundaries(spec, view)
    if not again:
        body.entered()
        return True
    body.variables = {"loopCounter": 0}
    body.details = {"rounds": 0}
    catching.listen(body, waits)
    _start(body)
    return None


def _start(body: Token) -> None:
    round_ = body.workflow.place(body.task_spec, body, body.flows)
    round_.item = body.details["rounds"]
    round_.variables = {"loopCounter": round_.item}
    body.workflow.queue(round_)


def as_begun(round_: Token) -> dict[str, Any]:
    """The variables with which the round began."""
    return {"loopCounter": round_.item}


def reopen(body: Token, rounds: list[int]) -> None:
    """These rounds have not been done after all: the first of them is there again."""
    assert body.variables is not None
    body.details["rounds"] = body.variables["loopCounter"] = min(rounds)


def _goes_on(view: View, loop: Any, rounds: int) -> bool:
    """The condition may fail, so it is asked before anything is changed."""
    if loop.maximum is not None and rounds >= loop.maximum:
        return False
    return loop.condition is None or holds(view, loop.condition)


def item_ended(body: Token, item: Token) -> None:
    """Count the round, and look at the condition in a step of its own."""
    assert body.variables is not None
    body.details["rounds"] += 1
    body.variables["loopCounter"] = body.details["rounds"]
    body.workflow.written += 1
    body.go_on("check")


def check(body: Token) -> bool | None:
    """Whether there is another round; if so, begin it."""
    if not _goes_on(View(body), body.task_spec.loop, body.details["rounds"]):
        if (past := body.workflow.past) is not None:
            past.consume_whole(body)
        return True
    _start(body)
    return None
