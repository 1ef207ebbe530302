"""FEEL's functions on lists, contexts and ranges."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from engine.bpmn.expressions_budget import EvaluationFailed, Frame, Opaque, check_items, kind_of
from engine.bpmn.expressions_values import to_json
from engine.bpmn.feel_texts import Functions
from engine.bpmn.feel_values import EXACT, Function, Range, conjunction, disjunction, equal, exact, family, greater, is_true, items_of, less


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


def _of_numbers(compute: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """Null for null and for no numbers at all."""

    def computed(*arguments: Any) -> Any:
        if arguments == (None,):
            return None
        numbers = _numbers(arguments)
        return compute(numbers) if numbers else None

    return computed


def _product(numbers: list[Any]) -> Any:
    result = Decimal(1)
    for one in numbers:
        result = EXACT.multiply(result, Decimal(one))
    return result


def _mean(numbers: list[Any]) -> Any:
    return EXACT.divide(Decimal(sum(numbers)), Decimal(len(numbers)))


def _median(numbers: list[Any]) -> Any:
    ordered, middle = sorted(numbers), len(numbers) // 2
    return ordered[middle] if len(ordered) % 2 else _mean(ordered[middle - 1 : middle + 1])


def _deviation(numbers: list[Any]) -> Any:
    if len(numbers) < 2:
        return None
    mean = _mean(numbers)
    squares = sum(((Decimal(one) - mean) ** 2 for one in numbers), Decimal(0))
    return EXACT.sqrt(EXACT.divide(squares, Decimal(len(numbers) - 1)))


def mode(*arguments: Any) -> Any:
    if arguments == (None,):
        return None
    counts = Counter(_numbers(arguments))
    most = max(counts.values(), default=0)
    return sorted(value for value, times in counts.items() if times == most)


def _extreme(better: Callable[[Any, Any], bool | None]) -> Callable[..., Any]:
    def extreme(*arguments: Any) -> Any:
        items = [] if arguments == (None,) else _items(arguments)
        if not items:
            return None
        best = items[0]
        for item in items:
            if item is None or family(item) != family(best) or isinstance(item, bool | list | Mapping):
                raise EvaluationFailed(f"Expected values that can be compared, but found {kind_of(item)}")
            best = item if better(item, best) is True else best
        return best

    return extreme


def count(items: Any) -> int | None:
    return None if items is None else len(items_of(items))


def list_contains(items: Any, item: Any) -> bool | None:
    return None if items is None else any(equal(one, item) is True for one in items_of(items))


def _whole(value: Any, what: str) -> int:
    if family(value) != "number" or value != int(value):
        raise EvaluationFailed(f"Expected a whole number as the {what}, but found {kind_of(value)}")
    return int(value)


def _place(items: list[Any], position: Any) -> int:
    """The index in Python of a position in FEEL."""
    place = _whole(position, "position")
    if not place or abs(place) > len(items):
        raise EvaluationFailed(f"Expected a position within {len(items)} items, but found {place}")
    return place - 1 if place > 0 else len(items) + place


def places(items: Any, match: Any) -> Any:
    return None if items is None else [place for place, item in enumerate(items_of(items), 1) if equal(item, match) is True]


def sublist(items: Any, start: Any, length: Any = None) -> Any:
    if items is None or start is None:
        return None
    several = items_of(items)
    first = _place(several, start)
    return several[first : None if length is None else first + max(_whole(length, "length"), 0)]


def concatenated(*lists: Any) -> Any:
    parts = [items_of(each) for each in lists]
    check_items(sum(map(len, parts)))
    return [item for part in parts for item in part]


def appended(items: Any, *more: Any) -> Any:
    return None if items is None else concatenated(items, list(more))


def inserted(items: Any, position: Any, item: Any) -> Any:
    several = items_of(items)
    place = _place(several, position)
    return [*several[:place], item, *several[place:]]


def removed(items: Any, position: Any) -> Any:
    several = items_of(items)
    place = _place(several, position)
    return [*several[:place], *several[place + 1 :]]


def replaced(frame: Frame, items: Any, at: Any, new: Any) -> Any:
    several = items_of(items)
    if isinstance(at, Function):
        return [new if at.call(frame, [item, new], {}) is True else item for item in several]
    place = _place(several, at)
    return [*several[:place], new, *several[place + 1 :]]


def _key(value: Any) -> tuple[str, str]:
    """Equal for values that FEEL finds equal. As text: numbers could be chosen to collide."""
    if isinstance(value, Opaque):
        return kind_of(value), str(value)
    if family(value) == "number":
        number = Decimal(exact(value))
        return "number", str(number.normalize() if number else Decimal(0))
    return family(value), json.dumps(to_json(value), sort_keys=True)


def distinct(items: Any) -> Any:
    if items is None:
        return None
    found: dict[tuple[str, str], Any] = {}
    for item in items_of(items):
        found.setdefault(_key(item), item)
    return list(found.values())


def union(*lists: Any) -> Any:
    return distinct(concatenated(*lists))


def duplicates(items: Any) -> Any:
    if items is None:
        return None
    counts = Counter(_key(item) for item in items_of(items))
    return distinct([item for item in items_of(items) if counts[_key(item)] > 1])


def flattened(items: Any) -> Any:
    if items is None:
        return None
    found: list[Any] = []
    for item in items_of(items):
        found += flattened(item) if isinstance(item, list) else [item]
        check_items(len(found))
    return found


def every(*values: Any) -> bool | None:
    return conjunction(*(_items(values) if values != (None,) else [None]))


def some(*values: Any) -> bool | None:
    return disjunction(*(_items(values) if values != (None,) else [None]))


def ordered(frame: Frame, items: Any, precedes: Any = None) -> Any:
    """`sort(list, function(x, y) x < y)`; without a function by `<`."""
    if items is None:
        return None

    def before(one: Any, other: Any) -> bool:
        frame.step()
        if precedes is None:
            return is_true(less(one, other))
        if not isinstance(precedes, Function):
            raise EvaluationFailed(f"Expected a function to sort by, but found {kind_of(precedes)}")
        return is_true(precedes.call(frame, [one, other], {}))

    return sorted(items_of(items), key=cmp_to_key(lambda one, other: -1 if before(one, other) else 1 if before(other, one) else 0))


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EvaluationFailed(f"Expected a context, but found {kind_of(value)}")
    return value


def value_of(context: Any, key: Any) -> Any:
    return None if context is None else _mapping(context).get(key)


def entries(context: Any) -> Any:
    return None if context is None else [{"key": key, "value": value} for key, value in _mapping(context).items()]


def context_of(pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in items_of(pairs):
        key = _mapping(pair).get("key")
        if not isinstance(key, str) or key in found or "value" not in pair:
            raise EvaluationFailed("Expected entries with a key of their own and a value, but found others")
        found[key] = pair["value"]
    return found


def put(context: Any, key: Any, value: Any) -> dict[str, Any]:
    """A copy of the context in which the key, or the path of keys, has the value."""
    if not isinstance(key, list):
        key = [key]
    if not key or not all(isinstance(name, str) for name in key):
        raise EvaluationFailed("Expected a key or a list of keys, but found something else")
    first, *rest = key
    return {**_mapping(context), first: put(_mapping(context).get(first, {}), rest, value) if rest else value}


def merged(contexts: Any) -> dict[str, Any]:
    return {key: value for context in items_of(contexts) for key, value in _mapping(context).items()}


# Ranges: how two lie to each other. A point is a range of one value. ----------------------------------------------------


def _range(value: Any) -> Range:
    return value if isinstance(value, Range) else Range(exact(value), exact(value))


def _relation(holds: Callable[[Range, Range], bool | None]) -> Callable[[Any, Any], bool | None]:
    return lambda one, other: None if one is None or other is None else holds(_range(one), _range(other))


def _swapped(holds: Callable[[Range, Range], bool | None]) -> Callable[[Range, Range], bool | None]:
    return lambda one, other: holds(other, one)


def _either(*cases: bool | None) -> bool | None:
    return disjunction(*cases)


def _before(one: Range, other: Range) -> bool | None:
    touching = conjunction(equal(one.high, other.low), not (one.high_closed and other.low_closed))
    return _either(less(one.high, other.low), touching)


def _meets(one: Range, other: Range) -> bool | None:
    return conjunction(one.high_closed and other.low_closed, equal(one.high, other.low))


def _reaches(one: Range, other: Range) -> bool | None:
    """Whether the end of one lies at or behind the beginning of the other."""
    return _either(greater(one.high, other.low), conjunction(equal(one.high, other.low), one.high_closed and other.low_closed))


def _overlaps(one: Range, other: Range) -> bool | None:
    return conjunction(_reaches(one, other), _reaches(other, one))


def _begins_before(one: Range, other: Range, or_with: bool) -> bool | None:
    closed = one.low_closed or not other.low_closed if or_with else one.low_closed and not other.low_closed
    return _either(less(one.low, other.low), conjunction(equal(one.low, other.low), closed))


def _ends_before(one: Range, other: Range) -> bool | None:
    """Whether one ends before the other, or with it."""
    return _either(less(one.high, other.high), conjunction(equal(one.high, other.high), not one.high_closed or other.high_closed))


def _overlaps_before(one: Range, other: Range) -> bool | None:
    return conjunction(_begins_before(one, other, False), _reaches(one, other), _ends_before(one, other))


def _includes(one: Range, other: Range) -> bool | None:
    return conjunction(_begins_before(one, other, True), _ends_before(other, one))


def _finishes(one: Range, other: Range) -> bool | None:
    return conjunction(one.high_closed == other.high_closed, equal(one.high, other.high), _begins_before(other, one, True))


def _starts(one: Range, other: Range) -> bool | None:
    return conjunction(one.low_closed == other.low_closed, equal(one.low, other.low), _ends_before(one, other))


def _coincides(one: Range, other: Range) -> bool | None:
    alike = (one.low_closed, one.high_closed) == (other.low_closed, other.high_closed)
    return conjunction(alike, equal(one.low, other.low), equal(one.high, other.high))


LISTS: Functions = {
    ("count", "list"): count, ("sum", "list | n*"): _of_numbers(sum), ("product", "list | n*"): _of_numbers(_product),
    ("mean", "list | n*"): _of_numbers(_mean), ("median", "list | n*"): _of_numbers(_median),
    ("stddev", "list | n*"): _of_numbers(_deviation),
    ("mode", "list | n*"): mode, ("min", "list | c*"): _extreme(less), ("max", "list | c*"): _extreme(greater),
    ("all", "list | b*"): every, ("any", "list | b*"): some, ("list contains", "list, element"): list_contains,
    ("append", "list, item*"): appended, ("concatenate", "list*"): concatenated, ("insert before", "list, position, newItem"): inserted,
    ("remove", "list, position"): removed, ("reverse", "list"): lambda items: None if items is None else items_of(items)[::-1],
    ("index of", "list, match"): places,
    ("sublist", "list, start position, length?"): sublist, ("union", "list*"): union, ("distinct values", "list"): distinct,
    ("duplicate values", "list"): duplicates, ("flatten", "list"): flattened,
    ("get value", "m, key"): value_of, ("get entries", "m"): entries, ("context", "entries"): context_of,
    ("context put", "context, key, value | context, keys, value"): put, ("context merge", "contexts"): merged,
}  # fmt: skip
RANGES: Functions = {
    ("before", "a, b"): _relation(_before), ("after", "a, b"): _relation(_swapped(_before)),
    ("meets", "a, b"): _relation(_meets), ("met by", "a, b"): _relation(_swapped(_meets)),
    ("overlaps", "a, b"): _relation(_overlaps), ("overlaps before", "a, b"): _relation(_overlaps_before),
    ("overlaps after", "a, b"): _relation(_swapped(_overlaps_before)),
    ("finishes", "a, b"): _relation(_finishes), ("finished by", "a, b"): _relation(_swapped(_finishes)),
    ("includes", "a, b"): _relation(_includes), ("during", "a, b"): _relation(_swapped(_includes)),
    ("starts", "a, b"): _relation(_starts), ("started by", "a, b"): _relation(_swapped(_starts)),
    ("coincides", "a, b"): _relation(_coincides),
}  # fmt: skip
#: These see the evaluation itself: they call functions.
CALLING: Functions = {("sort", "list, precedes?"): ordered, ("list replace", "list, position, newItem | list, match, newItem"): replaced}
