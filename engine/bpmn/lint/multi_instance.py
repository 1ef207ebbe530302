"""A multi-instance activity says how often: by a collection or by a number, not by both."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import camunda, children
from engine.errors import Problem

RULE: Final = "multi-instance"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: camunda:collection with camunda:elementVariable. Bad: neither collection nor loopCardinality, an elementVariable alone."""
    for node in diagram.nodes:
        for loop in children(node.element, "multiInstanceLoopCharacteristics"):
            collection, variable = camunda(loop, "collection"), camunda(loop, "elementVariable")
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
