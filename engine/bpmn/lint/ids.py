"""Every element is found by its id: in the history, in clocks, in scenarios. So each has one, and no two share one."""

import re
from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram, named
from engine.bpmn.vocabulary import BPMN
from engine.errors import Problem

RULE: Final = "id"
ID: Final = re.compile(r"[A-Za-z_][\w.-]*")
MAX_ID: Final = 200


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: ids of letters, digits, '_', '-' and '.'. Bad: two tasks with id "take", a task without id, an id with a space."""
    first: dict[str, int] = {}
    for element in diagram.root.iter(BPMN + "*"):
        given = element.get("id")
        if given is None:
            continue
        if given in first:
            yield diagram.problem(element, RULE, f"Expected every id once, but '{named(element)}' is also in line {first[given]}")
        first.setdefault(given, element.sourceline or 1)
    for node in diagram.nodes:
        if not node.id:
            yield diagram.problem(node.element, RULE, f"Expected every flow node to have an id, but this <{node.kind}> has none")
        elif not ID.fullmatch(node.id) or len(node.id) > MAX_ID:
            message = f"Expected an id of letters, digits, '_', '-' and '.', at most {MAX_ID} long"
            yield diagram.problem(node.element, RULE, f"{message}, but it is '{node.id[:MAX_ID]}'")
