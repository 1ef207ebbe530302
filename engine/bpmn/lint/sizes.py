"""Diagrams stay within what people can read and the engine has been tried with."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import BPMN, SUBPROCESSES, name_of
from engine.errors import Problem

RULE: Final = "size"
MAX_NAME: Final = 1_000
MAX_WAYS: Final = 1_000  # flows out of one node
MAX_NESTING: Final = 20  # subprocesses within subprocesses


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: whatever fits on a wall. Bad: a name of a million letters, 21 subprocesses within each other."""
    for element in diagram.root.iter(BPMN + "*"):
        if len(element.get("name") or "") > MAX_NAME:
            yield diagram.problem(element, RULE, f"Expected names of at most {MAX_NAME} characters, but this one is longer")
    for node_id, ways in diagram.outgoing.items():
        if len(ways) > MAX_WAYS and node_id in diagram.by_id:
            element = diagram.by_id[node_id].element
            yield diagram.problem(element, RULE, f"Expected at most {MAX_WAYS} flows out of a node, but there are {len(ways)}")
    for node in diagram.of_kind(*SUBPROCESSES):
        nesting = sum(1 for around in node.element.iterancestors() if name_of(around) in SUBPROCESSES) + 1
        if nesting > MAX_NESTING:
            yield diagram.problem(node.element, RULE, f"Expected subprocesses at most {MAX_NESTING} deep, but this one is {nesting} deep")
