"""The values of FEEL and how they compare: three-valued logic, exact numbers, ranges, and null for what does not fit together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from engine.bpmn import expressions_operators as operators
from engine.bpmn.expressions_budget import EvaluationFailed, Frame, Opaque, kind_of
from engine.bpmn.expressions_values import Months

#: The arithmetic of the standard: 34 digits, half to even.
EXACT = Context(prec=34, rounding=ROUND_HALF_EVEN)
MAX_CALLS = 30  # of functions within each other


@dataclass(frozen=True)
class Range(Opaque):
    """`[low..high]`, whose ends belong to it when closed."""

    low: Any
    high: Any
    low_closed: bool = True
    high_closed: bool = True
    kind = "a range"


@dataclass(frozen=True)
class Function(Opaque):
    """A function that a text or a business knowledge model defines. `run` is given the evaluation and a value for each parameter."""

    parameters: tuple[str, ...]
    run: Callable[[Frame, Mapping[str, Any]], Any]
    kind = "a function"

    def call(self, frame: Frame, arguments: list[Any], named: Mapping[str, Any]) -> Any:
        unknown = [name for name in named if name not in self.parameters]
        if unknown or len(arguments) + len(named) != len(self.parameters):
            wanted = ", ".join(self.parameters)
            raise EvaluationFailed(f"Expected the arguments ({wanted[:200]}), but found others")
        frame.calls += 1
        if frame.calls > MAX_CALLS:
            raise EvaluationFailed(f"Expected at most {MAX_CALLS} calls within each other, but there are more")
        try:
            return self.run(frame, {**dict(zip(self.parameters, arguments, strict=False)), **named})
        finally:
            frame.calls -= 1


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


def items_of(value: Any) -> list[Any]:
    """What is not a list is a list of one; null is none."""
    return value if isinstance(value, list) else [] if value is None else [value]


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
        if left is None or family(left) != family(right) or isinstance(left, bool | list | Mapping | Range | Function):
            return None
        if isinstance(left, time) and (left.tzinfo is None) != (right.tzinfo is None):
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


def ranging(low: Any, high: Any, low_closed: bool, high_closed: bool) -> Range:
    if None not in (low, high) and family(low) != family(high):
        raise EvaluationFailed(f"Expected a range between values of one kind, but found {kind_of(low)} and {kind_of(high)}")
    return Range(exact(low), exact(high), low_closed, high_closed)


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
    """A plain expression as a test: equal to it, in it when it is a list or range, or, when it is a condition, its truth."""
    if isinstance(tested, bool) and (about_value or not isinstance(value, bool)):
        return tested
    if isinstance(tested, list) and not isinstance(value, list):
        return disjunction(False, *(fits(value, item, False) if isinstance(item, Range) else equal(value, item) for item in tested))
    if isinstance(tested, Range) and not isinstance(value, Range):
        return within(value, tested.low, tested.high, tested.low_closed, tested.high_closed)
    return equal(value, tested)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "any": lambda value: value is not None,
    "null": lambda value: value is None,
    "number": lambda value: family(value) == "number",
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: family(value) == "a date",
    "time": lambda value: isinstance(value, time),
    "date and time": lambda value: isinstance(value, datetime),
    "days and time duration": lambda value: isinstance(value, timedelta),
    "years and months duration": lambda value: isinstance(value, Months),
    "list": lambda value: isinstance(value, list),
    "context": lambda value: isinstance(value, Mapping),
    "range": lambda value: isinstance(value, Range),
    "function": lambda value: isinstance(value, Function),
}
TYPES = frozenset(_TYPES)


def is_instance(value: Any, kind: str, of: Any = None) -> bool:
    """`value instance of kind<of>`; `of` is the type of the items as a list of one kind and its own `of`."""
    if not _TYPES[kind](value):
        return False
    if of is None:
        return True
    inside = value if isinstance(value, list) else [value.low, value.high] if isinstance(value, Range) else []
    return all(is_instance(item, *of) for item in inside)
