"""Of two events that wait for the same thing at the same place only the first ever happens."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import children, event_definitions, event_kind, steward_properties
from engine.errors import Problem

RULE: Final = "rival"
CODES: Final = {"error": "errorCode", "escalation": "escalationCode", "message": "name", "signal": "name"}
Awaited = tuple[str, str, str | None]  # what kind, which, and with which correlation key


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: an error event for one code, and another for all codes. Bad: two error events with the same code on one subprocess; two
    branches behind an event-based gateway that wait for the same message."""
    declared = {(kind, element.get("id")): element.get(CODES[kind]) or "" for kind in CODES for element in children(diagram.root, kind)}
    first: dict[tuple[str, Awaited], Node] = {}
    for place, node in _waiting(diagram):
        for awaited in _awaited(node, declared):
            kind, which, _ = awaited
            # A signal reaches everybody who waits for it; behind a gateway the first of them decides.
            if kind == "signal" and diagram.by_id.get(place) is None:
                continue
            other = first.setdefault((place, awaited), node)
            if other is not node:
                what = f"the {kind} {which[:60]!r}" if which else f"any {kind}"
                message = f"Expected one event here for {what}, but '{other.id}' waits for it too and always goes first"
                yield diagram.warning(node.element, RULE, message)


def _waiting(diagram: Diagram) -> Iterator[tuple[str, Node]]:
    """The events that wait side by side, each with its place: an activity, a scope or a gateway."""
    for node in diagram.nodes:
        if node.kind == "boundaryEvent":
            yield f"at {node.element.get('attachedToRef')}", node
        elif node.kind == "startEvent" and node.scope.get("triggeredByEvent") in ("true", "1"):
            around = node.scope.getparent()
            yield f"in {'' if around is None else around.get('id')}", node
        elif node.kind == "eventBasedGateway":
            targets = [diagram.by_id.get(flow.target) for flow in diagram.outgoing.get(node.id, [])]
            yield from ((node.id, target) for target in targets if target is not None)


def _awaited(node: Node, declared: dict[tuple[str, str | None], str]) -> Iterator[Awaited]:
    key = steward_properties(node.element).get("correlationKey")
    holders: list[tuple[str, _Element]] = [(event_kind(definition), definition) for definition in event_definitions(node.element)]
    if node.kind == "receiveTask":
        holders.append(("message", node.element))
    for kind, holder in holders:
        if kind in CODES:
            reference = (holder.get(f"{kind}Ref") or "").rpartition(":")[2]
            yield kind, declared.get((kind, reference), ""), key if kind == "message" else None
