"""Decision tables decide as DMN says, and what they cannot decide is said."""

import re
import time
from typing import Any

import pytest

from engine.bpmn.decisions import NAMESPACES, Decision, compile_decisions
from engine.bpmn.parser import read_xml
from engine.bpmn.sandbox import EvaluationFailed
from engine.errors import DeploymentRefused

Row = tuple[list[str], list[str]]


def file_of(*decisions: str, namespace: str = NAMESPACES[2], prefix: str = "") -> bytes:
    colon = f"{prefix}:" if prefix else ""
    xmlns = f"xmlns:{prefix}" if prefix else "xmlns"
    body = "".join(decisions)
    return f'<{colon}definitions {xmlns}="{namespace}" id="d" name="d" namespace="x">{body}</{colon}definitions>'.encode()


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def table(
    rules: list[Row],
    inputs: list[tuple[str, str]] | None = None,
    outputs: list[str] | None = None,
    policy: str = 'hitPolicy="UNIQUE"',
    key: str = "t",
    extra: str = "",
) -> str:
    """A decision table as dmn-js writes it. Inputs are (expression, type); outputs are whole attributes, or an element."""
    columns = inputs if inputs is not None else [("x", "number")]
    results = outputs if outputs is not None else ['name="result"']
    lines = [f'<decision id="{key}" name="{key}">{extra}<decisionTable id="{key}_table" {policy}>']
    for number, (text, kind) in enumerate(columns):
        expression = f'<inputExpression id="{key}_e{number}" typeRef="{kind}"><text>{escaped(text)}</text></inputExpression>'
        lines.append(f'<input id="{key}_i{number}" label="{number}">{expression}</input>')
    for number, attributes in enumerate(results):
        lines.append(attributes if attributes.startswith("<") else f'<output id="{key}_o{number}" {attributes} />')
    for number, (tests, values) in enumerate(rules):
        cells = [f'<inputEntry id="{key}_r{number}_i{i}"><text>{escaped(cell)}</text></inputEntry>' for i, cell in enumerate(tests)]
        cells += [f'<outputEntry id="{key}_r{number}_o{i}"><text>{escaped(cell)}</text></outputEntry>' for i, cell in enumerate(values)]
        lines.append(f'<rule id="{key}_r{number}">{"".join(cells)}</rule>')
    return "".join([*lines, "</decisionTable></decision>"])


def compiled(*decisions: str, **options: str) -> dict[str, Decision]:
    return compile_decisions(read_xml(file_of(*decisions, **options), "t.dmn"), "t.dmn")


def decide(rules: list[Row], variables: dict[str, Any], **options: Any) -> Any:
    return compiled(table(rules, **options))["t"].evaluate(variables)


SIZES: list[Row] = [(["< 5"], ['"small"']), (["[5..9]"], ['"middle"']), (["> 9"], ['"large"'])]


@pytest.mark.parametrize(("x", "expected"), [(1, "small"), (5, "middle"), (9, "middle"), (9.5, "large"), (None, None)])
def test_the_rule_that_matches_gives_the_result(x: float | None, expected: str | None) -> None:
    assert decide(SIZES, {"x": x}) == expected


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_version_that_dmn_js_has_written_is_read(namespace: str) -> None:
    assert compiled(table(SIZES), namespace=namespace)["t"].evaluate({"x": 1}) == "small"


@pytest.mark.parametrize(
    ("cell", "value", "matches"),
    [
        ("7,8", 8, True),
        ("7,8", 9, False),
        ("[6..9]", 6, True),
        ("(6..9]", 6, False),
        ("]6..9[", 9, False),
        ("not(7,8)", 9, True),
        ("not([6..9])", 7, False),
        ("-", 1, True),
        ("", None, True),
        ("> limit", 11, True),
        ("<= limit * 2", 20, True),
        ("limit", 10, True),
        ("? > 5 and ? < 7", 6, True),
        ("< 5, > 9", 7, False),
    ],
)
def test_cells_are_unary_tests(cell: str, value: Any, matches: bool) -> None:
    assert (decide([([cell], ["1"])], {"x": value, "limit": 10}) == 1) is matches


@pytest.mark.parametrize(
    ("cell", "value", "matches"),
    [
        ('"漏水","停电"', "停电", True),
        ('not("漏水","停电")', "停电", False),
        ('contains(?, "水")', "漏水", True),
        ('starts with(?, "A-")', "A-12", True),
        ("null", None, True),
        ("not(null)", None, False),
        ('"A"', "a", False),
    ],
)
def test_cells_about_texts(cell: str, value: Any, matches: bool) -> None:
    assert (decide([([cell], ["1"])], {"x": value}, inputs=[("x", "string")]) == 1) is matches


def test_inputs_are_read_by_their_type() -> None:
    rules: list[Row] = [(["true", '> date("2026-01-01")', '>= duration("P1D")', "5"], ["1"])]
    inputs = [("a", "boolean"), ("b", "date"), ("c", "dayTimeDuration"), ("d", "integer")]
    assert decide(rules, {"a": "true", "b": "2026-03-02", "c": "P2D", "d": "5"}, inputs=inputs) == 1
    with pytest.raises(EvaluationFailed, match="Expected a value of the type date, but found 'soon'"):
        decide(rules, {"a": True, "b": "soon", "c": "P2D", "d": 5}, inputs=inputs)


def test_several_outputs_are_a_mapping_and_results_are_json() -> None:
    outputs = ['name="class" typeRef="string"', 'name="价格" typeRef="number"', 'name="due"']
    rules: list[Row] = [(["-"], ['"A"', "x * 0.1 + 0.2", 'duration("PT2H")'])]
    assert decide(rules, {"x": 1}, outputs=outputs) == {"class": "A", "价格": 0.3, "due": "PT2H"}


OVERLAP: list[Row] = [(["> 1"], ["30"]), (["> 2"], ["10"]), (["> 3"], ["20"])]


@pytest.mark.parametrize(
    ("policy", "x", "expected"),
    [
        ('hitPolicy="FIRST"', 9, 30),
        ('hitPolicy="FIRST"', 0, None),
        ('hitPolicy="UNIQUE"', 2, 30),
        ("", 2, 30),
        ('hitPolicy="RULE ORDER"', 9, [30, 10, 20]),
        ('hitPolicy="RULE ORDER"', 0, []),
        ('hitPolicy="COLLECT"', 3, [30, 10]),
        ('hitPolicy="COLLECT" aggregation="SUM"', 9, 60),
        ('hitPolicy="COLLECT" aggregation="MIN"', 9, 10),
        ('hitPolicy="COLLECT" aggregation="MAX"', 9, 30),
        ('hitPolicy="COLLECT" aggregation="COUNT"', 9, 3),
        ('hitPolicy="COLLECT" aggregation="COUNT"', 0, 0),
        ('hitPolicy="COLLECT" aggregation="SUM"', 0, None),
    ],
)
def test_hit_policies_decide_between_rules(policy: str, x: int, expected: Any) -> None:
    assert decide(OVERLAP, {"x": x}, policy=policy) == expected


def test_priority_and_output_order_follow_the_list_of_output_values() -> None:
    output = '<output id="o" name="level"><outputValues><text>"emergency","urgent","normal"</text></outputValues></output>'
    rules: list[Row] = [(["> 1"], ['"normal"']), (["> 2"], ['"emergency"']), (["> 3"], ['"urgent"'])]
    assert decide(rules, {"x": 9}, outputs=[output], policy='hitPolicy="PRIORITY"') == "emergency"
    assert decide(rules, {"x": 9}, outputs=[output], policy='hitPolicy="OUTPUT ORDER"') == ["emergency", "urgent", "normal"]
    with pytest.raises(EvaluationFailed, match="Expected one of the listed values"):
        decide([(["-"], ["y"])], {"x": 9, "y": "other"}, outputs=[output], policy='hitPolicy="PRIORITY"')


def test_a_default_output_stands_in_when_no_rule_matches() -> None:
    output = '<output id="o" name="level"><defaultOutputEntry><text>"normal"</text></defaultOutputEntry></output>'
    assert decide([(["> 1"], ['"urgent"'])], {"x": 0}, outputs=[output]) == "normal"


def test_a_violated_unique_fails_and_names_the_rules() -> None:
    with pytest.raises(EvaluationFailed, match=re.escape("hit policy is UNIQUE, but rules 1, 2 do (in decision 't')")):
        decide(OVERLAP, {"x": 3})


def test_a_violated_any_fails() -> None:
    same: list[Row] = [(["> 1"], ["1"]), (["> 2"], ["1.0"]), (["> 3"], ["2"])]
    assert decide(same, {"x": 3}, policy='hitPolicy="ANY"') == 1
    with pytest.raises(EvaluationFailed, match="hit policy is ANY"):
        decide(same, {"x": 4}, policy='hitPolicy="ANY"')


def test_aggregating_texts_fails() -> None:
    with pytest.raises(EvaluationFailed, match="Expected numbers to aggregate by SUM, but found text"):
        decide([(["-"], ['"a"'])], {"x": 1}, policy='hitPolicy="COLLECT" aggregation="SUM"')


def test_a_missing_variable_is_named_with_the_decision() -> None:
    with pytest.raises(EvaluationFailed, match=re.escape("Expected a variable 'x', but there is none (in input '0') (in decision 't')")):
        decide(SIZES, {})


TEXT = "<literalExpression><text>{}</text></literalExpression>"
LITERAL = f'<decision id="fee" name="费用"><variable name="fee" typeRef="number"/>{TEXT}</decision>'
REQUIRES = '<informationRequirement><requiredDecision href="#{}"/></informationRequirement>'


def test_a_literal_expression_is_a_decision() -> None:
    fee = compiled(LITERAL.format("hours * 30 + 0.5"))["fee"]
    assert (fee.evaluate({"hours": 2}), fee.name, fee.inputs) == (60.5, "费用", {"hours"})


def test_required_decisions_are_made_first() -> None:
    size = table(SIZES, key="size", outputs=['name="size"'])
    fee = table([(['"small"', "-"], ["10"]), (['"large"', "> 50"], ["20"])], [("size", "string"), ("fee", "number")], key="t")
    fee = fee.replace('name="t">', f'name="t">{REQUIRES.format("size")}{REQUIRES.format("fee")}', 1)
    decisions = compiled(size, fee, LITERAL.format("hours * 30"))
    assert set(decisions) == {"size", "t", "fee"}
    assert decisions["t"].inputs == {"x", "hours"}
    assert decisions["t"].evaluate({"x": 10, "hours": 2}) == 20
    assert decisions["t"].evaluate({"x": 1, "hours": 0}) == 10


def test_decisions_required_by_several_others_are_made_once_however_deep() -> None:
    chain = [LITERAL.replace('"fee"', '"d0"').format("1")]
    for number in range(1, 60):
        requirements, doubled = REQUIRES.format(f"d{number - 1}") * 2, TEXT.format(f"d{number - 1} + d{number - 1}")
        chain.append(f'<decision id="d{number}">{requirements}{doubled}</decision>')
    assert compiled(*chain)["d59"].evaluate({}) == 2**59


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (table(SIZES, extra=REQUIRES.format("t")), "in a circle"),
        (table([(["> "], ["1"])]), "Expected a value, but found the end"),
        (table([(["1"], ["for i in x"])]), "Expected 'return', but found the end"),
        (table([(["1"], ["foo(1)"])]), "Expected a function of FEEL or one that the file declares, but found 'foo'"),
        (table([(["1"], ["1", "2"])]), "Expected rule 1 to have 1 inputs and 1 outputs"),
        (table(SIZES, policy='hitPolicy="SOME"'), "Expected a hit policy"),
        (table(SIZES, policy='hitPolicy="FIRST" aggregation="SUM"'), "with COLLECT"),
        (table(SIZES, policy='hitPolicy="PRIORITY"'), "Expected a list of output values"),
        (table([], outputs=[]), "Expected at least one output"),
        (table([], outputs=['name="a"', 'name="a"']), "name of its own"),
        (table([], inputs=[("first name", "string")]), "Expected a name without spaces"),
        (table([], inputs=[("", "string")]), "Expected an input expression"),
        ('<decision id="t"/>', "Expected a decision table or an expression, but found neither"),
        ('<decision id="t"><context/></decision>', "Expected a context with entries, but it has none"),
        (
            '<decision id="t"><knowledgeRequirement/><literalExpression><text>1</text></literalExpression></decision>',
            "Expected what is required in knowledgeRequirement",
        ),
        (LITERAL.format("1") * 2, "id of its own"),
        (table(SIZES, extra=REQUIRES.format("elsewhere")), "in the same file"),
        ('<decision id="t"><literalExpression expressionLanguage="groovy"><text>1</text></literalExpression></decision>', "Expected FEEL"),
    ],
)
def test_what_is_outside_the_subset_is_refused_when_deployed(decision: str, message: str) -> None:
    with pytest.raises(DeploymentRefused) as refused:
        compiled(decision)
    assert any(message in problem.message for problem in refused.value.problems)
    assert all(problem.file == "t.dmn" and problem.line >= 1 for problem in refused.value.problems)


def test_every_problem_is_named_with_its_cell() -> None:
    with pytest.raises(DeploymentRefused) as refused:
        compiled(table([(["1"], ["a b"]), ([">"], ["1"])]))
    problems = refused.value.problems
    assert [problem.element for problem in problems] == ["t_r0_o0", "t_r1_i0"]
    assert "(rule 1, output 1)" in problems[0].message


def test_a_file_without_decisions_or_of_another_kind_is_refused() -> None:
    for content in (file_of(), file_of(namespace="urn:other"), b"<definitions/>"):
        with pytest.raises(DeploymentRefused):
            compile_decisions(read_xml(content, "t.dmn"), "t.dmn")


def test_a_file_in_another_language_is_refused_cell_by_cell() -> None:
    content = file_of(table(SIZES)).replace(b"<definitions ", b'<definitions expressionLanguage="http://www.java.com/juel" ')
    with pytest.raises(DeploymentRefused) as refused:
        compile_decisions(read_xml(content, "t.dmn"), "t.dmn")
    assert len(refused.value.problems) == 7


def test_a_decision_that_takes_too_long_is_stopped_as_a_whole() -> None:
    slow = "count(" + "append(" * 20 + "xs" + ", 1)" * 20 + ") > 0"
    begun = time.process_time()
    with pytest.raises(EvaluationFailed, match="within 2 seconds"):
        decide([([slow], ["1"])] * 2_000, {"x": 1, "xs": [1] * 20_000}, policy='hitPolicy="COLLECT"')
    assert time.process_time() - begun < 4


def test_a_table_with_very_many_cells_is_refused() -> None:
    with pytest.raises(DeploymentRefused, match="Expected at most"):
        compiled(table([(["1"], ["1"])] * 10_001))
