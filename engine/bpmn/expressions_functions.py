"""The functions of the safe language. A text may call these and nothing else; each checks the size of its answer before making it."""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from engine.bpmn.expressions_budget import MAX_ITEMS, EvaluationFailed, Frame, check_items, checked_weight, kind_of
from engine.bpmn.expressions_operators import add, is_true
from engine.bpmn.expressions_values import parse_duration, text_of

ZONE = ZoneInfo("Asia/Shanghai")  # of times written without a zone, where the site's own is not known

#: Given by whoever evaluates; the language itself knows no clock, no site and no people.
CONTEXT_FUNCTIONS = frozenset({"now", "today", "site", "entries", "performer", "working_time", "working_days"})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise EvaluationFailed(f"Expected text, but found {kind_of(value)}")
    return value


def _list(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value)
    if not isinstance(value, list):
        raise EvaluationFailed(f"Expected a list, but found {kind_of(value)}")
    return value


def _number(value: Any) -> int | float | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise EvaluationFailed(f"Expected a number, but found {kind_of(value)}")
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EvaluationFailed(f"Expected a mapping, but found {kind_of(value)}")
    return value


def length(value: Any) -> int:
    if not isinstance(value, str | list | Mapping):
        raise EvaluationFailed(f"Expected text, a list or a mapping, but found {kind_of(value)}")
    return len(value)


def smallest(*values: Any) -> Any:
    return min(_several("min", values))


def largest(*values: Any) -> Any:
    return max(_several("max", values))


def _several(name: str, values: tuple[Any, ...]) -> list[Any]:
    items = _list(values[0]) if len(values) == 1 else list(values)
    if not items:
        raise EvaluationFailed(f"Expected at least one value for {name}(), but there is none")
    return items


def total(values: Any) -> Any:
    items = _list(values)
    result: Any = items[0] if items else 0
    if not isinstance(result, timedelta):
        _number(result)
    for item in items[1:]:
        result = add(result, item)
    return result


def rounded(value: Any, digits: int | None = None) -> Any:
    if digits is not None and (type(digits) is not int or abs(digits) > 20):
        raise EvaluationFailed("Expected at most 20 digits for round(), but there are more")
    return round(_number(value), digits) if digits is not None else round(_number(value))


def floor(value: Any) -> int:
    return math.floor(_number(value))


def ceil(value: Any) -> int:
    return math.ceil(_number(value))


def absolute(value: Any) -> Any:
    return abs(value) if isinstance(value, timedelta) else abs(_number(value))


def whole(value: Any) -> int:
    if not isinstance(value, str | int | float | Decimal):
        raise EvaluationFailed(f"Expected a number or text, but found {kind_of(value)}")
    return int(value)


def real(value: Any) -> float:
    if not isinstance(value, str | int | float | Decimal):
        raise EvaluationFailed(f"Expected a number or text, but found {kind_of(value)}")
    return float(value)


def truth(value: Any) -> bool:
    """A truth value from whatever a form or a table gives: of texts, only what says true or false."""
    if not isinstance(value, str):
        return bool(value)
    if (said := value.strip().lower()) not in ("true", "false"):
        raise EvaluationFailed(f"Expected the text true or false, but found {value[:60]!r}")
    return said == "true"


def decimal(value: Any) -> Decimal:
    if isinstance(value, str) and len(value) > 100:
        raise EvaluationFailed("Expected a decimal of at most 100 characters, but it is longer")
    try:
        return Decimal(repr(value)) if type(value) is float else Decimal(value)
    except InvalidOperation:
        raise EvaluationFailed(f"Expected a decimal such as 12.50, but found {kind_of(value)}") from None


def ordered(values: Any, by: str | None = None, reverse: bool = False) -> list[Any]:
    """sorted(list), sorted(list, reverse=True), sorted(list_of_mappings, by="key")."""
    if by is None:
        return sorted(_list(values), reverse=bool(reverse))
    return sorted(_list(values), key=lambda item: _mapping(item)[by], reverse=bool(reverse))


def backwards(values: Any) -> list[Any]:
    return _list(values)[::-1]


def counting(*limits: Any) -> list[int]:
    numbers = range(*limits)
    if len(numbers) > MAX_ITEMS:
        check_items(len(numbers))
    return list(numbers)


def distinct(values: Any) -> list[Any]:
    found: dict[tuple[str, str], Any] = {}
    for value in _list(values):
        found.setdefault((kind_of(value), text_of(value)), value)  # as text: numbers could be chosen to collide
    return list(found.values())


def strip(text: Any, characters: str | None = None) -> str:
    return _text(text).strip(characters)


def split(text: Any, separator: str | None = None) -> list[str]:
    check_items(len(_text(text).split()) if separator is None else text.count(separator) + 1)
    return _text(text).split(separator)


def contains(container: Any, item: Any) -> bool:
    return _text(item) in container if isinstance(container, str) else item in _list(container)


def replace(text: Any, old: str, new: str) -> str:
    checked_weight(len(_text(text)) + _text(text).count(old) * max(len(new) - len(old), 0))
    return _text(text).replace(old, new)


def join(values: Any, separator: str = "") -> str:
    parts = [text_of(value) for value in _list(values)]
    checked_weight(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def get(container: Any, key: Any, default: Any = None) -> Any:
    """The value at a key of a mapping or an index of a list, or the default; a null container has no keys."""
    if container is None:
        return default
    if isinstance(container, Mapping):
        return container.get(key, default)
    items = _list(container)
    return items[key] if type(key) is int and -len(items) <= key < len(items) else default


def merged(*mappings: Any) -> dict[str, Any]:
    return {key: value for mapping in mappings for key, value in _mapping(mapping).items()}


def empty(value: Any) -> bool:
    """Null, empty text, an empty list or an empty mapping."""
    return value is None or (isinstance(value, str | list | Mapping) and len(value) == 0)


def matches(text: Any, prefix: Any) -> bool:
    return _text(text).startswith(_text(prefix))


def ends_with(text: Any, suffix: Any) -> bool:
    return _text(text).endswith(_text(suffix))


def as_date(value: Any, month: Any = None, day: Any = None) -> date:
    """date("2026-03-02"), date(2026, 3, 2), or the day of a moment."""
    if month is not None or day is not None:
        return date(value, month, day)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(value) if len(_text(value)) <= 10 else datetime.fromisoformat(value).date()


def _part(name: str) -> Callable[[Any], int]:
    def part(value: Any) -> int:
        found = getattr(value, name, None) if isinstance(value, date) else None
        if found is None:
            raise EvaluationFailed(f"Expected a {'moment' if name in ('hour', 'minute') else 'date'}, but found {kind_of(value)}")
        return int(found)

    return part


def weekday(value: Any) -> int:
    """1 for Monday … 7 for Sunday."""
    return as_date(value).isoweekday()


def duration(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else parse_duration(_text(value))


def _length_in(unit: timedelta) -> Callable[[Any], float]:
    def measured(value: Any) -> float:
        return duration(value) / unit

    return measured


def as_datetime(frame: Frame, value: Any) -> datetime:
    """A moment; text without a zone is read in the site's zone."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=zone_of(frame))
    else:
        moment = datetime.fromisoformat(_text(value))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone_of(frame))


def zone_of(frame: Frame) -> Any:
    now = frame.functions.get("now")
    return (now().tzinfo if now is not None else None) or ZONE


def is_there(frame: Frame, name: Any) -> bool:
    if not isinstance(name, str):
        raise EvaluationFailed(f'Expected the name of a variable as text, as in has("paid"), but found {kind_of(name)}')
    return name in frame.locals or name in frame.variables


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "len": length, "min": smallest, "max": largest, "sum": total, "abs": absolute, "round": rounded, "floor": floor, "ceil": ceil,
    "str": text_of, "int": whole, "float": real, "bool": truth, "decimal": decimal,
    "sorted": ordered, "reversed": backwards,
    "any": lambda values: any(map(is_true, _list(values))), "all": lambda values: all(map(is_true, _list(values))),
    "range": counting, "list": lambda values: list(_list(values)), "distinct": distinct,
    "lower": lambda text: _text(text).lower(), "upper": lambda text: _text(text).upper(), "strip": strip, "split": split,
    "contains": contains, "starts_with": matches, "ends_with": ends_with, "replace": replace, "join": join,
    "get": get, "keys": lambda value: list(_mapping(value)), "values": lambda value: list(_mapping(value).values()),
    "items": lambda value: [[key, item] for key, item in _mapping(value).items()], "merge": merged, "empty": empty,
    "duration": duration, "days": _length_in(timedelta(days=1)), "hours": _length_in(timedelta(hours=1)),
    "minutes": _length_in(timedelta(minutes=1)), "seconds": _length_in(timedelta(seconds=1)),
    "date": as_date, "year": _part("year"), "month": _part("month"), "day": _part("day"), "hour": _part("hour"), "minute": _part("minute"),
    "weekday": weekday,
}  # fmt: skip

#: Functions that need to see the evaluation itself.
FRAME_FUNCTIONS: Mapping[str, Callable[..., Any]] = {"datetime": as_datetime, "has": is_there}
