"""Every expression compiles, wherever it stands, before anybody waits for its value."""

import re
from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.lint.places import Place, places
from engine.bpmn.sandbox import ExpressionError, compile_expression, compile_template
from engine.errors import Problem

RULE: Final = "expression"
VARIABLE: Final = re.compile(r"[^\W\d]\w*")


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: ${amount > 100}, amount > 100. Bad: ${amount >}, ${execution.getVariable("x")}, elementVariable="a b"."""
    for place in places(diagram):
        if complaint := _complaint(place):
            yield diagram.problem(place.element, RULE, f"Expected {place.what} {complaint}")


def _complaint(place: Place) -> str | None:
    if place.kind == "variable":
        return None if VARIABLE.fullmatch(place.text.strip()) else f"to be the name of a variable, but it is '{place.text[:60]}'"
    if not place.text.strip():
        return None if place.kind == "template" else "to be an expression, but it is empty"
    try:
        compile_template(place.text) if place.kind == "template" else compile_expression(place.text)
    except ExpressionError as error:
        return f"to compile, but '{place.text.strip()[:100]}' does not: {error.message}"
    return None
