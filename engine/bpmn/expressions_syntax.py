"""From text to Python's syntax tree: bounded, and with the operators of Camunda 7 read by grammar.

The text is cut into tokens. Operators that Python does not know (`&&`, `||`, `!`, `empty`, `eq` …, `null`, `c ? a : b`) are turned
into Python's while the tokens are read from left to right; nothing inside a text literal is ever touched. Lines stay where they are.
"""

import ast
import re
from typing import NamedTuple

from engine.bpmn.expressions_budget import ExpressionError

MAX_EXPRESSION = 10_000  # characters
MAX_SCRIPT = 100_000
MAX_TOKENS = 20_000
MAX_BRACKETS = 40  # deep
MAX_PREFIXES = 40  # not not not …

_TOKEN = re.compile(
    r"""(?P<space>[ \t\f\r]+|\\\r?\n)|(?P<newline>\n)|(?P<comment>\#[^\n]*)
    |(?P<string>[rRbBuUfF]{0,2}(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<number>(?:0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)(?!\w))
    |(?P<name>[^\W\d]\w*)
    |(?P<operator>&&|\|\||!=|==|<=|>=|\*\*|//|->|:=|[-+*/%]=|[-+*/%<>=!?:,.()\[\]{};|&^~@])""",
    re.VERBOSE | re.DOTALL,
)
_ODD_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\[^\\'\"abfnrtvxuUN\n]")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_WORD_OPERATORS = {"eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<=", "div": "/", "mod": "%"}
_CONSTANTS = {"null": "None", "true": "True", "false": "False"}
_SIGNS = {"&&": " and ", "||": " or "}
_KEYWORDS = frozenset(("and", "or", "not", "if", "elif", "else", "for", "in", "is", "pass", "break", "continue", "lambda"))
_FOREIGN = frozenset({*_SIGNS, *_CONSTANTS, *_WORD_OPERATORS, "!", "?", "empty"})


class Token(NamedTuple):
    kind: str
    text: str
    line: int


def tokens_of(text: str, limit: int) -> list[Token]:
    """The tokens of a text, spaces and comments included; raises ExpressionError for what no token begins with."""
    if len(text) > limit:
        raise ExpressionError(f"Expected at most {limit:,} characters, but there are {len(text):,}")
    tokens, position, line, closers = [], 0, 1, ""
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"Expected an expression, but found {text[position : position + 20]!r}", line)
        token = Token(str(match.lastgroup), match.group(), line)
        closers = _check(token, closers)
        tokens.append(token)
        position, line = match.end(), line + token.text.count("\n")
        if len(tokens) > MAX_TOKENS:
            raise ExpressionError(f"Expected at most {MAX_TOKENS:,} words and signs, but there are more", line)
    if closers:
        raise ExpressionError(f"Expected {closers[-1]!r}, but the text ends", line)
    return tokens


def _check(token: Token, closers: str) -> str:
    """The brackets that are open after this token."""
    if token.text in _CLOSING:
        if len(closers) >= MAX_BRACKETS:
            raise ExpressionError(f"Expected at most {MAX_BRACKETS} brackets within each other, but there are more", token.line)
        return closers + _CLOSING[token.text]
    if token.text in (")", "]", "}"):
        if not closers.endswith(token.text):
            raise ExpressionError(f"Expected {closers[-1:] or 'no bracket'!r}, but found {token.text!r}", token.line)
        return closers[:-1]
    if token.kind == "string" and _ODD_ESCAPE.search(token.text):
        raise ExpressionError("Expected n, t, \\ or a quotation mark after a backslash, but found something else", token.line)
    return closers


def parse_expression(text: str) -> ast.expr:
    """The syntax tree of one expression, written with or without `${ }`."""
    tokens = tokens_of(unwrapped(text), MAX_EXPRESSION)
    source = translated(tokens, depth=1)
    if not source.strip():
        raise ExpressionError("Expected an expression, but found nothing", 1)
    tree = _parsed(f"({source}\n)", "eval")
    if not isinstance(tree, ast.Expression):
        raise TypeError("ast.parse gives an Expression in this mode")
    return tree.body


def parse_script(text: str) -> list[ast.stmt]:
    tree = _parsed(translated(tokens_of(text, MAX_SCRIPT), depth=0), "exec")
    if not isinstance(tree, ast.Module):
        raise TypeError("ast.parse gives a Module in this mode")
    return tree.body


def _parsed(source: str, mode: str) -> ast.AST:
    try:
        return ast.parse(source, mode=mode)
    except SyntaxError as error:
        raise ExpressionError(f"Expected an expression, but it does not parse: {error.msg}", error.lineno) from None
    except (MemoryError, RecursionError, ValueError):
        raise ExpressionError("Expected an expression of bearable size, but it is nested too deeply") from None


def unwrapped(text: str) -> str:
    """Without the `${ }` or `#{ }` around the whole; lines keep their numbers."""
    stripped = text.strip()
    before = "\n" * text[: len(text) - len(text.lstrip())].count("\n")
    return before + (stripped[2:-1] if stripped[:2] in ("${", "#{") and stripped.endswith("}") else stripped)


def closing_brace(text: str, start: int) -> int:
    """Where the `}` is that ends an expression beginning at `start`; braces in text literals do not count."""
    depth, position = 0, start
    while position < len(text):
        match = _TOKEN.match(text, position)
        sign = match.group() if match else text[position]
        if sign == "{":
            depth += 1
        elif sign == "}":
            if depth == 0:
                return position
            depth -= 1
        position = match.end() if match else position + 1
    raise ExpressionError("Expected '}' after '${', but the text ends", text.count("\n", 0, start) + 1)


def translated(tokens: list[Token], depth: int) -> str:
    """Python source that means the same; the text as it was when nothing in it is foreign to Python.

    At depth 0 a line end ends a statement.
    """
    if not any(token.kind in ("name", "operator") and token.text in _FOREIGN for token in tokens):
        return "".join(token.text for token in tokens)
    return _Translation(tokens).statements(depth)


class _Translation:
    """Reads the tokens once, from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.prefixes = 0

    def statements(self, depth: int) -> str:
        parts = []
        while self.position < len(self.tokens):
            parts.append(self.choice(depth))
            if self.position < len(self.tokens):
                parts.append(self.take().text)
        return "".join(parts)

    def peek(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self) -> Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def choice(self, depth: int) -> str:
        """Everything up to a comma, colon, bracket, keyword or (outside brackets) line end; `c ? a : b` becomes Python's."""
        lead, parts = self.trivia(depth), list[str]()
        while (token := self.peek()) is not None and not self._ends(token, depth):
            if token.text == "?" and token.kind == "operator":
                parts = [self._chosen("".join(parts), depth, token.line)]
            else:
                parts.append(self.piece(depth))
        return lead + "".join(parts)

    def _chosen(self, condition: str, depth: int, line: int) -> str:
        self.take()
        self._deeper(line)
        chosen = self.choice(depth)
        colon = self.peek()
        if colon is None or colon.text != ":":
            raise ExpressionError("Expected ':' after '?', but there is none", line)
        self.take()
        otherwise = self.choice(depth)
        self.prefixes -= 1
        if not (condition.strip() and chosen.strip() and otherwise.strip()):
            raise ExpressionError("Expected a condition before '?' and a value before and after ':', but one of them is missing", line)
        return f"(({chosen}) if ({condition}) else ({otherwise}))"

    @staticmethod
    def _ends(token: Token, depth: int) -> bool:
        if token.kind == "operator":
            return token.text in (",", ":", ";", "=", "+=", "-=", "*=", "/=", ")", "]", "}")
        return (token.kind == "newline" and depth == 0) or (token.kind == "name" and token.text in ("if", "elif", "else", "for", "lambda"))

    def piece(self, depth: int) -> str:
        """One token, one bracket with what is in it, or one prefix operator with its operand."""
        token = self.take()
        previous, is_name = self._before(depth), token.kind == "name"
        if token.kind == "comment":
            return ""
        if token.text in _CLOSING and token.kind == "operator":
            return token.text + self.inside(_CLOSING[token.text], depth)
        if token.text in _SIGNS:
            return _SIGNS[token.text]
        if token.text == "!":
            return f"(not {self.operand(token, depth)})"
        if not is_name or previous == ".":
            return token.text
        if token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        if token.text in _WORD_OPERATORS and self._operand_ends_with(previous):
            return f" {_WORD_OPERATORS[token.text]} "
        if token.text == "empty" and self._operand_begins():
            return f"empty({self.operand(token, depth)})"
        return token.text

    def inside(self, closer: str, depth: int) -> str:
        parts = []
        while True:
            parts.append(self.choice(depth + 1))
            token = self.take()  # brackets are balanced: there is one
            parts.append(token.text)
            if token.text == closer and token.kind == "operator":
                return "".join(parts)

    def operand(self, sign: Token, depth: int) -> str:
        """What `!` or `empty` applies to: a name, literal or bracket with its keys, indexes and arguments."""
        self._deeper(sign.line)
        lead, token = self.trivia(depth), self.peek()
        if token is None or self._ends(token, depth):
            raise ExpressionError(f"Expected something after {sign.text!r}, but there is nothing", sign.line)
        parts = [lead, self.piece(depth)]
        if token.text in ("not", "-", "+"):
            parts.append(self.operand(token, depth))
        while (token := self.peek()) is not None and token.kind == "operator" and token.text in (".", "(", "["):
            parts.append(self.piece(depth))
            if token.text == ".":
                parts.append(self.trivia(depth) + (self.piece(depth) if self.peek() else ""))
        self.prefixes -= 1
        return "".join(parts)

    def trivia(self, depth: int) -> str:
        parts = []
        while (token := self.peek()) is not None and _is_trivial(token, depth):
            self.take()
            parts.append("" if token.kind == "comment" else token.text)
        return "".join(parts)

    def _deeper(self, line: int) -> None:
        self.prefixes += 1
        if self.prefixes > MAX_PREFIXES:
            raise ExpressionError(f"Expected at most {MAX_PREFIXES} operators within each other, but there are more", line)

    def _before(self, depth: int) -> str:
        """The token before the one just taken, spaces apart; empty at the beginning."""
        position = self.position - 2
        while position >= 0 and _is_trivial(self.tokens[position], depth):
            position -= 1
        return self.tokens[position].text if position >= 0 else ""

    @staticmethod
    def _operand_ends_with(text: str) -> bool:
        return bool(text) and text not in _KEYWORDS and (text[-1] in ")]}'\"" or text[-1].isalnum() or text[-1] == "_")

    def _operand_begins(self) -> bool:
        following = next((token for token in self.tokens[self.position :] if not _is_trivial(token, 1)), None)
        if following is None:
            return False
        return (
            following.kind in ("string", "number")
            or following.text in ("[", "{")
            or (following.kind == "name" and following.text not in (_KEYWORDS | set(_WORD_OPERATORS)) - {"not"})
        )


def _is_trivial(token: Token, depth: int) -> bool:
    return token.kind in ("space", "comment") or (token.kind == "newline" and depth > 0)
