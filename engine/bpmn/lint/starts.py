"""Where a process, a subprocess and an event subprocess begin, so that nobody has to guess."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import SUBPROCESSES, name_of
from engine.errors import Problem

RULE: Final = "start"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: one plain start event a process. Bad: two of them, an event subprocess that nothing starts, an empty subprocess."""
    nodes_of: dict[_Element, list[Node]] = {}
    for node in diagram.nodes:
        nodes_of.setdefault(node.scope, []).append(node)
    for scope in diagram.scopes():
        inside = nodes_of.get(scope, [])
        if not inside:
            if name_of(scope) in SUBPROCESSES:
                yield diagram.problem(scope, RULE, "Expected a subprocess with something in it, but it is empty")
            continue
        starts = [node for node in inside if node.kind == "startEvent"]
        if name_of(scope) in SUBPROCESSES and scope.get("triggeredByEvent") in ("true", "1"):
            yield from _event_subprocess(diagram, scope, starts)
        else:
            yield from _course(diagram, scope, starts, inside)


def _event_subprocess(diagram: Diagram, scope: _Element, starts: list[Node]) -> Iterator[Problem]:
    if len(starts) != 1:
        yield diagram.problem(scope, RULE, f"Expected an event subprocess with one start event, but there are {len(starts)}")


def _course(diagram: Diagram, scope: _Element, starts: list[Node], inside: list[Node]) -> Iterator[Problem]:
    if name_of(scope) == "adHocSubProcess":
        for node in inside:
            if node.kind in ("startEvent", "endEvent"):
                message = f"Expected no start or end event in an ad-hoc subprocess, but there is '{node.id}': what is done first is chosen"
                yield diagram.problem(node.element, RULE, message)
    plain = [node for node in starts if not node.events]
    if len(plain) > 1:
        others = ", ".join(node.id for node in plain[1:])
        yield diagram.problem(plain[1].element, RULE, f"Expected one plain start event, but there is also {others[:100]}")
    beginnings = [
        node
        for node in inside
        if node.id not in diagram.incoming
        and node.kind != "boundaryEvent"
        and not node.is_event_subprocess
        and not node.is_for_compensation
    ]
    if not starts and not beginnings:
        yield diagram.problem(scope, RULE, "Expected a start event, but there is none and every node has a flow into it")
