"""Script tasks are written in Steward's small language, and compile."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.sandbox import ExpressionError, compile_script
from engine.bpmn.vocabulary import children
from engine.errors import Problem

RULE: Final = "script"
LANGUAGES: Final = frozenset({"", "python", "text/python", "text/x-python", "application/x-python", "steward"})


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: total = price * 2. Bad: import os, scriptFormat="groovy", a script task without a script."""
    for node in diagram.of_kind("scriptTask"):
        language = (node.element.get("scriptFormat") or "").strip().lower()
        scripts = [script.text or "" for script in children(node.element, "script")]
        if language not in LANGUAGES:
            message = f"Expected a script in Steward's language (scriptFormat python or none), but it says '{language[:40]}'"
            yield diagram.problem(node.element, RULE, message)
        elif not "".join(scripts).strip():
            yield diagram.problem(node.element, RULE, "Expected a script task to have a script, but it is empty")
        else:
            yield from _script(diagram, node.element, "".join(scripts))


def _script(diagram: Diagram, element: _Element, text: str) -> Iterator[Problem]:
    try:
        compile_script(text)
    except ExpressionError as error:
        line = f"line {error.line}: " if error.line else ""
        yield diagram.problem(element, RULE, f"Expected a script that compiles, but {line}{error.message}")
