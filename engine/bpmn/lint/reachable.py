"""A node that no way leads to is most likely a flow forgotten."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.compensation import handlers_of
from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import SUBPROCESSES, children
from engine.errors import Problem

RULE: Final = "unreachable"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: every task can be walked to from a start event. Bad: a task beside the course, with no flow into it."""
    reached = _walk(diagram)
    for node in diagram.nodes:
        if node.id and node.id not in reached:
            yield diagram.warning(node.element, RULE, f"Expected a way to every node, but none leads to '{node.id}'")


def _walk(diagram: Diagram) -> set[str]:
    attached: dict[str, list[str]] = {}
    inside: dict[str, list[Node]] = {}
    for node in diagram.nodes:
        if node.kind == "boundaryEvent":
            attached.setdefault(node.element.get("attachedToRef") or "", []).append(node.id)
        inside.setdefault(node.scope.get("id") or "", []).append(node)
    links = {_link_name(node): node.id for node in diagram.of_kind("intermediateCatchEvent") if _link_name(node)}
    processes = children(diagram.root, "process")  # also those of which it is still asked whether they shall run
    waiting = [node.id for process in processes for node in _beginnings(diagram, inside.get(process.get("id") or "", []))]
    reached: set[str] = set()
    handlers = handlers_of(diagram)
    while waiting:
        node_id = waiting.pop()
        if node_id in reached or node_id not in diagram.by_id:
            continue
        reached.add(node_id)
        node = diagram.by_id[node_id]
        waiting += [flow.target for flow in diagram.outgoing.get(node_id, ())]
        waiting += attached.get(node_id, ())
        waiting += [handler.id for handler in handlers.get(node_id, ())]
        if node.kind in SUBPROCESSES:
            waiting += [start.id for start in _beginnings(diagram, inside.get(node_id, []))]
        if node.kind == "intermediateThrowEvent" and _link_name(node) in links:
            waiting.append(links[_link_name(node)])
    return reached


def _beginnings(diagram: Diagram, nodes: list[Node]) -> list[Node]:
    """Where a scope begins: its start events, else (as BPMN allows) what no flow leads to; and its event subprocesses."""
    events = [node for node in nodes if node.is_event_subprocess or node.instantiates]
    if starts := [node for node in nodes if node.kind == "startEvent"]:
        return starts + events
    return [node for node in nodes if node.id not in diagram.incoming and node.kind != "boundaryEvent" and not node.is_for_compensation]


def _link_name(node: Node) -> str:
    for definition in node.element.iter("{http://www.omg.org/spec/BPMN/20100524/MODEL}linkEventDefinition"):
        return definition.get("name") or ""
    return ""
