"""Properties beyond BPMN: those that we carry out are listed here, and one that we would ignore is refused."""

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import ACTIVITIES, BPMN, CAMUNDA, FLOW_NODES, name_of
from engine.errors import Problem

RULE: Final = "extension"

# Written for other engines; read past they would change what the diagram does. What means the same has been taken before (foreign.py).
OTHER_ENGINES: Final = {
    "http://camunda.org/schema/zeebe/1.0": "Camunda 8",
    "http://activiti.org/bpmn": "Activiti",
    "http://flowable.org/bpmn": "Flowable",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "SpiffWorkflow",
    "http://www.jboss.org/drools": "jBPM",
    "http://www.w3.org/2001/XInclude": "XInclude",
}
# Of those, what says nothing about the course: names of templates, marks of versions, notes of editors.
NEUTRAL: Final = frozenset(
    {
        *("modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon", "userTask", "versionTag", "properties", "property"),
        *("packageName", "version", "metaData", "metaValue", "dtype", "selectable", "diagramRelationId", "category", "isTargetNamespace"),
        *("instructionsForEndUser", "field-documentation", "modelVersion", "formFieldValidation", "displayName"),
    }
)
SILENT: Final = frozenset(  # every editor writes these
    {
        "http://www.w3.org/2001/XMLSchema-instance",
        "http://www.w3.org/XML/1998/namespace",
        "http://camunda.org/schema/modeler/1.0",
    }
)
EXTERNAL: Final = 'an external task instead: camunda:type="external" with a camunda:topic'
ADVICE: Final = {
    **dict.fromkeys(("class", "delegateExpression", "expression", "connector", "field", "taskDefinition", "type"), EXTERNAL),
    **dict.fromkeys(("executionListener", "taskListener", "executionListeners", "taskListeners"), "a script task before or behind it"),
    **dict.fromkeys(("preScript", "postScript", "onEntry-script", "onExit-script", "script"), "a script task"),
    **dict.fromkeys(("formProperty", "formDefinition", "userTaskForm"), "a form file and camunda:formRef"),
    **dict.fromkeys(("ioMapping", "inputOutput"), "camunda:inputOutput"),
    "subscription": "the property steward:correlationKey at the event",
    "skipExpression": "an exclusive gateway before it",
    "loopCharacteristics": "camunda:collection with camunda:elementVariable",
    "calledElement": "calledElement and camunda:in, camunda:out",
    "taskHeaders": "camunda:inputOutput",
    "assignmentDefinition": "camunda:assignee, camunda:candidateGroups",
    "calledDecision": "camunda:decisionRef",
    "adHoc": "completionCondition",
    "resultVariable": "an assignment in the script",
}
# Say where and when a job runs; every step here is its own transaction, so there is nothing to carry out.
WITHOUT_EFFECT: Final = frozenset({"asyncBefore", "asyncAfter", "async", "exclusive", "jobPriority", "taskPriority"}) | {
    "modelerTemplate",
    "modelerTemplateVersion",
    "modelerTemplateIcon",
    "diagramRelationId",
    "category",
}
USER_TASK: Final = frozenset(
    {"assignee", "candidateUsers", "candidateGroups", "dueDate", "followUpDate", "priority", "formRef", "formRefBinding", "formKey"}
)
ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    "process": frozenset({"historyTimeToLive", "versionTag", "candidateStarterGroups", "candidateStarterUsers", "isStartableInTasklist"}),
    "userTask": USER_TASK,
    "manualTask": USER_TASK,
    "startEvent": frozenset({"formRef", "formRefBinding", "formKey", "initiator"}),
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
    """Good: camunda:assignee on a user task. Bad: camunda:class on a service task, zeebe:ioMapping, an execution listener."""
    ignored: dict[tuple[str, str], list[_Element]] = {}
    yield from _walk(diagram, diagram.root, ignored)
    for (namespace, local), elements in ignored.items():
        vendor = OTHER_ENGINES.get(namespace, namespace)
        times = "" if len(elements) == 1 else f" ({len(elements)} times)"
        yield diagram.warning(elements[0], RULE, f"Expected camunda: properties, but '{local}'{times} is of {vendor}; nothing reads it")


Ignored = dict[tuple[str, str], list[_Element]]


def _walk(diagram: Diagram, element: _Element, ignored: Ignored) -> Iterator[Problem]:
    name = name_of(element)
    yield from _attributes(diagram, element, name, ignored)
    for child in element:
        if not name_of(child):
            if name and not _is_drawing(child):
                yield from _foreign_child(diagram, child, ignored)
        elif name_of(child) == "extensionElements":
            for extension in child:
                yield from _extension(diagram, name, extension, ignored)
        else:
            yield from _walk(diagram, child, ignored)


def _attributes(diagram: Diagram, element: _Element, name: str, ignored: Ignored) -> Iterator[Problem]:
    for key in element.attrib:
        namespace, local = _split(str(key))
        if namespace == CAMUNDA[1:-1]:
            yield from _camunda_attribute(diagram, element, name, local)
        elif namespace in OTHER_ENGINES and local not in NEUTRAL:
            yield _of_another_engine(diagram, element, namespace, f"'{local}'", local)
        elif not namespace and local in ATTRIBUTES.get(name, frozenset()):
            yield diagram.problem(
                element, RULE, f"Expected camunda:{local}, but '{local}' is written without the prefix: nothing would read it"
            )
        elif namespace and namespace not in SILENT:
            ignored.setdefault((namespace, local), []).append(element)


def _of_another_engine(diagram: Diagram, element: _Element, namespace: str, what: str, local: str) -> Problem:
    instead = f": write {ADVICE[local]}" if local in ADVICE else ""
    return diagram.problem(element, RULE, f"Expected camunda: properties, but {what} is written for {OTHER_ENGINES[namespace]}{instead}")


def _camunda_attribute(diagram: Diagram, element: _Element, name: str, local: str) -> Iterator[Problem]:
    if local in WITHOUT_EFFECT:
        return
    if local not in ATTRIBUTES.get(name, frozenset()):
        instead = f": write {ADVICE[local]}" if local in ADVICE else ""
        message = f"Expected only properties that Steward carries out, but camunda:{local} on <{name}> is none{instead}"
        yield diagram.problem(element, RULE, message)
    elif local in VALUES and (given := element.get(CAMUNDA + local)) not in VALUES[local]:
        expected = " or ".join(sorted(VALUES[local]))
        yield diagram.problem(element, RULE, f"Expected camunda:{local} to be {expected}, but it is '{given}'")


def _foreign_child(diagram: Diagram, child: _Element, ignored: Ignored) -> Iterator[Problem]:
    """Beside the extensions: a note of an editor may be read past, a flow node of an unknown kind may not."""
    namespace, local = _split(str(child.tag))
    if namespace and namespace not in OTHER_ENGINES and "bpmn" not in namespace.lower() and local not in FLOW_NODES:
        ignored.setdefault((namespace, local), []).append(child)
        return
    where = f"of the namespace '{namespace}'" if namespace else "without a namespace"
    yield diagram.problem(child, RULE, f"Expected BPMN elements of the namespace '{BPMN[1:-1]}', but found <{local}> {where}")


def _extension(diagram: Diagram, holder: str, extension: _Element, ignored: Ignored) -> Iterator[Problem]:
    namespace, local = _split(str(extension.tag))
    if namespace in OTHER_ENGINES and local not in NEUTRAL:
        yield _of_another_engine(diagram, extension, namespace, f"<{local}>", local)
    elif namespace != CAMUNDA[1:-1]:
        ignored.setdefault((namespace, local), []).append(extension)
    elif local == "inputOutput" and extension.find(f".//{CAMUNDA}script") is not None:
        yield diagram.problem(extension, RULE, "Expected an expression as the value of a parameter, but found a camunda:script")
    elif local in ("in", "out") and extension.get("local") is not None:
        yield diagram.problem(extension, RULE, f"Expected camunda:{local} without 'local', but it has one, which is not built yet")
    elif holder not in ELEMENTS.get(local, frozenset()):
        instead = f": write {ADVICE[local]}" if local in ADVICE else ""
        message = f"Expected only properties that Steward carries out, but <camunda:{local}> on <{holder}> is none{instead}"
        yield diagram.problem(extension, RULE, message)


def _is_drawing(element: _Element) -> bool:
    """Shapes, edges and colours: any namespace that BPMN's diagram interchange uses below BPMNDiagram."""
    return _split(str(element.tag))[0] == "http://www.omg.org/spec/BPMN/20100524/DI"


def _split(tag: str) -> tuple[str, str]:
    namespace, _, local = tag.rpartition("}")
    return namespace[1:], local
