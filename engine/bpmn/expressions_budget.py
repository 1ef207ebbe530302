"""What one evaluation may use: steps, memory, nesting and time, and the two errors that say so.

Every value that an evaluation makes is weighed before the evaluation goes on, so nothing larger than a variable may be
exists even for a moment, and the sum of everything made is bounded too.
"""

import math
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any

from engine.errors import StewardError

EXPRESSION_STEPS = 10_000
SCRIPT_STEPS = 100_000
SECONDS = 2.0
MAX_ITEMS = 100_000  # of one list or mapping
MAX_WEIGHT = 1_000_000  # of one value, roughly the characters of its JSON
MAX_MADE = 20_000_000  # of all values that one evaluation makes
MAX_NESTING = 50  # lists in lists
MAX_BITS = 4_096  # of a whole number
MAX_EXPONENT = 1_000  # of a decimal


class LanguageError(StewardError):
    """Something in an expression or script is wrong; carries the line where it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line

    def __str__(self) -> str:
        return self.message if self.line is None else f"{self.message} (line {self.line})"


class ExpressionError(LanguageError):
    """The text is not an expression or script of the safe language."""


class EvaluationFailed(LanguageError):
    """The text is well formed, but evaluating it failed or would have gone over its budget."""


class Opaque:
    """A value that lives only inside an evaluation, such as a range or a function of FEEL. What is in it was weighed when it was made."""

    kind = "a value"


class Frame:
    """One evaluation: what it can see and what it may still use."""

    __slots__ = ("_weighed", "allowance", "calls", "deadline", "functions", "limit", "locals", "steps", "variables")

    def __init__(
        self, variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]], steps: int, deadline: float | None = None
    ) -> None:
        self.variables = variables
        self.functions = functions
        self.locals: dict[str, Any] = {}
        self.steps = self.limit = steps
        self.calls = 0
        self.allowance = MAX_MADE
        self._weighed: tuple[tuple[Any, int], ...] = ()
        self.deadline = time.monotonic() + SECONDS if deadline is None else deadline

    def step(self) -> None:
        """Count one step; look at the clock now and then."""
        self.steps -= 1
        if self.steps < 0:
            raise EvaluationFailed(f"Expected the evaluation to end within {self.limit:,} steps, but it took more steps")
        if not self.steps & 127:
            self.check_time()

    def check_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise EvaluationFailed(f"Expected the evaluation to end within {SECONDS:g} seconds, but it did not")

    def made(self, value: Any) -> Any:
        """The value itself, once it is known to be plain data of a bearable size and paid for."""
        if value is None or type(value) is bool:
            return value
        weight = self.weight_of(value)
        if weight > 100:
            self.pay(weight)
        return value

    def joined(self, left: list[Any], right: list[Any], result: list[Any]) -> list[Any]:
        """A list that was made of two others: what is in it need not be weighed again, so that lists can grow in loops."""
        weight = checked_weight(self.weight_of(left) + self.weight_of(right))
        self._remember(result, weight)
        self.pay(8 * len(result))
        return result

    def weight_of(self, value: Any) -> int:
        for known, weight in self._weighed:
            if known is value:
                return weight
        weight = weigh(value)
        if weight > 100 and type(value) is list:
            self._remember(value, weight)
        return weight

    def _remember(self, value: Any, weight: int) -> None:
        # Few, and kept alive here, so that no other value can take the place of a known one.
        self._weighed = (*self._weighed[-3:], (value, weight))

    def pay(self, weight: int) -> None:
        self.check_time()
        self.allowance -= weight
        if self.allowance < 0:
            raise EvaluationFailed(f"Expected at most {MAX_MADE:,} characters of values to be made, but there are more")


def weigh(value: Any, depth: int = 0) -> int:
    """About how many characters of JSON the value is; raises when it is not plain data, too large or too deep."""
    kind = type(value)
    if kind is str:
        return checked_weight(len(value) + 2)
    if kind is int:
        if value.bit_length() > MAX_BITS:
            raise EvaluationFailed(f"Expected a whole number of at most {MAX_BITS} bits, but it is larger")
        return 8
    if kind is list:
        return _weigh_items(value, len(value), depth)
    if kind is dict:
        return _weigh_items((part for pair in value.items() for part in pair), len(value), depth)
    if kind is float:
        if not math.isfinite(value):
            raise EvaluationFailed("Expected a finite number, but the result is infinite or not a number")
        return 8
    if kind is Decimal:
        if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT:
            raise EvaluationFailed("Expected a decimal of bearable size, but the result is infinite, too large or too small")
        return 8
    if value is None or kind is bool or isinstance(value, date | timedelta | time_of_day | Opaque):
        return 8
    if isinstance(value, Mapping):
        return _weigh_items((part for pair in value.items() for part in pair), len(value), depth)
    raise EvaluationFailed(f"Expected plain data, but found a value of the kind {kind.__name__}")


def _weigh_items(items: Any, length: int, depth: int) -> int:
    check_items(length)
    if depth >= MAX_NESTING:
        raise EvaluationFailed(f"Expected at most {MAX_NESTING} levels of lists and mappings, but there are more")
    total = 8
    for item in items:
        total += weigh(item, depth + 1)
        if total > MAX_WEIGHT:
            checked_weight(total)
    return total


def checked_weight(weight: int) -> int:
    if weight > MAX_WEIGHT:
        raise EvaluationFailed(f"Expected a value of at most {MAX_WEIGHT:,} characters, but it would be larger")
    return weight


def check_items(count: int) -> None:
    if count > MAX_ITEMS:
        raise EvaluationFailed(f"Expected at most {MAX_ITEMS:,} items, but there would be {count:,}")


_KINDS = {
    type(None): "null", bool: "true or false", int: "a number", float: "a number", Decimal: "a number", str: "text",
    list: "a list", dict: "a mapping", timedelta: "a duration", date: "a date", datetime: "a date", time_of_day: "a time",
}  # fmt: skip


def kind_of(value: Any) -> str:
    """What people call this kind of value, for messages."""
    if isinstance(value, Opaque):
        return value.kind
    return _KINDS.get(type(value)) or ("a mapping" if isinstance(value, Mapping) else type(value).__name__)
