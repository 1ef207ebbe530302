"""The grammar of FEEL expressions: one method for each line of it, from tokens to the tree of the safe language.

The tree calls a function for each operator, so FEEL's three-valued logic runs within the same budgets.
"""

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.bpmn.expressions_budget import EvaluationFailed, ExpressionError
from engine.bpmn.feel_dates import as_date, as_duration, as_time
from engine.bpmn.feel_functions import BUILTINS
from engine.bpmn.feel_reading import KEYWORDS, Reading
from engine.bpmn.feel_tokens import Token, unquoted
from engine.bpmn.feel_tree import ContextLiteral, Filter, FunctionLiteral, InstanceOf, Invocation, Loop
from engine.bpmn.feel_values import TYPES

MAX_DEPTH = 30
INPUT = "?"  # the value that a unary test is about

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_CONSTANTS = {"true": True, "false": False, "null": None}
_FUNCTION_WORDS: dict[str, list[tuple[str, ...]]] = {}  # by their first word, the longest first
for _words in sorted((tuple(name.split()) for name in BUILTINS), key=len, reverse=True):
    _FUNCTION_WORDS.setdefault(_words[0], []).append(_words)
_PART_WORDS = (("start", "included"), ("end", "included"), ("time", "offset"))
_TYPE_NAMES = {**{name: name for name in TYPES}, "Any": "any", "Null": "null", "dateTime": "date and time",
               "dayTimeDuration": "days and time duration", "yearMonthDuration": "years and months duration"}  # fmt: skip
_TYPE_WORDS = sorted((tuple(name.split()) for name in _TYPE_NAMES), key=len, reverse=True)
_GENERIC = frozenset({"list", "range"})


def call(name: str, line: int, *arguments: ast.expr) -> ast.expr:
    function = ast.Name(id=name, ctx=ast.Load(), lineno=line, col_offset=0)
    return ast.Call(func=function, args=list(arguments), keywords=[], lineno=line, col_offset=0)


def constant(value: object, line: int) -> ast.expr:
    return ast.Constant(value=value, lineno=line, col_offset=0)  # type: ignore[arg-type]


def range_in(tree: ast.expr) -> list[ast.expr] | None:
    """The four parts of a range that is written out."""
    return tree.args if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == " range" else None


class Grammar(Reading):
    """Expressions. What may stand behind `in` is said by the grammar of tests (feel.py)."""

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
        tree = self.disjunction()
        self.depth -= 1
        return tree

    def disjunction(self) -> ast.expr:
        line, parts = self.next.line, [self.conjunction()]
        while self.at("or"):
            self.take()
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else call(" or", line, *parts)

    def conjunction(self) -> ast.expr:
        line, parts = self.next.line, [self.comparison()]
        while self.at("and"):
            self.take()
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else call(" and", line, *parts)

    def comparison(self) -> ast.expr:
        left = self.sum()
        if self.at(*COMPARISONS):
            sign = self.take()
            return call(f" {sign.text}", sign.line, left, self.sum())
        if self.at("between"):
            line = self.take().line
            low = self.sum()
            self.expect("and")
            return call(" ..", line, left, low, self.sum(), constant(True, line), constant(True, line))
        if self.at("in"):
            self.take()
            return self.membership(left)
        return left

    def membership(self, value: ast.expr) -> ast.expr:
        raise NotImplementedError  # the grammar of tests has it

    def sum(self) -> ast.expr:
        left = self.product()
        while self.at("+", "-"):
            sign = self.take()
            left = call(f" {sign.text}", sign.line, left, self.product())
        return left

    def product(self) -> ast.expr:
        left = self.power()
        while self.at("*", "/"):
            sign = self.take()
            left = call(f" {sign.text}", sign.line, left, self.power())
        return left

    def power(self) -> ast.expr:
        left = self.negation()
        while self.at("**"):
            line = self.take().line
            left = call(" **", line, left, self.negation())
        return left

    def negation(self) -> ast.expr:
        if not self.at("-"):
            return self.instance()
        line = self.take().line
        if self.at("-"):
            raise self.unexpected("a value after '-'")
        return call(" neg", line, self.instance())

    def instance(self) -> ast.expr:
        tree = self.path()
        if self.at("instance"):
            line = self.take().line
            self.expect("of")
            tree = InstanceOf(tree, self.type(), line)
        return tree

    def type(self) -> tuple[str, Any]:
        """A type with the type of what is in it: `list<number>` is ("list", ("number", None))."""
        words = next((words for words in _TYPE_WORDS if self.at_words(*words)), None)
        if words is None:
            raise ExpressionError(f"Expected a type of FEEL, but found {self.next.text[:40]!r}", self.next.line)
        self.position += len(words)
        name, inside = _TYPE_NAMES[" ".join(words)], None
        if self.at("<"):
            if name not in _GENERIC:
                raise self.unexpected("list or range before '<'")
            self.take()
            self.depth += 1
            inside = self.type() if self.depth <= MAX_DEPTH else None
            self.depth -= 1
            self.expect(">")
        return name, inside

    def path(self) -> ast.expr:
        tree = self.primary()
        while self.at(".", "[", "(") and not self._closes_range():
            if self.at("(") and not isinstance(tree, ast.Call | FunctionLiteral):
                break
            sign = self.take()
            if sign.text == ".":
                tree = call(" .", sign.line, tree, constant(self.part(), sign.line))
            elif sign.text == "(":
                tree = Invocation(tree, self.arguments(), sign.line)
            else:
                tree = self.filter(tree, sign.line)
        return tree

    def part(self) -> str:
        if self.next.kind != "name":
            raise self.unexpected("a name after '.'")
        for words in (*_PART_WORDS, *self.known_words()):
            if self.at_words(*words):
                self.position += len(words)
                return self.known.get(words) or " ".join(words)
        return self.take().text

    def _closes_range(self) -> bool:
        """Whether this `[` is the open end of a range, as in [1..5[."""
        following = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
        return self.next.text == "[" and (following.kind == "end" or following.text in (",", ")", "and", "or", "then", "else"))

    def filter(self, source: ast.expr, line: int) -> ast.expr:
        condition = self.expression()
        self.expect("]")
        index = condition.args[0] if _is_call(condition, " neg") else condition  # type: ignore[attr-defined]
        if isinstance(index, ast.Constant) and type(index.value) is int:
            return call(" []", line, source, constant(index.value if index is condition else -index.value, line))
        return Filter(source, condition, line)

    def primary(self) -> ast.expr:
        token = self.next
        if token.kind == "number":
            self.take()
            return constant(int(token.text) if token.text.isdigit() else Decimal(token.text), token.line)
        if token.kind == "text":
            return constant(unquoted(self.take()), token.line)
        if token.kind == "name":
            return self.compound(token) if token.text in _COMPOUND else self.named()
        if self.at("?"):
            self.take()
            self.uses_input = True
            return ast.Name(id=INPUT, ctx=ast.Load(), lineno=token.line, col_offset=0)
        if self.at("@"):
            self.take()
            return self.moment()
        if self.at("{"):
            return self.context()
        if self.at("(", "[", "]"):
            return self.bracketed()
        raise self.unexpected("a value")

    def compound(self, token: Token) -> ast.expr:
        self.take()
        return _COMPOUND[token.text](self, token)

    def choice(self, token: Token) -> ast.expr:
        condition = self.expression()
        self.expect("then")
        chosen = self.expression()
        self.expect("else")
        return ast.IfExp(test=call(" true", token.line, condition), body=chosen, orelse=self.expression(), lineno=token.line, col_offset=0)

    def loop(self, token: Token) -> ast.expr:
        """`for x in xs, y in 1..3 return …`; `some x in xs satisfies …`."""
        bindings = [self.binding()]
        while self.at(","):
            self.take()
            bindings.append(self.binding())
        self.expect("return" if token.text == "for" else "satisfies")
        return Loop(token.text, bindings, self.expression(), token.line)

    def binding(self) -> tuple[str, ast.expr]:
        name = self.new_name("in")
        self.expect("in")
        source = self.expression()
        if self.at(".."):
            line = self.take().line
            source = call(" range", line, source, self.expression(), constant(True, line), constant(True, line))
        return name, source

    def function(self, token: Token) -> ast.expr:
        self.expect("(")
        parameters: list[str] = []
        while not self.at(")"):
            if parameters:
                self.expect(",")
            parameters.append(self.new_name(":", ",", ")"))
            if self.at(":"):
                self.take()
                self.type()
        self.take()
        if self.at("external"):
            raise ExpressionError("Expected a function in FEEL, but it is external", token.line)
        return FunctionLiteral(parameters, self.expression(), token.line)

    def named(self) -> ast.expr:
        token = self.next
        for words in self.known_words():
            if self.at_words(*words):
                self.position += len(words)
                tree = ast.Name(id=self.known[words], ctx=ast.Load(), lineno=token.line, col_offset=0)
                return self.called(tree, token.line) if self.at("(") else tree
        for words in _FUNCTION_WORDS.get(token.text, ()):
            if self.at_words(*words, "("):
                self.position += len(words)
                return self.called(" ".join(words), token.line)
        if token.text in KEYWORDS:
            raise self.unexpected("a value")
        self.take()
        if token.text in _CONSTANTS:
            return constant(_CONSTANTS[token.text], token.line)
        name = ast.Name(id=token.text, ctx=ast.Load(), lineno=token.line, col_offset=0)
        if self.at("("):
            if token.text in self.defined:
                return self.called(name, token.line)
            raise ExpressionError(f"Expected a function of FEEL or one that the file declares, but found {token.text!r}", token.line)
        if self.next.kind == "name" and self.next.text not in KEYWORDS:
            raise self.unexpected("an operator")
        return name

    def called(self, function: str | ast.expr, line: int) -> ast.expr:
        self.take()
        return Invocation(function, self.arguments(), line)

    def arguments(self) -> list[tuple[str | None, ast.expr]]:
        found: list[tuple[str | None, ast.expr]] = []
        while not self.at(")"):
            if found:
                self.expect(",")
            found.append((self.argument_name(), self.expression()))
        self.take()
        return found

    def argument_name(self) -> str | None:
        """`start position` of `substring(string: s, start position: 2)`."""
        end = self.position
        while self.tokens[end].kind == "name":
            end += 1
        if end == self.position or self.tokens[end].text != ":" or self.tokens[end].kind != "sign":
            return None
        words = [token.text for token in self.tokens[self.position : end]]
        self.position = end + 1
        return " ".join(words)

    def moment(self) -> ast.expr:
        """`@"2026-03-02"`: a date, a time, a moment or a duration, by its shape."""
        token = self.take()
        if token.kind != "text":
            raise ExpressionError("Expected a text after '@', but found something else", token.line)
        text = unquoted(token)
        name = "duration" if text.lstrip("-")[:1] == "P" else "date and time" if "T" in text else "time" if ":" in text else "date"
        _check_literal(name, text, token.line)
        return Invocation(name, [(None, constant(text, token.line))], token.line)

    def context(self) -> ast.expr:
        line, entries = self.take().line, list[tuple[str, ast.expr]]()
        while not self.at("}"):
            if entries:
                self.expect(",")
            key = unquoted(self.take()) if self.next.kind == "text" else self.new_name(":")
            if key in dict(entries):
                raise ExpressionError(f"Expected every key once, but {key[:60]!r} is there twice", self.next.line)
            self.expect(":")
            entries.append((key, self.expression()))
        self.take()
        return ContextLiteral(entries, line)

    def bracketed(self) -> ast.expr:
        """A list, a range or an expression in brackets."""
        opening = self.take()
        if opening.text == "[" and self.at("]"):
            self.take()
            return ast.List(elts=[], ctx=ast.Load(), lineno=opening.line, col_offset=0)
        first = self.expression()
        if self.at(".."):
            return self.range(first, opening)
        if opening.text == "(":
            self.expect(")")
            return first
        if opening.text == "]":
            raise self.unexpected("'..' in the range")
        items = [first]
        while not self.at("]"):
            self.expect(",")
            items.append(self.expression())
        self.take()
        return ast.List(elts=items, ctx=ast.Load(), lineno=opening.line, col_offset=0)

    def range(self, low: ast.expr, opening: Token) -> ast.expr:
        self.take()
        high = self.expression()
        if not self.at("]", ")", "["):
            raise self.unexpected("']' or ')' at the end of the range")
        closed = (opening.text == "[", self.take().text == "]")
        return call(" range", opening.line, low, high, *(constant(each, opening.line) for each in closed))


_LITERALS: Mapping[str, Callable[[str], Any]] = {"date": as_date, "time": as_time, "duration": as_duration}
_COMPOUND: Mapping[str, Callable[[Grammar, Token], ast.expr]] = {
    "if": Grammar.choice,
    "for": Grammar.loop,
    "some": Grammar.loop,
    "every": Grammar.loop,
    "function": Grammar.function,
}


def _is_call(tree: ast.expr, name: str) -> bool:
    return isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == name


def _check_literal(name: str, text: str, line: int) -> None:
    try:
        if name == "date and time":
            as_date(text.partition("T")[0])
            as_time(text.partition("T")[2])
        else:
            _LITERALS[name](text)
    except (ValueError, EvaluationFailed) as error:
        raise ExpressionError(f"Expected a date, time or duration after '@', but found {text[:40]!r}: {error}", line) from None
