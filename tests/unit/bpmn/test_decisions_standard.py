"""Whole decision files: what decides beside tables, how decisions require each other, and what DMN allows of their values."""

from typing import Any

import pytest

from engine.bpmn.decisions import Decision, check_types, compile_decisions
from engine.bpmn.parser import read_xml
from engine.bpmn.sandbox import EvaluationFailed
from engine.errors import DeploymentRefused
from tests.unit.bpmn.test_decisions import REQUIRES, Row, compiled, decide, escaped, file_of, table

KNOWS = '<knowledgeRequirement><requiredKnowledge href="#{}"/></knowledgeRequirement>'
INPUT = '<informationRequirement><requiredInput href="#{}"/></informationRequirement>'


def text(expression: str) -> str:
    return f"<literalExpression><text>{escaped(expression)}</text></literalExpression>"


def decision(body: str, key: str = "t", requires: str = "", kind: str = "", name: str = "") -> str:
    typed = f' typeRef="{kind}"' if kind else ""
    return f'<decision id="{key}" name="{name or key}"><variable name="{name or key}"{typed}/>{requires}{body}</decision>'


def model(body: str, *parameters: str, key: str = "m", requires: str = "", name: str = "") -> str:
    formal = "".join(f'<formalParameter name="{parameter}"/>' for parameter in parameters)
    logic = f"<encapsulatedLogic>{formal}{body}</encapsulatedLogic>"
    variable = f'<variable name="{name or key}"/>'
    return f'<businessKnowledgeModel id="{key}" name="{name or key}">{variable}{logic}{requires}</businessKnowledgeModel>'


def result(*elements: str, key: str = "t", **variables: Any) -> Any:
    return compiled(*elements)[key].evaluate(variables)


def refusal(*elements: str) -> str:
    with pytest.raises(DeploymentRefused) as refused:
        compiled(*elements)
    return "; ".join(problem.message for problem in refused.value.problems)


# boxed expressions ------------------------------------------------------------------------------------------------------


def entry(name: str, body: str) -> str:
    return f'<contextEntry><variable name="{name}"/>{body}</contextEntry>' if name else f"<contextEntry>{body}</contextEntry>"


def test_a_context_is_a_mapping_whose_entries_see_those_before() -> None:
    body = f"<context>{entry('net', text('hours * 30'))}{entry('gross', text('net * 1.06'))}</context>"
    assert result(decision(body), hours=2) == {"net": 60, "gross": 63.6}
    assert compiled(decision(body))["t"].inputs == {"hours"}


def test_the_last_entry_of_a_context_without_a_name_is_the_result() -> None:
    body = f"<context>{entry('monthly fee', text('12'))}{entry('', text('monthly fee * 2'))}</context>"
    assert result(decision(body)) == 24


def test_lists_and_relations_give_lists() -> None:
    assert result(decision(f"<list>{text('1')}{text('x + 1')}</list>"), x=1) == [1, 2]
    rows = f"<row>{text('1')}{text(chr(34) + 'a' + chr(34))}</row><row>{text('x')}{text('null')}</row>"
    body = f'<relation><column name="n"/><column name="unit"/>{rows}</relation>'
    assert result(decision(body), x=2) == [{"n": 1, "unit": "a"}, {"n": 2, "unit": None}]


def test_the_expressions_of_dmn_1_4_decide_too() -> None:
    condition = f"<conditional><if>{text('x > 1')}</if><then>{text('10')}</then><else>{text('20')}</else></conditional>"
    assert [result(decision(condition), x=x) for x in (2, 1, None)] == [10, 20, 20]
    matching = f"<filter><in>{text('xs')}</in><match>{text('item > 1')}</match></filter>"
    assert result(decision(matching), xs=[1, 2, 3]) == [2, 3]
    loop = f'<for iteratorVariable="i"><in>{text("1..3")}</in><return>{text("i * x")}</return></for>'.replace("1..3", "[1..3]")
    assert result(decision(loop), x=2) == [2, 4, 6]
    for kind, expected in (("some", True), ("every", False)):
        body = f'<{kind} iteratorVariable="i"><in>{text("xs")}</in><satisfies>{text("i > 1")}</satisfies></{kind}>'
        assert result(decision(body), xs=[1, 2]) is expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f"<context>{entry('a', text('1'))}{entry('a', text('2'))}</context>", "name of its own"),
        (f"<context>{entry('', text('1'))}{entry('a', text('2'))}</context>", "name of its own"),
        (f'<relation><column name="a"/><row>{text("1")}{text("2")}</row></relation>', "a cell for each in every row"),
        ("<conditional/>", "if is missing"),
        (f"<for><in>{text('xs')}</in><return>{text('1')}</return></for>", "Expected an iterator variable"),
        (f'<functionDefinition kind="Java">{text("1")}</functionDefinition>', "Expected a function in FEEL"),
        ("<literalExpression><importedValues/></literalExpression>", "imported from another file"),
        ("<list>" * 30 + text("1") + "</list>" * 30, "expressions within each other"),
    ],
)
def test_boxes_that_mean_nothing_are_refused(body: str, message: str) -> None:
    assert message in refusal(decision(body))


# business knowledge models ----------------------------------------------------------------------------------------------


def test_a_business_knowledge_model_is_a_function_for_those_that_require_it() -> None:
    fee = model(text("hours * rate"), "hours", "rate", key="fee")
    assert result(fee, decision(text("fee(2, 30) + fee(rate: 1, hours: x)"), requires=KNOWS.format("fee")), x=3) == 63


def test_a_boxed_invocation_binds_its_parameters() -> None:
    binding = '<binding><parameter name="{}"/>{}</binding>'
    bound = binding.format("hours", text("x + 1")) + binding.format("rate", text("30"))
    body = f"<invocation>{text('hourly fee')}{bound}</invocation>"
    fee = model(text("hours * rate"), "hours", "rate", key="fee", name="hourly fee")
    assert result(fee, decision(body, requires=KNOWS.format("fee")), x=1) == 60


def test_a_model_may_hold_a_table_and_call_other_models() -> None:
    sizes: list[Row] = [(["< 5"], ['"small"']), ([">= 5"], ['"large"'])]
    inner = table(sizes).partition("<decisionTable")[2].rpartition("</decision>")[0]
    size = model(f"<decisionTable{inner}", "x", key="size")
    said = model(text('"it is " + size(n)'), "n", key="said", requires=KNOWS.format("size"))
    assert result(size, said, decision(text("said(amount)"), requires=KNOWS.format("said")), amount=7) == "it is large"


def test_models_that_are_not_required_reach_outside_or_call_each_other_are_refused() -> None:
    fee = model(text("hours * 30"), "hours", key="fee")
    assert "Expected a knowledge requirement to 'fee'" in refusal(fee, decision(text("fee(2)")))
    assert "uses 'rate'" in refusal(model(text("hours * rate"), "hours", key="fee"), decision(text("1")))
    one, other = (model(text("1"), key=key, requires=KNOWS.format(required)) for key, required in (("a", "b"), ("b", "a")))
    assert "in a circle" in refusal(one, other, decision(text("a()"), requires=KNOWS.format("a")))
    assert "Expected the required knowledge 'gone'" in refusal(decision(text("1"), requires=KNOWS.format("gone")))
    assert "it has none" in refusal('<businessKnowledgeModel id="m" name="m"/>', decision(text("1")))


def test_a_wrong_call_of_a_model_is_an_incident() -> None:
    fee = model(text("hours * 30"), "hours", key="fee")
    with pytest.raises(EvaluationFailed, match="Expected the arguments"):
        result(fee, decision(text("fee(1, 2)"), requires=KNOWS.format("fee")))


# requirements -----------------------------------------------------------------------------------------------------------


def test_required_decisions_are_read_by_their_names_with_spaces() -> None:
    risk = decision(text("if age > 60 then 2 else 1"), key="risk", name="Risk Factor")
    assert result(risk, decision(text("Risk Factor * 10"), requires=REQUIRES.format("risk")), age=70) == 20


def test_input_data_has_its_type_and_may_have_a_name_with_spaces() -> None:
    data = '<inputData id="due" name="Due Date"><variable name="Due Date" typeRef="date"/></inputData>'
    asked = decision(text("Due Date.year"), requires=INPUT.format("due"))
    assert result(data, asked, **{"Due Date": "2026-03-02"}) == 2026
    assert result(data, asked, Due_Date="2027-03-02") == 2027
    with pytest.raises(EvaluationFailed, match=r"of the type date, but found 'soon' \(in input data 'Due Date'\)"):
        result(data, asked, Due_Date="soon")
    assert "Expected the input data 'due'" in refusal(asked)


def test_a_circle_over_three_decisions_is_refused_by_name() -> None:
    ring = [decision(text("1"), key=key, requires=REQUIRES.format(other)) for key, other in (("a", "b"), ("b", "c"), ("c", "a"))]
    assert "a → b → c → a" in refusal(*ring)


def test_an_import_is_refused() -> None:
    assert "imports another" in refusal('<import name="x" namespace="y" importType="z"/>', decision(text("1")))


SERVICE = """<decisionService id="s" name="Pricing"><outputDecision href="#total"/>
<encapsulatedDecision href="#net"/><inputDecision href="#rate"/><inputData href="#h"/></decisionService>"""


def service() -> list[str]:
    hours = '<inputData id="h" name="hours"><variable name="hours" typeRef="number"/></inputData>'
    net = decision(text("hours * rate"), key="net", requires=INPUT.format("h") + REQUIRES.format("rate"))
    return [hours, decision(text("30"), key="rate"), net, decision(text("net + 1"), key="total", requires=REQUIRES.format("net")), SERVICE]


def test_a_decision_service_is_asked_by_its_id_and_is_given_its_input_decisions() -> None:
    decisions: dict[str, Decision] = compiled(*service())
    assert decisions["total"].evaluate({"hours": 2}) == 61
    assert decisions["s"].evaluate({"hours": "2", "rate": 10}) == 21
    asked = decision(text("Pricing(2, 5)"), key="t", requires=KNOWS.format("s"))
    assert compiled(*service(), asked)["t"].evaluate({}) == 11


# values -----------------------------------------------------------------------------------------------------------------

TYPES = (
    '<itemDefinition name="tLevel"><typeRef>string</typeRef><allowedValues><text>"low","high"</text></allowedValues></itemDefinition>'
    '<itemDefinition name="tLevels" isCollection="true"><typeRef>tLevel</typeRef></itemDefinition>'
    '<itemDefinition name="tPercent"><typeRef>number</typeRef><allowedValues><text>[0..100]</text></allowedValues></itemDefinition>'
)


def test_types_that_the_file_defines_are_kept() -> None:
    assert result(TYPES, decision(text("x"), kind="tLevel"), x="low") == "low"
    assert result(TYPES, decision(text("x"), kind="tLevels"), x=["low", "high"]) == ["low", "high"]
    assert result(TYPES, decision(text("x"), kind="tPercent"), x="50") == 50
    for kind, value in (("tLevel", "odd"), ("tLevels", ["low", "odd"]), ("tPercent", 101)):
        with pytest.raises(EvaluationFailed, match="Expected a value that the type"):
            result(TYPES, decision(text("x"), kind=kind), x=value)
    ring = '<itemDefinition name="a"><typeRef>b</typeRef></itemDefinition><itemDefinition name="b"><typeRef>a</typeRef></itemDefinition>'
    assert "in a circle" in refusal(ring, decision(text("1"), kind="a"))


def test_an_input_outside_the_allowed_values_is_an_incident_that_names_it() -> None:
    def with_allowed(allowed: str) -> str:
        values = f"</inputExpression><inputValues><text>{allowed}</text></inputValues>"
        return table([(["-"], ["1"])], [("x", "string")]).replace("</inputExpression>", values)

    assert result(with_allowed('"a","b"'), x="a") == 1
    assert result(with_allowed('"a","b"'), x=None) == 1
    with pytest.raises(EvaluationFailed, match=r"one of the allowed values .*found 'c' \(in input '0'\) \(in decision 't'\)"):
        result(with_allowed('"a","b"'), x="c")


LISTED = '<output id="o" name="level"><outputValues><text>"high","low"</text></outputValues></output>'


def test_an_output_outside_the_listed_values_is_an_incident_that_names_the_rule() -> None:
    with pytest.raises(EvaluationFailed, match=r"listed values .*found 'odd' \(in rule 1\) \(in decision 't'\)"):
        decide([(["-"], ["y"])], {"x": 1, "y": "odd"}, outputs=[LISTED])
    assert decide([(["-"], ["y"])], {"x": 1, "y": "low"}, outputs=[LISTED]) == "low"


def test_a_literal_outside_the_listed_values_is_refused_when_deployed() -> None:
    assert "found 'odd' (rule 2, output 1)" in refusal(table([(["1"], ['"low"']), (["2"], ['"odd"'])], outputs=[LISTED]))


def test_listed_values_may_be_ranges() -> None:
    output = '<output id="o" name="n" typeRef="number"><outputValues><text>[1..5], 9</text></outputValues></output>'
    assert decide([(["-"], ["y"])], {"x": 1, "y": 9}, outputs=[output]) == 9
    with pytest.raises(EvaluationFailed, match="found '7'"):
        decide([(["-"], ["y"])], {"x": 1, "y": 7}, outputs=[output])


TWO = [
    '<output id="o1" name="level"><outputValues><text>"high","low"</text></outputValues></output>',
    '<output id="o2" name="days"><outputValues><text>1, 2, 3</text></outputValues></output>',
]
MIXED: list[Row] = [(["> 1"], ['"low"', "1"]), (["> 2"], ['"high"', "3"]), (["> 3"], ['"high"', "2"])]


def test_priority_looks_at_the_outputs_from_left_to_right() -> None:
    assert decide(MIXED, {"x": 9}, outputs=TWO, policy='hitPolicy="PRIORITY"') == {"level": "high", "days": 2}
    expected = [{"level": "high", "days": 2}, {"level": "high", "days": 3}, {"level": "low", "days": 1}]
    assert decide(MIXED, {"x": 9}, outputs=TWO, policy='hitPolicy="OUTPUT ORDER"') == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("UNIQUE", 7), ("FIRST", 7), ("ANY", 7), ("RULE ORDER", [7]), ("COLLECT", [7]), ('COLLECT" aggregation="SUM', 7)],
)
def test_the_default_output_stands_in_under_every_hit_policy(policy: str, expected: Any) -> None:
    output = '<output id="o" name="n"><defaultOutputEntry><text>7</text></defaultOutputEntry></output>'
    assert decide([(["> 1"], ["1"])], {"x": 0}, outputs=[output], policy=f'hitPolicy="{policy}"') == expected


def test_sums_of_decimals_and_durations_are_exact() -> None:
    rules: list[Row] = [(["-"], ["0.1"]), (["-"], ["0.2"])]
    assert decide(rules, {"x": 1}, policy='hitPolicy="COLLECT" aggregation="SUM"') == 0.3


def test_rules_see_the_other_inputs_and_annotations_say_nothing() -> None:
    rules: list[Row] = [(["> y", "-"], ["x - y"])]
    source = table(rules, [("x", "number"), ("y", "number")]).replace(
        "</rule>", "<annotationEntry><text>oh</text></annotationEntry></rule>"
    )
    assert result(source, x=5, y=3) == 2


def test_what_camunda_7_writes_as_juel_is_read_in_inputs_and_outputs() -> None:
    source = table([(["> 5"], ["${x * 2}"])], [("${order.price + 1}", "number")])
    assert result(source, order={"price": 9}, x=4) == 8
    assert "Expected FEEL" in refusal(table([(["${x > 5}"], ["1"])]))


def test_a_table_of_heavy_outputs_is_stopped_before_it_fills_the_memory() -> None:
    heavy = 'string join(for i in 1..900 return "' + "a" * 900 + '")'
    with pytest.raises(EvaluationFailed, match="Expected a value of at most"):
        decide([(["-"], [heavy])] * 5, {"x": 1}, policy='hitPolicy="COLLECT"')


@pytest.mark.parametrize("kind", ["boolean", "string", ""])
def test_a_truth_value_that_is_written_out_is_compared_and_does_not_pass_by_itself(kind: str) -> None:
    source = table([(["true"], ["1"]), (["false"], ["2"])], [("x", kind)], policy='hitPolicy="COLLECT"')
    assert result(source, x=None) == []
    if kind != "string":
        assert [result(source, x=x) for x in (True, False)] == [[1], [2]]
    assert result(table([(["true, null"], ["1"])], [("x", kind)]), x=None) == 1


@pytest.mark.parametrize(("kind", "known"), [("date", True), ("feel:number", True), ("tLevel", True), ("Date", False), ("int", False)])
def test_a_type_that_nobody_knows_is_refused_when_it_is_deployed(kind: str, known: bool) -> None:
    defined = '<itemDefinition name="tLevel"><typeRef>string</typeRef></itemDefinition>'
    root = read_xml(file_of(defined, table([(["-"], ["1"])], [("x", kind)])), "t.dmn")
    messages = [problem.message for problem in check_types(root, "t.dmn")]
    assert len(messages) == (not known)
    assert all(repr(kind) in message for message in messages)
    assert compile_decisions(root, "t.dmn")["t"].evaluate({"x": None}) == 1  # what was deployed before goes on
