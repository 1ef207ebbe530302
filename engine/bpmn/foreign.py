"""Files of other engines: what means the same as a property of Camunda 7 becomes one, before anything is read."""

import re
from collections import Counter
from typing import Final

from lxml.etree import SubElement, _Element

from engine.bpmn.namespaces import BPMN, CAMUNDA
from engine.errors import Problem

RULE: Final = "adopted"
ZEEBE: Final = "{http://camunda.org/schema/zeebe/1.0}"
# Camunda 7 began as Activiti, as did Flowable: these they have in common.
KIN: Final = {"{http://activiti.org/bpmn}": "activiti", "{http://flowable.org/bpmn}": "flowable"}
KIN_ATTRIBUTES: Final = frozenset(
    {
        *("assignee", "candidateUsers", "candidateGroups", "dueDate", "priority", "formKey", "initiator"),
        *("candidateStarterUsers", "candidateStarterGroups", "collection", "elementVariable", "async", "exclusive", "topic"),
    }
)
KIN_ELEMENTS: Final = frozenset({"in", "out", "failedJobRetryTimeCycle"})
# Camunda 8: element and attribute → property of Camunda 7.
ZEEBE_ATTRIBUTES: Final = {
    ("assignmentDefinition", "assignee"): "assignee",
    ("assignmentDefinition", "candidateUsers"): "candidateUsers",
    ("assignmentDefinition", "candidateGroups"): "candidateGroups",
    ("taskSchedule", "dueDate"): "dueDate",
    ("taskSchedule", "followUpDate"): "followUpDate",
    ("priorityDefinition", "priority"): "priority",
    ("formDefinition", "formId"): "formRef",
    ("calledDecision", "decisionId"): "decisionRef",
    ("calledDecision", "resultVariable"): "resultVariable",
    ("taskDefinition", "type"): "topic",
    ("loopCharacteristics", "inputCollection"): "collection",
    ("loopCharacteristics", "inputElement"): "elementVariable",
}
ZEEBE_IMPLIED: Final = {("calledElement", "propagateAllChildVariables"), ("calledElement", "propagateAllParentVariables")}
PATH: Final = re.compile(r"=\s*([^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*")  # FEEL that means the same in every language


def adopt(root: _Element, file: str) -> list[Problem]:
    """Rewrite the tree in place; says once for each property that it was taken as Camunda 7's. What stays is lint's to judge."""
    taken: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], _Element] = {}
    for element in list(root.iter(BPMN + "*")):
        for name in [*_kin(element), *_zeebe(element)]:
            taken[name] += 1
            first.setdefault(name, element)
    return [_told(file, first[name], name, count) for name, count in taken.items()]


def _told(file: str, element: _Element, name: tuple[str, str], count: int) -> Problem:
    times = "" if count == 1 else f" ({count} times)"
    message = f"{name[0]}{times} means the same as {name[1]} and is taken so"
    return Problem(file, element.sourceline or 1, element.get("id") or "-", RULE, message, "warning")


def _kin(element: _Element) -> list[tuple[str, str]]:
    found = []
    for key in [str(key) for key in element.attrib]:
        namespace, local = key[: key.find("}") + 1], key[key.find("}") + 1 :]
        prefix = KIN.get(namespace)
        if prefix and local == "type" and element.get(key) == "external-worker":
            element.set(CAMUNDA + "type", "external")
        elif not prefix or local not in KIN_ATTRIBUTES:
            continue
        else:
            element.set(CAMUNDA + local, element.get(key) or "")
        del element.attrib[key]
        found.append((f"{prefix}:{local}", f"camunda:{local}"))
    for extension in element.findall(f"{BPMN}extensionElements/*"):
        tag = str(extension.tag)
        prefix, local = KIN.get(tag[: tag.find("}") + 1]), tag[tag.find("}") + 1 :]
        if prefix and local in KIN_ELEMENTS:
            extension.tag = CAMUNDA + local
            found.append((f"{prefix}:{local}", f"camunda:{local}"))
    return found


def _zeebe(element: _Element) -> list[tuple[str, str]]:
    found = []
    for extension in element.findall(f"{BPMN}extensionElements/{ZEEBE}*"):
        local = str(extension.tag)[len(ZEEBE) :]
        wanted = {str(name): _value(str(text)) for name, text in extension.attrib.items() if (local, name) not in ZEEBE_IMPLIED}
        if local == "taskDefinition":
            wanted.pop("retries", None)  # how often a job is tried has a default here as there
        if local == "calledElement":
            if set(wanted) == {"processId"} and wanted["processId"]:
                element.set("calledElement", wanted["processId"] or "")
                _pass_everything(element, extension)
                found.append(("zeebe:calledElement", "calledElement"))
                _remove(extension)
        elif wanted and all((local, name) in ZEEBE_ATTRIBUTES and text is not None for name, text in wanted.items()):
            for name, text in wanted.items():
                element.set(CAMUNDA + ZEEBE_ATTRIBUTES[local, name], text or "")
                found.append((f"zeebe:{local}", f"camunda:{ZEEBE_ATTRIBUTES[local, name]}"))
            if local == "taskDefinition":
                element.set(CAMUNDA + "type", "external")
            _remove(extension)
    return found


def _value(text: str) -> str | None:
    """A literal, or the path of a variable; other FEEL is not translated."""
    if not text.startswith("="):
        return text
    path = PATH.fullmatch(text)
    return None if path is None else f"${{{path[1]}}}"


def _pass_everything(element: _Element, extension: _Element) -> None:
    """Camunda 8 hands everything to the called process and back, unless told otherwise."""
    holder = element.find(BPMN + "extensionElements")
    assert holder is not None
    for direction, attribute in (("in", "propagateAllParentVariables"), ("out", "propagateAllChildVariables")):
        if extension.get(attribute) != "false":
            SubElement(holder, CAMUNDA + direction, {"variables": "all"})


def _remove(extension: _Element) -> None:
    parent = extension.getparent()
    assert parent is not None
    parent.remove(extension)
