"""Reads a BPMN file into nodes and flows, with the standard library and nothing of the engine."""

from dataclasses import dataclass, field
from xml.etree import ElementTree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


@dataclass(eq=False)
class Flow:
    id: str
    source: "Node"
    target: "Node"
    condition: str | None


@dataclass(eq=False)
class Node:
    """A flow node and what the drawing says about it."""

    id: str
    tag: str
    xml: ElementTree.Element
    within: str  # id of the process or subprocess around it
    event: str = ""
    outgoing: list[Flow] = field(default_factory=list)
    incoming: list[Flow] = field(default_factory=list)
    boundaries: list["Node"] = field(default_factory=list)
    is_drawn: bool = True

    @property
    def interrupting(self) -> bool:
        return self.xml.get("cancelActivity", self.xml.get("isInterrupting", "true")) == "true"

    @property
    def is_event_subprocess(self) -> bool:
        return self.xml.get("triggeredByEvent") == "true"

    @property
    def loop(self) -> ElementTree.Element | None:
        several = self.xml.find(BPMN + "multiInstanceLoopCharacteristics")
        return self.xml.find(BPMN + "standardLoopCharacteristics") if several is None else several

    @property
    def default(self) -> str | None:
        return self.xml.get("default")


@dataclass(frozen=True)
class Drawing:
    """One process: its id, its nodes, and the codes of the file's errors, by id."""

    process: str
    nodes: dict[str, Node]
    errors: dict[str | None, str | None]


def read(xml: bytes) -> Drawing:
    root = ElementTree.fromstring(xml)
    process = root.find(BPMN + "process")
    assert process is not None
    nodes: dict[str, Node] = {}
    _read_scope(process, nodes)
    _draw_gateways(nodes)
    return Drawing(process.get("id", ""), nodes, {error.get("id"): error.get("errorCode") for error in root.iter(BPMN + "error")})


def _read_scope(scope: ElementTree.Element, nodes: dict[str, Node]) -> None:
    for xml in scope:
        tag = xml.tag.removeprefix(BPMN)
        if tag.endswith(("Event", "Gateway", "Task", "Process", "Activity")) or tag in ("task", "transaction"):
            event = next((child.tag.removeprefix(BPMN) for child in xml if child.tag.endswith("EventDefinition")), "")
            node_id = xml.get("id", "")
            event = "message" if tag == "sendTask" else event
            nodes[node_id] = Node(node_id, tag, xml, scope.get("id", ""), event.removesuffix("EventDefinition"))
            if tag in ("subProcess", "adHocSubProcess", "transaction"):
                _read_scope(xml, nodes)
    for node in [each for each in nodes.values() if each.within == scope.get("id") and each.tag == "boundaryEvent"]:
        nodes[node.xml.get("attachedToRef", "")].boundaries.append(node)
    for xml in scope.findall(BPMN + "sequenceFlow"):
        source, target = nodes[xml.get("sourceRef", "")], nodes[xml.get("targetRef", "")]
        flow = Flow(xml.get("id", ""), source, target, xml.findtext(BPMN + "conditionExpression"))
        source.outgoing.append(flow)
        target.incoming.append(flow)


def _draw_gateways(nodes: dict[str, Node]) -> None:
    """Several flows out of a task or event, or a conditional one, mean a gateway that is not drawn (13.2.1)."""
    for node in list(nodes.values()):
        if not node.tag.endswith("Gateway") and (len(node.outgoing) > 1 or any(flow.condition for flow in node.outgoing)):
            xml = ElementTree.Element("fork", {} if node.default is None else {"default": node.default})
            fork = Node(f"{node.id}-fork", "inclusiveGateway", xml, node.within, outgoing=node.outgoing, is_drawn=False)
            for flow in fork.outgoing:
                flow.source = fork
            node.outgoing = [Flow("", node, fork, None)]
            fork.incoming = node.outgoing
