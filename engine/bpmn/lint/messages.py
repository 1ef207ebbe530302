"""Messages, signals, errors and escalations are found by name: without one nobody could send or catch them."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.constructs import article
from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.lint.instantiating import starting
from engine.bpmn.vocabulary import BPMN, STEWARD, camunda_properties, children, event_definitions, name_of
from engine.errors import Problem

RULE: Final = "message"
REFERENCES: Final = {"message": "messageRef", "signal": "signalRef", "error": "errorRef", "escalation": "escalationRef"}
SENDING: Final = frozenset({"sendTask", "endEvent", "intermediateThrowEvent"})
CODED: Final = frozenset({"error", "escalation"})
NAME: Final = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: messageRef to <message name="paid">. Bad: no messageRef, one to nothing, a message without a name."""
    known = {(kind, element.get("id")): element for kind in REFERENCES for element in children(diagram.root, kind)}
    yield from _starting_twice(diagram)
    yield from _starting_itself(diagram)
    yield from _offered(diagram)
    fixed = {node.id for node in starting(diagram)}
    for node in diagram.nodes:
        if node.kind in ("sendTask", "receiveTask"):
            yield from _reference(diagram, node, node.element, "message", known, fixed)
        for definition in event_definitions(node.element):
            kind = name_of(definition).removesuffix("EventDefinition")
            if kind in REFERENCES:
                yield from _reference(diagram, node, definition, kind, known, fixed)


def _reference(
    diagram: Diagram, node: Node, holder: _Element, kind: str, known: dict[tuple[str, str | None], _Element], fixed: set[str]
) -> Iterator[Problem]:
    reference = (holder.get(REFERENCES[kind]) or "").rpartition(":")[2]
    if not reference:
        # A boundary or start event without an error or escalation catches every one.
        if kind not in CODED or node.kind in ("endEvent", "intermediateThrowEvent"):
            yield diagram.problem(node.element, RULE, f"Expected '{node.id}' to name {article(kind)} {kind}, but it does not")
        return
    target = known.get((kind, reference))
    if target is None:
        yield diagram.problem(node.element, RULE, f"Expected {article(kind)} {kind} '{reference[:60]}', but the file has none")
    elif not (target.get(NAME[kind]) or "").strip():
        yield diagram.problem(node.element, RULE, f"Expected {kind} '{reference[:60]}' to have {_a_name(kind)}, but it has none")
    elif "${" in (target.get(NAME[kind]) or "") and (kind in CODED or node.id in fixed):
        yield diagram.problem(node.element, RULE, f"Expected a fixed name for {kind} '{reference[:60]}', but it is an expression")


def _offered(diagram: Diagram) -> Iterator[Problem]:
    """Good: steward:offeredTo on a message event of the case that waits. Bad: on one that sends, or that starts the case."""
    begin = {node.id for node in starting(diagram)}
    for node in diagram.nodes:
        for prop in camunda_properties(node.element):
            if prop.get("name") == f"{STEWARD}offeredTo" and (node.id in begin or node.kind in SENDING):
                message = f"Expected steward:offeredTo where a running case waits for a message, but '{node.id}' does not wait"
                yield diagram.problem(prop, RULE, message)


def _a_name(kind: str) -> str:
    return f"an {kind} code" if kind in CODED else "a name"


def _starting_twice(diagram: Diagram) -> Iterator[Problem]:
    """A message starts one instance, so it must be clear where."""
    seen: set[tuple[str | None, str]] = set()
    for node in starting(diagram):
        for definition in [node.element, *children(node.element, "messageEventDefinition")]:
            if (reference := definition.get("messageRef")) is None:
                continue
            place = (node.scope.get("id"), reference.rpartition(":")[2])
            if place in seen:
                message = f"Expected one start event for each message, but '{place[1][:60]}' already has one"
                yield diagram.problem(node.element, RULE, message)
            seen.add(place)


def _starting_itself(diagram: Diagram) -> Iterator[Problem]:
    """A process that throws the signal by which it starts has no end."""
    starts = {_signal(definition): node for node in starting(diagram) for definition in children(node.element, "signalEventDefinition")}
    for node in diagram.of_kind("endEvent", "intermediateThrowEvent"):
        for definition in children(node.element, "signalEventDefinition"):
            if starts.get(_signal(definition)) is not None and _process_of(node) is _process_of(starts[_signal(definition)]):
                message = "Expected another signal than the one that starts this process, which would start itself again and again"
                yield diagram.warning(node.element, RULE, message)


def _signal(definition: _Element) -> str:
    return (definition.get("signalRef") or "").rpartition(":")[2]


def _process_of(node: Node) -> _Element | None:
    return next(node.element.iterancestors(BPMN + "process"), None)
