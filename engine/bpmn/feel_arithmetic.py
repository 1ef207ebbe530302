"""FEEL's arithmetic, paths and indexes: exact numbers, dates with durations, null for what does not fit together."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.bpmn import expressions_operators as operators
from engine.bpmn.expressions_budget import EvaluationFailed
from engine.bpmn.expressions_values import Months
from engine.bpmn.feel_values import EXACT, Range, exact, family

_DATE, _MOMENT, _TIME, _SPAN, _MONTHS, _NUMBER = "a date", "date and time", "a time", "a duration", "years and months", "number"
_PARTS = frozenset({"year", "month", "day", "hour", "minute", "second"})
_SECONDS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_MODULO = {"hours": 24, "minutes": 60, "seconds": 60}
_RANGE_PARTS = {"start": "low", "end": "high", "start included": "low_closed", "end included": "high_closed"}


def _exactly(operation: Callable[[Any, Any], Any], whole: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def computed(left: Any, right: Any) -> Any:
        if type(left) is int and type(right) is int:
            return whole(left, right)
        return operation(Decimal(left), Decimal(right))

    return computed


def months_after(start: Any, months: Months) -> Any:
    """The same day so many months later; a day that a month lacks is its last."""
    year, month = divmod(start.year * 12 + start.month - 1 + months.count, 12)
    if not 1 <= year <= 9999:
        raise EvaluationFailed("Expected a year between 1 and 9999, but the result lies outside")
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def _later(moment: time, span: timedelta) -> time:
    anchor = datetime.combine(date(2000, 1, 2), moment.replace(tzinfo=UTC))
    return (anchor + timedelta(seconds=span.total_seconds() % 86_400)).time().replace(tzinfo=moment.tzinfo)


def _between(left: time, right: time) -> timedelta | None:
    if (left.tzinfo is None) != (right.tzinfo is None):
        return None
    day = date(2000, 1, 2)
    return datetime.combine(day, left) - datetime.combine(day, right)


def _joined(left: Any, right: Any) -> Any:
    return operators.add(left, right)


def _divided(left: Any, right: Any) -> Any:
    return None if right == 0 else EXACT.divide(Decimal(left), Decimal(right))


def _spans_divided(left: timedelta, right: timedelta) -> Any:
    return None if not right else EXACT.divide(_micros(left), _micros(right))


def _micros(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1))


def _raised(left: Any, right: Any) -> Any:
    if isinstance(right, int) and right >= 0 and isinstance(left, int):
        return operators.power(left, right)
    if abs(right) > 1_000:
        raise EvaluationFailed("Expected an exponent of at most 1,000, but it is larger")
    return None if left < 0 and right != int(right) else EXACT.power(Decimal(left), Decimal(right))


Pairs = Mapping[tuple[str, str], Callable[[Any, Any], Any]]

_ADD: Pairs = {
    (_NUMBER, _NUMBER): _exactly(EXACT.add, operators.add), ("text", "text"): _joined,
    (_DATE, _SPAN): _joined, (_SPAN, _DATE): _joined, (_MOMENT, _SPAN): _joined, (_SPAN, _MOMENT): _joined, (_SPAN, _SPAN): _joined,
    (_TIME, _SPAN): _later, (_SPAN, _TIME): lambda left, right: _later(right, left),
    (_DATE, _MONTHS): months_after, (_MOMENT, _MONTHS): months_after,
    (_MONTHS, _DATE): lambda left, right: months_after(right, left), (_MONTHS, _MOMENT): lambda left, right: months_after(right, left),
    (_MONTHS, _MONTHS): lambda left, right: Months(left.count + right.count),
}  # fmt: skip
_SUBTRACT: Pairs = {
    (_NUMBER, _NUMBER): _exactly(EXACT.subtract, operators.subtract),
    (_DATE, _DATE): operators.subtract, (_MOMENT, _MOMENT): operators.subtract, (_SPAN, _SPAN): operators.subtract,
    (_DATE, _SPAN): operators.subtract, (_MOMENT, _SPAN): operators.subtract, (_TIME, _TIME): _between,
    (_TIME, _SPAN): lambda left, right: _later(left, -right),
    (_DATE, _MONTHS): lambda left, right: months_after(left, Months(-right.count)),
    (_MOMENT, _MONTHS): lambda left, right: months_after(left, Months(-right.count)),
    (_MONTHS, _MONTHS): lambda left, right: Months(left.count - right.count),
}  # fmt: skip
_MULTIPLY: Pairs = {
    (_NUMBER, _NUMBER): _exactly(EXACT.multiply, operators.multiply),
    (_SPAN, _NUMBER): lambda left, right: left * float(right), (_NUMBER, _SPAN): lambda left, right: right * float(left),
    (_MONTHS, _NUMBER): lambda left, right: Months(int(left.count * right)),
    (_NUMBER, _MONTHS): lambda left, right: Months(int(right.count * left)),
}  # fmt: skip
_DIVIDE: Pairs = {
    (_NUMBER, _NUMBER): _divided,
    (_SPAN, _NUMBER): lambda left, right: None if right == 0 else left / float(right), (_SPAN, _SPAN): _spans_divided,
    (_MONTHS, _NUMBER): lambda left, right: None if right == 0 else Months(int(left.count / right)),
    (_MONTHS, _MONTHS): lambda left, right: _divided(left.count, right.count),
}  # fmt: skip
_POWER: Pairs = {(_NUMBER, _NUMBER): _raised}


def _arithmetic(pairs: Pairs) -> Callable[[Any, Any], Any]:
    def computed(left: Any, right: Any) -> Any:
        compute = pairs.get((family(left), family(right)))
        return None if compute is None else compute(exact(left), exact(right))

    return computed


add, subtract, multiply, divide, power = map(_arithmetic, (_ADD, _SUBTRACT, _MULTIPLY, _DIVIDE, _POWER))


def negative(value: Any) -> Any:
    if isinstance(value, Months):
        return Months(-value.count)
    return -exact(value) if family(value) in (_NUMBER, _SPAN) else None


def part_of(container: Any, key: str) -> Any:
    """`a.b`: the value of a key, a part of a date or duration, or of each item of a list; null where there is none."""
    if isinstance(container, Mapping):
        return container.get(key)
    if isinstance(container, list):
        return [part_of(item, key) for item in container]
    if isinstance(container, date | time):
        return _part_of_moment(container, key)
    if isinstance(container, timedelta):
        return _part_of_span(container, key)
    if isinstance(container, Months) and key in ("years", "months"):
        sign, (years, months) = -1 if container.count < 0 else 1, divmod(abs(container.count), 12)
        return sign * (years if key == "years" else months)
    if isinstance(container, Range) and key in _RANGE_PARTS:
        return getattr(container, _RANGE_PARTS[key])
    return None


def _part_of_moment(moment: date | time, key: str) -> Any:
    if key == "weekday" and isinstance(moment, date):
        return moment.isoweekday()
    if key in ("time offset", "timezone") and isinstance(moment, datetime | time) and moment.tzinfo is not None:
        at = moment if isinstance(moment, datetime) else datetime.combine(date(2000, 1, 1), moment)
        return at.utcoffset() if key == "time offset" else "UTC" if moment.tzinfo is UTC else getattr(moment.tzinfo, "key", None)
    return getattr(moment, key, None) if key in _PARTS else None


def _part_of_span(span: timedelta, key: str) -> Any:
    if key not in _SECONDS:
        return None
    sign, seconds = (-1, int(-span.total_seconds())) if span < timedelta(0) else (1, int(span.total_seconds()))
    count = seconds // _SECONDS[key]
    return sign * (count % _MODULO[key] if key in _MODULO else count)


def item_of(items: Any, index: Any) -> Any:
    """FEEL counts from 1, or from the end with -1; what is not a list is a list of one."""
    several = items if isinstance(items, list) else [items]
    if index != int(index):
        return None
    position = int(index) - 1 if index > 0 else int(index)
    return several[position] if index and -len(several) <= position < len(several) else None
