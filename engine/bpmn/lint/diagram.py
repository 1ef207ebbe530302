"""What every rule looks at: one file, read once, with the ways of asking that rules share."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from lxml.etree import _Element

from engine.bpmn.model import Process
from engine.bpmn.vocabulary import BPMN, FLOW_NODES, SUBPROCESSES, children, event_definitions, name_of
from engine.errors import Problem


@dataclass(frozen=True)
class Available:
    """What a diagram may refer to: the deployment's own files and what was deployed before."""

    forms: Container[str] = frozenset()
    decisions: Container[str] = frozenset()
    processes: Container[str] = frozenset()
    handed: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by process: what those who call it give it; "*" is everything


@dataclass(frozen=True)
class Node:
    """A flow node of the drawing. `scope` is the process or subprocess element that holds it."""

    element: _Element
    scope: _Element
    kind: str

    @cached_property
    def id(self) -> str:
        return self.element.get("id") or ""

    @cached_property
    def events(self) -> list[str]:
        """The kinds of its event definitions: timer, message, signal …"""
        return [name_of(definition).removesuffix("EventDefinition") for definition in event_definitions(self.element)]

    @property
    def interrupts(self) -> bool:
        attribute = "cancelActivity" if self.kind == "boundaryEvent" else "isInterrupting"
        return self.element.get(attribute, "true") not in ("false", "0")

    @property
    def instantiates(self) -> bool:
        return self.element.get("instantiate") == "true"

    @property
    def is_for_compensation(self) -> bool:
        return self.element.get("isForCompensation") == "true"

    @property
    def is_event_subprocess(self) -> bool:
        return self.element.get("triggeredByEvent") in ("true", "1")


@dataclass(frozen=True)
class Flow:
    """A sequence flow of the drawing."""

    element: _Element
    scope: _Element
    id: str
    source: str
    target: str

    @cached_property
    def condition(self) -> _Element | None:
        return self.element.find(BPMN + "conditionExpression")


@dataclass(frozen=True)
class Diagram:
    """One BPMN file under examination."""

    root: _Element
    file: str
    processes: tuple[Process, ...]
    available: Available
    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]

    @classmethod
    def read(cls, root: _Element, processes: Sequence[Process], file: str, available: Available) -> Self:
        nodes: list[Node] = []
        flows: list[Flow] = []
        for process in children(root, "process"):
            _collect(process, nodes, flows)
        return cls(root, file, tuple(processes), available, tuple(nodes), tuple(flows))

    @cached_property
    def by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def outgoing(self) -> dict[str, list[Flow]]:
        return _grouped(self.flows, "source")

    @cached_property
    def incoming(self) -> dict[str, list[Flow]]:
        return _grouped(self.flows, "target")

    def within(self, scope: _Element) -> list[Node]:
        """The nodes that stand directly in the process or subprocess."""
        return self._within.get(scope, [])

    @cached_property
    def _within(self) -> dict[_Element, list[Node]]:
        found: dict[_Element, list[Node]] = {}
        for node in self.nodes:
            found.setdefault(node.scope, []).append(node)
        return found

    def of_kind(self, *kinds: str) -> list[Node]:
        return [node for node in self.nodes if node.kind in kinds]

    def scopes(self) -> list[_Element]:
        """Every process and subprocess that has a course of its own."""
        return children(self.root, "process") + [node.element for node in self.nodes if node.kind in SUBPROCESSES]

    def problem(self, element: _Element, rule: str, message: str, severity: str = "error") -> Problem:
        return Problem(self.file, line_of(element), named(element), rule, message, severity)

    def warning(self, element: _Element, rule: str, message: str) -> Problem:
        return self.problem(element, rule, message, "warning")


def line_of(element: _Element) -> int:
    return element.sourceline or 1


def named(element: _Element) -> str:
    """The id by which people find this element: its own, or that of the nearest one around it that has one."""
    current: _Element | None = element
    while current is not None:
        if found := current.get("id"):
            return found[:200]
        current = current.getparent()
    return "-"


def _collect(scope: _Element, nodes: list[Node], flows: list[Flow]) -> None:
    for child in scope:
        kind = name_of(child)
        if kind in FLOW_NODES:
            nodes.append(Node(child, scope, kind))
        elif kind == "sequenceFlow":
            flows.append(Flow(child, scope, child.get("id") or "", child.get("sourceRef") or "", child.get("targetRef") or ""))
        if kind in SUBPROCESSES:
            _collect(child, nodes, flows)


def _grouped(flows: tuple[Flow, ...], end: str) -> dict[str, list[Flow]]:
    groups: dict[str, list[Flow]] = {}
    for flow in flows:
        groups.setdefault(getattr(flow, end), []).append(flow)
    return groups
