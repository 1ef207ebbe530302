"""Timers are read when they are deployed, not when they are due."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from lxml.etree import _Element

from engine.bpmn import cycles, timing
from engine.bpmn.cron import looks_like_cron
from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.sandbox import ExpressionError, compile_expression, compile_template
from engine.bpmn.vocabulary import USER_TASKS, camunda, children, name_of, retry_cycle
from engine.errors import Problem

RULE: Final = "timer"
# Only whether it can be read matters here.
ANY_ZONE: Final = "UTC"
ANY_MOMENT: Final = datetime(2026, 1, 1, tzinfo=UTC)
# What begins like a date, a duration or a repetition is meant as one; anything else is an expression, with or without ${ }.
LITERAL: Final = re.compile(r"[-+]?(?:\d|P[-\dT]|R\d*/)(?!\w*\()")
RETRIES: Final = re.compile(r"R([1-9]\d{0,2})/(P.+)")
READERS: Final[dict[str, Callable[[str], Any]]] = {
    "timeDate": lambda text: timing.parse_moment(text, ANY_ZONE),
    "timeDuration": timing.parse_duration,
    "timeCycle": lambda text: cycles.read_cycle(text, ANY_MOMENT, ANY_ZONE),
}


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: PT1H, 2026-03-02T09:00, R3/PT10M, 0 9 * * MON, ${due}. Bad: -PT1H, "1 hour", no definition, two."""
    for node in diagram.nodes:
        for definition in children(node.element, "timerEventDefinition"):
            yield from _timer(diagram, node, definition)
        if node.kind in USER_TASKS:
            for name in ("dueDate", "followUpDate"):
                yield from _due(diagram, node, name)
        yield from _retries(diagram, node)


def _timer(diagram: Diagram, node: Node, definition: _Element) -> Iterator[Problem]:
    kinds = [(kind, child) for kind in READERS for child in children(definition, kind)]
    if len(kinds) != 1:
        message = f"Expected a timer with one of timeDate, timeDuration and timeCycle, but there are {len(kinds)}"
        yield diagram.problem(node.element, RULE, message)
        return
    kind, child = kinds[0]
    text = (child.text or "").strip()
    if complaint := _complaint(text, READERS[kind]):
        yield diagram.problem(node.element, RULE, f"Expected {kind} to be read, but '{text[:60]}' cannot be: {complaint}")
    elif node.kind == "startEvent" and name_of(node.scope) == "process" and (names := _variables(text)):
        message = f"Expected a time without variables, as no case is there yet, but it asks for {', '.join(sorted(names))[:100]}"
        yield diagram.problem(node.element, RULE, message)


def _variables(text: str) -> frozenset[str]:
    if "${" in text or "#{" in text:
        return compile_template(text).names
    return frozenset() if LITERAL.match(text) or looks_like_cron(text) else compile_expression(text).names


def _complaint(text: str, read: Callable[[str], Any]) -> str | None:
    """Why neither the text can be read as it stands nor its expressions compile."""
    try:
        if "${" in text or "#{" in text:
            compile_template(text)
        elif LITERAL.match(text) or looks_like_cron(text) or not text:
            read(text)
        else:
            compile_expression(text)
    except ExpressionError as error:
        return error.message
    except (ValueError, OverflowError) as error:
        return str(error)
    return None


def _read(text: str) -> str | None:
    """Why the text is neither a date nor a duration."""
    try:
        timing.moment_of(text, ANY_MOMENT, ANY_ZONE)
    except (ValueError, OverflowError) as error:
        return str(error)
    return None


def _due(diagram: Diagram, node: Node, name: str) -> Iterator[Problem]:
    text = camunda(node.element, name)
    if text is not None and "${" not in text and "#{" not in text and (complaint := _read(text)):
        yield diagram.problem(node.element, RULE, f"Expected camunda:{name} to be a date, a duration or ${{ }}, but {complaint}")


def _retries(diagram: Diagram, node: Node) -> Iterator[Problem]:
    text = retry_cycle(node.element)
    if text is None:
        return
    found = RETRIES.fullmatch(text)
    complaint = _complaint(found[2], timing.parse_duration) if found else "it has not the form R<tries>/<duration>"
    if found and not complaint and timing.parse_duration(found[2]).months:
        complaint = "months are too long to wait between tries"
    if complaint:
        yield diagram.problem(node.element, RULE, f"Expected a retry cycle such as R3/PT10M, but '{text[:60]}' is none: {complaint}")
