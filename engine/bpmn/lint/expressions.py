"""Every expression compiles, wherever it stands, before anybody waits for its value."""

import re
from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.lint.places import Place, places
from engine.bpmn.sandbox import ExpressionError, compile_expression, compile_template
from engine.bpmn.vocabulary import BPMN, VARIABLE
from engine.errors import Problem

RULE: Final = "expression"
LANGUAGES: Final = frozenset({"", "python", "juel"})  # what is JUEL in models for Camunda 7 is read by grammar, or refused
WHOLE_NUMBER: Final = re.compile(r"-?\d{1,9}", re.ASCII)
CONDITIONS: Final = ("conditionExpression", "completionCondition", "loopCondition", "loopCardinality")


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: ${amount > 100}, amount > 100. Bad: ${amount >}, ${execution.getVariable("x")}, elementVariable="a b"."""
    for element in diagram.root.iter(*(BPMN + name for name in CONDITIONS)):
        if (language := (element.get("language") or "").strip().lower()) not in LANGUAGES:
            yield diagram.problem(element, RULE, f"Expected an expression in Steward's language, but it says '{language[:60]}'")
    for place in places(diagram):
        if complaint := _complaint(place):
            yield diagram.problem(place.element, RULE, f"Expected {place.what} {complaint}")


def _complaint(place: Place) -> str | None:
    if place.kind == "variable":
        return None if VARIABLE.fullmatch(place.text.strip()) else f"to be the name of a variable, but it is '{place.text[:60]}'"
    if not place.text.strip():
        return None if place.kind == "template" else "to be an expression, but it is empty"
    if place.kind == "number" and "${" not in place.text:
        return None if WHOLE_NUMBER.fullmatch(place.text.strip()) else f"to be a whole number, but it is '{place.text[:60]}'"
    if place.text.lstrip().startswith("="):
        given = place.text.strip()[:60]
        return f"in Steward's language, but '{given}' begins with '=' like FEEL in Camunda 8: leave that away, write == for equal"
    try:
        compile_template(place.text) if place.kind != "expression" else compile_expression(place.text)
    except ExpressionError as error:
        return f"to compile, but '{place.text.strip()[:100]}' does not: {error.message}"
    return None
