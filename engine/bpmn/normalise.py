"""Rewrites a BPMN file into the few forms that the executable part knows; what is inserted is named after the BPMN ids around it."""

from collections.abc import Iterator
from copy import deepcopy

from lxml.etree import SubElement, _Element

from engine.bpmn.vocabulary import BPMN, FLOW_NODES, GATEWAYS, SUBPROCESSES, name_of, sequence_flows

DIAGRAM = "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram"
REFERENCES = ("messageRef", "signalRef", "errorRef", "escalationRef", "activityRef")
INTERMEDIATE = BPMN + "intermediateThrowEvent"


def normalise(root: _Element, key: str) -> _Element:
    """A copy of the file that means the same: every flow has an id, every scope a start, links are flows, and only gateways fork."""
    copy = deepcopy(root)
    for diagram in copy.findall(DIAGRAM):
        copy.remove(diagram)
    for process in copy.findall(BPMN + "process"):
        if process.get("id") != key:
            copy.remove(process)
            continue
        for flow_id, flow in sequence_flows(process):
            flow.set("id", flow_id)
        _name_without_prefix(process)
        for scope in list(_scopes(process)):
            _join_links(scope)
            if name_of(scope) != "adHocSubProcess":  # there people choose what to begin with
                _start_what_nothing_leads_to(scope)
            _fork_at_gateways(scope)
    return copy


def _scopes(process: _Element) -> Iterator[_Element]:
    yield process
    for element in process.iter(BPMN + "*"):
        if name_of(element) in SUBPROCESSES:
            yield element


def _name_without_prefix(process: _Element) -> None:
    """References may be qualified names (`tns:Message_1`); the ids that they mean are not."""
    for element in process.iter(BPMN + "*"):
        for attribute in REFERENCES:
            if ":" in (reference := element.get(attribute) or ""):
                element.set(attribute, reference.rpartition(":")[2])


def _nodes(scope: _Element) -> list[_Element]:
    return [child for child in scope if name_of(child) in FLOW_NODES]


def _flows(scope: _Element) -> list[_Element]:
    return scope.findall(BPMN + "sequenceFlow")


def _insert_flow(scope: _Element, flow_id: str, source: str, target: str) -> None:
    SubElement(scope, BPMN + "sequenceFlow", {"id": flow_id, "sourceRef": source, "targetRef": target})


def _join_links(scope: _Element) -> None:
    """A link is a sequence flow that nobody wanted to draw: throw and catch become points on the way, and a flow joins them."""
    catches: dict[str, str] = {}
    throws: list[tuple[str, str]] = []
    for node in _nodes(scope):
        for link in node.findall(BPMN + "linkEventDefinition"):
            name, node_id = link.get("name") or node.get("name") or "", node.get("id") or ""
            if name_of(node) == "intermediateCatchEvent":
                catches[name] = node_id
            else:
                throws.append((name, node_id))
            node.remove(link)
            node.tag = INTERMEDIATE
    for name, source in throws:
        if name in catches:  # lint refuses a link that leads nowhere
            _insert_flow(scope, f"{source}.link", source, catches[name])


def _start_what_nothing_leads_to(scope: _Element) -> None:
    """Without a start event, every node that no flow leads to is started (BPMN 2.0.2, 10.5.2 and 13.2)."""
    nodes = _nodes(scope)
    if not nodes or any(name_of(node) == "startEvent" for node in nodes):
        return
    led_to = {flow.get("targetRef") for flow in _flows(scope)}
    free = [node.get("id") or "" for node in nodes if _begins_with_its_scope(node) and node.get("id") not in led_to]
    if not free:
        return
    start_id = f"{scope.get('id')}.start"
    SubElement(scope, BPMN + "startEvent", {"id": start_id})
    for node_id in free:
        _insert_flow(scope, f"{start_id}.{node_id}", start_id, node_id)


def _begins_with_its_scope(node: _Element) -> bool:
    begins_otherwise = ("triggeredByEvent", "isForCompensation", "instantiate")
    return name_of(node) != "boundaryEvent" and not any(node.get(attribute) == "true" for attribute in begins_otherwise)


def _fork_at_gateways(scope: _Element) -> None:
    """Several flows out of a task or event, or a conditional one, mean a gateway that is not drawn (BPMN 2.0.2, 13.2.1)."""
    leaving: dict[str, list[_Element]] = {}
    for flow in _flows(scope):
        leaving.setdefault(flow.get("sourceRef") or "", []).append(flow)
    for node in _nodes(scope):
        node_id, flows = node.get("id") or "", leaving.get(node.get("id") or "", [])
        conditional = any(flow.find(BPMN + "conditionExpression") is not None for flow in flows)
        if name_of(node) in GATEWAYS or (len(flows) < 2 and not conditional):
            continue
        kind = "inclusiveGateway" if conditional else "parallelGateway"
        fork = SubElement(scope, BPMN + kind, {"id": f"{node_id}.fork"})
        if default := node.attrib.pop("default", None):
            fork.set("default", str(default))
        if node.sourceline is not None:
            fork.sourceline = node.sourceline  # type: ignore[misc]  # lxml can, its stubs do not know
        for flow in flows:
            flow.set("sourceRef", f"{node_id}.fork")
        _insert_flow(scope, f"{node_id}.out", node_id, f"{node_id}.fork")
