"""Files that people already have, in the style of other engines: what is standard loads, the rest is listed or refused by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine import definitions
from engine.bpmn.executable import compile_process
from engine.bpmn.vocabulary import read_bpmn, read_processes
from engine.bpmn.workflow import Context, Start, Wait, Workflow
from engine.errors import DeploymentRefused, Problem
from tests.conformance.drive import MONDAY, bpmn

FILES = Path(__file__).parent / "foreign"
KNOWN = frozenset({"pay", "check_report"})


def judged(content: bytes, executable: bool = False, name: str = "file.bpmn") -> tuple[list[Problem], list[Problem]]:
    """Errors and warnings of a deployment."""
    problems = definitions.lint_files({name: content}, KNOWN, executable)
    return [one for one in problems if one.severity == "error"], [one for one in problems if one.severity != "error"]


def begun(name: str, variables: Mapping[str, Any], executable: bool = False) -> list[Wait]:
    """What the first process of the file waits for when it has been started."""
    root, _ = read_bpmn((FILES / name).read_bytes(), name, executable)
    process = read_processes(root, name)[0]
    workflow = Workflow.begin(compile_process(root, process, {}), variables)
    workflow.advance(Start(), Context(MONDAY, case={"starter": "anna"}))
    return workflow.waits()


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.iterdir()))
def test_what_the_standard_says_loads(name: str) -> None:
    errors, _ = judged((FILES / name).read_bytes(), executable=name == "signavio.bpmn", name=name)
    assert errors == []


def test_camunda_8_says_who_and_until_when() -> None:
    [look] = begun("camunda8.bpmn", {"who": "anna", "parts": ["tap", "seal"]})
    assert (look.details["assignee"], look.details["candidate_groups"]) == ("anna", ["technician"])
    assert look.details["due_at"].isoformat() == "2026-12-01T09:00:00+00:00"
    root, _ = read_bpmn((FILES / "camunda8.bpmn").read_bytes(), "camunda8.bpmn")
    activities = read_processes(root, "camunda8.bpmn")[0].activities
    assert (activities["Activity_order"].topic, activities["Activity_pay"].called) == ("order-parts", "pay")


def test_flowable_says_who_started_and_who_may() -> None:
    [approve] = begun("flowable.bpmn", {"due": "P1D"})
    assert approve.details["candidate_groups"] == ["project_manager"]
    root, _ = read_bpmn((FILES / "flowable.bpmn").read_bytes(), "flowable.bpmn")
    workflow = Workflow.begin(compile_process(root, read_processes(root, "flowable.bpmn")[0], {}), {"due": "P1D"})
    workflow.advance(Start(), Context(MONDAY, case={"starter": "anna"}))
    assert workflow.variables == {"due": "P1D", "starter": "anna"}


def test_activiti_hands_over_and_names_potential_owners() -> None:
    [write] = begun("activiti.bpmn20.xml", {})
    assert write.details["candidate_groups"] == ["finance"]


def test_signavio_asks_before_it_runs_and_has_lanes_within_lanes() -> None:
    content = (FILES / "signavio.bpmn").read_bytes()
    errors, _ = judged(content)
    assert [(one.element, one.rule) for one in errors] == [("sid-proc1", "process")]
    assert "--executable" in errors[0].message
    [repair] = begun("signavio.bpmn", {}, executable=True)
    assert repair.details["candidate_groups"] == ["technician"]


def test_a_pool_that_is_only_drawn_does_not_hinder_the_one_that_runs() -> None:
    _, warnings = judged((FILES / "bpmn_io.bpmn").read_bytes())
    assert ("Process_2", "process") in [(one.element, one.rule) for one in warnings]
    assert [wait.activity_id for wait in begun("bpmn_io.bpmn", {})] == ["Activity_wait"]


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("camunda8.bpmn", ["zeebe:assignmentDefinition", "'userTask' is of Camunda 8", "'properties'", "zeebe:taskDefinition"]),
        ("flowable.bpmn", ["flowable:candidateGroups", "'stencilid'", "'palette'", "'formFieldValidation' (2 times)"]),
        ("signavio.bpmn", ["'signavioMetaData' (4 times)"]),
        ("activiti.bpmn20.xml", ["activiti:in", "activiti:exclusive"]),
    ],
)
def test_the_answer_lists_what_was_taken_and_what_nobody_reads(name: str, listed: list[str]) -> None:
    _, warnings = judged((FILES / name).read_bytes(), executable=True, name=name)
    told = " ".join(one.message for one in warnings)
    assert [text for text in listed if text not in told] == []


VENDORS = (
    'xmlns:z="http://camunda.org/schema/zeebe/1.0" xmlns:f="http://flowable.org/bpmn" xmlns:a="http://activiti.org/bpmn"'
    ' xmlns:d="http://www.jboss.org/drools"'
)


@pytest.mark.parametrize(
    ("node", "named"),
    [
        ('<serviceTask id="x" a:class="org.example.Pay"/>', "camunda:topic"),
        ('<serviceTask id="x" camunda:delegateExpression="${pay}"/>', "camunda:topic"),
        ('<userTask id="x"><extensionElements><f:taskListener event="create" class="X"/></extensionElements></userTask>', "script task"),
        ('<userTask id="x"><extensionElements><z:ioMapping/></extensionElements></userTask>', "camunda:inputOutput"),
        ('<userTask id="x"><extensionElements><f:formProperty variable="p"/></extensionElements></userTask>', "form file"),
        ('<userTask id="x"><extensionElements><d:onEntry-script/></extensionElements></userTask>', "script task"),
        (
            '<userTask id="x"><extensionElements><z:assignmentDefinition assignee="=f(1)"/></extensionElements></userTask>',
            "camunda:assignee",
        ),
        ('<userTask id="x" assignee="anna"/>', "without the prefix"),
    ],
)
def test_what_would_change_the_course_is_refused_with_what_to_write(node: str, named: str) -> None:
    content = bpmn(f'<startEvent id="s"/>{node}\ns -> x').replace(b"<definitions", f"<definitions {VENDORS}".encode(), 1)
    errors, _ = judged(content)
    assert [one.element for one in errors if one.rule == "extension"] == ["x"]
    assert named in next(one.message for one in errors if one.rule == "extension")


def test_feel_where_an_expression_stands_is_named() -> None:
    errors, _ = judged(
        bpmn('<startEvent id="s"/><userTask id="x"/><exclusiveGateway id="g"/>\ns -> g\ng -> x if = n > 1'.replace("if = n", "if =n"))
    )
    assert any("like FEEL in Camunda 8" in one.message for one in errors)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    body = """<startEvent id="s"/><serviceTask id="a"/><complexGateway id="c"/><userTask id="u" camunda:assignee="${"/>
    <intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>soon!</timeDuration></timerEventDefinition></intermediateCatchEvent>
    <sendTask id="m"/><exclusiveGateway id="g"/><businessRuleTask id="d" camunda:decisionRef="none"/><scriptTask id="q"/>
    s -> a -> c -> u -> t -> m -> d -> q -> g
    g -> nowhere"""
    errors, _ = judged(bpmn(body))
    assert {one.element for one in errors} >= {"a", "c", "u", "t", "m", "d", "q", "g"} - {"g"}
    assert len({one.rule for one in errors}) >= 6


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "GBK", "GB18030", "Big5", "ISO-8859-1"])
def test_the_encoding_is_the_one_that_the_file_declares(encoding: str) -> None:
    name = "upkeep" if encoding == "ISO-8859-1" else "維修" if encoding == "Big5" else "维修"
    text = bpmn(f'<startEvent id="s"/><userTask id="u" name="{name}"/>\ns -> u').decode()
    content = f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'.encode(encoding)
    root, _ = read_bpmn(content, "p.bpmn")
    assert read_processes(root, "p.bpmn")[0].activities["u"].name == name


def test_an_encoding_that_is_another_one_is_refused() -> None:
    text = bpmn('<startEvent id="s"/><userTask id="u" name="维修"/>\ns -> u').decode()
    with pytest.raises(DeploymentRefused):
        read_bpmn(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode("GBK"), "p.bpmn")
    with pytest.raises(DeploymentRefused):
        read_bpmn(f'<?xml version="1.0" encoding="x-none"?>\n{text}'.encode(), "p.bpmn")


def test_a_partners_pool_that_is_only_drawn_may_hold_anything() -> None:
    """What the other side does is theirs: no work of ours, no condition of ours, and nobody deploys it."""
    theirs = """<process id="q" isExecutable="false"><laneSet id="l"><lane id="l1"><flowNodeRef>b</flowNodeRef></lane></laneSet>
    <startEvent id="s2"/><serviceTask id="b" camunda:class="x.Y"/><complexGateway id="g"/><endEvent id="e2"/>
    <sequenceFlow id="f1" sourceRef="s2" targetRef="b"/><sequenceFlow id="f2" sourceRef="b" targetRef="g"/>
    <sequenceFlow id="f3" sourceRef="g" targetRef="e2"><conditionExpression>if they agree, then so</conditionExpression></sequenceFlow>
    </process>"""
    pools = """<collaboration id="c"><participant id="us" processRef="p"/><participant id="they" processRef="q"/>
    <messageFlow id="m" sourceRef="b" targetRef="u"/></collaboration>"""
    ours = '<startEvent id="s"/><userTask id="u" camunda:candidateGroups="technician"/>\ns -> u'
    for content in (bpmn(ours, pools + theirs), bpmn(ours, pools).replace(b"</definitions>", theirs.encode() + b"</definitions>")):
        errors, warnings = judged(content)
        assert errors == []
        assert [(warning.element, warning.rule) for warning in warnings if warning.rule != "no-form"] == [("q", "process")]
    errors, _ = judged(content, executable=True)
    assert {error.element for error in errors} >= {"b", "g", "f3"}


def test_two_processes_of_one_file_are_two_definitions() -> None:
    content = bpmn('<startEvent id="s"/><userTask id="u"/>\ns -> u').replace(
        b"</definitions>", b'<process id="q" isExecutable="true"><startEvent id="s2"/></process></definitions>'
    )
    root, _ = read_bpmn(content, "p.bpmn")
    assert [process.key for process in read_processes(root, "p.bpmn")] == ["p", "q"]
