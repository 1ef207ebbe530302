"""What is taken back is named and has somebody who takes it back; a transaction that can be cancelled has a way out for that."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.constructs import refuse, words
from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import ACTIVITIES, BPMN, children, name_of
from engine.errors import Problem

RULE: Final = "compensation"
METHODS: Final = frozenset({"##Compensate", "compensate", "Compensate"})


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: a compensation event with an association to an activity for compensation. Bad: none, two, a flow out of it, a cancel end
    event outside a transaction."""
    handlers = handlers_of(diagram)
    for node in diagram.nodes:
        if node.is_for_compensation:
            yield from _handler(diagram, node)
        if "compensate" in node.events:
            if node.kind == "boundaryEvent":
                yield from _boundary(diagram, node, handlers.get(node.id, []))
            elif node.kind in ("endEvent", "intermediateThrowEvent"):
                yield from _throw(diagram, node)
        if "cancel" in node.events:
            yield from _cancel(diagram, node)
        if node.kind == "transaction":
            yield from _transaction(diagram, node)


def handlers_of(diagram: Diagram) -> dict[str, list[Node]]:
    """The activities to which associations lead from each event, drawn either way."""
    found: dict[str, list[Node]] = {}
    for association in diagram.root.iter(BPMN + "association"):
        ends = [(association.get(name) or "").rpartition(":")[2] for name in ("sourceRef", "targetRef")]
        for event, activity in (ends, reversed(ends)):
            node = diagram.by_id.get(activity)
            if event in diagram.by_id and node is not None and node.kind in ACTIVITIES and diagram.by_id[event].kind == "boundaryEvent":
                found.setdefault(event, []).append(node)
    return found


def _handler(diagram: Diagram, node: Node) -> Iterator[Problem]:
    if node.kind not in ACTIVITIES or node.is_event_subprocess:
        yield refuse(diagram, node.element, f"{words(node.kind)} for compensation", "put an activity in its place")
    if node.id in diagram.incoming or node.id in diagram.outgoing:
        message = f"Expected no flows at an activity for compensation, which only an association leads to, but '{node.id}' has one"
        yield diagram.problem(node.element, RULE, message)


def _boundary(diagram: Diagram, node: Node, handlers: list[Node]) -> Iterator[Problem]:
    if node.id in diagram.outgoing:
        message = f"Expected an association out of a compensation event and no flow, but a flow leaves '{node.id}'"
        yield diagram.problem(node.element, RULE, message)
    if len(handlers) != 1:
        message = f"Expected one association from '{node.id}' to an activity that compensates, but there are {len(handlers)}"
        yield diagram.problem(node.element, RULE, message)
    for handler in handlers:
        if not handler.is_for_compensation:
            message = f"Expected an activity for compensation (isForCompensation), but '{handler.id}' is none"
            yield diagram.problem(handler.element, RULE, message)
        elif handler.scope is not node.scope:
            yield diagram.problem(handler.element, RULE, f"Expected '{handler.id}' beside what it compensates, but it is elsewhere")


def _throw(diagram: Diagram, node: Node) -> Iterator[Problem]:
    definition = next(node.element.iter(BPMN + "compensateEventDefinition"))
    reference = (definition.get("activityRef") or "").rpartition(":")[2]
    named = diagram.by_id.get(reference)
    scopes = _seen_from(node)
    if reference and (named is None or named.kind not in ACTIVITIES or named.scope not in scopes):
        message = f"Expected '{node.id}' to name an activity of its own process or subprocess, but '{reference[:60]}' is none there"
        yield diagram.problem(node.element, RULE, message)
    elif not any(_can_be_undone(diagram, each) for each in ([named] if named is not None else _activities(diagram, scopes))):
        message = f"Expected something that '{node.id}' can take back, but nothing there has a compensation event"
        yield diagram.warning(node.element, RULE, message)


def _seen_from(node: Node) -> list[_Element]:
    """The scope of an event; an event subprocess also speaks for the one around it."""
    around = node.scope.getparent()
    return [node.scope] if node.scope.get("triggeredByEvent") != "true" or around is None else [node.scope, around]


def _activities(diagram: Diagram, scopes: list[_Element]) -> Iterator[Node]:
    return (each for each in diagram.nodes if each.scope in scopes and each.kind in ACTIVITIES)


def _can_be_undone(diagram: Diagram, node: Node) -> bool:
    """Whether it, or something within it, has a compensation event."""
    if next(node.element.iter(BPMN + "compensateEventDefinition"), None) is not None:
        return True
    return any(each.element.get("attachedToRef") == node.id and "compensate" in each.events for each in diagram.of_kind("boundaryEvent"))


def _cancel(diagram: Diagram, node: Node) -> Iterator[Problem]:
    if node.kind == "boundaryEvent":
        host = diagram.by_id.get(node.element.get("attachedToRef") or "")
        if host is not None and host.kind == "transaction" and not _cancel_ends(host):
            message = f"Expected a cancel end event in '{host.id}', whose cancellation is caught here, but there is none"
            yield diagram.warning(node.element, RULE, message)
        if host is not None and host.kind != "transaction":
            yield refuse(diagram, node.element, f"cancel boundary event on a {words(host.kind)}", "only a transaction can be cancelled")
    elif next(node.element.iterancestors(BPMN + "transaction"), None) is None:
        yield refuse(diagram, node.element, "cancel end event outside a transaction", "draw a terminate or an error end event")


def _transaction(diagram: Diagram, node: Node) -> Iterator[Problem]:
    if (method := node.element.get("method")) is not None and method not in METHODS:
        yield refuse(diagram, node.element, f'transaction with method="{method[:40]}"', "what is done is taken back by compensation")
    if not _cancel_ends(node):
        return
    if any(name_of(child).endswith("LoopCharacteristics") for child in node.element):
        advice = "put the transaction into a subprocess that repeats"
        yield refuse(diagram, node.element, "transaction that repeats and can be cancelled", advice)
    boundaries = [each for each in diagram.of_kind("boundaryEvent") if each.element.get("attachedToRef") == node.id]
    if sum("cancel" in each.events for each in boundaries) != 1:
        message = f"Expected one cancel event at the boundary of '{node.id}', which can be cancelled, but there is none or more than one"
        yield diagram.problem(node.element, RULE, message)


def _cancel_ends(transaction: Node) -> list[_Element]:
    """The end events that cancel this transaction, not one within it."""
    ends = [each for each in transaction.element.iter(BPMN + "endEvent") if children(each, "cancelEventDefinition")]
    return [end for end in ends if next(end.iterancestors(BPMN + "transaction")) is transaction.element]
