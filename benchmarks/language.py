"""Microseconds that the safe language takes for a condition and for a script of seven lines, found in its cache as they are in life."""

from collections.abc import Callable, Iterator, Mapping
from time import thread_time
from timeit import repeat
from typing import Any

from benchmarks.figure import Figure
from engine.bpmn.sandbox import compile_expression, compile_script

CONDITION_LIMIT, SCRIPT_LIMIT = 10.0, 100.0  # microseconds
CONDITION = '${urgency == "urgent" and kind != "seepage" and verdict == "satisfied"}'  # the longest of the repair order
SCRIPT = """\
house = house if has("house") and house else ""
room = room if has("room") and room else ""
where = strip(house + " " + room)
total = 0
for item in items:
    total = total + item.price * item.count
charged = total > 0 and not warranty
"""
VARIABLES: Mapping[str, Any] = {
    "urgency": "urgent", "kind": "drain", "verdict": "satisfied", "house": "A-12", "room": "厨房", "warranty": False,
    "items": [{"price": 35, "count": 2}, {"price": 50, "count": 1}],
}  # fmt: skip
TIMES, TURNS = 2_000, 7


def measure() -> Iterator[Figure]:
    has = {"has": VARIABLES.__contains__}
    assert compile_expression(CONDITION).evaluate(VARIABLES) is True
    assert compile_script(SCRIPT).run(VARIABLES, has)["total"] == 120
    condition = _microseconds(lambda: compile_expression(CONDITION).evaluate(VARIABLES))
    yield Figure("language.condition", condition, "µs", CONDITION_LIMIT, 1.0, at_most=True)
    script = _microseconds(lambda: compile_script(SCRIPT).run(VARIABLES, has))
    yield Figure("language.script", script, "µs for seven lines", SCRIPT_LIMIT, 1.0, at_most=True)


def _microseconds(work: Callable[[], object]) -> float:
    """Processor time of the quickest turn: what a neighbour takes is not the language's."""
    return min(repeat(work, timer=thread_time, number=TIMES, repeat=TURNS)) / TIMES * 1_000_000
