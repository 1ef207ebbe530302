"""Forms that are written into the diagram: they become form files, and are checked as such."""

import pytest

from engine import definitions
from engine.bpmn.form_data import forms_within
from engine.bpmn.parser import read_xml
from engine.errors import Invalid
from engine.forms import Form, compile_form
from tests.unit.bpmn.diagrams import bpmn, chain, found

FIELDS = """
<camunda:formField id="price" label="价格" type="long" defaultValue="5"><camunda:validation>
  <camunda:constraint name="required"/><camunda:constraint name="max" config="100"/></camunda:validation></camunda:formField>
<camunda:formField id="paid" label="已付" type="boolean"/>
<camunda:formField id="on" label="日期" type="date"/>
<camunda:formField id="kind" label="种类" type="enum"><camunda:value id="a" name="甲"/><camunda:value id="b" name="乙"/></camunda:formField>
<camunda:formField id="note" label="备注" type="string"><camunda:validation>
  <camunda:constraint name="maxlength" config="3"/></camunda:validation></camunda:formField>
"""


def diagram(fields: str, attributes: str = "") -> bytes:
    inside = f"<extensionElements><camunda:formData>{fields}</camunda:formData></extensionElements>"
    return bpmn(chain(f'<userTask id="a" camunda:candidateGroups="technician" {attributes}>{inside}</userTask>'))


@pytest.fixture
def form() -> Form:
    [content] = forms_within(read_xml(diagram(FIELDS), "x.bpmn")).values()
    return compile_form(content, "x.bpmn")


def test_a_form_in_the_diagram_has_its_fields_and_labels(form):
    assert [(field.key, field.label, field.answer) for field in form.components] == [
        ("price", "价格", "number"),
        ("paid", "已付", "checkbox"),
        ("on", "日期", "date"),
        ("kind", "种类", "choice"),
        ("note", "备注", "text"),
    ]


def test_its_answers_are_checked(form):
    answers = {"price": 7, "paid": True, "on": "2026-03-02", "kind": "b", "note": "好"}
    assert form.check(answers, {}) == answers
    with pytest.raises(Invalid) as refused:
        form.check({"price": 700, "kind": "c", "note": "toolong"}, {})
    assert refused.value.fields.keys() == {"price", "kind", "note"}


def test_a_diagram_with_a_form_in_it_deploys():
    assert definitions.lint_files({"x.bpmn": diagram(FIELDS)}) == []


def test_it_is_among_the_forms_of_its_definition():
    [checked], _ = definitions.check({"folder/x.bpmn": diagram(FIELDS)})
    assert checked.processes[0].activities["a"].form == "p.a.form_data"
    assert checked.forms.keys() == {"p.a.form_data"}


@pytest.mark.parametrize(
    "field",
    [
        '<camunda:formField id="x" type="custom"/>',
        '<camunda:formField id="x"/>',
        '<camunda:formField id="x" type="long" defaultValue="many"/>',
        '<camunda:formField id="x" type="string" defaultValue="${y}"/>',
        '<camunda:formField id="x" type="string"><camunda:validation><camunda:constraint name="validator" config="z"/></camunda:validation>'
        "</camunda:formField>",
        '<camunda:formField id="x" type="long"><camunda:validation><camunda:constraint name="max" config="z"/></camunda:validation>'
        "</camunda:formField>",
    ],
)
def test_a_field_that_would_not_be_what_it_says_is_refused(field):
    assert found(diagram(field), "form")
    assert any(problem.severity == "error" for problem in definitions.lint_files({"x.bpmn": diagram(field)}))


@pytest.mark.parametrize("field", ['<camunda:formField type="string"/>', '<camunda:formField id="x" type="enum"/>', FIELDS * 2])
def test_a_form_that_is_no_form_is_refused_as_a_form_file_would_be(field):
    assert any(problem.severity == "error" for problem in definitions.lint_files({"x.bpmn": diagram(field)}))


def test_a_form_in_the_diagram_beside_a_form_file_is_refused():
    assert any("either" in problem.message for problem in found(diagram(FIELDS, 'camunda:formRef="b"'), "form"))
