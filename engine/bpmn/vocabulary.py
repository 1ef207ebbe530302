"""The words of a BPMN file: what each element and each `camunda:` and `steward:` property says, as engine.bpmn.model."""

import re
from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn import foreign, namespaces, performers
from engine.bpmn.model import Activity, Lane, Process
from engine.bpmn.parser import MAX_NODES, MAX_SCRIPTS, read_xml
from engine.errors import DeploymentRefused, Problem
from engine.posts import POSTS

BPMN: Final = namespaces.BPMN
CAMUNDA: Final = namespaces.CAMUNDA
STEWARD: Final = "steward:"
BUILT_IN_TOPICS: Final = frozenset({"notify", "site_list"})  # of service tasks that the engine itself does

TASKS: Final = frozenset({"task", "userTask", "manualTask", "scriptTask", "businessRuleTask", "serviceTask", "sendTask", "receiveTask"})
USER_TASKS: Final = frozenset({"userTask", "manualTask"})  # what a person does, with or without the computer's help
SUBPROCESSES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
GATEWAYS: Final = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})
EVENTS: Final = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
OTHER_NODES: Final = frozenset({"callActivity", "implicitThrowEvent", "callChoreography", "choreographyTask", "subChoreography"})
FLOW_NODES: Final = TASKS | SUBPROCESSES | GATEWAYS | EVENTS | OTHER_NODES
ACTIVITIES: Final = TASKS | SUBPROCESSES | {"callActivity"}

VARIABLE: Final = re.compile(r"[^\W\d]\w*")  # what can be the name of a variable


def name_of(element: _Element) -> str:
    """The BPMN name of an element, or "" for one of another namespace."""
    tag = element.tag
    return tag[len(BPMN) :] if isinstance(tag, str) and tag.startswith(BPMN) else ""


def children(element: _Element, name: str) -> list[_Element]:
    return element.findall(BPMN + name)


def camunda(element: _Element, name: str) -> str | None:
    """A `camunda:` attribute without surrounding blanks; an empty one is none."""
    return (element.get(CAMUNDA + name) or "").strip() or None


def camunda_properties(element: _Element) -> list[_Element]:
    """The `camunda:property` elements written at this element itself."""
    return element.findall(f"{BPMN}extensionElements/{CAMUNDA}properties/{CAMUNDA}property")


def steward_properties(element: _Element) -> dict[str, str]:
    """The `steward:` properties of this element, names without the prefix; the last of two with one name stands."""
    found = ((prop.get("name") or "", prop.get("value") or "") for prop in camunda_properties(element))
    return {name[len(STEWARD) :]: value.strip() for name, value in found if name.startswith(STEWARD)}


def event_definitions(element: _Element) -> list[_Element]:
    return [child for child in element if name_of(child).endswith("EventDefinition")]


def event_kind(definition: _Element) -> str:
    """timer, message, signal …; a send or receive task that names its message itself is a message."""
    name = name_of(definition)
    return name.removesuffix("EventDefinition") if name.endswith("EventDefinition") else "message"


def flow_nodes(scope: _Element) -> Iterator[tuple[_Element, _Element]]:
    """Every flow node within a process or subprocess, at any depth, with the scope that holds it, in the order of the file."""
    for child in scope:
        name = name_of(child)
        if name in FLOW_NODES:
            yield child, scope
        if name in SUBPROCESSES:
            yield from flow_nodes(child)


def sequence_flows(scope: _Element) -> Iterator[tuple[str, _Element]]:
    """Every sequence flow at any depth with its id; BPMN allows none, and then source and target name it."""
    unnamed: dict[str, int] = {}
    for flow in scope.iter(BPMN + "sequenceFlow"):
        given = flow.get("id")
        if given is None:
            ends = f"{flow.get('sourceRef')}-{flow.get('targetRef')}"
            unnamed[ends] = unnamed.get(ends, 0) + 1
            given = f"flow-{ends}" if unnamed[ends] == 1 else f"flow-{ends}-{unnamed[ends]}"
        yield given, flow


def form_data(element: _Element) -> _Element | None:
    """The form that is written into the diagram at this node."""
    return element.find(f"{BPMN}extensionElements/{CAMUNDA}formData")


def form_name(element: _Element) -> str | None:
    """The form of a user task or start event, as the name of its file without `.form`; one in the diagram is named after its place."""
    given = camunda(element, "formRef") or camunda(element, "formKey")
    if given is None and form_data(element) is not None:
        process = next(element.iterancestors(BPMN + "process"), element)
        return f"{process.get('id')}.{element.get('id')}.form_data"
    return None if given is None else given.rpartition("/")[2].rpartition(":")[2].removesuffix(".form")


def retry_cycle(element: _Element) -> str | None:
    """How often and how far apart a job is tried, as an element of its own or, as older models have it, an attribute."""
    cycle = element.findtext(f"{BPMN}extensionElements/{CAMUNDA}failedJobRetryTimeCycle")
    return (cycle or "").strip() or camunda(element, "failedJobRetryTimeCycle")


def message_names(root: _Element) -> dict[str, str]:
    """Names of the messages and signals, codes of the errors and escalations of a file by their ids."""
    names = {message.get("id", ""): message.get("name", "") for kind in ("message", "signal") for message in children(root, kind)}
    return names | {each.get("id", ""): each.get(f"{kind}Code", "") for kind in ("error", "escalation") for each in children(root, kind)}


def lanes_of(process: _Element) -> Iterator[_Element]:
    """Lanes, the outer ones before those within them."""
    for lane_set in children(process, "laneSet"):
        yield from lane_set.iter(BPMN + "lane")


def executable_processes(root: _Element) -> list[_Element]:
    """The processes that can be started: pools with content that are not marked as drawings."""
    return [process for process in children(root, "process") if process.get("isExecutable") != "false" and any(flow_nodes(process))]


def read_bpmn(content: bytes, file: str, executable: bool = False) -> tuple[_Element, list[Problem]]:
    """The file as it is understood here, and what was written for another engine. `executable` runs pools that are marked as drawings."""
    root = read_xml(content, file)
    if executable:
        for process in children(root, "process"):
            process.set("isExecutable", "true")
    return root, [*_forget_drawings(root, file), *foreign.adopt(root, file)]


def _forget_drawings(root: _Element, file: str) -> list[Problem]:
    """Beside a pool that runs, one that is marked as a drawing may hold anything: nothing of it is read, nor judged."""
    forgotten = []
    drawings = [process for process in children(root, "process") if process.get("isExecutable") == "false" and any(flow_nodes(process))]
    for process in drawings if executable_processes(root) else []:
        for part in list(process):
            process.remove(part)
        message = 'Expected an executable process, but it says isExecutable="false": it is taken as a drawing, and nothing of it runs'
        forgotten.append(Problem(file, process.sourceline or 1, process.get("id") or "-", "process", message, "warning"))
    return forgotten


def read_processes(root: _Element, file: str) -> list[Process]:
    """What a file says. Only what is no BPMN at all, or too large, is refused here; the rest is lint's to judge."""
    if root.tag != BPMN + "definitions":
        # With its namespace: <definitions> of DMN, or of nothing at all, look the same without.
        tag = str(root.tag)
        found = tag if tag.startswith("{") else f"{tag} without a namespace"
        message = f"Expected a BPMN 2.0 file with a root <definitions>, but found <{found[:200]}>"
        raise DeploymentRefused([Problem(file, root.sourceline or 1, "-", "xml", message)])
    count = sum(1 for element in root.iter(BPMN + "*") if name_of(element) in FLOW_NODES)
    if count > MAX_NODES:
        message = f"Expected at most {MAX_NODES} flow nodes in a file, but there are {count}"
        raise DeploymentRefused([Problem(file, root.sourceline or 1, "-", "size", message)])
    written = sum(len(script.text or "") for script in root.iter(BPMN + "script"))
    if written > MAX_SCRIPTS:
        message = f"Expected scripts of at most {MAX_SCRIPTS} characters in a file, but there are {written}"
        raise DeploymentRefused([Problem(file, root.sourceline or 1, "-", "size", message)])
    names = message_names(root)
    return [_process(element, root, names) for element in executable_processes(root)]


def _process(element: _Element, root: _Element, names: dict[str, str]) -> Process:
    lanes = {lane.get("id", ""): _lane(lane) for lane in lanes_of(element)}
    placed = _lane_of_nodes(element)
    activities: dict[str, Activity] = {}
    for node, scope in flow_nodes(element):
        node_id, scope_id = node.get("id", ""), scope.get("id", "")
        lane_id = placed.setdefault(node_id, placed.get(scope_id, ""))  # what a subprocess holds is in the subprocess' lane
        activities[node_id] = _activity(node, scope_id, lanes.get(lane_id), names)
    return Process(
        key=element.get("id", ""),
        name=element.get("name") or _participant_name(root, element),
        version_tag=camunda(element, "versionTag"),
        history_time_to_live=camunda(element, "historyTimeToLive"),
        starter_groups=_listed(camunda(element, "candidateStarterGroups")),
        starter_users=_listed(camunda(element, "candidateStarterUsers")),
        properties=steward_properties(element),
        activities=activities,
        flows={flow_id: (flow.get("sourceRef", ""), flow.get("targetRef", "")) for flow_id, flow in sequence_flows(element)},
        lanes=lanes,
        documentation="\n".join(text.text or "" for text in children(element, "documentation")).strip(),
    )


def _activity(element: _Element, scope: str, lane: Lane | None, names: dict[str, str]) -> Activity:
    kind = name_of(element)
    definition = next(iter(event_definitions(element)), None)
    written = performers.written_in(element)
    users = _both(camunda(element, "candidateUsers"), written.users)
    groups = _both(camunda(element, "candidateGroups"), written.groups)
    if kind in USER_TASKS and users is None and groups is None and lane is not None:
        groups = lane.group
    return Activity(
        id=element.get("id", ""),
        name=element.get("name", ""),
        type=kind,
        line=element.sourceline or 1,
        scope=scope,
        lane=None if lane is None else lane.id,
        attached_to=element.get("attachedToRef"),
        event=_event(element),
        interrupting=element.get("cancelActivity" if kind == "boundaryEvent" else "isInterrupting", "true") not in ("false", "0"),
        assignee=camunda(element, "assignee") or written.assignee,
        candidate_users=users,
        candidate_groups=groups,
        due_date=camunda(element, "dueDate"),
        follow_up_date=camunda(element, "followUpDate"),
        priority=camunda(element, "priority"),
        form=form_name(element),
        topic=camunda(element, "topic") or (camunda(definition, "topic") if definition is not None else None),
        decision=camunda(element, "decisionRef"),
        called=element.get("calledElement"),
        retries=retry_cycle(element),
        message=_message(element, definition, names),
        properties=steward_properties(element),
    )


def _both(*texts: str | None) -> str | None:
    return ",".join(text for text in texts if text) or None


def _event(element: _Element) -> str | None:
    found = event_definitions(element) + children(element, "eventDefinitionRef")
    if len(found) > 1:
        return "multiple"
    return name_of(found[0]).removesuffix("EventDefinition") if found else None


def _message(element: _Element, definition: _Element | None, names: dict[str, str]) -> str | None:
    for holder in (definition, element):
        for attribute in ("messageRef", "signalRef", "errorRef", "escalationRef"):
            reference = None if holder is None else holder.get(attribute)
            if reference:
                return names.get(reference.rpartition(":")[2]) or None
    return None


def _lane(element: _Element) -> Lane:
    lane_id = element.get("id", "")
    group = steward_properties(element).get("group") or (lane_id if lane_id in POSTS else None)
    return Lane(lane_id, element.get("name", ""), group)


def _lane_of_nodes(process: _Element) -> dict[str, str]:
    """The innermost lane of each node that a lane names."""
    return {(reference.text or "").strip(): lane.get("id", "") for lane in lanes_of(process) for reference in children(lane, "flowNodeRef")}


def _participant_name(root: _Element, process: _Element) -> str:
    """The name of the pool, which many modelers ask for instead of the process' own."""
    process_id = process.get("id") or ""
    for participant in root.iter(BPMN + "participant"):
        if (participant.get("processRef") or "").rpartition(":")[2] == process_id:
            return participant.get("name") or process_id
    return process_id


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
