"""Properties beyond BPMN: those that we carry out are listed here, and one that we would ignore is refused."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import ACTIVITIES, BPMN, CAMUNDA, FLOW_NODES, name_of
from engine.errors import Problem

RULE: Final = "extension"

# Written for other engines; read past they would change what the diagram does.
OTHER_ENGINES: Final = {
    "http://camunda.org/schema/zeebe/1.0": "Camunda 8",
    "http://activiti.org/bpmn": "Activiti",
    "http://flowable.org/bpmn": "Flowable",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "SpiffWorkflow",
    "http://www.jboss.org/drools": "jBPM",
    "http://www.w3.org/2001/XInclude": "XInclude",
}
# Say where and when a job runs; every step here is its own transaction, so there is nothing to carry out.
WITHOUT_EFFECT: Final = frozenset({"asyncBefore", "asyncAfter", "async", "exclusive", "jobPriority", "taskPriority", "modelerTemplate"})
USER_TASK: Final = frozenset(
    {"assignee", "candidateUsers", "candidateGroups", "dueDate", "followUpDate", "priority", "formRef", "formRefBinding", "formKey"}
)
ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    "process": frozenset({"historyTimeToLive", "versionTag", "candidateStarterGroups", "candidateStarterUsers", "isStartableInTasklist"}),
    "userTask": USER_TASK,
    "manualTask": USER_TASK,
    "startEvent": frozenset({"formRef", "formRefBinding", "formKey"}),
    "serviceTask": frozenset({"type", "topic"}),
    "businessRuleTask": frozenset({"decisionRef", "decisionRefBinding", "resultVariable", "mapDecisionResult"}),
    "callActivity": frozenset({"calledElementBinding"}),
    "multiInstanceLoopCharacteristics": frozenset({"collection", "elementVariable"}),
    "errorEventDefinition": frozenset({"errorCodeVariable", "errorMessageVariable"}),
    "escalationEventDefinition": frozenset({"escalationCodeVariable"}),
}
ELEMENTS: Final[dict[str, frozenset[str]]] = {
    "properties": frozenset(FLOW_NODES | {"process", "lane", "participant", "collaboration", "sequenceFlow", "definitions"}),
    "inputOutput": frozenset(ACTIVITIES | {"intermediateThrowEvent", "endEvent"}),  # events: what their message carries
    "formData": frozenset({"userTask", "manualTask", "startEvent"}),
    "failedJobRetryTimeCycle": frozenset(FLOW_NODES),
    "in": frozenset({"callActivity"}),
    "out": frozenset({"callActivity"}),
}
VALUES: Final = {
    "mapDecisionResult": {"singleEntry"},  # the shape of a result follows its table; the other shapes are not built yet
    "type": {"external"},
    "formRefBinding": {"latest", "deployment"},
    "decisionRefBinding": {"latest", "deployment"},
    "calledElementBinding": {"latest"},
}


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: camunda:assignee on a user task. Bad: camunda:class on a service task, zeebe:taskDefinition, an execution listener."""
    yield from _walk(diagram, diagram.root)


def _walk(diagram: Diagram, element: _Element) -> Iterator[Problem]:
    name = name_of(element)
    yield from _attributes(diagram, element, name)
    for child in element:
        if not name_of(child):
            if name and not _is_drawing(child):
                yield from _foreign_child(diagram, element, child)
        elif name_of(child) == "extensionElements":
            for extension in child:
                yield from _extension(diagram, name, extension)
        else:
            yield from _walk(diagram, child)


def _attributes(diagram: Diagram, element: _Element, name: str) -> Iterator[Problem]:
    for key in element.attrib:
        namespace, local = _split(str(key))
        if namespace == CAMUNDA[1:-1]:
            yield from _camunda_attribute(diagram, element, name, local)
        elif namespace in OTHER_ENGINES:
            yield diagram.problem(element, RULE, f"Expected camunda: properties, but '{local}' is written for {OTHER_ENGINES[namespace]}")


def _camunda_attribute(diagram: Diagram, element: _Element, name: str, local: str) -> Iterator[Problem]:
    if local in WITHOUT_EFFECT:
        return
    if local not in ATTRIBUTES.get(name, frozenset()):
        yield diagram.problem(element, RULE, f"Expected only properties that Steward carries out, but camunda:{local} on <{name}> is none")
    elif local in VALUES and (given := element.get(CAMUNDA + local)) not in VALUES[local]:
        expected = " or ".join(sorted(VALUES[local]))
        yield diagram.problem(element, RULE, f"Expected camunda:{local} to be {expected}, but it is '{given}'")


def _foreign_child(diagram: Diagram, parent: _Element, child: _Element) -> Iterator[Problem]:
    namespace, local = _split(str(child.tag))
    where = f"of the namespace '{namespace}'" if namespace else "without a namespace"
    yield diagram.problem(child, RULE, f"Expected BPMN elements of the namespace '{BPMN[1:-1]}', but found <{local}> {where}")


def _extension(diagram: Diagram, holder: str, extension: _Element) -> Iterator[Problem]:
    namespace, local = _split(str(extension.tag))
    if namespace in OTHER_ENGINES:
        yield diagram.problem(extension, RULE, f"Expected camunda: properties, but <{local}> is written for {OTHER_ENGINES[namespace]}")
    elif namespace != CAMUNDA[1:-1]:
        yield diagram.warning(extension, RULE, f"Expected camunda: properties, but <{local}> is of '{namespace}'; nothing reads it")
    elif local == "inputOutput" and extension.find(f".//{CAMUNDA}script") is not None:
        yield diagram.problem(extension, RULE, "Expected an expression as the value of a parameter, but found a camunda:script")
    elif local in ("in", "out") and extension.get("local") is not None:
        yield diagram.problem(extension, RULE, f"Expected camunda:{local} without 'local', but it has one, which is not built yet")
    elif holder not in ELEMENTS.get(local, frozenset()):
        yield diagram.problem(
            extension, RULE, f"Expected only properties that Steward carries out, but <camunda:{local}> on <{holder}> is none"
        )


def _is_drawing(element: _Element) -> bool:
    """Shapes, edges and colours: any namespace that BPMN's diagram interchange uses below BPMNDiagram."""
    return _split(str(element.tag))[0] == "http://www.omg.org/spec/BPMN/20100524/DI"


def _split(tag: str) -> tuple[str, str]:
    namespace, _, local = tag.rpartition("}")
    return namespace[1:], local
