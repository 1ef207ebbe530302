"""The elements that undoing needs and no diagram shows: one takes records back in turn, one is a subprocess as it was when completed."""

from collections.abc import Iterator, Mapping
from typing import Any

from lxml.etree import _Element

from engine.bpmn import compensation
from engine.bpmn.activities import Subprocess
from engine.bpmn.elements import Element
from engine.bpmn.events import Boundary, ThrowEvent
from engine.bpmn.extensions import Reader
from engine.bpmn.instance import Token
from engine.bpmn.vocabulary import BPMN


class Hidden(Element):
    """Stands for an element of the diagram, under a name that no diagram gives."""

    def __init__(self, origin: Any, purpose: str) -> None:
        super().__init__(origin._wf_spec, f"{origin.name}/{purpose}")
        self.origin = origin

    @property
    def shown_as(self) -> str:
        return str(self.origin.name)


class Undo(Hidden):
    """Takes one record after the other back, then tells whoever waits for it."""

    def enter(self, token: Token) -> bool | None:
        return self.close(token)

    def close(self, token: Token) -> bool | None:
        todo, waiter = token.details["todo"], token.details["waiter"]
        if todo:
            token.details = {**token.details, "todo": todo[:-1]}
            compensation.begin(token, todo[-1])
            return None
        if waiter is not None and (waiting := token.workflow.tasks.get(str(waiter))) is not None:
            if (past := token.workflow.past) is not None:
                past.unite([waiting])
                past.placed(waiting)
            waiting.go_on("undone")
        if self.origin.is_transaction and token.owner is not None and token.owner.task_spec is self.origin:
            compensation.cancelled(token.owner)
            return None
        return True


class Restored(Hidden):
    """Holds the variables of a completed subprocess while what was done in it is taken back."""

    def close(self, token: Token) -> bool:
        return True


def connect(normal: _Element, elements: dict[str, Element], reader: Reader) -> None:
    """Tell each activity who takes it back, and give every scope and event that undoes what it needs."""
    if next(normal.iter(BPMN + "compensateEventDefinition", BPMN + "cancelEventDefinition"), None) is None:
        return
    drawn = list(elements.values())
    ways = dict(_associations(normal))
    for element in drawn:
        if isinstance(element, Boundary) and element.catches_compensation:
            _connect_handler(element, elements, ways, reader)
        if isinstance(element, Subprocess):
            element.undo, element.restored = Undo(element, "undo"), Restored(element, "restored")
            element.undone_by = next((each for each in element.body.event_subprocesses if each.body.starts[0].catches_compensation), None)
            elements |= {each.name: each for each in (element.undo, element.restored)}
        if isinstance(element, ThrowEvent) and element.compensates:
            element.undo = Undo(element, "undo")
            elements[element.undo.name] = element.undo


def _associations(normal: _Element) -> Iterator[tuple[str, str]]:
    """The associations of the file, in both directions: modelers draw them either way."""
    for association in normal.iter(BPMN + "association"):
        ends = [(association.get(name) or "").rpartition(":")[2] for name in ("sourceRef", "targetRef")]
        yield ends[0], ends[1]
        yield ends[1], ends[0]


def _connect_handler(boundary: Boundary, elements: Mapping[str, Element], ways: Mapping[str, str], reader: Reader) -> None:
    handler = elements.get(ways.get(boundary.name, ""))
    host = next((element for element in elements.values() if boundary in element.boundaries), None)
    if handler is None or host is None:
        reader.problem("compensation", f"Expected an association from '{boundary.name}' to an activity that compensates, but there is none")
        return
    host.handler, host.compensation = handler, boundary
