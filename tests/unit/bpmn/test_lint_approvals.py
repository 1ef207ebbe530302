"""Rules about how people decide, what they may say, and the fields that they may see: approvals, buttons, odd cases, rights to fields."""

import json

import pytest

from engine.bpmn import lint
from engine.forms import compile_form
from tests.unit.bpmn.diagrams import bpmn, chain, found, lint_file, properties

EACH = '<multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="person"/>'
UNTIL = (
    EACH.removesuffix("/>") + "><completionCondition>${nrOfCompletedInstances > 1}</completionCondition></multiInstanceLoopCharacteristics>"
)
BUTTONS = "approve=同意|Approve; reject=不同意!reason; never=不行!refuse!signature"


def task(inside: str = EACH, attributes: str = 'camunda:assignee="${person}"', **named: str) -> bytes:
    return bpmn(chain(f'<userTask id="a" {attributes}>{properties(**named) if named else ""}{inside}</userTask>'))


def form(*keys: str, **signature: str) -> lint.Available:
    fields = [{"type": "textfield", "id": f"f_{key}", "key": key, "label": key} for key in keys]
    signs = {"type": "textfield", "id": "f_sig", "key": "sig", "label": "签名", "properties": {"signature": "true", **signature}}
    content = json.dumps({"type": "default", "id": "f", "components": [*fields, *([signs] if signature else [])]}).encode()
    return lint.Available(forms={"f": compile_form(content, "f.form")})


FORMED = 'camunda:assignee="anna" camunda:formRef="f"'


@pytest.mark.parametrize("rule", ["all", "any", "sequence", "share:0.6", "share:1", "share: .5"])
def test_an_approval_by_several_passes(rule):
    assert found(task(approval=rule), "approval") == []


@pytest.mark.parametrize("rule", ["most", "all:0.5", "share", "share:0", "share:1.5", "share:60%", "share:-1", "share:1e-9", "all, any"])
def test_a_rule_that_is_none_is_refused(rule):
    [problem] = found(task(approval=rule), "approval")
    assert "all, any, sequence or share:0.6" in problem.message


@pytest.mark.parametrize("inside", ["", UNTIL, '<standardLoopCharacteristics loopMaximum="2"/>'])
def test_an_approval_that_is_not_multi_instance_or_ends_by_another_rule_is_refused(inside):
    assert len(found(task(inside, approval="all"), "approval")) == 1


@pytest.mark.parametrize("buttons", [BUTTONS, "yes=好", "approve = 同意 ;", "a=甲; b=乙!reason!signature"])
def test_buttons_pass(buttons):
    assert found(task("", buttons=buttons), "approval") == []


@pytest.mark.parametrize(
    "buttons",
    ["approve", "=同意", "a b=同意", "approve=", "a=甲;a=乙", "reject=不同意", "a=甲!loud", "a=甲!refuse; no=不", ";", f"a={'长' * 41}"],
)
def test_buttons_that_cannot_be_understood_are_refused(buttons):
    assert len(found(task("", buttons=buttons), "approval")) == 1


def test_a_form_must_leave_the_names_of_a_decision_alone():
    [problem] = found(task("", FORMED, buttons=BUTTONS), "approval", form("price", "reason"))
    assert "'reason'" in problem.message
    assert found(task("", FORMED, buttons=BUTTONS), "approval", form("price")) == []


@pytest.mark.parametrize("case", ["whenNobody", "whenSame", "whenInitiator"])
@pytest.mark.parametrize(
    ("answer", "buttons", "right"),
    [
        ("manager", None, True),
        ("group:property_officer", None, True),
        ("group:nobody_has_it", None, False),
        ("pass", None, False),
        ("pass", "yes=好", True),
        ("refuse", "yes=好", False),
        ("refuse", BUTTONS, True),
        ("nobody", None, False),
    ],
)
def test_odd_cases_are_answered_by_what_can_be_done(case, answer, buttons, right):
    named = {case: answer, **({"buttons": buttons} if buttons else {})}
    assert (found(task("", 'camunda:assignee="anna"', **named), "approval") == []) is right


@pytest.mark.parametrize(
    ("fields", "right"),
    [("price=read; note=required", True), ("price=hidden", True), ("price=write", True), ("pirce=read", False), ("price=loud", False),
     ("price", False), ("price=read;price=hidden", False), (";", False)],
)  # fmt: skip
def test_rights_name_fields_of_the_form(fields, right):
    assert (found(task("", FORMED, fields=fields), "fields", form("price", "note")) == []) is right


def test_rights_without_a_form_are_refused():
    assert len(found(task("", 'camunda:assignee="anna"', fields="price=read"), "fields")) == 1


@pytest.mark.parametrize(
    ("signer", "property", "right"),
    [("performer", "performer", True), ("resident", "resident", True), ("resident", "performer", False), ("two_people", "performer", True)],
)
def test_a_signature_that_is_demanded_has_its_field(signer, property, right):  # noqa: A002
    available = form("price", signer=property)
    assert (found(task("", FORMED, signatures=signer), "fields", available) == []) is right


def test_what_people_decide_are_variables_that_a_condition_may_read():
    gateway = (
        '<exclusiveGateway id="g" default="d"/><userTask id="b" camunda:assignee="x"/><sequenceFlow id="f" sourceRef="g" targetRef="b">'
        '<conditionExpression>a_decision == "reject" and c_decision</conditionExpression></sequenceFlow>'
        '<endEvent id="z"/><sequenceFlow id="d" sourceRef="g" targetRef="z"/><sequenceFlow id="bz" sourceRef="b" targetRef="z"/>'
    )
    start = '<startEvent id="s" camunda:formRef="f"/><sequenceFlow id="sa" sourceRef="s" targetRef="a"/>'
    decided = f'<userTask id="a" {FORMED}>{properties(buttons=BUTTONS)}</userTask><sequenceFlow id="ag" sourceRef="a" targetRef="g"/>'
    problems = found(
        bpmn(start + decided + gateway.replace('id="b" camunda:assignee="x"', f'id="b" {FORMED}')), "undefined-variable", form("price")
    )
    assert ["c_decision" in problem.message for problem in problems] == [True]


def test_every_complaint_names_its_element():
    assert {problem.element for problem in lint_file(task("", approval="most", whenSame="x")) if problem.rule == "approval"} == {"a"}
