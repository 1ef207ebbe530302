"""The safe language against Python itself, and against nonsense."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.bpmn.feel import compile_feel, compile_unary
from engine.bpmn.sandbox import EvaluationFailed, ExpressionError, compile_expression, compile_script, compile_template, to_json

VARIABLES: dict[str, Any] = {
    "a": 3, "b": -2, "c": 0, "s": "漏水", "t": "", "n": None, "xs": [1, 2, 3], "m": {"k": 1, "空": [0]}, "yes": True,
}  # fmt: skip

ATOMS = st.sampled_from(["a", "b", "c", "s", "t", "n", "xs", "yes", "0", "1", "2.5", "'x'", "True", "None", "[1, 2]", "xs[1]"])
BINARY = ["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not in"]
PYTHON = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(BINARY), inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(inner, st.sampled_from(["<", "<=", "=="]), inner, st.sampled_from(["<", "!="]), inner).map(" ".join).map("({})".format),
        inner.map("(not {})".format),
        inner.map("(-{})".format),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})"),
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        inner.map("[x for x in xs if {}]".format),
    ),
    max_leaves=8,
)


@given(PYTHON)
@example("(s * (a == a))")
@settings(max_examples=200, deadline=None)
def test_what_python_can_compute_we_compute_alike(text: str) -> None:
    try:
        expected = eval(text, {"__builtins__": {}, **VARIABLES})  # the oracle: only these generated texts come here
    except (TypeError, ZeroDivisionError):
        with pytest.raises(EvaluationFailed):
            compile_expression(text).evaluate(VARIABLES)
        return
    try:
        found = compile_expression(text).evaluate(VARIABLES)
    except EvaluationFailed as failure:
        # We refuse more than Python does: formatting by %, and infinite numbers.
        assert "%" in text or "finite" in failure.message
        return
    assert found == expected
    assert type(found) is type(expected)


FORMS = [
    ("({} && {})", "({} and {})"),
    ("({} || {})", "({} or {})"),
    ("!({})", "(not ({}))"),
    ("({} eq {})", "({} == {})"),
    ("({} ne {})", "({} != {})"),
    ("(empty ({}))", "empty({})"),
    ("({} ? {} : {})", "({1} if {0} else {2})"),
    ("[{}, null, true]", "[{}, None, True]"),
    ("{{'a && b': {}}}", "{{'a && b': {}}}"),
]


def _both(pair: tuple[tuple[str, str], list[tuple[str, str]]]) -> tuple[str, str]:
    form, parts = pair
    return form[0].format(*[part[0] for part in parts]), form[1].format(*[part[1] for part in parts])


CAMUNDA = st.recursive(
    st.sampled_from(["a", "b", "c", "s", "n", "yes", "m.k", "xs[0]", "'? : && !'", "1"]).map(lambda text: (text, text)),
    lambda inner: st.tuples(st.sampled_from(FORMS), st.lists(inner, min_size=3, max_size=3)).map(_both),
    max_leaves=10,
)


@given(CAMUNDA, st.booleans())
@settings(max_examples=200, deadline=None)
def test_operators_of_camunda_mean_what_their_python_forms_mean(pair: tuple[str, str], wrapped: bool) -> None:
    theirs, ours = pair
    text = f"${{{theirs}}}" if wrapped else theirs
    assert compile_expression(text).evaluate(VARIABLES) == compile_expression(ours).evaluate(VARIABLES)
    assert compile_script(f"r = {theirs}").run(VARIABLES) == compile_script(f"r = {ours}").run(VARIABLES)


WORDS = """
a b xs m s 1 2.5 'x' "y" ( ) [ ] { } , : ; . = == != < > && || ! ? ** * - + % / // and or not in is if else elif for pass null true empty eq
lambda import __class__ ${ } #{ $ @ \\ ' " # := -> .. .b .k len( sum( get( range( now( has( f'{a}' 漏水 ？ ： between then count( starts
with date( -
"""
PIECES = st.sampled_from([*WORDS.split(), "\n", "\n\t", "'''"])


@given(st.lists(PIECES, max_size=14).map(" ".join))
@settings(max_examples=500, deadline=None)
def test_nonsense_is_refused_in_our_own_words(text: str) -> None:
    for compile_it in (compile_expression, compile_template, compile_feel, compile_unary):
        try:
            to_json(compile_it(text).evaluate({**VARIABLES, "?": 1}))
        except (ExpressionError, EvaluationFailed) as error:
            assert error.message.startswith("Expected ")
    try:
        compile_script(text).run(VARIABLES)
    except (ExpressionError, EvaluationFailed) as error:
        assert error.message.startswith("Expected ")


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_at_all_is_refused_in_our_own_words(text: str) -> None:
    test_nonsense_is_refused_in_our_own_words.hypothesis.inner_test(text)  # type: ignore[attr-defined]
