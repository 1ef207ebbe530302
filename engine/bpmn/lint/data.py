"""Data associations lead from and to something that can be seen from where they are drawn."""

from collections.abc import Iterator, Mapping
from typing import Final

from lxml.etree import _Element

from engine.bpmn import data_stores
from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import BPMN, SUBPROCESSES, VARIABLE, children, name_of
from engine.errors import Problem

RULE: Final = "data"
INPUT, OUTPUT = "dataInputAssociation", "dataOutputAssociation"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: an association from a data object to a data input. Bad: one to nothing, one from two objects, a bare one to a store."""
    known = {element.get("id") or "": element for element in diagram.root.iter(BPMN + "*") if name_of(element).startswith(("data", "prop"))}
    for reference in diagram.root.iter(BPMN + "dataObjectReference"):
        target = _local(reference.get("dataObjectRef"))
        if target and target not in known:
            yield diagram.problem(reference, RULE, f"Expected dataObjectRef to name a data object, but there is no '{target[:60]}'")
    stores = data_stores.names(diagram.root)
    for node in diagram.nodes:
        yield from _collections(diagram, node, stores)
        for kind in (INPUT, OUTPUT):
            for association in children(node.element, kind):
                yield from _association(diagram, node, association, known)
                yield from _store(diagram, node, association, stores)


def _store(diagram: Diagram, node: Node, association: _Element, stores: Mapping[str, str]) -> Iterator[Problem]:
    """An arrow that an editor draws between an activity and a store says neither what is read nor what is written."""
    for end, other in (("sourceRef", "targetRef"), ("targetRef", "sourceRef")):
        for store in children(association, end):
            name = stores.get(_local(store.text), "")
            if name and not _is_meant(node, association, other):
                message = (
                    f"Expected a data input or output between '{node.id}' and '{name[:60]}', but the arrow has none and carries nothing"
                )
                yield diagram.warning(association, RULE, message)
            elif name and not name.isidentifier():
                message = f"Expected a data store with a name of letters, digits and _, but this one is called '{name[:60]}'"
                yield diagram.problem(association, RULE, message)


def _collections(diagram: Diagram, node: Node, stores: Mapping[str, str]) -> Iterator[Problem]:
    for kind in ("loopDataInputRef", "loopDataOutputRef"):
        for found in node.element.iterfind(f"{BPMN}multiInstanceLoopCharacteristics/{BPMN}{kind}"):
            if name := stores.get(_local(found.text)):
                message = f"Expected '{node.id}' to go over a data input or output, but {kind} names the data store '{name[:60]}' itself"
                yield diagram.problem(found, RULE, message)


def _is_meant(node: Node, association: _Element, end: str) -> bool:
    """Whether the other end is data of the activity, not only the place where the line ends."""
    if association.find(BPMN + "assignment") is not None or association.find(BPMN + "transformation") is not None:
        return True
    placeholders = {each.get("id") for each in children(node.element, "property") if (each.get("name") or "").startswith("__")}
    return any(_local(found.text) not in placeholders for found in children(association, end))


def _local(reference: str | None) -> str:
    return (reference or "").strip().rpartition(":")[2]


def _association(diagram: Diagram, node: Node, association: _Element, known: dict[str, _Element]) -> Iterator[Problem]:
    sources = [_local(source.text) for source in children(association, "sourceRef")]
    targets = [_local(target.text) for target in children(association, "targetRef")]
    said = [name for name in ("transformation", "assignment") if association.find(BPMN + name) is not None]
    if len(sources) > 1 and not said:
        yield diagram.problem(association, RULE, "Expected one source, or a transformation of several, but there are several sources")
    if not targets and "assignment" not in said:
        yield diagram.problem(association, RULE, "Expected an association with a targetRef, but there is none")
    if name_of(association) == INPUT and not sources and not said:
        yield diagram.problem(association, RULE, "Expected an association with a sourceRef, but there is none")
    for name in sources + targets:
        if name not in known and not VARIABLE.fullmatch(name):
            yield diagram.problem(association, RULE, f"Expected an end of an association to be data, but there is no '{name[:60]}'")
        elif name in known and not _is_seen(node.element, known[name]):
            yield diagram.problem(association, RULE, f"Expected data that can be seen from '{node.id}', but '{name[:60]}' is elsewhere")


def _is_seen(node: _Element, found: _Element) -> bool:
    """What is declared in a process or subprocess around the node, or in the node itself."""
    holder = found.getparent()
    while holder is not None and holder is not node and name_of(holder) != "process" and name_of(holder) not in SUBPROCESSES:
        holder = holder.getparent()
    return holder is None or holder is node or any(around is holder for around in node.iterancestors())
