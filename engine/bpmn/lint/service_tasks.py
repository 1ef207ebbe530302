"""A service task says by its topic who carries it out."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import camunda
from engine.errors import Problem

RULE: Final = "service-task"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: camunda:type="external" camunda:topic="notify". Bad: a plain service task, an external one without a topic."""
    for node in diagram.of_kind("serviceTask"):
        kind, topic = camunda(node.element, "type"), camunda(node.element, "topic")
        if kind is None:
            message = 'Expected a service task with camunda:type="external" and a topic, but nothing says who carries it out'
            yield diagram.problem(node.element, RULE, message)
        elif topic is None:
            yield diagram.problem(node.element, RULE, "Expected an external service task to have a topic (camunda:topic), but it has none")
