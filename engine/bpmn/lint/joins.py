"""Forks are joined by the gateway of their own kind: else tokens wait for ever, or everything behind is done twice."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.lint.tokens import MAX_WORK, Scope, TooMany
from engine.bpmn.vocabulary import name_of
from engine.errors import Problem

DEADLOCK: Final = "deadlock"
TWICE: Final = "done-twice"
MAX_WORK_OF_A_FILE: Final = 3 * MAX_WORK


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: a parallel fork and a parallel join. Bad: an exclusive fork and a parallel join, which waits for a token that never comes;
    a parallel fork and an exclusive merge, behind which everything is done twice."""
    left = MAX_WORK_OF_A_FILE
    for element in diagram.scopes():
        scope = Scope(diagram, element, allowed=min(left, MAX_WORK))
        if name_of(element) == "adHocSubProcess" or not _forks(scope):
            continue
        with suppress(TooMany):  # what was found before is there all the same
            scope.play()
        left -= scope.work
        yield from _said(diagram, scope)


def _forks(scope: Scope) -> bool:
    """Without a join and without two ways at once there is nothing to find."""
    return any(
        (node.kind == "parallelGateway" and len(scope.incoming[node.id]) > 1) or len(scope.outgoing(node)) > 1
        for node in scope.nodes.values()
    )


def _said(diagram: Diagram, scope: Scope) -> Iterator[Problem]:
    for join, missing in sorted(scope.stuck.items()):
        empty = ", ".join(f"'{scope.flows[flow].source}'" for flow in sorted(missing))
        message = (
            f"Expected a token on every way into the parallel gateway '{join}', but none may come from {empty[:200]}: "
            "it would wait for ever. Join with the kind of gateway that forks"
        )
        yield diagram.warning(scope.nodes[join].element, DEADLOCK, message)
    for merge in sorted(scope.doubled):
        if scope.nodes[merge].element.get("startQuantity", "1") != "1":
            continue  # it is several tokens that begin it
        message = (
            f"Expected one token at a time at '{merge}', but parallel ways meet here: what follows would be done twice. "
            "Join them with a parallel gateway before"
        )
        yield diagram.warning(scope.nodes[merge].element, TWICE, message)
