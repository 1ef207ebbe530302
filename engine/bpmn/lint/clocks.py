"""Clocks measure between activities that are there, against a limit that can be evaluated."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.clock_rules import PREFIX, read_rule
from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.sandbox import ExpressionError, compile_expression, compile_template
from engine.bpmn.vocabulary import BPMN, STEWARD, camunda_properties, children, flow_nodes
from engine.errors import Problem

RULE: Final = "clock"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: from=record.started; to=record.completed; limit=duration("PT3M"). Bad: no limit, an activity that is not there, warn=80,
    an escalation that no event subprocess of the process catches."""
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
    for part, text, compiled in (("limit", clock.limit, compile_expression), ("tell", clock.tell, compile_template)):
        try:
            compiled(text or "-1")
        except ExpressionError as error:
            yield diagram.problem(prop, RULE, f"Expected the {part} of clock '{name}' to compile, but it does not: {error.message}")
    if clock.escalate is not None and not _catches(diagram, process, clock.escalate):
        message = f"Expected an event subprocess that catches the escalation '{clock.escalate[:60]}' of clock '{name}', but there is none"
        yield diagram.problem(prop, RULE, message)


def _catches(diagram: Diagram, process: _Element, code: str) -> bool:
    """Whether an event subprocess of the process begins with that escalation, or with any."""
    codes = {each.get("id"): each.get("escalationCode") for each in children(diagram.root, "escalation")}
    for sub in children(process, "subProcess"):
        if sub.get("triggeredByEvent") == "true":
            for event in sub.iterfind(f"{BPMN}startEvent/{BPMN}escalationEventDefinition"):
                reference = (event.get("escalationRef") or "").rpartition(":")[2]
                if codes.get(reference) in (code, None, ""):
                    return True
    return False
