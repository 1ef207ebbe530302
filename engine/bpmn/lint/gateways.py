"""Exclusive and inclusive gateways must always find a way out, and say which."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram, Flow, Node
from engine.errors import Problem

RULE: Final = "gateway"
NO_DEFAULT: Final = "missing-default"
CONDITIONAL: Final = ("exclusiveGateway", "inclusiveGateway")


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: each way out has a condition, the last is the default. Bad: an exclusive gateway with a way that says nothing."""
    for node in diagram.nodes:
        ways = diagram.outgoing.get(node.id, [])
        yield from _default(diagram, node, ways)
        if node.kind in CONDITIONAL and len(ways) > 1:
            yield from _diverging(diagram, node, ways)
        elif node.kind in ("parallelGateway", "eventBasedGateway"):
            for flow in ways:
                if flow.condition is not None:
                    message = f"Expected no condition on a flow out of a gateway that takes every way or waits, but '{flow.id}' has one"
                    yield diagram.problem(flow.element, RULE, message)
        if node.kind.endswith("Gateway") and not ways:
            yield diagram.problem(node.element, RULE, "Expected a way out of a gateway, but there is none")


def _default(diagram: Diagram, node: Node, ways: list[Flow]) -> Iterator[Problem]:
    default = node.element.get("default")
    if default is None:
        return
    chosen = next((flow for flow in ways if flow.id == default), None)
    if chosen is None:
        yield diagram.problem(node.element, RULE, f"Expected the default to be a flow out of '{node.id}', but '{default[:60]}' is none")
    elif chosen.condition is not None:
        yield diagram.problem(chosen.element, RULE, "Expected no condition on a default flow, but it has one, which nobody would evaluate")


def _diverging(diagram: Diagram, node: Node, ways: list[Flow]) -> Iterator[Problem]:
    default = node.element.get("default")
    if default is None and any(flow.condition is not None for flow in ways):
        message = "Expected a default flow, but there is none: when no condition holds, the instance stops here with an incident"
        yield diagram.warning(node.element, NO_DEFAULT, message)
    if node.kind == "exclusiveGateway":
        for flow in ways:
            if flow.condition is None and flow.id != default:
                message = "Expected a condition, or to be the default, for each way out of an exclusive gateway, but this one has neither"
                yield diagram.problem(flow.element, RULE, message)
