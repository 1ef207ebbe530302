"""An event-based gateway waits for the first of several events, each of which is reached through it alone."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram, Node
from engine.errors import Problem

RULE: Final = "event-gateway"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: a message or a timer, whichever comes first. Bad: a user task behind it, only one way, an event with a second flow into it."""
    for node in diagram.of_kind("eventBasedGateway"):
        ways = diagram.outgoing.get(node.id, [])
        if len(ways) == 1:
            yield diagram.problem(node.element, RULE, "Expected an event-based gateway with at least two ways out, but there is one")
        for flow in ways:
            target = diagram.by_id.get(flow.target)
            if target is not None:
                yield from _target(diagram, target)


def _target(diagram: Diagram, target: Node) -> Iterator[Problem]:
    if target.kind != "receiveTask" and not (target.kind == "intermediateCatchEvent" and "link" not in target.events):
        message = f"Expected only catching events and receive tasks behind an event-based gateway, but '{target.id}' is none"
        yield diagram.problem(target.element, RULE, message)
    if len(diagram.incoming.get(target.id, [])) > 1:
        message = f"Expected one way into an event behind an event-based gateway, but several lead to '{target.id}'"
        yield diagram.problem(target.element, RULE, message)
