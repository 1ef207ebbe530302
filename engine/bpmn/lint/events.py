"""Which event may stand where, and what it may be: what has not been shown to behave as BPMN says is refused by name."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.constructs import RULE, article, refuse, words
from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import BPMN, SUBPROCESSES, event_definitions, name_of
from engine.errors import Problem

# What each kind of event may be; "" stands for a plain one.
KINDS: Final = {
    "startEvent": {"", "message", "signal", "timer"},
    "startEvent of a subprocess": {""},
    "startEvent of an event subprocess": {"timer", "message", "signal", "error", "escalation", "conditional", "compensate"},
    "endEvent": {"", "terminate", "error", "message", "signal", "escalation", "compensate", "cancel"},
    "intermediateThrowEvent": {"", "message", "signal", "link", "escalation", "compensate"},
    "intermediateCatchEvent": {"timer", "message", "signal", "link", "conditional"},
    "boundaryEvent": {"timer", "message", "signal", "error", "escalation", "conditional", "compensate", "cancel"},
}
# What may stand beside others in one event.
WAITED_FOR: Final = frozenset({"timer", "message", "signal", "conditional"})
TOGETHER: Final = {
    "startEvent": WAITED_FOR | {"error", "escalation"},
    "boundaryEvent": WAITED_FOR | {"error", "escalation"},
    "intermediateCatchEvent": WAITED_FOR,
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation"}),
    "endEvent": frozenset({"message", "signal", "escalation"}),
}
HOSTS: Final = {
    "error": frozenset({"scriptTask", "serviceTask", "businessRuleTask", "callActivity"}) | SUBPROCESSES,
    "escalation": frozenset({"callActivity"}) | SUBPROCESSES,
}
RAISES: Final = {"error": "raises an error", "escalation": "escalates"}
ADVICE: Final = {
    "conditional startEvent": "start it by a message or a signal, sent by whoever changes what the condition asks",
}


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: a timer on a user task. Bad: an error that does not interrupt, a condition that starts a process."""
    for node in diagram.nodes:
        if node.kind in KINDS:
            yield from _event(diagram, node)
        else:
            for definition in event_definitions(node.element):
                yield refuse(diagram, definition, f"{words(node.kind)} with an event definition")


def _event(diagram: Diagram, node: Node) -> Iterator[Problem]:
    allowed = KINDS[_place(node)]
    for event in node.events or [""]:
        if event not in allowed:
            advice = ADVICE.get(f"{event} {_place(node)}")
            yield refuse(diagram, node.element, f"{event or 'plain'} {words(node.kind)}{_where(node)}", advice)
            return
    if len(node.events) > 1:
        yield from _several(diagram, node)
    if "compensate" in node.events and node.kind == "startEvent" and _around(node) == "process":
        advice = "nothing can take a whole process back; put what can be taken back into a subprocess"
        yield refuse(diagram, node.element, "compensation event subprocess of a process", advice)
    for kind in HOSTS:
        if kind in node.events:
            yield from _caught(diagram, node, kind)
    for definition in node.element.iter(BPMN + "conditionalEventDefinition"):
        if not (definition.findtext(BPMN + "condition") or "").strip():
            yield diagram.problem(node.element, RULE, "Expected a conditional event with a condition, but there is none")


def _several(diagram: Diagram, node: Node) -> Iterator[Problem]:
    """Several definitions in one event: any of them, or with parallelMultiple all of them."""
    what = words(node.kind)
    for event in node.events:
        if event not in TOGETHER[node.kind]:
            yield refuse(
                diagram, node.element, f"{what} with {article(event)} {event} definition beside others", "draw events of their own"
            )
            return
    if node.element.get("parallelMultiple") != "true":
        return
    if not WAITED_FOR.issuperset(node.events):
        yield refuse(diagram, node.element, f"parallel multiple {what} for errors or escalations", "draw events of their own")
    elif not node.interrupts or (node.kind == "startEvent" and name_of(node.scope) == "process"):
        advice = "draw a parallel gateway with an event on each way"
        yield refuse(diagram, node.element, f"parallel multiple {what} that does not interrupt", advice)
    elif any(source.kind == "eventBasedGateway" for source in _before(diagram, node)):
        yield refuse(diagram, node.element, f"parallel multiple {what} behind an event-based gateway", "draw an event of its own for each")


def _before(diagram: Diagram, node: Node) -> Iterator[Node]:
    return (diagram.by_id[flow.source] for flow in diagram.incoming.get(node.id, ()) if flow.source in diagram.by_id)


def _caught(diagram: Diagram, node: Node, kind: str) -> Iterator[Problem]:
    if kind == "error" and node.kind in ("boundaryEvent", "startEvent") and not node.interrupts:
        yield refuse(diagram, node.element, f"error {words(node.kind)} that does not interrupt", "an error always interrupts")
    host = diagram.by_id.get(node.element.get("attachedToRef") or "")
    if node.kind == "boundaryEvent" and host is not None and host.kind not in HOSTS[kind]:
        what = f"{kind} boundary event on {article(host.kind)} {words(host.kind)}"
        yield refuse(diagram, node.element, what, f"nothing there {RAISES[kind]}")


def _around(node: Node) -> str:
    """What holds the event subprocess that a start event starts."""
    around = node.scope.getparent()
    return "" if around is None else name_of(around)


def _place(node: Node) -> str:
    if node.kind != "startEvent" or name_of(node.scope) == "process":
        return node.kind
    return "startEvent of an event subprocess" if node.scope.get("triggeredByEvent") in ("true", "1") else "startEvent of a subprocess"


def _where(node: Node) -> str:
    return _place(node).removeprefix(node.kind).replace(" of ", " in ")
