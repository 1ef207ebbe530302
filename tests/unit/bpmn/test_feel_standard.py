"""FEEL expressions and unary tests have the values of the standard, and stay within the budgets of the safe language."""

from typing import Any

import pytest

from engine.bpmn.feel import compile_feel, compile_unary
from engine.bpmn.sandbox import EvaluationFailed, ExpressionError, to_json
from tests.unit.bpmn.feel_cases import CASES, UNARY, VARIABLES


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_expressions_have_the_values_of_the_standard(text: str, expected: Any) -> None:
    value = to_json(compile_feel(text).evaluate(VARIABLES))
    assert value == expected
    assert type(value) is type(expected) or isinstance(expected, int | float)


@pytest.mark.parametrize(("cell", "value", "passes"), UNARY, ids=[f"{cell} for {value}" for cell, value, _ in UNARY])
def test_cells_test_the_input(cell: str, value: Any, passes: bool) -> None:
    assert compile_unary(cell).evaluate({**VARIABLES, "?": value}) is passes


def test_names_with_spaces_are_read_where_they_are_declared() -> None:
    names = frozenset({"Applicant Age", "pre-tax income", "Monthly Fee"})
    expression = compile_feel("if Applicant Age > 18 then pre-tax income else Monthly Fee", names)
    assert expression.names == names
    assert expression.evaluate({"Applicant Age": 20, "pre-tax income": 7, "Monthly Fee": 1}) == 7
    with pytest.raises(ExpressionError, match="one that the file declares"):
        compile_feel("Applicant Age > 18")


def test_what_a_filter_finds_in_its_items_is_no_variable_that_the_case_must_have() -> None:
    expression = compile_feel("people[age > 40 and who != other].who")
    assert expression.names == {"people"}
    assert expression.evaluate({**VARIABLES, "other": "Wang"}) == ["Zhao"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("for x in xs", "Expected 'return'"),
        ("for in xs return 1", "Expected a name, but found 'in'"),
        ("some x in xs", "Expected 'satisfies'"),
        ("some x xs satisfies true", "Expected 'in'"),
        ("function(a) external {}", "it is external"),
        ("x instance of thing", "Expected a type of FEEL"),
        ("x instance of number<string>", "Expected list or range before '<'"),
        ("{a: 1, a: 2}", "Expected every key once"),
        ("{a 1}", "Expected a name"),
        ("{a: }", "Expected a value"),
        ('substring("a")', "Expected substring(string, start position, length?), but found 1 arguments"),
        ('substring(text: "a", start position: 1)', "but found the arguments text, start position"),
        ('substring(string: "a", 1)', "Expected either every argument to be named or none"),
        ("unheard of(1)", "Expected a name without spaces"),
        ("date and times(1)", "but found 'times'"),
        ('@"25:00"', "after '@'"),
        ('"\\U110000"', "Expected a character"),
        ("for __x in [1] return __x", "two underscores"),
        ("function(__class__) 1", "two underscores"),
    ],
)
def test_what_is_no_feel_is_refused_with_a_sentence(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_feel(text)
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("for i in 1..1000000 return i", "at most 100,000 items"),
        ("for i in 1..90000 return i", "more steps"),
        ("for i in 1..100, j in 1..100, k in 1..100 return i", "more steps"),
        ("for i in [1..5) return i", "Expected a closed range"),
        ("for i in null return i", "but found null"),
        ("{f: function(n) f(n + 1), r: f(1)}.r", "calls within each other"),
        ("(function(f) f(f))(function(f) f(f))", "calls within each other"),
        ("{f: function(a) a}.f(1, 2)", "Expected the arguments (a)"),
        ("(function(a) a)(b: 1)", "Expected the arguments (a)"),
        ("{f: 1}.f(1)", "Expected a function to call, but found a number"),
        ('matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "^(a|aa)+$" + "(?=")', "Expected a pattern"),
        ('matches("a", "a", "q")', "Expected the flags"),
        ('sort([1, 2], 3)', "Expected a function to sort by"),
        ("remove([1], 2)", "Expected a position within 1 items"),
        ('max([1, "a"])', "Expected values that can be compared"),
        ("[1..\"a\"]", "Expected a range between values of one kind"),
        ("2 ** 100000", "would be larger"),
        ("2.5 ** 100000", "exponent"),
        ("exp(100000)", "exponent"),
        ('date("2026-02-30")', "day is out of range"),
        ('time("25:00:00")', "hour must be in"),
        ('date("9999-12-31") + duration("P1M")', "Expected a year between"),
    ],
)  # fmt: skip
def test_what_goes_too_far_fails_with_a_sentence(text: str, message: str) -> None:
    with pytest.raises(EvaluationFailed) as failed:
        compile_feel(text).evaluate(VARIABLES)
    assert message in failed.value.message


@pytest.mark.parametrize("text", ["[1..5]", "function(a) a", "[function(a) a]", "{f: function(a) a}"])
def test_ranges_and_functions_are_no_results(text: str) -> None:
    with pytest.raises(EvaluationFailed, match="Expected plain data, but found a"):
        to_json(compile_feel(text).evaluate({}))


def test_a_function_sees_where_it_was_written() -> None:
    text = "{limit: 10, over: function(x) x > limit, found: {limit: 1, r: over(5)}.r}.found"
    assert compile_feel(text).evaluate({}) is False
