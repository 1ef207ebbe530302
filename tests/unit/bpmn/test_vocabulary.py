"""What a BPMN file says, in our words."""

import pytest

from engine.bpmn.model import Activity, Process
from engine.bpmn.parser import read_xml
from engine.bpmn.vocabulary import read_processes
from tests.unit.bpmn.diagrams import HEAD, bpmn, chain, properties


def read(content: bytes) -> Process:
    [process] = read_processes(read_xml(content, "test.bpmn"), "test.bpmn")
    return process


def activity(node: str, around: str = "") -> Activity:
    return read(bpmn(chain(node), around)).activities["a"]


def test_a_process_says_who_may_start_it_and_how_its_cases_are_numbered():
    attributes = 'name="报修" camunda:versionTag="2" camunda:historyTimeToLive="P10Y" camunda:candidateStarterGroups="butler, technician"'
    process = read(bpmn(properties(numberSeries="WX", clock_take="x") + chain('<task id="a"/>'), attributes=attributes))
    assert (process.key, process.name, process.version_tag, process.history_time_to_live) == ("p", "报修", "2", "P10Y")
    assert process.starter_groups == ("butler", "technician")
    assert process.properties == {"numberSeries": "WX", "clock.take": "x"}


def test_a_pool_lends_its_name_to_a_process_without_one():
    around = '<collaboration id="c"><participant id="x" name="报修" processRef="p"/></collaboration>'
    assert read(bpmn(chain('<task id="a"/>'), around)).name == "报修"
    assert read(bpmn(chain('<task id="a"/>'))).name == "p"


def test_a_user_task_says_who_does_it_and_until_when():
    attributes = 'camunda:assignee="${who}" camunda:candidateUsers="x" camunda:candidateGroups="y" camunda:dueDate="PT1H"'
    found = activity(
        f'<userTask id="a" name="接单" {attributes} camunda:priority="70" camunda:formRef="take">{properties(differsFrom="b")}</userTask>'
    )
    assert (found.name, found.type, found.scope) == ("接单", "userTask", "p")
    assert (found.assignee, found.candidate_users, found.candidate_groups) == ("${who}", "x", "y")
    assert (found.due_date, found.priority, found.form) == ("PT1H", "70", "take")
    assert found.properties == {"differsFrom": "b"}


@pytest.mark.parametrize(
    ("attribute", "form"),
    [
        ('camunda:formRef="take"', "take"),
        ('camunda:formRef="take.form"', "take"),
        ('camunda:formKey="camunda-forms:deployment:forms/take.form"', "take"),
        ('camunda:formKey="embedded:app:forms/take.form"', "take"),
        ('camunda:formKey=""', None),
        ("", None),
    ],
)
def test_a_form_is_known_by_the_name_of_its_file(attribute, form):
    assert activity(f'<userTask id="a" {attribute}/>').form == form


def lane(lane_id: str, group: str = "", nodes: str = "a") -> str:
    inside = properties(group=group) if group else ""
    references = "".join(f"<flowNodeRef>{node}</flowNodeRef>" for node in nodes.split())
    return f'<laneSet id="l"><lane id="{lane_id}">{inside}{references}</lane></laneSet>'


def test_a_task_without_candidates_takes_the_post_of_its_lane():
    def group(lanes: str, attributes: str = "") -> str | None:
        return read(bpmn(lanes + chain(f'<userTask id="a" {attributes}/>'))).activities["a"].candidate_groups

    assert group(lane("technician")) == "technician"
    assert group(lane("lane_1", "buyer")) == "buyer"
    assert group(lane("technician", "buyer")) == "buyer"
    assert group(lane("lane_1")) is None
    assert group(lane("technician"), 'camunda:candidateGroups="butler"') == "butler"
    assert group(lane("technician"), 'camunda:candidateUsers="chen"') is None


def test_what_a_subprocess_holds_is_in_its_lane():
    process = read(bpmn(lane("technician", nodes="s") + chain('<subProcess id="s"><userTask id="a"/></subProcess>')))
    assert process.activities["a"].scope == "s"
    assert process.activities["a"].lane == "technician"
    assert process.activities["a"].candidate_groups == "technician"


def test_the_innermost_lane_counts():
    inner = '<childLaneSet id="c"><lane id="buyer"><flowNodeRef>a</flowNodeRef></lane></childLaneSet>'
    lanes = lane("technician").replace("</lane>", f"{inner}</lane>")
    assert read(bpmn(lanes + chain('<userTask id="a"/>'))).activities["a"].lane == "buyer"


@pytest.mark.parametrize("kind", ["message", "signal"])
def test_an_event_says_what_it_waits_for(kind):
    event = f'<intermediateCatchEvent id="a"><{kind}EventDefinition {kind}Ref="m"/></intermediateCatchEvent>'
    found = activity(event, f'<{kind} id="m" name="paid"/>')
    assert (found.event, found.message) == (kind, "paid")


def test_a_boundary_event_says_where_it_sits_and_whether_it_interrupts():
    body = (
        chain('<userTask id="a"/>')
        + '<boundaryEvent id="b" attachedToRef="a" cancelActivity="false"><timerEventDefinition/></boundaryEvent>'
    )
    found = read(bpmn(body)).activities["b"]
    assert (found.attached_to, found.event, found.interrupting) == ("a", "timer", False)


def test_flows_without_an_id_are_known_by_their_ends():
    body = '<startEvent id="s"/><endEvent id="e"/>' + '<sequenceFlow sourceRef="s" targetRef="e"/>' * 2
    assert read(bpmn(body)).flows == {"flow-s-e": ("s", "e"), "flow-s-e-2": ("s", "e")}


def test_each_pool_that_runs_is_a_process():
    pools = "".join(
        f'<process id="{key}" isExecutable="{runs}"><startEvent id="{key}_s"/></process>' for key, runs in [("x", "true"), ("y", "false")]
    )
    pools += '<process id="empty"/><process id="z"><startEvent id="z_s"/></process>'
    found = read_processes(read_xml(f"{HEAD}{pools}</definitions>".encode(), "test.bpmn"), "test.bpmn")
    assert [process.key for process in found] == ["x", "z"]
