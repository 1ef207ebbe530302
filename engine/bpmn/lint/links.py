"""A link event jumps to the one catching link of its name in the same scope."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.vocabulary import children
from engine.errors import Problem

RULE: Final = "link"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: two throwing links "A" and one catching link "A". Bad: a link without a name, thrown to nowhere, caught twice."""
    caught: dict[tuple[int, str], str] = {}
    for node in _links(diagram, "intermediateCatchEvent"):
        place = (id(node.scope), _name(node))
        if place in caught:
            yield diagram.problem(node.element, RULE, f"Expected one catching link '{place[1][:60]}', but '{caught[place]}' is one too")
        caught.setdefault(place, node.id)
    for node in _links(diagram, "intermediateThrowEvent"):
        if not _name(node):
            yield diagram.problem(node.element, RULE, "Expected a link event to have a name, but it has none")
        elif (id(node.scope), _name(node)) not in caught:
            yield diagram.problem(node.element, RULE, f"Expected a catching link '{_name(node)[:60]}' in the same scope, but there is none")


def _links(diagram: Diagram, kind: str) -> list[Node]:
    return [node for node in diagram.of_kind(kind) if "link" in node.events]


def _name(node: Node) -> str:
    return next((definition.get("name") or "" for definition in children(node.element, "linkEventDefinition")), "")
