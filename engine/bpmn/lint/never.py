"""An event that catches what nothing in its activity throws never fires."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import BPMN, FLOW_NODES, name_of
from engine.errors import Problem

RULE: Final = "never-fires"
TECHNICAL: Final = frozenset({"expression", "script", "decision", "limit"})  # codes that a failed computation has
THROWS_ANYTHING: Final = frozenset({"callActivity", "serviceTask"})  # a called process and a worker choose their codes themselves


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: an error event on a subprocess with an error end event of that code. Bad: one of another code; one on a script task, which
    throws none; an escalation event where nothing escalates."""
    for node in diagram.nodes:
        host = _host(diagram, node)
        if host is None:
            continue
        for kind, tag in (("error", "errorEventDefinition"), ("escalation", "escalationEventDefinition")):
            for definition in node.element.findall(BPMN + tag):
                code = _code(diagram, definition, kind)
                if (kind == "error" and code in TECHNICAL) or _throws(diagram, host, kind, code):
                    continue
                what = f"the {kind} {code[:60]!r}" if code else f"an {kind}"
                message = f"Expected '{node.id}' to catch what something in '{host.get('id')}' throws, but nothing there throws {what}"
                yield diagram.warning(node.element, RULE, message)


def _host(diagram: Diagram, node: Node) -> _Element | None:
    """What the event listens to: the activity that it sits on, or what is around its event subprocess."""
    if node.kind == "boundaryEvent":
        host = diagram.by_id.get(node.element.get("attachedToRef") or "")
        return None if host is None else host.element
    if node.kind == "startEvent" and node.scope.get("triggeredByEvent") in ("true", "1"):
        return node.scope.getparent()
    return None


def _throws(diagram: Diagram, host: _Element, kind: str, code: str) -> bool:
    for element in host.iter():
        name = name_of(element) if isinstance(element.tag, str) else ""
        if name in THROWS_ANYTHING:
            return True
        if name in FLOW_NODES and name in ("endEvent", "intermediateThrowEvent"):
            for definition in element.findall(f"{BPMN}{kind}EventDefinition"):
                thrown = _code(diagram, definition, kind)
                if not code or not thrown or thrown == code:
                    return True
    return False


def _code(diagram: Diagram, definition: _Element, kind: str) -> str:
    """The code of the error or escalation that the definition refers to; empty when it says none."""
    reference = (definition.get(f"{kind}Ref") or "").rpartition(":")[2]
    for declared in diagram.root.findall(BPMN + kind):
        if declared.get("id") == reference:
            return declared.get(f"{kind}Code") or ""
    return ""
