"""Every place of a diagram where an expression, a text with expressions in it, or the name of a variable stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import BPMN, CAMUNDA, STEWARD, USER_TASKS, camunda, camunda_properties, children, event_definitions

Kind = Literal["expression", "template", "number", "variable"]

USER_TASK_TEXTS: Final = ("assignee", "candidateUsers", "candidateGroups", "dueDate", "followUpDate", "priority")
EXPRESSION_PROPERTIES: Final = {"process": ("title", "firstResponder"), "node": ("correlationKey", "excludes")}


@dataclass(frozen=True)
class Place:
    element: _Element
    what: str
    text: str
    kind: Kind


def places(diagram: Diagram) -> Iterator[Place]:
    """All of them but timers and scripts, which have rules of their own."""
    for kind in ("message", "signal"):
        for named in children(diagram.root, kind):
            yield Place(named, f"the name of a {kind}", named.get("name") or "", "template")
    for process in children(diagram.root, "process"):
        yield from _properties(process, EXPRESSION_PROPERTIES["process"])
    for flow in diagram.flows:
        if flow.condition is not None:
            yield Place(flow.element, "the condition", flow.condition.text or "", "expression")
    for node in diagram.nodes:
        yield from _node(node)


def _node(node: Node) -> Iterator[Place]:
    yield from _properties(node.element, EXPRESSION_PROPERTIES["node"])
    if node.kind in USER_TASKS:
        for prop in camunda_properties(node.element):
            if prop.get("name") == f"{STEWARD}copyTo":
                yield Place(node.element, "steward:copyTo", prop.get("value") or "", "template")
        if "${" in (name := node.element.get("name") or ""):
            yield Place(node.element, "the name", name, "template")
        for name in USER_TASK_TEXTS:
            if (text := camunda(node.element, name)) is not None:
                yield Place(node.element, f"camunda:{name}", text, "number" if name == "priority" else "template")
    if node.kind == "callActivity":
        yield Place(node.element, "calledElement", node.element.get("calledElement") or "", "template")
        yield from _handed_over(node.element)
    if (topic := camunda(node.element, "topic")) is not None:
        yield Place(node.element, "camunda:topic", topic, "template")
    if (initiator := camunda(node.element, "initiator")) is not None:
        yield Place(node.element, "camunda:initiator", initiator, "variable")
    if (result := camunda(node.element, "resultVariable")) is not None:
        yield Place(node.element, "camunda:resultVariable", result, "variable")
    for definition in event_definitions(node.element):
        for name in ("errorCodeVariable", "errorMessageVariable", "escalationCodeVariable"):
            if (variable := camunda(definition, name)) is not None:
                yield Place(node.element, f"camunda:{name}", variable, "variable")
        for condition in children(definition, "condition"):
            yield Place(node.element, "the condition", condition.text or "", "expression")
    for loop in children(node.element, "multiInstanceLoopCharacteristics"):
        yield from _multi_instance(node.element, loop)
    for condition in node.element.iterfind(f"{BPMN}standardLoopCharacteristics/{BPMN}loopCondition"):
        yield Place(node.element, "loopCondition", condition.text or "", "expression")
    for condition in children(node.element, "completionCondition"):
        yield Place(node.element, "completionCondition", condition.text or "", "expression")
    for kind in ("dataInputAssociation", "dataOutputAssociation"):
        for path, what in (("transformation", "the transformation of an association"), (f"assignment/{BPMN}from", "an assignment")):
            for found in node.element.iterfind(f"{BPMN}{kind}/{BPMN}{path}"):
                yield Place(node.element, what, found.text or "", "expression")
    yield from _mappings(node.element)


def _properties(element: _Element, names: tuple[str, ...]) -> Iterator[Place]:
    for prop in camunda_properties(element):
        name = (prop.get("name") or "").removeprefix(STEWARD)
        if name in names and (prop.get("name") or "").startswith(STEWARD):
            yield Place(prop, f"steward:{name}", prop.get("value") or "", "template" if name == "title" else "expression")


def _multi_instance(element: _Element, loop: _Element) -> Iterator[Place]:
    if (collection := camunda(loop, "collection")) is not None:
        yield Place(element, "camunda:collection", collection, "expression")
    if (variable := camunda(loop, "elementVariable")) is not None:
        yield Place(element, "camunda:elementVariable", variable, "variable")
    for name in ("inputDataItem", "outputDataItem"):
        for item in children(loop, name):
            yield Place(element, name, item.get("name") or item.get("id") or "", "variable")
    for name in ("loopCardinality", "completionCondition"):
        for found in children(loop, name):
            yield Place(element, name, found.text or "", "expression")


def _handed_over(element: _Element) -> Iterator[Place]:
    """camunda:in and camunda:out of a call activity."""
    for direction in ("in", "out"):
        for mapping in element.findall(f"{BPMN}extensionElements/{CAMUNDA}{direction}"):
            what = f"camunda:{direction}"
            if (text := mapping.get("sourceExpression")) is not None:
                yield Place(element, f"{what} sourceExpression", text, "expression")
            if (key := mapping.get("businessKey")) is not None:
                yield Place(element, f"{what} businessKey", key, "template")
            for end in ("source", "target"):
                if (name := mapping.get(end)) is not None:
                    yield Place(element, f"{what} {end}", name, "variable")


def _mappings(element: _Element) -> Iterator[Place]:
    for direction in ("inputParameter", "outputParameter"):
        for parameter in element.findall(f"{BPMN}extensionElements/{CAMUNDA}inputOutput/{CAMUNDA}{direction}"):
            name = parameter.get("name") or ""
            yield Place(element, f"the name of a camunda:{direction}", name, "variable")
            for text in _texts(parameter):
                yield Place(element, f"camunda:{direction} {name[:60]}", text, "template")


def _texts(value: _Element) -> Iterator[str]:
    """The texts of a parameter: its own, or those of the list or map that it holds."""
    if len(value) == 0:
        yield value.text or ""
    for child in value:
        yield from _texts(child)
