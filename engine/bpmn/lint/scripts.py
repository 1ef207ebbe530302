"""Script tasks are written in Steward's small language, and compile."""

import ast
from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.expressions_syntax import parse_script
from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.sandbox import ExpressionError, compile_script
from engine.bpmn.vocabulary import children
from engine.errors import Problem

RULE: Final = "script"
LANGUAGES: Final = frozenset({"", "python", "text/python", "text/x-python", "application/x-python", "steward"})


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: total = price * 2. Bad: import os, scriptFormat="groovy", a script task without a script; for line in lines: line.done = true,
    which changes a copy."""
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
        tree = parse_script(text)
    except ExpressionError as error:
        line = f"line {error.line}: " if error.line else ""
        yield diagram.problem(element, RULE, f"Expected a script that compiles, but {line}{error.message}")
        return
    for loop in (node for statement in tree for node in ast.walk(statement) if isinstance(node, ast.For)):
        copies = {name.id for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
        for number, name in _changed(loop):
            if name in copies:
                message = f"Expected a change of the list itself, such as items[i].done = true, but line {number} changes a copy, '{name}'"
                yield diagram.problem(element, RULE, message)


def _changed(loop: ast.For) -> Iterator[tuple[int, str]]:
    """What is changed at a key or an index within a loop, not assigned as a whole."""
    for node in ast.walk(loop):
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            holder: ast.expr = target
            while isinstance(holder, ast.Attribute | ast.Subscript):
                holder = holder.value
            if holder is not target and isinstance(holder, ast.Name):
                yield node.lineno, holder.id
