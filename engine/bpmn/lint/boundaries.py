"""A boundary event sits on an activity of the same process or subprocess."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import ACTIVITIES
from engine.errors import Problem

RULE: Final = "boundary"
# Nothing is ever waiting there, so the event could never happen; what computes can still fail, or be taken back.
PASSED_AT_ONCE: Final = frozenset({"task", "sendTask"})
COMPUTED_AT_ONCE: Final = frozenset({"scriptTask", "businessRuleTask"})


def _is_too_late(host: Node, event: Node) -> bool:
    """Whether the activity is over before the event can happen."""
    if "compensate" in event.events:
        return False
    return host.kind in PASSED_AT_ONCE or (host.kind in COMPUTED_AT_ONCE and "error" not in event.events)


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: a timer on a user task, with a way out. Bad: a timer on a gateway, one that is attached to nothing, one that leads nowhere;
    a timer on a script."""
    for node in diagram.of_kind("boundaryEvent"):
        attached_to = node.element.get("attachedToRef") or ""
        host = diagram.by_id.get(attached_to)
        if host is None:
            yield diagram.problem(node.element, RULE, f"Expected a boundary event on an activity, but there is no '{attached_to[:60]}'")
        elif host.kind not in ACTIVITIES or host.is_event_subprocess:
            yield diagram.problem(node.element, RULE, f"Expected a boundary event on an activity, but '{host.id}' is none")
        elif host.scope is not node.scope:
            yield diagram.problem(node.element, RULE, f"Expected a boundary event beside its activity, but '{host.id}' is elsewhere")
        elif _is_too_late(host, node):
            message = f"Expected a boundary event on an activity that takes time, but '{host.id}' is passed at once"
            yield diagram.warning(node.element, RULE, message)
        if node.id not in diagram.outgoing and "compensate" not in node.events:
            yield diagram.warning(node.element, RULE, "Expected a way out of a boundary event, but nothing follows it")
