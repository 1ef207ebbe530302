"""Sequence flows lead from one node to another of the same process or subprocess."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram, Flow, Node
from engine.bpmn.vocabulary import children
from engine.errors import Problem

RULE: Final = "flow"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: a flow between two tasks of one subprocess. Bad: targetRef="nowhere", a flow out of a subprocess, one into a start event."""
    known = {flow.id for flow in diagram.flows}
    for flow in diagram.flows:
        yield from _flow(diagram, flow)
    for node in diagram.nodes:
        for kind in ("incoming", "outgoing"):
            for reference in children(node.element, kind):
                if (flow_id := (reference.text or "").strip()) not in known:
                    yield diagram.problem(node.element, RULE, f"Expected {kind} to name a sequence flow, but there is no '{flow_id[:60]}'")


def _flow(diagram: Diagram, flow: Flow) -> Iterator[Problem]:
    source, target = diagram.by_id.get(flow.source), diagram.by_id.get(flow.target)
    for end, name, node in (("sourceRef", flow.source, source), ("targetRef", flow.target, target)):
        if node is None:
            yield diagram.problem(flow.element, RULE, f"Expected {end} to name a flow node, but there is no '{name[:60]}'")
        elif node.scope is not flow.scope:
            yield diagram.problem(flow.element, RULE, f"Expected {end} within the same process or subprocess, but '{name}' is elsewhere")
    if source is not None and (complaint := _never_left(source)):
        yield diagram.problem(flow.element, RULE, f"Expected no flow out of {complaint}, but '{source.id}' is left by one")
    if target is not None and (complaint := _never_entered(target)):
        yield diagram.problem(flow.element, RULE, f"Expected no flow into {complaint}, but '{target.id}' is entered by one")


def _never_left(node: Node) -> str | None:
    if node.kind == "endEvent":
        return "an end event"
    if node.kind == "intermediateThrowEvent" and "link" in node.events:
        return "a link throw event"
    return "an event subprocess" if node.is_event_subprocess else None


def _never_entered(node: Node) -> str | None:
    if node.kind == "startEvent":
        return "a start event"
    if node.kind == "boundaryEvent":
        return "a boundary event"
    if node.kind == "intermediateCatchEvent" and "link" in node.events:
        return "a link catch event"
    return "an event subprocess" if node.is_event_subprocess else None
