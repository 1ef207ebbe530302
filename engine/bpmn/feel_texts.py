"""FEEL's functions on texts and numbers."""

import math
import re
from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from engine.bpmn import patterns
from engine.bpmn.expressions_budget import EvaluationFailed, check_items, checked_weight, kind_of
from engine.bpmn.expressions_values import text_of
from engine.bpmn.feel_values import EXACT, exact, family, items_of

if TYPE_CHECKING:
    import regex

MAX_PATTERN = 500
PATTERN_SECONDS = 0.5
MAX_DIGITS = 20
_GROUP = re.compile(r"\\([$\\])|\$(\d)")


def null_safe(*families: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Null when an argument is null; a failure when one is of another family than the function takes."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            if any(argument is None for argument in arguments):
                return None
            for argument, wanted in zip(arguments, families, strict=False):
                if wanted != "any" and family(argument) != wanted:
                    raise EvaluationFailed(f"Expected {wanted}, but found {kind_of(argument)}")
            return function(*map(exact, arguments))

        return called

    return decorate


def substring(text: str, start: Any, size: Any = None) -> str | None:
    if start == 0:
        return None
    first = int(start) - 1 if start > 0 else max(len(text) + int(start), 0)
    return text[first : None if size is None else first + max(int(size), 0)]


def substring_before(text: str, part: str) -> str:
    return text.partition(part)[0] if part and part in text else ""


def substring_after(text: str, part: str) -> str:
    return text.partition(part)[2] if part else text


def _pattern(pattern: str, flags: str = "") -> "regex.Pattern[str]":
    if len(pattern) > MAX_PATTERN:
        raise EvaluationFailed(f"Expected a pattern of at most {MAX_PATTERN} characters, but it is longer")
    if unknown := set(flags) - set(patterns.FLAGS):
        raise EvaluationFailed(f"Expected the flags s, m, i and x, but found {''.join(sorted(unknown))[:20]!r}")
    try:
        return patterns.compiled(pattern, flags)
    except ValueError as error:
        raise EvaluationFailed(f"Expected a pattern, but {pattern[:60]!r} is none: {error}") from None


def _found(pattern: "regex.Pattern[str]", text: str) -> Iterator["regex.Match[str]"]:
    try:
        yield from pattern.finditer(text, timeout=PATTERN_SECONDS)
    except TimeoutError:
        raise EvaluationFailed("Expected a pattern that is matched quickly, but it takes too long") from None


def _consuming(pattern: str, flags: str = "") -> "regex.Pattern[str]":
    """One that never matches nothing: else it would be found between any two letters, which the standard's `fn:replace` refuses too."""
    found = _pattern(pattern, flags)
    if next(_found(found, ""), None) is not None:
        raise EvaluationFailed(f"Expected a pattern that matches at least one letter, but {pattern[:60]!r} also matches none")
    return found


def matches(text: str, pattern: str, flags: str = "") -> bool:
    return next(_found(_pattern(pattern, flags), text), None) is not None


def replaced(text: str, pattern: str, replacement: str, flags: str = "") -> str:
    """`$1` in the replacement is the first group of the match."""
    parts: list[str] = []
    weight, last = 0, 0
    for match in _found(_consuming(pattern, flags), text):
        put = _expanded(replacement, match)
        parts += [text[last : match.start()], put]
        weight, last = checked_weight(weight + len(put) + match.start() - last), match.end()
    return "".join([*parts, text[last:]])


def _expanded(replacement: str, match: "regex.Match[str]") -> str:
    pieces: list[str] = []
    weight, last = 0, 0
    for found in _GROUP.finditer(replacement):
        put = found[1] or ((match[int(found[2])] or "") if int(found[2]) <= match.re.groups else "")
        pieces += [replacement[last : found.start()], put]
        weight, last = checked_weight(weight + len(put)), found.end()
    return "".join([*pieces, replacement[last:]])


def split(text: str, delimiter: str) -> list[str]:
    """The parts between what the pattern matches."""
    parts: list[str] = []
    last = 0
    for match in _found(_consuming(delimiter), text):
        check_items(len(parts) + 1)
        parts.append(text[last : match.start()])
        last = match.end()
    return [*parts, text[last:]]


def joined(items: Any, delimiter: Any = "", prefix: Any = "", suffix: Any = "") -> str | None:
    if items is None:
        return None
    texts = [item for item in items_of(items) if item is not None]
    for text in (*texts, delimiter or "", prefix or "", suffix or ""):
        if not isinstance(text, str):
            raise EvaluationFailed(f"Expected texts to join, but found {kind_of(text)}")
    checked_weight(sum(map(len, texts)) + len(delimiter or "") * len(texts))
    return (prefix or "") + (delimiter or "").join(texts) + (suffix or "")


def number(value: Any, grouping: Any = None, point: Any = None) -> Any:
    """The number that a text means; null when it means none."""
    value = exact(value)
    if isinstance(value, str):
        if grouping in (" ", ",", "."):
            value = value.replace(grouping, "")
        if point in (",", "."):
            value = value.replace(point, ".")
    try:
        found = Decimal(value) if isinstance(value, str | int | Decimal) and len(str(value)) <= 100 else None
    except ArithmeticError:
        return None
    return found if found is not None and found.is_finite() else None


def rounded(rounding: str) -> Callable[..., Any]:
    def scaled(value: Any, scale: Any = 0) -> Any:
        if abs(scale) > MAX_DIGITS or scale != int(scale):
            raise EvaluationFailed(f"Expected a whole number of at most {MAX_DIGITS} digits, but found {scale}")
        return Decimal(value).quantize(Decimal(1).scaleb(-int(scale)), rounding=rounding)

    return scaled


def _whole(rounding: str) -> Callable[..., Any]:
    scaled = rounded(rounding)
    return lambda value, scale=0: scaled(value, scale) if scale else int(Decimal(value).to_integral_value(rounding))


def modulo(value: Any, by: Any) -> Any:
    return None if by == 0 else value - by * math.floor(Decimal(value) / Decimal(by))


def root(value: Any) -> Any:
    return None if value < 0 else EXACT.sqrt(Decimal(value))


def logarithm(value: Any) -> Any:
    return None if value <= 0 else EXACT.ln(Decimal(value))


def exponential(value: Any) -> Any:
    if abs(value) > 2_000:
        raise EvaluationFailed("Expected an exponent of at most 2,000, but it is larger")
    return EXACT.exp(Decimal(value))


_TEXT, _TWO, _NUMBER = null_safe("text"), null_safe("text", "text"), null_safe("number", "number")
Functions = dict[tuple[str, str], Callable[..., Any]]

#: By name and parameters, as the standard calls them. `?` may be left out, `*` may be repeated, `|` parts other ways to call.
TEXTS: Functions = {
    ("contains", "string, match"): _TWO(lambda text, part: part in text),
    ("starts with", "string, match"): _TWO(lambda text, part: text.startswith(part)),
    ("ends with", "string, match"): _TWO(lambda text, part: text.endswith(part)),
    ("upper case", "string"): _TEXT(lambda text: text.upper()),
    ("lower case", "string"): _TEXT(lambda text: text.lower()),
    ("string length", "string"): _TEXT(len),
    ("substring", "string, start position, length?"): null_safe("text", "number", "number")(substring),
    ("substring before", "string, match"): _TWO(substring_before),
    ("substring after", "string, match"): _TWO(substring_after),
    ("matches", "input, pattern, flags?"): null_safe("text", "text", "text")(matches),
    ("replace", "input, pattern, replacement, flags?"): null_safe("text", "text", "text", "text")(replaced),
    ("split", "string, delimiter"): _TWO(split),
    ("string join", "list, delimiter?, prefix?, suffix?"): joined,
    ("trim", "string"): _TEXT(lambda text: text.strip()),
    ("string", "from"): null_safe("any")(text_of),
    ("number", "from, grouping separator?, decimal separator?"): number,
}  # fmt: skip
NUMBERS: Functions = {
    ("decimal", "n, scale"): _NUMBER(rounded(ROUND_HALF_EVEN)),
    ("floor", "n, scale?"): _NUMBER(_whole(ROUND_FLOOR)),
    ("ceiling", "n, scale?"): _NUMBER(_whole(ROUND_CEILING)),
    ("round up", "n, scale?"): _NUMBER(rounded(ROUND_UP)),
    ("round down", "n, scale?"): _NUMBER(rounded(ROUND_DOWN)),
    ("round half up", "n, scale?"): _NUMBER(rounded(ROUND_HALF_UP)),
    ("round half down", "n, scale?"): _NUMBER(rounded(ROUND_HALF_DOWN)),
    ("round half even", "n, scale?"): _NUMBER(rounded(ROUND_HALF_EVEN)),
    ("abs", "n"): null_safe("any")(abs),
    ("modulo", "dividend, divisor"): _NUMBER(modulo),
    ("sqrt", "number"): _NUMBER(root),
    ("log", "number"): _NUMBER(logarithm),
    ("exp", "number"): _NUMBER(exponential),
    ("odd", "number"): _NUMBER(lambda value: value % 2 == 1 or value % 2 == -1),
    ("even", "number"): _NUMBER(lambda value: value % 2 == 0),
}  # fmt: skip
