"""What is done several times says how often: a multi-instance by a collection or a number, a loop by what ends it."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import BPMN, camunda, children
from engine.errors import Problem

RULE: Final = "multi-instance"
LOOP: Final = "loop"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: camunda:collection with camunda:elementVariable; a loop with loopMaximum="3". Bad: neither collection nor loopCardinality."""
    for node in diagram.nodes:
        for several in children(node.element, "multiInstanceLoopCharacteristics"):
            yield from _multi_instance(diagram, node, several)
        for again in children(node.element, "standardLoopCharacteristics"):
            yield from _standard_loop(diagram, node, again)


def _multi_instance(diagram: Diagram, node: Node, loop: _Element) -> Iterator[Problem]:
    collection, variable = camunda(loop, "collection"), camunda(loop, "elementVariable")
    if children(loop, "loopDataInputRef"):
        collection = (collection or "") + (loop.findtext(BPMN + "loopDataInputRef") or "").strip() or None
        if camunda(loop, "collection") is not None:
            yield diagram.problem(node.element, RULE, f"Expected '{node.id}' to have one collection, but it has a loopDataInputRef as well")
    if len(children(loop, "outputDataItem")) != len(children(loop, "loopDataOutputRef")):
        yield diagram.problem(node.element, RULE, "Expected outputDataItem and loopDataOutputRef together, but one of them is missing")
    cardinality = children(loop, "loopCardinality")
    if collection is None and not cardinality:
        message = f"Expected '{node.id}' to say how often (camunda:collection or loopCardinality), but it does not"
        yield diagram.problem(node.element, RULE, message)
    if collection is not None and cardinality:
        message = f"Expected '{node.id}' to have either a collection or a loopCardinality, but it has both"
        yield diagram.problem(node.element, RULE, message)
    if variable is not None and collection is None:
        message = "Expected camunda:elementVariable beside a camunda:collection, but there is no collection"
        yield diagram.problem(node.element, RULE, message)


def _standard_loop(diagram: Diagram, node: Node, loop: _Element) -> Iterator[Problem]:
    maximum = loop.get("loopMaximum")
    if maximum is None and loop.find(BPMN + "loopCondition") is None:
        message = f"Expected the loop of '{node.id}' to end (loopCondition or loopMaximum), but it says neither"
        yield diagram.problem(node.element, LOOP, message)
    if maximum is not None and not (maximum.strip().isdecimal() and int(maximum.strip()[:9]) > 0):
        message = f"Expected loopMaximum to be a whole number above 0, but it is '{maximum[:40]}'"
        yield diagram.problem(node.element, LOOP, message)
