"""Clocks measure between activities that are there, against a limit that can be evaluated."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.clock_rules import PREFIX, read_rule
from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.sandbox import ExpressionError, compile_expression
from engine.bpmn.vocabulary import STEWARD, camunda_properties, children, flow_nodes
from engine.errors import Problem

RULE: Final = "clock"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: from=record.started; to=record.completed; limit=duration("PT3M"). Bad: no limit, an activity that is not there, warn=80."""
    for process in children(diagram.root, "process"):
        for prop in camunda_properties(process):
            name = prop.get("name") or ""
            if name.startswith(STEWARD + PREFIX):
                yield from _clock(diagram, process, prop, name.removeprefix(STEWARD + PREFIX))


def _clock(diagram: Diagram, process: _Element, prop: _Element, name: str) -> Iterator[Problem]:
    try:
        clock = read_rule(name, prop.get("value") or "")
    except ValueError as error:
        yield diagram.problem(prop, RULE, str(error))
        return
    known = {node.get("id") for node, _ in flow_nodes(process)}
    for activity in clock.activities:
        if activity not in known:
            yield diagram.problem(prop, RULE, f"Expected clock '{name}' to name activities of this process, but '{activity[:60]}' is none")
    try:
        compile_expression(clock.limit)
    except ExpressionError as error:
        yield diagram.problem(prop, RULE, f"Expected the limit of clock '{name}' to compile, but it does not: {error.message}")
