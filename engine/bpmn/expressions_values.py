"""Values of the safe language as text and as JSON."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from engine.bpmn.expressions_budget import MAX_NESTING, EvaluationFailed, Opaque, checked_weight, kind_of

MIN_WHOLE, MAX_WHOLE = -(2**63), 2**63 - 1  # larger numbers cannot be stored

_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:[.,]\d{1,6})?)S)?)?"
)


def parse_duration(text: str) -> timedelta:
    """An ISO 8601 duration of weeks, days, hours, minutes and seconds. Years and months are refused: their length varies."""
    match = _DURATION.fullmatch(text.strip())
    parts = {} if match is None else {name: part for name, part in match.groupdict().items() if part and name != "sign"}
    if match is None or not parts or text.rstrip().endswith("T"):
        raise ValueError(f"Expected a duration such as PT30M or P2D, but found {text[:40]!r}")
    length = timedelta(**{name: float(part.replace(",", ".")) for name, part in parts.items()})
    return -length if match["sign"] else length


@dataclass(frozen=True, order=True)
class Months(Opaque):
    """A duration of years and months, as FEEL knows them beside those of days and time."""

    count: int
    kind = "years and months"

    def __str__(self) -> str:
        years, months = divmod(abs(self.count), 12)
        parts = "".join(f"{number}{unit}" for number, unit in ((years, "Y"), (months, "M")) if number)
        return f"{'-' if self.count < 0 else ''}P{parts or '0M'}"


def format_duration(length: timedelta) -> str:
    """The ISO 8601 form of a duration: P1DT2H, PT0S."""
    sign, length = ("-", -length) if length < timedelta(0) else ("", length)
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{length.microseconds:06d}".rstrip("0") if length.microseconds else ""
    clock = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or fraction:
        clock += f"{seconds}{fraction}S"
    days = f"{length.days}D" if length.days else ""
    return f"{sign}P{days}T{clock}" if clock else f"{sign}P{days or 'T0S'}"


def to_json(value: Any, depth: int = 0) -> Any:
    """The value as pure JSON: dates and durations as ISO 8601 text, decimals as numbers. Raises EvaluationFailed for anything else."""
    if value is None or type(value) is bool:
        return value
    if type(value) in _PLAIN:
        return _PLAIN[type(value)](value)
    if depth > MAX_NESTING:
        raise EvaluationFailed(f"Expected at most {MAX_NESTING} levels of lists and mappings, but there are more")
    if isinstance(value, list | tuple):
        return [to_json(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {_key(key): to_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, date | time):  # a datetime is a date too
        return value.isoformat()
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Months):
        return str(value)
    if isinstance(value, Decimal):
        return _whole(int(value)) if value == value.to_integral_value() else _finite(float(value))
    raise EvaluationFailed(f"Expected plain data, but found {kind_of(value)}")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise EvaluationFailed(f"Expected text as the key of a mapping, but found {kind_of(key)}")
    return _whole_characters(key)


def _whole(number: int) -> int:
    if not MIN_WHOLE <= number <= MAX_WHOLE:
        raise EvaluationFailed("Expected a whole number of at most 64 bits, but it is larger")
    return number


def _finite(number: float) -> float:
    if not isfinite(number):
        raise EvaluationFailed(f"Expected a finite number, but found {number}")
    return number


def _whole_characters(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise EvaluationFailed("Expected text, but it contains half a character") from None
    return text


_PLAIN: Mapping[type, Callable[[Any], Any]] = {int: _whole, float: _finite, str: _whole_characters}


def text_of(value: Any) -> str:
    """How a value reads inside a text: null as nothing, true and false in small letters, lists and mappings as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds" if not value.microsecond else "microseconds")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | Mapping):
        text = json.dumps(to_json(value), ensure_ascii=False)
        checked_weight(len(text))
        return text
    return str(to_json(value))
