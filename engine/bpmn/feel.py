"""FEEL, the language of decision tables and form conditions: a subset, read by grammar into the tree of the safe language.

Read: numbers, texts, true, false, null, names (Chinese ones too), `a.b`, `list[1]`, lists, ranges, arithmetic, comparisons,
`between`, `in`, `and`, `or`, `not()`, `if then else`, `@"…"`, and the functions in feel_functions.py. Everything else is refused when it
is compiled. The tree calls functions for each operator, so FEEL's three-valued logic runs within the same budgets.
"""

import ast
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from engine.bpmn.expressions_budget import EvaluationFailed, ExpressionError
from engine.bpmn.expressions_compiler import Closure, Compiler, at_line
from engine.bpmn.expressions_values import parse_duration
from engine.bpmn.feel_functions import ELSEWHERE, FUNCTIONS, as_date
from engine.bpmn.feel_tokens import Token, tokens_of, unquoted
from engine.bpmn.sandbox import Expression

MAX_DEPTH = 30
INPUT = "?"  # the value that a unary test is about

_KEYWORDS = frozenset({"if", "then", "else", "and", "or", "in", "between", "for", "return", "some", "every", "satisfies", "function"})
_REFUSED = frozenset({"for", "some", "every", "function", "return", "satisfies", "instance", "external"})
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_FUNCTION_WORDS = sorted((tuple(name.split()) for name in {*FUNCTIONS, *ELSEWHERE} if name[0] != " "), key=len, reverse=True)


class Range(NamedTuple):
    """`[low..high]`: only a test can use it."""

    low: ast.expr
    high: ast.expr
    low_closed: bool
    high_closed: bool


@lru_cache(maxsize=4_096)
def compile_feel(text: str) -> Expression:
    """A FEEL expression, or ExpressionError."""
    parser = _Parser(text.strip().removeprefix("="))
    return _compiled(text, parser.whole())


@lru_cache(maxsize=4_096)
def compile_unary(text: str) -> Expression:
    """A cell of a decision table: true when the value called `?` passes it. An empty cell and `-` pass everything."""
    parser = _Parser(text)
    return _compiled(text, parser.whole_tests())


def _compiled(text: str, tree: ast.expr) -> Expression:
    compiler = Compiler(FUNCTIONS)
    root: Closure = at_line(1, compiler.expression(tree))
    return Expression(text, frozenset(compiler.names - {INPUT}), root)


def _call(name: str, line: int, *arguments: ast.expr) -> ast.expr:
    function = ast.Name(id=name, ctx=ast.Load(), lineno=line, col_offset=0)
    return ast.Call(func=function, args=list(arguments), keywords=[], lineno=line, col_offset=0)


def _constant(value: object, line: int) -> ast.expr:
    return ast.Constant(value=value, lineno=line, col_offset=0)  # type: ignore[arg-type]


class _Parser:
    """Reads the tokens once; each method is one line of the grammar."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens_of(text)
        self.position = 0
        self.depth = 0
        self.uses_input = False

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        self.position += token.kind != "end"
        return token

    def at(self, *texts: str) -> bool:
        return self.next.kind in ("sign", "name") and self.next.text in texts

    def expect(self, text: str) -> None:
        if not self.at(text):
            raise self.unexpected(repr(text))
        self.take()

    def unexpected(self, wanted: str) -> ExpressionError:
        token, before = self.next, self.tokens[self.position - 1]
        if token.kind == "name" and before.kind == "name" and self.position and token.text not in _KEYWORDS | _REFUSED:
            found = f"{before.text} {token.text}"
            return ExpressionError(f"Expected a name without spaces or a function of the FEEL subset, but found {found!r}", token.line)
        found = "the end" if token.kind == "end" else repr(token.text)
        return ExpressionError(f"Expected {wanted}, but found {found}", token.line)

    # expressions ------------------------------------------------------------------------------------------------------

    def whole(self) -> ast.expr:
        tree = self.expression()
        if self.next.kind != "end":
            raise self.unexpected("the end of the expression")
        return tree

    def expression(self) -> ast.expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"Expected at most {MAX_DEPTH} levels of FEEL, but there are more", self.next.line)
        tree = self.choice() if self.at("if") else self.disjunction()
        self.depth -= 1
        return tree

    def choice(self) -> ast.expr:
        line = self.take().line
        condition = self.expression()
        self.expect("then")
        chosen = self.expression()
        self.expect("else")
        otherwise = self.expression()
        return ast.IfExp(test=_call(" true", line, condition), body=chosen, orelse=otherwise, lineno=line, col_offset=0)

    def disjunction(self) -> ast.expr:
        line, parts = self.next.line, [self.conjunction()]
        while self.at("or"):
            self.take()
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else _call(" or", line, *parts)

    def conjunction(self) -> ast.expr:
        line, parts = self.next.line, [self.comparison()]
        while self.at("and"):
            self.take()
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else _call(" and", line, *parts)

    def comparison(self) -> ast.expr:
        left = self.sum()
        if self.at(*_COMPARISONS):
            sign = self.take()
            return _call(f" {sign.text}", sign.line, left, self.sum())
        if self.at("between"):
            line = self.take().line
            low = self.sum()
            self.expect("and")
            return _call(" ..", line, left, low, self.sum(), _constant(True, line), _constant(True, line))
        if self.at("in"):
            self.take()
            return self.membership(left)
        return left

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
        return self.test(value)

    def sum(self) -> ast.expr:
        left = self.product()
        while self.at("+", "-"):
            sign = self.take()
            left = _call(f" {sign.text}", sign.line, left, self.product())
        return left

    def product(self) -> ast.expr:
        left = self.power()
        while self.at("*", "/"):
            sign = self.take()
            left = _call(f" {sign.text}", sign.line, left, self.power())
        return left

    def power(self) -> ast.expr:
        left = self.negation()
        while self.at("**"):
            line = self.take().line
            left = _call(" **", line, left, self.negation())
        return left

    def negation(self) -> ast.expr:
        if not self.at("-"):
            return self.path()
        line = self.take().line
        if self.at("-"):
            raise self.unexpected("a value after '-'")
        return _call(" neg", line, self.path())

    def path(self) -> ast.expr:
        tree = self.primary()
        if isinstance(tree, Range):
            raise ExpressionError("Expected a value, but found a range, which can only stand in a test", self.next.line)
        while self.at(".", "[") and not self._closes_range():
            sign = self.take()
            if sign.text == ".":
                if self.next.kind != "name":
                    raise self.unexpected("a name after '.'")
                tree = _call(" .", sign.line, tree, _constant(self.take().text, sign.line))
            else:
                tree = _call(" []", sign.line, tree, self.index())
        return tree

    def _closes_range(self) -> bool:
        """Whether this `[` is the open end of a range, as in [1..5[."""
        following = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
        return self.next.text == "[" and (following.kind == "end" or following.text in (",", ")", "and", "or", "then", "else"))

    def index(self) -> ast.expr:
        negative = self.at("-")
        if negative:
            self.take()
        if self.next.kind != "number" or not self.next.text.isdigit():
            raise self.unexpected("a whole number in [ ] (filters are not part of the FEEL subset)")
        token = self.take()
        self.expect("]")
        return _constant(-int(token.text) if negative else int(token.text), token.line)

    def primary(self) -> ast.expr | Range:
        token = self.next
        if token.kind == "number":
            self.take()
            return _constant(int(token.text) if token.text.isdigit() else Decimal(token.text), token.line)
        if token.kind == "text":
            return _constant(unquoted(self.take()), token.line)
        if token.kind == "name":
            return self.named()
        if self.at("?"):
            self.take()
            self.uses_input = True
            return ast.Name(id=INPUT, ctx=ast.Load(), lineno=token.line, col_offset=0)
        if self.at("@"):
            self.take()
            return self.moment()
        if self.at("(", "[", "]"):
            return self.bracketed()
        raise self.unexpected("a value")

    def named(self) -> ast.expr:
        token = self.next
        for words in _FUNCTION_WORDS:
            texts = tuple(following.text for following in self.tokens[self.position : self.position + len(words) + 1])
            if texts == (*words, "("):
                self.position += len(words) + 1
                name = " ".join(words)
                return _call(ELSEWHERE.get(name, name), token.line, *self.arguments(")"))
        if token.text in _REFUSED or token.text in _KEYWORDS:
            raise ExpressionError(f"Expected the FEEL subset, but found {token.text!r}", token.line)
        self.take()
        if token.text in _CONSTANTS:
            return _constant(_CONSTANTS[token.text], token.line)
        if self.at("("):
            raise ExpressionError(f"Expected a function of the FEEL subset, but found {token.text!r}", token.line)
        if self.next.kind == "name" and self.next.text not in _KEYWORDS:
            raise self.unexpected("an operator")
        return ast.Name(id=token.text, ctx=ast.Load(), lineno=token.line, col_offset=0)

    def arguments(self, closer: str) -> list[ast.expr]:
        found: list[ast.expr] = []
        while not self.at(closer):
            if found:
                self.expect(",")
            found.append(self.expression())
        self.take()
        return found

    def moment(self) -> ast.expr:
        """`@"2026-03-02"`: a date, a moment or a duration, by its shape."""
        token = self.take()
        if token.kind != "text":
            raise ExpressionError("Expected a text after '@', but found something else", token.line)
        text = unquoted(token)
        name = "duration" if text.lstrip("-")[:1] == "P" else "datetime" if "T" in text else "date"
        if name != "datetime":
            _check_literal(name, text, token.line)
        return _call(name, token.line, _constant(text, token.line))

    def bracketed(self) -> ast.expr | Range:
        """A list, a range or an expression in brackets."""
        opening = self.take()
        if opening.text == "[" and self.at("]"):
            self.take()
            return ast.List(elts=[], ctx=ast.Load(), lineno=opening.line, col_offset=0)
        first = self.expression()
        if self.at(".."):
            self.take()
            high = self.expression()
            if not self.at("]", ")", "["):
                raise self.unexpected("']' or ')' at the end of the range")
            return Range(first, high, opening.text == "[", self.take().text == "]")
        if opening.text == "(":
            self.expect(")")
            return first
        if opening.text == "]":
            raise self.unexpected("'..' in the range")
        if self.at(","):
            self.take()
            return ast.List(elts=[first, *self.arguments("]")], ctx=ast.Load(), lineno=opening.line, col_offset=0)
        self.expect("]")
        return ast.List(elts=[first], ctx=ast.Load(), lineno=opening.line, col_offset=0)

    # unary tests ------------------------------------------------------------------------------------------------------

    def whole_tests(self) -> ast.expr:
        line = self.next.line
        if self.next.kind == "end" or (self.at("-") and self.tokens[self.position + 1].kind == "end"):
            return _constant(True, line)
        value = ast.Name(id=INPUT, ctx=ast.Load(), lineno=line, col_offset=0)
        tree = self.tests(value)
        if self.next.kind != "end":
            raise self.unexpected("the end of the cell")
        return _call(" true", line, tree)

    def tests(self, value: ast.expr) -> ast.expr:
        """One or more tests, any of which may pass; `not(…)` around them turns the answer round."""
        line, found = self.next.line, [self.test_or_not(value)]
        while self.at(","):
            self.take()
            found.append(self.test_or_not(value))
        return found[0] if len(found) == 1 else _call(" or", line, *found)

    def test_or_not(self, value: ast.expr) -> ast.expr:
        start = self.position
        if self.at("not") and self.tokens[self.position + 1].text == "(":
            line = self.take().line
            self.take()
            tests = self.tests(value)
            self.expect(")")
            if self.next.kind == "end" or self.at(",", ")"):
                return _call("not", line, tests)
            self.position = start  # it was the beginning of an expression: not(a) and b
        return self.test(value)

    def test(self, value: ast.expr) -> ast.expr:
        line = self.next.line
        if self.at(*_COMPARISONS):
            sign = self.take()
            return _call(f" {sign.text}", sign.line, value, self.sum())
        start, self.uses_input = self.position, False
        if self.at("(", "[", "]"):
            found = self.bracketed()
            if isinstance(found, Range):
                closed = [_constant(closed, line) for closed in (found.low_closed, found.high_closed)]
                return _call(" ..", line, value, found.low, found.high, *closed)
            self.position = start
        self.uses_input = False
        tested = self.expression()
        return _call(" fits", line, value, tested, _constant(self.uses_input, line))


def _check_literal(name: str, text: str, line: int) -> None:
    try:
        parse_duration(text) if name == "duration" else as_date(text)
    except (ValueError, EvaluationFailed) as error:
        raise ExpressionError(f"Expected a date or duration after '@', but found {text[:40]!r}: {error}", line) from None
