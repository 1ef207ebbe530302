"""FEEL with the variables of a case; what is outside of it. What the standard's own examples give is in test_feel_standard.py."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.bpmn.feel import compile_feel, compile_unary
from engine.bpmn.sandbox import EvaluationFailed, ExpressionError, to_json

VARIABLES: dict[str, Any] = {
    "x": 5,
    "tenth": 0.1,
    "s": "漏水严重",
    "yes": True,
    "nothing": None,
    "xs": [3, 1, 2],
    "order": {"price": 9, "lines": [{"n": 1}, {"n": 2}]},
    "价格": 100,
    "due": date(2026, 3, 2),
    "at": datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
}


def value_of(text: str) -> Any:
    return to_json(compile_feel(text).evaluate(VARIABLES))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2", 5),
        ("(1 + 2) * 3", 9),
        ("2 ** 3 ** 2", 64),  # from left to right
        ("-x + 1", -4),
        ("tenth + 0.2 = 0.3", True),
        ("tenth + 0.2", 0.3),
        ("7 / 2", 3.5),
        ("1 / 0", None),
        ("x > 4 and x < 6", True),
        ("x = 5 or nothing", True),
        ("x between 5 and 6", True),
        ("x in [1..5]", True),
        ("x in (1..5)", False),
        ("x in ]1..5]", True),
        ("x in [5..9[", True),
        ("x in (1, 2, > 4)", True),
        ("x in xs", False),
        ("3 in xs", True),
        ("x in [1, 5]", True),
        ("not(x = 5)", False),
        ("if x > 4 then \"大\" else \"小\"", "大"),
        ("if nothing then 1 else 2", 2),
        ("价格 >= 100", True),
        ("= 价格 + 1", 101),
        ("order.price + order.lines[2].n", 11),
        ("order.lines.n", [1, 2]),
        ("order.missing", None),
        ("nothing.anything", None),
        ("xs[1] + xs[-1]", 5),
        ("xs[9]", None),
        ("\"a\" + \"b\\n\\u4e2d\"", "ab\n中"),
        ("[1, \"a\", null, true]", [1, "a", None, True]),
        ("[]", []),
        ("// a remark\n1 /* and another */ + 1", 2),
        ("null = nothing", True),
        ("xs = [3, 1, 2]", True),
        ("order.lines[1] = order.lines[2]", False),
    ],
)  # fmt: skip
def test_expressions_have_the_values_of_the_standard(text: str, expected: Any) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = \"5\"", None),
        ("x < \"5\"", None),
        ("nothing < 5", None),
        ("yes < 5", None),
        ("due = at", None),
        ("xs < xs", None),
        ("nothing = 5", False),
        ("nothing != 5", True),
        ("x != \"5\"", None),
        ("true and null", None),
        ("false and null", False),
        ("true or null", True),
        ("false or null", None),
        ("not(null)", None),
        ("x and true", None),
        ("1 + \"a\"", None),
        ("1 + null", None),
        ("yes + 1", None),
        ("-s", None),
        ("due + 1", None),
        ("x between null and 9", None),
        ("x in [null..4]", False),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_null(text: str, expected: Any) -> None:
    assert value_of(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contains(s, \"漏\")", True),
        ("starts with(s, \"漏水\") and ends with(s, \"严重\")", True),
        ("upper case(\"ab\") + lower case(\"CD\")", "ABcd"),
        ("string length(s)", 4),
        ("substring(s, 3)", "严重"),
        ("substring(s, 1, 2)", "漏水"),
        ("substring(s, -1)", "重"),
        ("substring before(\"A-12\", \"-\") + substring after(\"A-12\", \"-\")", "A12"),
        ("trim(\"  a \")", "a"),
        ("string(1.50) + string(true)", "1.50true"),
        ("number(\"12.5\") + 1", 13.5),
        ("number(\"much\")", None),
        ("count(xs) + sum(xs) + min(xs) + max(xs)", 13),
        ("sum(1, 2, 3) / mean(1, 2, 3)", 3),
        ("sum([])", None),
        ("count(nothing)", None),
        ("list contains(xs, 2)", True),
        ("append(xs, 4)", [3, 1, 2, 4]),
        ("distinct values([1, 2, 1])", [1, 2]),
        ("floor(1.5) + ceiling(1.5)", 3),
        ("abs(-3)", 3),
        ("modulo(-5, 3)", 1),
        ("decimal(2.345, 2)", 2.34),
        ("round half up(2.345, 2)", 2.35),
        ("is defined(nothing)", False),
        ("is defined(xs)", True),
        ("is defined(missing)", False),
        ("is defined(missing.part)", False),
        ("if is defined(missing) then missing else 0", 0),
        ("contains(nothing, \"a\")", None),
        ("date(\"2026-03-02\") = due", True),
        ("date(2026, 3, 2) = due", True),
        ("due + duration(\"P1D\")", "2026-03-03"),
        ("due - date(\"2026-03-01\")", "P1D"),
        ("date and time(\"2026-03-02T09:30:00+08:00\") = at", True),
        ("at < @\"2026-03-02T09:31:00+08:00\"", True),
        ("@\"2026-03-02\" = due", True),
        ("@\"PT90M\" / 3 = duration(\"PT30M\")", True),
        ("duration(\"PT1H\") / duration(\"PT30M\")", 2),
        ("due.year + due.month + due.weekday", 2030),
        ("duration(\"P1DT2H\").hours", 2),
    ],
)  # fmt: skip
def test_functions_do_what_the_standard_says(text: str, expected: Any) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize("text", ['split("漏水", "")', 'split("a", "x*")', 'replace("漏水", "水*", "-")', 'replace("a", "", "-")'])
def test_a_pattern_that_matches_nothing_at_all_is_said(text: str) -> None:
    with pytest.raises(EvaluationFailed, match="Expected a pattern that matches at least one letter"):
        value_of(text)


def test_a_variable_of_which_only_is_asked_whether_it_is_there_is_not_counted_as_read() -> None:
    assert compile_feel("is defined(a) and b > 1").names == {"b"}
    assert compile_feel("is defined(a.c) and a > 1").names == {"a"}
    assert value_of("count([{n: 1}, {m: 2}][is defined(n)])") == 1


def test_now_and_today_come_from_the_context() -> None:
    functions = {"now": lambda: datetime(2026, 3, 2, tzinfo=UTC), "today": lambda: date(2026, 3, 2)}
    assert compile_feel("today() - @\"2026-03-01\"").evaluate({}, functions) == timedelta(days=1)  # fmt: skip
    with pytest.raises(EvaluationFailed, match="to be available here"):
        compile_feel("now()").evaluate({})


@pytest.mark.parametrize(
    ("cell", "value", "passes"),
    [
        ("", 1, True),
        ("-", None, True),
        (" - ", 1, True),
        ("5", 5, True),
        ("5", 5.0, True),
        ("0.3", 0.3, True),
        ("-5", -5, True),
        ("5", "5", False),
        ('"a"', "a", True),
        ("1,2,3", 2, True),
        ("< 5", 4, True),
        ("< 5", None, False),
        (">= 2 * 3", 6, True),
        ("= 5", 5, True),
        ("!= 5", 6, True),
        ("[1..5], > 9", 10, True),
        ("not(1, 2)", 3, True),
        ("not(1, 2)", 2, False),
        ("not(< 5)", 5, True),
        ("not([1..5])", 3, False),
        ("true", True, True),
        ("true", False, False),
        ("true", None, False),
        ("false", False, True),
        ("null", None, True),
        ("not(null)", 1, True),
        ("[1, 2]", 2, True),
        ("? > 3 and ? < 6", 5, True),
        ("? > 3 and ? < 6", 7, False),
        ("count(?) > 1", [1, 2], True),
        ("? = true", True, True),
        ("x > 4", 1, True),
        ("not(x > 4) or ? = 1", 1, True),
        ("xs", 3, True),
        ("order.price", 9, True),
        ('["a".."c"]', "b", True),
        ('> date("2026-03-01")', date(2026, 3, 2), True),
    ],
)
def test_cells_test_the_input(cell: str, value: Any, passes: bool) -> None:
    assert compile_unary(cell).evaluate({**VARIABLES, "?": value}) is passes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("first name", "one that the file declares, or a function of FEEL, but found 'first name'"),
        ("string len(s)", "but found 'string len'"),
        ("resembles(s, \"a\")", "Expected a function of FEEL or one that the file declares, but found 'resembles'"),
        ("'text'", "Expected a FEEL expression"),
        ("1 +", "Expected a value, but found the end"),
        ("(1", "Expected ')', but found the end"),
        ("1 = 2 = 3", "Expected the end of the expression"),
        ("if x then 1", "Expected 'else', but found the end"),
        ("\"a\\q\"", "after a backslash"),
        ("@\"soon\"", "Expected a date, time or duration"),
        ("a.", "Expected a name after '.'"),
        ("x，y", "Expected a FEEL expression, but found '，y'"),
        ("__class__", "two underscores"),
        ("", "Expected a value"),
    ],
)  # fmt: skip
def test_what_is_no_feel_is_refused_with_a_sentence(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_feel(text)
    assert message in refused.value.message


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_feel("1 +\n\n two words")
    assert refused.value.line == 3


def test_a_missing_variable_is_not_null_but_a_failure() -> None:
    with pytest.raises(EvaluationFailed, match="Expected a variable 'y', but there is none"):
        value_of("y = null")


@pytest.mark.parametrize("text", ["contains(x, \"a\")", "sum(s)", "date(\"today\")", "duration(\"P1Y1D\")", "floor(s)"])  # fmt: skip
def test_functions_given_what_they_cannot_use_fail(text: str) -> None:
    with pytest.raises(EvaluationFailed):
        value_of(text)


def test_names_are_those_that_the_variables_must_have() -> None:
    assert compile_feel('if 价格 > limit then order.kind else contains(s, "a")').names == {"价格", "limit", "order", "s"}
    assert compile_unary("? > limit, [low..high]").names == {"limit", "low", "high"}


def test_numbers_are_decimals_inside() -> None:
    assert compile_feel("tenth * 3").evaluate({"tenth": 0.1}) == Decimal("0.3")
