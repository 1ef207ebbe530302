"""The operators of the safe language. Whatever could grow is measured before it is computed."""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.bpmn.expressions_budget import MAX_BITS, MAX_EXPONENT, EvaluationFailed, check_items, checked_weight, kind_of

_TIMES = (date, datetime, timedelta)


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """A float beside a decimal counts as the decimal that it is written as: Python itself would refuse."""
    if type(left) is Decimal and type(right) is float:
        return left, Decimal(repr(right))
    if type(left) is float and type(right) is Decimal:
        return Decimal(repr(left)), right
    return left, right


def _unfit(sign: str, left: Any, right: Any) -> EvaluationFailed:
    return EvaluationFailed(f"Expected two values that fit the operator {sign}, but found {kind_of(left)} and {kind_of(right)}")


def add(left: Any, right: Any) -> Any:
    if type(left) is str and type(right) is str:
        checked_weight(len(left) + len(right))
    elif type(left) is list and type(right) is list:
        check_items(len(left) + len(right))
    return _compute("+", operator.add, left, right)


def subtract(left: Any, right: Any) -> Any:
    return _compute("-", operator.sub, left, right)


def multiply(left: Any, right: Any) -> Any:
    if isinstance(left, str | list) or isinstance(right, str | list):
        several, count = (left, right) if isinstance(left, str | list) else (right, left)
        if not isinstance(count, int):
            raise _unfit("*", left, right)
        return _repeat(several, count)
    if type(left) is int and type(right) is int and left.bit_length() + right.bit_length() > MAX_BITS + 1:
        raise EvaluationFailed(f"Expected a whole number of at most {MAX_BITS} bits, but it would be larger")
    return _compute("*", operator.mul, left, right)


def _repeat(several: str | list[Any], count: int) -> str | list[Any]:
    if isinstance(several, str):
        checked_weight(len(several) * max(count, 0))
    else:
        check_items(len(several) * max(count, 0))
    return several * count


def divide(left: Any, right: Any) -> Any:
    return _compute("/", operator.truediv, left, right)


def floor_divide(left: Any, right: Any) -> Any:
    return _compute("//", operator.floordiv, left, right)


def modulo(left: Any, right: Any) -> Any:
    if not isinstance(left, int | float | Decimal):
        raise _unfit("%", left, right)  # on text it would be formatting
    return _compute("%", operator.mod, left, right)


def power(base: Any, exponent: Any) -> Any:
    if any(not isinstance(value, int | float | Decimal) for value in (base, exponent)):
        raise _unfit("**", base, exponent)
    if abs(exponent) > MAX_EXPONENT or (isinstance(base, int) and base.bit_length() * abs(exponent) > MAX_BITS + base.bit_length()):
        raise EvaluationFailed(f"Expected a power of at most {MAX_BITS} bits, but it would be larger")
    result = _compute("**", operator.pow, base, exponent)
    if isinstance(result, complex):
        raise EvaluationFailed("Expected a real number, but the root of a negative number is none")
    return result


def _compute(sign: str, function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    try:
        return function(*_alike(left, right))
    except TypeError:
        raise _unfit(sign, left, right) from None


def negate(value: Any) -> Any:
    if isinstance(value, str | list | Mapping) or value is None:
        raise EvaluationFailed(f"Expected a number, but found {kind_of(value)}")
    return -value


def plus(value: Any) -> Any:
    return -negate(value)


def less(left: Any, right: Any) -> bool:
    return _ordered("<", operator.lt, left, right)


def less_or_equal(left: Any, right: Any) -> bool:
    return _ordered("<=", operator.le, left, right)


def greater(left: Any, right: Any) -> bool:
    return _ordered(">", operator.gt, left, right)


def greater_or_equal(left: Any, right: Any) -> bool:
    return _ordered(">=", operator.ge, left, right)


def _ordered(sign: str, function: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    try:
        return bool(function(left, right))
    except TypeError:
        raise _unfit(sign, left, right) from None


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same. A time is never a text, nor true ever "true": the answer would be no, whatever was meant."""
    same = bool(left == right)
    if not same and type(left) is not type(right) and (_never(left, right) or _never(right, left)):
        raise _unfit("==", left, right)
    return same


def _never(value: Any, text: Any) -> bool:
    return type(text) is str and (type(value) in _TIMES or (type(value) is bool and text.lower() in ("true", "false")))


def unequal(left: Any, right: Any) -> bool:
    return not equal(left, right)


def is_true(value: Any) -> bool:
    """Whether a condition holds. The text "false", as a list of choices may give it, says no and would count as yes."""
    if type(value) is str and len(value) == 5 and value.lower() == "false":
        raise EvaluationFailed(f"Expected true or false, but found the text {value!r}: compare it, or write bool(…)")
    return bool(value)


def contained(item: Any, container: Any) -> bool:
    if isinstance(container, str) and not isinstance(item, str):
        raise _unfit("in", item, container)
    if not isinstance(container, str | list | Mapping):
        raise _unfit("in", item, container)
    if item in container:
        return True
    if type(item) in _TIMES and isinstance(container, list) and any(type(each) is str for each in container):
        raise _unfit("in", item, next(each for each in container if type(each) is str))
    return False


def not_contained(item: Any, container: Any) -> bool:
    return not contained(item, container)


def key_of(container: Any, key: Any) -> Any:
    """`container[key]` and `container.key`."""
    if isinstance(container, Mapping):
        if key not in container:
            raise EvaluationFailed(f"Expected the key {str(key)[:80]!r}, but there is none")
        return container[key]
    if isinstance(container, str | list):
        if type(key) is not int:
            raise EvaluationFailed(f"Expected a whole number as the index of {kind_of(container)}, but found {kind_of(key)}")
        if not -len(container) <= key < len(container):
            raise EvaluationFailed(f"Expected an index within {len(container)} items, but found another one")
        return container[key]
    raise EvaluationFailed(f"Expected a mapping with the key {str(key)[:80]!r}, but found {kind_of(container)}")


def slice_of(container: Any, start: Any, stop: Any, stride: Any) -> Any:
    if not isinstance(container, str | list):
        raise EvaluationFailed(f"Expected text or a list, but found {kind_of(container)}")
    if any(part is not None and type(part) is not int for part in (start, stop, stride)):
        raise EvaluationFailed("Expected whole numbers in [start:stop], but found something else")
    return container[start:stop:stride]
