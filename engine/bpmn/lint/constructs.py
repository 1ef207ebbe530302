"""The gate: only constructs that have been shown to behave as BPMN says are deployed, everything else is refused by name."""

import re
from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import (
    ACTIVITIES,
    BPMN,
    EVENTS,
    FLOW_NODES,
    GATEWAYS,
    SUBPROCESSES,
    TASKS,
    USER_TASKS,
    name_of,
)
from engine.errors import Problem

RULE: Final = "unsupported"

NODES: Final = EVENTS | TASKS | (GATEWAYS - {"complexGateway"}) | {"callActivity"} | SUBPROCESSES
ANNOTATIONS: Final = frozenset({"documentation", "extensionElements", "textAnnotation", "association", "group"})
DATA: Final = frozenset({"ioSpecification", "property", "dataObject", "dataObjectReference", "dataStoreReference"})
IN_PROCESS: Final = ANNOTATIONS | {"sequenceFlow", "laneSet", "auditing", "monitoring"} | DATA | FLOW_NODES
LOOPS: Final = frozenset({"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"})
IN_NODE: Final = frozenset({"documentation", "extensionElements", "incoming", "outgoing", "auditing", "monitoring"}) | LOOPS
IN_ACTIVITY: Final = frozenset({"ioSpecification", "property", "dataInputAssociation", "dataOutputAssociation"})
IN_EVENT: Final = IN_ACTIVITY | {"dataInput", "dataOutput", "inputSet", "outputSet"}
ROLES: Final = frozenset({"potentialOwner", "humanPerformer", "performer"})
IN_ROLE: Final = frozenset({"documentation", "extensionElements", "resourceRef", "resourceAssignmentExpression"})
IN_ASSOCIATION: Final = frozenset({"documentation", "extensionElements", "sourceRef", "targetRef", "transformation", "assignment"})
IN_FILE: Final = ANNOTATIONS | {
    "process",
    "collaboration",
    "message",
    "signal",
    "error",
    "escalation",
    "itemDefinition",
    "category",
    "dataStore",
    "import",
    "interface",
    "relationship",
    "resource",
}
IN_LOOP: Final = {
    "multiInstanceLoopCharacteristics": frozenset(
        {
            "documentation",
            "extensionElements",
            "loopCardinality",
            "completionCondition",
            "loopDataInputRef",
            "loopDataOutputRef",
            "inputDataItem",
            "outputDataItem",
        }
    ),
    "standardLoopCharacteristics": frozenset({"documentation", "extensionElements", "loopCondition"}),
}
# Attributes that change how an element behaves, with the only values that we run.
ATTRIBUTES: Final = {
    "eventGatewayType": {"Exclusive", "Parallel"},
    "behavior": {"All"},
    "ordering": {"Parallel", "Sequential"},
    "cancelRemainingInstances": {"true", "false"},
}
QUANTITIES: Final = ("startQuantity", "completionQuantity")
QUANTITY: Final = re.compile(r"[1-9]\d{0,2}|1000", re.ASCII)
ONCE: Final = (
    "conditionExpression",
    "script",
    "multiInstanceLoopCharacteristics",
    "standardLoopCharacteristics",
    "loopCondition",
    "loopCardinality",
    "completionCondition",
    "extensionElements",
)
BOOLEANS: Final = (
    "isExecutable",
    "isSequential",
    "testBefore",
    "triggeredByEvent",
    "cancelActivity",
    "isInterrupting",
    "isForCompensation",
    "parallelMultiple",
    "instantiate",
)
ADVICE: Final = {
    "complexGateway": "use an exclusive, parallel or inclusive gateway",
    "resourceParameterBinding": "write who may do it as an expression",
    "eventDefinitionRef": "let it name an event definition of the file, or write the definition within the event",
}


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: a process of user tasks and exclusive gateways. Bad: a complex gateway, a choreography."""
    for element in diagram.root:
        name = name_of(element)
        if name and name not in IN_FILE:
            yield refuse(diagram, element, words(name))
    yield from _booleans(diagram)
    yield from _once(diagram)
    for scope in diagram.scopes():
        allowed = IN_PROCESS | (IN_NODE | IN_ACTIVITY if name_of(scope) in SUBPROCESSES else set())
        yield from _unexpected(diagram, scope, allowed | ({"completionCondition"} if name_of(scope) == "adHocSubProcess" else set()))
    for node in diagram.nodes:
        yield from _node(diagram, node)


def refuse(diagram: Diagram, element: _Element, what: str, advice: str | None = None) -> Problem:
    """The gate's sentence."""
    advice = advice or ADVICE.get(name_of(element))
    message = f"Expected only what Steward runs, but found {article(what)} {what}" + (f": {advice}" if advice else "")
    return diagram.problem(element, RULE, message)


def words(name: str) -> str:
    """exclusiveGateway → "exclusive gateway"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def article(noun: str) -> str:
    return "an" if noun[:1] in "aeiou" else "a"


def _booleans(diagram: Diagram) -> Iterator[Problem]:
    """XML also knows 1 and 0, but no modeler writes them; one spelling leaves nothing to mistake."""
    for element in diagram.root.iter(BPMN + "*"):
        for attribute in BOOLEANS:
            if (given := element.get(attribute)) not in (None, "true", "false"):
                yield diagram.problem(element, RULE, f"Expected {attribute} to be true or false, but it is '{(given or '')[:40]}'")


def _once(diagram: Diagram) -> Iterator[Problem]:
    """Of two conditions or scripts only one would be read."""
    for name in ONCE:
        for element in diagram.root.iter(BPMN + name):
            parent = element.getparent()
            if parent is not None and parent.find(BPMN + name) is not element:
                yield diagram.problem(element, RULE, f"Expected one <{name}>, but there is a second one")


def _unexpected(diagram: Diagram, element: _Element, allowed: frozenset[str] | set[str]) -> Iterator[Problem]:
    for child in element:
        name = name_of(child)
        if name and name not in allowed and not name.endswith("EventDefinition"):
            yield refuse(diagram, child, words(name))


def _node(diagram: Diagram, node: Node) -> Iterator[Problem]:
    if node.kind not in NODES:
        yield refuse(diagram, node.element, words(node.kind))
        return
    if node.kind == "adHocSubProcess" and node.is_event_subprocess:
        yield refuse(diagram, node.element, "ad-hoc event subprocess", "put the ad-hoc subprocess into the event subprocess")
    for attribute in QUANTITIES:
        if (given := node.element.get(attribute)) is not None and not (node.kind in ACTIVITIES and QUANTITY.fullmatch(given)):
            what = f'{words(node.kind)} with {attribute}="{given[:40]}"'
            yield refuse(diagram, node.element, what, "on activities it is a whole number from 1 to 1000")
    for attribute, values in ATTRIBUTES.items():
        if (given := node.element.get(attribute)) is not None and given not in values:
            yield refuse(diagram, node.element, f'{words(node.kind)} with {attribute}="{given[:40]}"')
    if node.kind not in SUBPROCESSES:
        yield from _unexpected(diagram, node.element, _allowed_in(node))
    for child in node.element:
        if name_of(child) in ROLES:
            yield from _unexpected(diagram, child, IN_ROLE)
        elif name_of(child) in ("dataInputAssociation", "dataOutputAssociation"):
            yield from _unexpected(diagram, child, IN_ASSOCIATION)
    yield from _loop(diagram, node)


def _allowed_in(node: Node) -> frozenset[str]:
    allowed = IN_NODE | (IN_EVENT if node.kind in EVENTS else IN_ACTIVITY if node.kind in ACTIVITIES else frozenset())
    if node.kind in USER_TASKS:
        allowed |= ROLES
    return allowed | {"script"} if node.kind == "scriptTask" else allowed


def _loop(diagram: Diagram, node: Node) -> Iterator[Problem]:
    found = [child for child in node.element if name_of(child) in LOOPS]
    for loop in found:
        if node.kind not in ACTIVITIES or node.is_event_subprocess:
            place = "event subprocess" if node.is_event_subprocess else words(node.kind)
            yield refuse(diagram, loop, f"loop at {article(place)} {place}", "put an activity that repeats behind it or within it")
        if loop is not found[0] and name_of(loop) != name_of(found[0]):
            yield refuse(diagram, loop, "loop beside a multi-instance", "put one of them into a subprocess with the other")
        if (behavior := loop.get("behavior")) is not None and behavior not in ATTRIBUTES["behavior"]:
            yield refuse(
                diagram, loop, f'multi-instance with behavior="{behavior[:40]}"', "throw the event within a multi-instance subprocess"
            )
        yield from _unexpected(diagram, loop, IN_LOOP[name_of(loop)])
