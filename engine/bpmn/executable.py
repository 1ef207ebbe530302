"""Turns a BPMN process into what can be run, once per definition: normalised, parsed, connected, and every node accounted for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree
from lxml.etree import _Element
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.bpmn import data
from engine.bpmn.activities import Body, Subprocess
from engine.bpmn.ad_hoc import AdHoc
from engine.bpmn.awaited import Timer
from engine.bpmn.elements import BusinessRule, Element, Flow
from engine.bpmn.events import Event, Start
from engine.bpmn.extensions import Reader
from engine.bpmn.model import Process
from engine.bpmn.normalise import normalise
from engine.bpmn.specification import parse
from engine.bpmn.undoing import connect as connect_undoing
from engine.bpmn.user_task import UserTask
from engine.bpmn.vocabulary import BPMN, FLOW_NODES, SUBPROCESSES, name_of
from engine.errors import DeploymentRefused, Problem

SALT = b"1:"  # of every fingerprint since the first release; another one would orphan what is running


@dataclass(frozen=True)
class Executable:
    """A process that can be run. States carry its fingerprint and refuse to load with another."""

    process: Process
    fingerprint: str
    body: Body
    elements: Mapping[str, Element]
    normalised: bytes  # the XML as it runs

    @property
    def beginnings(self) -> "list[Beginning]":
        """Everything from outside that starts an instance: messages, signals, the clock."""
        return [
            Beginning(event.name, number, part.awaited.kind, part.awaited.written, part.awaited.timer)
            for event in self.body.starts + self.body.instantiating
            for number, part in enumerate(event.parts)
        ]

    @property
    def starts_by_hand(self) -> "list[Start]":
        """The start events at which somebody can begin an instance: the plain ones, else the one that the clock starts."""
        plain = [start for start in self.body.starts if not start.parts]
        timed = [start for start in self.body.starts if start.parts and all(part.awaited.kind == "timer" for part in start.parts)]
        return plain or (timed if len(timed) == 1 else [])


@dataclass(frozen=True)
class Beginning:
    """One definition of an event that starts instances."""

    activity_id: str
    part: int  # which of several definitions of the event
    kind: str  # message, signal, timer
    name: str  # of the message or signal
    timer: Timer | None


def compile_process(root: _Element, process: Process, decisions: Mapping[str, Any]) -> Executable:
    """Compile one process of a file as it was drawn; everything wrong with it is named in one DeploymentRefused."""
    return compile_stored(normalise(root, process.key), process, decisions)


def compile_stored(normal: _Element, process: Process, decisions: Mapping[str, Any]) -> Executable:
    """Compile a process that was normalised when it was deployed, exactly as it stands.

    A later release may normalise otherwise, insert other elements and name them otherwise. Instances that run stand on the elements of
    their own deployment: normalised again, their tokens would have lost their places.
    """
    file = f"{process.key}.bpmn"
    try:
        body, elements = parse(normal, process.key, file)
    except ValidationException as error:
        found = normal.find(f".//*[@id='{error.id}']") if error.id and "'" not in error.id else None
        line = 1 if found is None else found.sourceline or 1
        message = f"Expected a process that can be run, but {error}"
        raise DeploymentRefused([Problem(file, line, error.id or "-", "structure", message)]) from error
    problems = _unknown(normal, elements, file)
    body.goes_back = process.goes_back
    if not problems:
        _connect(normal, process, body, elements, decisions, file, problems)
    if problems:
        raise DeploymentRefused(problems)
    return Executable(process, _fingerprint(normal, file), body, elements, etree.tostring(normal, encoding="UTF-8", xml_declaration=True))


def _fingerprint(normal: _Element, file: str) -> str:
    try:
        return fingerprint(normal)
    except etree.C14NError:
        message = "Expected namespaces that are whole addresses, such as http://example.org/x, but one is only a part of one"
        raise DeploymentRefused([Problem(file, 1, "-", "xml", message)]) from None


def fingerprint(normal: _Element) -> str:
    """The same for the same normalised XML, whichever release reads it: what a state may be loaded with is no matter of our version."""
    return hashlib.sha256(SALT + etree.tostring(normal, method="c14n")).hexdigest()[:32]


def _unknown(normal: _Element, elements: Mapping[str, Element], file: str) -> list[Problem]:
    """Every flow node of the XML that has not become an element of its own: nothing of a diagram may get lost."""
    problems, seen = [], set()
    for node in normal.iter(BPMN + "*"):
        if name_of(node) not in FLOW_NODES:
            continue
        node_id, message = node.get("id") or "", ""
        if node_id not in elements:
            message = f"Expected a flow node that can be run, but <{name_of(node)}> has no executable form"
        elif node_id in seen:
            message = "Expected every id once, but another flow node has the same"
        seen.add(node_id)
        if message:
            problems.append(Problem(file, node.sourceline or 1, node_id or "-", "construct", message))
    return problems


def _connect(
    normal: _Element,
    process: Process,
    body: Body,
    elements: dict[str, Element],
    decisions: Mapping[str, Any],
    file: str,
    problems: list[Problem],
) -> None:
    names = data.names(normal)
    nodes = {node.get("id") or "": node for node in normal.iter(BPMN + "*") if name_of(node) in FLOW_NODES}
    for flow in normal.iter(BPMN + "sequenceFlow"):
        _add_flow(flow, nodes, elements, file, problems)
    body.drawn_flows = frozenset(process.flows)
    for scope in normal.iter(BPMN + "process", *(BPMN + name for name in SUBPROCESSES)):
        holder = elements.get(scope.get("id") or "")
        (body if holder is None else holder.body).data_objects = data.declared(scope, names)
    for node_id, node in nodes.items():
        element = elements[node_id]
        element.activity = process.activities.get(node_id)
        reader = Reader(node, file, problems, names)
        element.data = data.read(reader, names)
        element.configure(reader)
        _place(element, node, body, elements, reader)
        if isinstance(element, BusinessRule):
            _decide(element, decisions, reader)
        if isinstance(element, Event):
            elements.update({part.name: part for part in element.parts})
        if isinstance(element, UserTask):
            elements[element.signer.name] = element.signer
    for element in elements.values():
        if isinstance(element, AdHoc):
            element.find_beginnings()
    connect_undoing(normal, elements, Reader(normal, file, problems))


def _add_flow(flow: _Element, nodes: Mapping[str, _Element], elements: Mapping[str, Element], file: str, problems: list[Problem]) -> None:
    reader = Reader(flow, file, problems)
    source, target = elements.get(flow.get("sourceRef") or ""), elements.get(flow.get("targetRef") or "")
    if source is None or target is None:
        missing = flow.get("sourceRef") if source is None else flow.get("targetRef")
        reader.problem("structure", f"Expected a flow between two nodes, but there is no node {missing!r}")
        return
    default = nodes[source.name].get("default") == flow.get("id")
    condition = None if default else reader.expression(flow.findtext(BPMN + "conditionExpression"), "a condition")
    connection = Flow(flow.get("id") or "", source, target, condition, default)
    source.outgoing.append(connection)
    target.incoming.append(connection)
    source.connect(target)


def _place(element: Element, node: _Element, body: Body, elements: Mapping[str, Element], reader: Reader) -> None:
    """Tell the scope, or the activity, what belongs to it."""
    parent = node.getparent()
    holder: Any = elements.get("" if parent is None else parent.get("id") or "")
    inside = body if holder is None else holder.body
    inside.elements.append(element)
    if isinstance(element, Start):
        inside.starts.append(element)
        element.subprocess = holder
    if isinstance(element, Subprocess) and element.starts_itself:
        inside.event_subprocesses.append(element)
    is_event_subprocess = isinstance(element, Subprocess) and element.starts_itself
    element.stands_aside = "attachedToRef" in node.attrib or node.get("isForCompensation") == "true" or is_event_subprocess
    if attached := node.get("attachedToRef"):
        if attached in elements:
            elements[attached].boundaries.append(element)
        else:
            reader.problem("structure", f"Expected a boundary event of an activity, but there is no activity {attached!r}")


def _decide(element: BusinessRule, decisions: Mapping[str, Any], reader: Reader) -> None:
    key = element.activity.decision if element.activity is not None else None
    element.decision = decisions.get(key or "")
    if element.decision is None:
        reader.problem(
            "decision",
            f"Expected a decision table {key!r}, but there is none" if key else "Expected camunda:decisionRef, but there is none",
        )
