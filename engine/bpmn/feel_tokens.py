"""The words and signs of FEEL."""

import re
from typing import NamedTuple

from engine.bpmn.expressions_budget import ExpressionError
from engine.bpmn.expressions_syntax import MAX_EXPRESSION

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)|(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?(?!\w))|(?P<text>"(?:\\.|[^"\\])*")
    |(?P<name>[^\W\d]\w*)|(?P<sign>\.\.|\*\*|!=|<=|>=|[-+*/=<>()\[\]{},.:?@])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "/": "/", "'": "'"}


class Token(NamedTuple):
    kind: str  # number, text, name, sign or end
    text: str
    line: int


def tokens_of(text: str) -> list[Token]:
    if len(text) > MAX_EXPRESSION:
        raise ExpressionError(f"Expected at most {MAX_EXPRESSION:,} characters, but there are {len(text):,}")
    tokens, position, line = [], 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"Expected a FEEL expression, but found {text[position : position + 20]!r}", line)
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match.group(), line))
        position, line = match.end(), line + match.group().count("\n")
    return [*tokens, Token("end", "", line)]


def unquoted(token: Token) -> str:
    def plain(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 1:
            if (code := int(escape[1:], 16)) > 0x10FFFF:
                raise ExpressionError(f"Expected a character, but there is none with the number {escape[1:]}", token.line)
            return chr(code)
        if escape not in _ESCAPES:
            raise ExpressionError(f"Expected n, t, \\ or a quotation mark after a backslash, but found {escape!r}", token.line)
        return _ESCAPES[escape]

    return _ESCAPE.sub(plain, token.text[1:-1])
