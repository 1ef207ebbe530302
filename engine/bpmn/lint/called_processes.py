"""A call activity calls a process that is there."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.errors import Problem

RULE: Final = "called-process"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: calledElement="callback", which is deployed. Bad: no calledElement (error); one that nobody has deployed yet (warning)."""
    own = {process.key for process in diagram.processes}
    for node in diagram.of_kind("callActivity"):
        called = (node.element.get("calledElement") or "").strip()
        if not called:
            yield diagram.problem(node.element, RULE, "Expected a call activity to name a process (calledElement), but it does not")
        elif "${" not in called and called not in own and called not in diagram.available.processes:
            message = f"Expected a process '{called[:60]}', but none is deployed; until it is, the call will end in an incident"
            yield diagram.warning(node.element, RULE, message)
