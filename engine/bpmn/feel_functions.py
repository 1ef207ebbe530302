"""What FEEL's operators and functions mean: three-valued logic, decimal numbers, null for what does not fit together.

The names with a space before the operator cannot be written in any text, so only the parser can call them.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from engine.bpmn import expressions_operators as operators
from engine.bpmn.expressions_budget import EvaluationFailed, kind_of
from engine.bpmn.expressions_functions import distinct
from engine.bpmn.expressions_values import parse_duration, text_of

_PARTS = {"year", "month", "day", "hour", "minute", "second"}
_SECONDS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_MODULO = {"hours": 24, "minutes": 60, "seconds": 60}


def family(value: Any) -> str:
    """Values of one family can be compared with each other."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "number"
    if isinstance(value, datetime):
        return "date and time"
    return kind_of(value)


def exact(value: Any) -> Any:
    """Numbers as decimals where they are not whole: in FEEL 0.1 + 0.2 is 0.3."""
    return Decimal(repr(value)) if type(value) is float else value


def equal(left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return left is right
    if family(left) != family(right):
        return None
    if isinstance(left, list):
        return len(left) == len(right) and all(equal(one, other) is True for one, other in zip(left, right, strict=True))
    if isinstance(left, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) is True for key in left)
    return bool(exact(left) == exact(right))


def unequal(left: Any, right: Any) -> bool | None:
    return negation(equal(left, right))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    def ordered(left: Any, right: Any) -> bool | None:
        if left is None or family(left) != family(right) or isinstance(left, bool | list | Mapping):
            return None
        return compare(exact(left), exact(right))

    return ordered


less, less_or_equal = _ordered(operators.less), _ordered(operators.less_or_equal)
greater, greater_or_equal = _ordered(operators.greater), _ordered(operators.greater_or_equal)


def within(value: Any, low: Any, high: Any, low_closed: bool, high_closed: bool) -> bool | None:
    """Whether the value lies in the range [low..high], whose ends belong to it when closed."""
    above = greater_or_equal(value, low) if low_closed else greater(value, low)
    below = less_or_equal(value, high) if high_closed else less(value, high)
    return conjunction(above, below)


def conjunction(*values: Any) -> bool | None:
    if any(value is False for value in values):
        return False
    return True if all(value is True for value in values) else None


def disjunction(*values: Any) -> bool | None:
    if any(value is True for value in values):
        return True
    return False if all(value is False for value in values) else None


def negation(value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


def is_true(value: Any) -> bool:
    return value is True


def fits(value: Any, tested: Any, about_value: bool) -> bool | None:
    """A plain expression as a test: equal to it, one of it when it is a list, or, when it is a condition, its truth."""
    if isinstance(tested, bool) and (about_value or not isinstance(value, bool)):
        return tested
    if isinstance(tested, list) and not isinstance(value, list):
        return disjunction(False, *(equal(value, item) for item in tested))
    return equal(value, tested)


def _arithmetic(compute: Callable[[Any, Any], Any], *allowed: str) -> Callable[[Any, Any], Any]:
    pairs = {tuple(pair.split(", ")) for pair in allowed}

    def computed(left: Any, right: Any) -> Any:
        if (family(left), family(right)) not in pairs:
            return None
        return compute(exact(left), exact(right))

    return computed


def _divided(left: Any, right: Any) -> Any:
    if not isinstance(right, timedelta) and right == 0:
        return None
    if isinstance(left, timedelta):
        return left / (right if isinstance(right, timedelta) else float(right))
    return Decimal(left) / Decimal(right)


def _multiplied(left: Any, right: Any) -> Any:
    if isinstance(left, timedelta) or isinstance(right, timedelta):
        return left * float(right) if isinstance(left, timedelta) else float(left) * right
    return operators.multiply(left, right)


def _raised(left: Any, right: Any) -> Any:
    return operators.power(left, right) if isinstance(right, int) and right >= 0 else operators.power(Decimal(left), Decimal(right))


def negative(value: Any) -> Any:
    return -exact(value) if family(value) in ("number", "a duration") else None


def part_of(container: Any, key: str) -> Any:
    """`a.b`: the value of a key, a part of a date or duration, or of each item of a list; null where there is none."""
    if isinstance(container, Mapping):
        return container.get(key)
    if isinstance(container, list):
        return [part_of(item, key) for item in container]
    if isinstance(container, date):
        if key == "weekday":
            return container.isoweekday()
        return getattr(container, key, None) if key in _PARTS else None
    if isinstance(container, timedelta) and key in _SECONDS:
        count = int(container.total_seconds()) // _SECONDS[key]
        return count % _MODULO[key] if key in _MODULO else count
    return None


def item_of(items: Any, index: int) -> Any:
    """FEEL counts from 1, or from the end with -1; what is not a list is a list of one."""
    several = items if isinstance(items, list) else [items]
    position = index - 1 if index > 0 else index
    return several[position] if index and -len(several) <= position < len(several) else None


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


def _items(arguments: tuple[Any, ...]) -> list[Any]:
    """Functions on lists take one list or the items themselves."""
    if len(arguments) == 1 and isinstance(arguments[0], list):
        return [exact(item) for item in arguments[0]]
    return [exact(argument) for argument in arguments]


def _numbers(arguments: tuple[Any, ...]) -> list[Any]:
    items = _items(arguments)
    for item in items:
        if family(item) != "number":
            raise EvaluationFailed(f"Expected numbers, but found {kind_of(item)}")
    return items


def total(*arguments: Any) -> Any:
    return sum(_numbers(arguments)) if _items(arguments) else None


def mean(*arguments: Any) -> Any:
    numbers = _numbers(arguments)
    return Decimal(sum(numbers)) / len(numbers) if numbers else None


def smallest(*arguments: Any) -> Any:
    return min(_items(arguments), default=None)


def largest(*arguments: Any) -> Any:
    return max(_items(arguments), default=None)


def count(items: Any) -> int:
    return len(items) if isinstance(items, list) else 1


def list_contains(items: Any, item: Any) -> bool | None:
    return disjunction(False, *(equal(one, item) is True for one in items)) if isinstance(items, list) else None


def substring(text: str, start: Any, size: Any = None) -> str:
    first = int(start) - 1 if start > 0 else max(len(text) + int(start), 0)
    return text[first : None if size is None else first + max(int(size), 0)]


def rounded(rounding: str) -> Callable[[Any, Any], Any]:
    def scaled(value: Any, scale: Any = 0) -> Any:
        if abs(scale) > 20:
            raise EvaluationFailed("Expected at most 20 digits, but there are more")
        return Decimal(value).quantize(Decimal(1).scaleb(-int(scale)), rounding=rounding)

    return scaled


def number(value: Any) -> Any:
    try:
        return Decimal(value) if len(str(value)) <= 100 else None
    except ArithmeticError:
        return None


def as_date(value: Any, month: Any = None, day: Any = None) -> date:
    if month is not None:
        return date(int(value), int(month), int(day))
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    return date.fromisoformat(value)


def as_duration(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else parse_duration(value)


_NUMBERS = "number, number"
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    " =": equal, " !=": unequal, " <": less, " <=": less_or_equal, " >": greater, " >=": greater_or_equal, " ..": within,
    " and": conjunction, " or": disjunction, " true": is_true, " fits": fits, " .": part_of, " []": item_of, " neg": negative,
    " +": _arithmetic(operators.add, _NUMBERS, "text, text", "a date, a duration", "a duration, a date", "a duration, a duration",
                      "date and time, a duration", "a duration, date and time"),
    " -": _arithmetic(operators.subtract, _NUMBERS, "a date, a date", "a date, a duration", "date and time, date and time",
                      "date and time, a duration", "a duration, a duration"),
    " *": _arithmetic(_multiplied, _NUMBERS, "a duration, number", "number, a duration"),
    " /": _arithmetic(_divided, _NUMBERS, "a duration, number", "a duration, a duration"),
    " **": _arithmetic(_raised, _NUMBERS),
    "not": negation,
    "contains": null_safe("text", "text")(lambda text, part: part in text),
    "starts with": null_safe("text", "text")(lambda text, part: text.startswith(part)),
    "ends with": null_safe("text", "text")(lambda text, part: text.endswith(part)),
    "upper case": null_safe("text")(lambda text: text.upper()), "lower case": null_safe("text")(lambda text: text.lower()),
    "string length": null_safe("text")(len), "substring": null_safe("text", "number", "number")(substring),
    "substring before": null_safe("text", "text")(lambda text, part: text.partition(part)[0] if part in text else ""),
    "substring after": null_safe("text", "text")(lambda text, part: text.partition(part)[2]),
    "trim": null_safe("text")(lambda text: text.strip()),
    "string": null_safe("any")(text_of), "number": null_safe("any")(number),
    "count": count, "sum": total, "mean": mean, "min": smallest, "max": largest, "list contains": list_contains,
    "append": lambda items, *more: operators.add(items, list(more)), "distinct values": null_safe("a list")(distinct),
    "floor": null_safe("number")(math.floor), "ceiling": null_safe("number")(math.ceil), "abs": null_safe("any")(abs),
    "modulo": null_safe("number", "number")(lambda value, by: None if by == 0 else value - by * math.floor(Decimal(value) / Decimal(by))),
    "decimal": null_safe("number", "number")(rounded(ROUND_HALF_EVEN)),
    "round half up": null_safe("number", "number")(rounded(ROUND_HALF_UP)),
    "round half even": null_safe("number", "number")(rounded(ROUND_HALF_EVEN)),
    "date": null_safe("any")(as_date), "duration": null_safe("any")(as_duration),
    "is defined": lambda value: value is not None,
}  # fmt: skip

#: FEEL's names for functions that need the evaluation itself or the site's clock.
ELSEWHERE: Mapping[str, str] = {"date and time": "datetime", "now": "now", "today": "today"}
