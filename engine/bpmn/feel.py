"""FEEL, the language of decision tables and form conditions: the expressions and unary tests of DMN 1.3.

By grammar, texts become the tree of the safe language (feel_grammar.py, feel_tree.py). A variable that does not exist is a failure, not
null: a table that silently decides by a misspelt name is worse than an incident.
"""

import ast
from functools import lru_cache

from engine.bpmn.expressions_compiler import Closure, at_line
from engine.bpmn.feel_grammar import COMPARISONS, INPUT, Grammar, call, constant, range_in
from engine.bpmn.feel_tree import FeelCompiler
from engine.bpmn.sandbox import Expression

__all__ = ["INPUT", "compile_feel", "compile_unary"]

_NO_NAMES: frozenset[str] = frozenset()


@lru_cache(maxsize=4_096)
def compile_feel(text: str, names: frozenset[str] = _NO_NAMES) -> Expression:
    """A FEEL expression, or ExpressionError. `names` are known names with spaces in them, and functions that are defined elsewhere."""
    return _compiled(text, _Grammar(text.strip().removeprefix("="), names).whole())


@lru_cache(maxsize=4_096)
def compile_unary(text: str, names: frozenset[str] = _NO_NAMES) -> Expression:
    """A cell of a decision table: true when the value called `?` passes it. An empty cell and `-` pass everything."""
    return _compiled(text, _Grammar(text, names).whole_tests())


def _compiled(text: str, tree: ast.expr) -> Expression:
    compiler = FeelCompiler()
    root: Closure = at_line(1, compiler.expression(tree))
    return Expression(text, frozenset(compiler.names - {INPUT}), root)


class _Grammar(Grammar):
    """Expressions and unary tests."""

    def whole_tests(self) -> ast.expr:
        line = self.next.line
        if self.next.kind == "end" or (self.at("-") and self.tokens[self.position + 1].kind == "end"):
            return constant(True, line)
        value = ast.Name(id=INPUT, ctx=ast.Load(), lineno=line, col_offset=0)
        tree = self.tests(value)
        if self.next.kind != "end":
            raise self.unexpected("the end of the cell")
        return call(" true", line, tree)

    def membership(self, value: ast.expr) -> ast.expr:
        """`x in [1..5]`, `x in (1, > 7)`, `x in list`."""
        start = self.position
        if self.at("("):
            self.take()
            tests = self.tests(value)
            if not self.at(".."):
                self.expect(")")
                return tests
            self.position = start  # it is a range that begins with a bracket: (1..5]
        return self.test(value, whole=False)

    def tests(self, value: ast.expr) -> ast.expr:
        """One or more tests, any of which may pass; `not(…)` around them turns the answer round."""
        line, found = self.next.line, [self.test_or_not(value)]
        while self.at(","):
            self.take()
            found.append(self.test_or_not(value))
        return found[0] if len(found) == 1 else call(" or", line, *found)

    def test_or_not(self, value: ast.expr) -> ast.expr:
        start = self.position
        if self.at("not") and self.tokens[self.position + 1].text == "(":
            line = self.take().line
            self.take()
            tests = self.tests(value)
            self.expect(")")
            if self.next.kind == "end" or self.at(",", ")"):
                return call("not", line, tests)
            self.position = start  # it was the beginning of an expression: not(a) and b
        return self.test(value)

    def test(self, value: ast.expr, whole: bool = True) -> ast.expr:
        """A comparison, a range, or an expression: a whole one in a cell, one without `and` and `or` behind `in`."""
        line = self.next.line
        if self.at(*COMPARISONS):
            sign = self.take()
            return call(f" {sign.text}", sign.line, value, self.sum())
        outside, self.uses_input = self.uses_input, False
        tested = self.expression() if whole else self.sum()
        uses_input, self.uses_input = self.uses_input, outside or self.uses_input
        if (parts := range_in(tested)) is not None:
            return call(" ..", line, value, *parts)
        if isinstance(tested, ast.Constant) and isinstance(tested.value, bool):
            return call(" =", line, value, tested)  # written out it is a value, not a condition: else null would pass `true`
        return call(" fits", line, value, tested, constant(uses_input, line))
