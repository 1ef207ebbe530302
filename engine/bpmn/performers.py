"""Who may do a task, as BPMN itself writes it: human performer and potential owners, read as assignee and candidates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml.etree import _Element

from engine.bpmn.namespaces import BPMN

NAMED: Final = re.compile(r"(user|group)\(\s*(.*?)\s*\)", re.DOTALL)


@dataclass(frozen=True)
class Performers:
    """Texts as camunda:assignee, camunda:candidateUsers and camunda:candidateGroups have them; None where nothing is said."""

    assignee: str | None
    users: str | None
    groups: str | None


def written_in(element: _Element) -> Performers:
    """`user(anna), group(technician)` for potential owners, where a bare name is a group; a human performer is one person."""
    one = [_person(text) for kind in ("humanPerformer", "performer") for text in _texts(element, kind)]
    found = [_split(part) for text in _texts(element, "potentialOwner") for part in parts(text)]
    users = [name for kind, name in found if kind == "user" and name]
    groups = [name for kind, name in found if kind == "group" and name]
    return Performers(one[0] if one else None, ",".join(users) or None, ",".join(groups) or None)


def _texts(element: _Element, kind: str) -> Iterator[str]:
    for role in element.findall(BPMN + kind):
        for expression in role.iterfind(f"{BPMN}resourceAssignmentExpression/*"):
            if (expression.text or "").strip():
                yield (expression.text or "").strip()
        if (reference := (role.findtext(BPMN + "resourceRef") or "").strip().rpartition(":")[2]) != "":
            yield _resource(role, reference)


def _resource(role: _Element, reference: str) -> str:
    """A resource of the file is meant by its name."""
    for resource in role.getroottree().getroot().findall(BPMN + "resource"):
        if resource.get("id") == reference:
            return (resource.get("name") or reference).strip()
    return reference


def _split(part: str) -> tuple[str, str]:
    named = NAMED.fullmatch(part.strip())
    return ("group", part.strip()) if named is None else (named[1], named[2])


def _person(text: str) -> str:
    return _split(text)[1]


def parts(text: str) -> list[str]:
    """What stands between commas; those within brackets separate nothing."""
    found, start, depth = [], 0, 0
    for position, letter in enumerate(text):
        if letter in "({":
            depth += 1
        elif letter in ")}":
            depth = max(0, depth - 1)
        elif letter == "," and depth == 0:
            found.append(text[start:position])
            start = position + 1
    return [part for part in (*found, text[start:]) if part.strip()]
