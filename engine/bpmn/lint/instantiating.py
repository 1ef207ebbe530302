"""What starts a process without being a start event: a receive task or an event-based gateway to which nothing leads."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.constructs import refuse, words
from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import name_of
from engine.errors import Problem

RULE: Final = "instantiating"
KINDS: Final = ("receiveTask", "eventBasedGateway")


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: instantiate="true" on a receive task that nothing leads to. Bad: one in a subprocess, or with a flow into it."""
    for node in diagram.nodes:
        if node.instantiates:
            yield from _instantiating(diagram, node)
        elif node.element.get("eventGatewayType") == "Parallel":
            advice = "draw a parallel gateway with an event on each way"
            yield refuse(diagram, node.element, "parallel event-based gateway that does not start the process", advice)


def _instantiating(diagram: Diagram, node: Node) -> Iterator[Problem]:
    if node.kind not in KINDS or name_of(node.scope) != "process":
        yield refuse(diagram, node.element, f'{words(node.kind)} with instantiate="true" there', "draw a start event")
        return
    if node.id in diagram.incoming:
        message = f"Expected no flow into what starts the process, but one leads to '{node.id}'"
        yield diagram.problem(node.element, RULE, message)
    if any(name_of(child).endswith("LoopCharacteristics") for child in node.element):
        yield refuse(diagram, node.element, "receive task that starts the process and repeats", "put the repetition behind it")
    allowed = {"message"} if node.element.get("eventGatewayType") == "Parallel" else {"message", "signal"}
    for event in events_behind(diagram, node):
        if event.kind != "receiveTask" and not allowed.issuperset(event.events):
            yield refuse(diagram, event.element, f"{event.events[0]} event that starts the process behind a gateway", "draw a start event")


def events_behind(diagram: Diagram, gateway: Node) -> list[Node]:
    return [diagram.by_id[flow.target] for flow in diagram.outgoing.get(gateway.id, ()) if flow.target in diagram.by_id]


def starting(diagram: Diagram) -> Iterator[Node]:
    """Everything that starts an instance from outside: start events of processes, and what stands for one."""
    for node in diagram.nodes:
        if name_of(node.scope) == "process" and (node.kind == "startEvent" or (node.kind == "receiveTask" and node.instantiates)):
            yield node
        elif node.kind == "eventBasedGateway" and node.instantiates:
            yield from events_behind(diagram, node)
