"""An event that catches what nothing in its activity throws never fires."""

from collections.abc import Iterator, Mapping
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import BPMN, name_of
from engine.errors import Problem

RULE: Final = "never-fires"
KINDS: Final = {"error": "errorEventDefinition", "escalation": "escalationEventDefinition"}
TECHNICAL: Final = frozenset({"expression", "script", "decision", "limit"})  # codes that a failed computation has
THROWS_ANYTHING: Final = frozenset({"callActivity", "serviceTask"})  # a called process and a worker choose their codes themselves


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: an error event on a subprocess with an error end event of that code. Bad: one of another code; one on a script task, which
    throws none; an escalation event where nothing escalates."""
    codes = _codes(diagram.root)
    thrown: dict[_Element, Mapping[str, set[str]] | None] = {}
    for node in diagram.nodes:
        host = _host(diagram, node)
        if host is None:
            continue
        for kind, tag in KINDS.items():
            for definition in node.element.findall(BPMN + tag):
                code = _code(codes, definition, kind)
                if kind == "error" and code in TECHNICAL:
                    continue
                if host not in thrown:
                    thrown[host] = _thrown_in(host, codes)
                if _throws(thrown[host], kind, code):
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


def _throws(thrown: Mapping[str, set[str]] | None, kind: str, code: str) -> bool:
    """What says no code may throw any, and catches all."""
    return thrown is None or bool(thrown[kind] if not code else thrown[kind] & {code, ""})


def _thrown_in(host: _Element, codes: Mapping[tuple[str, str], str]) -> Mapping[str, set[str]] | None:
    """The codes that are thrown within, by kind; None where anything may be."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for element in host.iter():
        name = name_of(element) if isinstance(element.tag, str) else ""
        if name in THROWS_ANYTHING:
            return None
        if name in ("endEvent", "intermediateThrowEvent"):
            for kind, tag in KINDS.items():
                found[kind].update(_code(codes, definition, kind) for definition in element.findall(BPMN + tag))
    return found


def _codes(root: _Element) -> Mapping[tuple[str, str], str]:
    """The codes of the errors and escalations of the file, by kind and id; of two with one id the first."""
    declared = [(kind, each) for kind in KINDS for each in root.findall(BPMN + kind)]
    return {(kind, each.get("id") or ""): each.get(f"{kind}Code") or "" for kind, each in reversed(declared)}


def _code(codes: Mapping[tuple[str, str], str], definition: _Element, kind: str) -> str:
    """The code of the error or escalation that the definition refers to; empty when it says none."""
    return codes.get((kind, (definition.get(f"{kind}Ref") or "").rpartition(":")[2]), "")
