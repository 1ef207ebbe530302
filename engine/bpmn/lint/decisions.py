"""A business rule task asks a decision table that is there."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import CAMUNDA, camunda
from engine.errors import Problem

RULE: Final = "decision"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: camunda:decisionRef="repair_class" and a DMN file with that decision. Bad: no decisionRef, or one that no file has."""
    for node in diagram.of_kind("businessRuleTask"):
        decision = camunda(node.element, "decisionRef")
        if decision is None:
            yield diagram.problem(
                node.element, RULE, "Expected a business rule task to name a decision (camunda:decisionRef), but it does not"
            )
        elif decision not in diagram.available.decisions:
            yield diagram.problem(node.element, RULE, f"Expected a decision '{decision[:60]}' in this deployment, but there is none")
        if camunda(node.element, "resultVariable") is None and not node.element.findall(f".//{CAMUNDA}outputParameter"):
            message = "Expected a business rule task to say where its result goes (camunda:resultVariable), but it does not"
            yield diagram.problem(node.element, RULE, message)
