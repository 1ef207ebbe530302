"""A loop that nothing leaves never ends."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import BPMN
from engine.errors import Problem

RULE: Final = "endless-loop"
LEAVES: Final = frozenset({"terminate", "error", "escalation", "cancel"})


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: a loop with a gateway that leads out of it. Bad: two tasks that follow each other in a circle."""
    for scope in diagram.scopes():
        nodes = {node.id: node for node in diagram.within(scope)}
        if _is_left_otherwise(diagram, scope, nodes):
            continue
        for circle in _circles(diagram, nodes):
            first = min(circle, key=lambda node: diagram.by_id[node].element.sourceline or 0)
            named = ", ".join(f"'{node}'" for node in sorted(circle))
            message = f"Expected a way out of every loop, but none leads out of {named[:200]}: draw a gateway with a way to the end"
            yield diagram.warning(diagram.by_id[first].element, RULE, message)


def _is_left_otherwise(diagram: Diagram, scope: _Element, nodes: dict[str, Node]) -> bool:
    """Whether something else may end the scope: an event on it, an event subprocess in it, a terminate end event beside the loop."""
    for node in diagram.of_kind("boundaryEvent"):
        if node.element.get("attachedToRef") == scope.get("id") and node.interrupts:
            return True
    for node in nodes.values():
        if node.is_event_subprocess and any(start.get("isInterrupting") != "false" for start in node.element.findall(BPMN + "startEvent")):
            return True
        if node.kind == "endEvent" and LEAVES.intersection(node.events):
            return True
    return scope.tag == BPMN + "adHocSubProcess"


def _circles(diagram: Diagram, nodes: dict[str, Node]) -> Iterator[set[str]]:
    """The nodes from which no end can be reached, in groups that can reach each other."""
    following = {node_id: {flow.target for flow in diagram.outgoing.get(node_id, ()) if flow.target in nodes} for node_id in nodes}
    for node in nodes.values():
        if node.kind == "boundaryEvent" and (host := node.element.get("attachedToRef")) in following:
            following[str(host)].add(node.id)
    before: dict[str, set[str]] = {}
    for node_id, others in following.items():
        for other in others:
            before.setdefault(other, set()).add(node_id)
    saved = _reached([node_id for node_id, others in following.items() if not others], before)
    lost = set(nodes) - saved
    while lost:
        start = lost.pop()
        group = _reached([start], following) & _reached([start], before)
        lost -= group
        if len(group) > 1 or start in following[start]:
            yield group


def _reached(beginning: list[str], following: dict[str, set[str]]) -> set[str]:
    found, waiting = set(beginning), list(beginning)
    while waiting:
        for other in following.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
