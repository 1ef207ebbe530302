"""The types of a decision file: the standard's own, which read JSON as it comes, and those that the file defines by item definitions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.bpmn.expressions_budget import EvaluationFailed
from engine.bpmn.expressions_functions import ZONE
from engine.bpmn.expressions_values import Months, text_of
from engine.bpmn.feel import INPUT
from engine.bpmn.feel_dates import as_duration, as_time
from engine.bpmn.feel_texts import number
from engine.bpmn.feel_values import items_of
from engine.bpmn.sandbox import Expression


@dataclass(frozen=True)
class Type:
    """A named type: how values are read, whether it is a list of them, and which are allowed."""

    name: str = ""
    base: str = ""
    is_list: bool = False
    allowed: Expression | None = None

    def read(self, value: Any) -> Any:
        """The value as the type wants it; fails for one that it does not allow. Null is no value, so it is always allowed."""
        if value is None:
            return None
        if self.is_list:
            return [self._item(item) for item in items_of(value)]
        return value if isinstance(value, list) else self._item(value)

    def _item(self, value: Any) -> Any:
        found = converted(value, self.base)
        if self.allowed is not None and found is not None and self.allowed.evaluate({INPUT: found}) is not True:
            raise EvaluationFailed(
                f"Expected a value that the type {self.name!r} allows ({self.allowed.text[:80]}), but found {text_of(found)[:60]!r}"
            )
        return found


ANY = Type()


def converted(value: Any, type_name: str) -> Any:
    """The value as the column's type wants it: JSON knows no dates, and forms send numbers as text."""
    convert = _CONVERSIONS.get(type_name)
    if value is None or convert is None or isinstance(value, list | Mapping):
        return value
    try:
        result = convert(value)
    except (TypeError, ValueError, ArithmeticError, EvaluationFailed):
        result = None
    if result is None:
        raise EvaluationFailed(f"Expected a value of the type {type_name}, but found {text_of(value)[:60]!r}")
    return result


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(value)


def _numeric(value: Any) -> Any:
    if isinstance(value, str):
        return number(value.strip())
    return value if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value)


def _moment(value: Any) -> datetime | None:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZONE)


def _time(value: Any) -> time | None:
    return as_time(value)


def _length(value: Any) -> timedelta | None:
    found = as_duration(value)
    return found if isinstance(found, timedelta) else None


def _months(value: Any) -> Months | None:
    found = as_duration(value)
    return found if isinstance(found, Months) else None


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "string": text_of, "boolean": _boolean, "number": _numeric, "integer": _numeric, "long": _numeric, "double": _numeric,
    "date": _day, "dateTime": _moment, "date and time": _moment, "time": _time,
    "duration": as_duration, "dayTimeDuration": _length, "days and time duration": _length,
    "yearMonthDuration": _months, "years and months duration": _months,
}  # fmt: skip
#: Types that a file need not define. Values of those without a conversion are taken as they come.
KNOWN = frozenset(_CONVERSIONS) | {"Any", "any", "null", "list", "context", "function", "range"}
