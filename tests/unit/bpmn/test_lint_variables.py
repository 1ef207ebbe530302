"""Rules about variables: what is read must be set by something, and what looks misspelt is named."""

import json
from typing import Any

import pytest

from engine.bpmn.lint import Available
from engine.definitions import lint_files
from engine.errors import Problem
from engine.forms import compile_form
from tests.unit.bpmn.diagrams import bpmn, found, properties

TIMER = (
    '<intermediateCatchEvent id="a"><timerEventDefinition><timeDate>${amount}</timeDate></timerEventDefinition></intermediateCatchEvent>'
)
CALL = '<callActivity id="%s" calledElement="x"><extensionElements>%s</extensionElements></callActivity>'
FLOWS = '<sequenceFlow id="f1" sourceRef="s" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="e"/><endEvent id="e"/>'
START = '<startEvent id="s" camunda:formRef="ask"/>'


def form(*fields: str, **more: Any) -> bytes:
    """A form with text fields; a field that begins with `=` is read-only."""
    components = [
        {"type": "textfield", "id": name.lstrip("="), "key": name.lstrip("="), "label": "Field", "readonly": name[0] == "=", **more}
        for name in fields
    ]
    return json.dumps({"type": "default", "id": "ask", "components": components}).encode()


def problems(node: str, fields: bytes | None = None, start: str = START, around: str = "", extra: str = "") -> list[Problem]:
    known = {"ask": compile_form(fields or form("price", "content"), "ask.form")}
    content = bpmn(extra + start + node + FLOWS, around=around)
    return [*found(content, "undefined-variable", Available(forms=known)), *found(content, "never-set", Available(forms=known))]


def script(text: str, key: str = "a") -> str:
    return f'<scriptTask id="{key}"><script>{text}</script></scriptTask>'


@pytest.mark.parametrize(
    "text",
    [
        "total = price",
        "x = 1\ny = x",
        "for c in content:\n    n = c",
        "n = case.number",
        'n = house if has("house") else ""',
        "n = [x for x in content]",
    ],
)
def test_what_the_form_the_script_or_the_engine_sets_may_be_read(text: str) -> None:
    assert problems(script(text)) == []


@pytest.mark.parametrize(
    ("node", "what"),
    [
        (script("total = amount"), "the script"),
        ('<userTask id="a" camunda:formRef="ask" camunda:assignee="${amount}"/>', "camunda:assignee"),
        ('<userTask id="a" camunda:formRef="ask" name="for ${amount}"/>', "the name"),
        (TIMER, "the timer"),
        (CALL % ("a", '<camunda:in source="amount" target="b"/>'), "camunda:in source"),
    ],
)  # fmt: skip
def test_a_variable_that_nothing_sets_is_warned_about(node: str, what: str) -> None:
    [problem] = problems(node)
    assert (problem.element, problem.rule, problem.severity) == ("a", "undefined-variable", "warning")
    assert problem.message == f"Expected something that sets 'amount', which {what} reads, but nothing does"


def test_a_misspelt_variable_is_named_with_the_one_that_is_meant() -> None:
    [problem] = problems(script("x = contnet"))
    assert problem.message.endswith("Is 'content' meant?")


@pytest.mark.parametrize(
    ("start", "node"),
    [
        ('<startEvent id="s"/>', script("x = amount")),
        (START, '<receiveTask id="b" messageRef="m"/>' + script("x = amount")),
        (START, '<serviceTask id="b" camunda:type="external" camunda:topic="weigh"/>' + script("x = amount")),
        (START, '<userTask id="b"/>' + script("x = amount")),
        (START, CALL % ("b", '<camunda:out variables="all"/>') + script("x = amount")),
    ],
)  # fmt: skip
def test_where_others_may_bring_variables_only_what_looks_misspelt_is_named(start: str, node: str) -> None:
    around = '<message id="m" name="paid"/>'
    assert problems(node, start=start, around=around) == []
    text = node.replace("x = amount", "content = 1\nx = contnet")
    [problem] = problems(text, start=start, around=around)
    assert problem.message.endswith("Is 'content' meant?")


@pytest.mark.parametrize(("set_", "read"), [("price", "pirce"), ("amount", "amonut")])
def test_two_letters_that_have_changed_places_are_a_misspelling_in_a_short_name_too(set_: str, read: str) -> None:
    [problem] = problems(script(f"{set_} = 1\nx = {read}"), start='<startEvent id="s"/>')
    assert problem.message.endswith(f"Is '{set_}' meant?")
    assert problems(script(f"{set_} = 1\nx = {read}s"), start='<startEvent id="s"/>') == []


def test_names_that_differ_by_a_figure_or_an_s_are_no_misspellings() -> None:
    assert problems(script("x = [prices, price2, content2]"), start='<startEvent id="s"/>' + script("price = 1", "b")) == []


def test_the_notify_topic_brings_nothing() -> None:
    node = '<serviceTask id="b" camunda:type="external" camunda:topic="notify"/>'
    assert len(problems(node + script("x = amount"))) == 1


def test_a_read_only_field_that_nothing_fills_is_warned_about() -> None:
    node = '<userTask id="a" camunda:formRef="ask"/>'
    [problem] = problems(node, fields=form("price", "=total"), start='<startEvent id="s" camunda:formRef="ask"/>')[:1]
    assert (problem.rule, "'total'" in problem.message) == ("never-set", True)
    assert problems(script("total = price") + node.replace('"a"', '"b"'), fields=form("price", "=total")) == []


def test_the_condition_of_a_form_is_read_too() -> None:
    hidden = form("price", "content", conditional={"hide": "=amount > 1"})
    assert {problem.message[:43] for problem in problems(script("x = 1"), fields=hidden)} == {"Expected something that sets 'amount', whic"}


def test_a_searchable_name_that_looks_misspelt_is_named() -> None:
    [problem] = problems(script("x = 1"), extra=properties(searchable="contnet,house"))
    assert problem.message.endswith("Is 'content' meant?")


def test_what_a_caller_hands_over_is_set() -> None:
    called = bpmn(START + script("x = amount") + FLOWS, key="called")
    call = (
        '<startEvent id="s"/><callActivity id="a" calledElement="called"><extensionElements>{}</extensionElements></callActivity>' + FLOWS
    )
    for mapping, expected in (('<camunda:in sourceExpression="1" target="amount"/>', 0), ('<camunda:in variables="all"/>', 0), ("", 1)):
        caller = bpmn(call.format(mapping), key="caller")
        files = {"a/called.bpmn": called, "a/ask.form": form("price"), "b/caller.bpmn": caller}
        assert [problem.rule for problem in lint_files(files)].count("undefined-variable") == expected


def test_the_inputs_of_a_decision_are_read() -> None:
    table = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">
<decision id="fee" name="fee">
<literalExpression><text>amount * 2</text></literalExpression></decision></definitions>"""
    node = '<businessRuleTask id="a" camunda:decisionRef="fee" camunda:resultVariable="fee"/>'
    files = {"p.bpmn": bpmn(START + node + FLOWS), "ask.form": form("price"), "fee.dmn": table}
    assert [problem.message for problem in lint_files(files) if problem.rule == "undefined-variable"] == [
        "Expected something that sets 'amount', which the decision 'fee' reads, but nothing does"
    ]
