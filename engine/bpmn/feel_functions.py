"""What a FEEL text can call: the operators, which only the parser can write, and the functions of the standard with their parameters.

The names of operators begin with a space, so that no text can call them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.bpmn import feel_arithmetic as arithmetic
from engine.bpmn import feel_values as values
from engine.bpmn.feel_dates import DATES, MOMENTS
from engine.bpmn.feel_lists import CALLING, LISTS, RANGES
from engine.bpmn.feel_texts import NUMBERS, TEXTS, Functions

OPERATORS: Mapping[str, Callable[..., Any]] = {
    " =": values.equal, " !=": values.unequal, " <": values.less, " <=": values.less_or_equal, " >": values.greater,
    " >=": values.greater_or_equal, " ..": values.within, " range": values.ranging, " and": values.conjunction, " or": values.disjunction,
    " true": values.is_true, " fits": values.fits, " .": arithmetic.part_of, " []": arithmetic.item_of, " neg": arithmetic.negative,
    "not": values.negation, " +": arithmetic.add, " -": arithmetic.subtract,
    " *": arithmetic.multiply, " /": arithmetic.divide, " **": arithmetic.power,
}  # fmt: skip
OTHERS: Functions = {
    ("not", "negand"): values.negation,
    ("is defined", "value"): lambda value: value is not None,
    ("now", ""): lambda: None,  # the site's clock answers
    ("today", ""): lambda: None,
}
CLOCK = frozenset({"now", "today"})


@dataclass(frozen=True)
class Builtin:
    """A function of the standard. `needs_frame`: it is given the evaluation before the arguments."""

    name: str
    signature: str
    run: Callable[..., Any]
    needs_frame: bool

    @cached_property
    def ways(self) -> Sequence[Sequence[str]]:
        return [[part.strip() for part in way.split(",") if part.strip()] for way in self.signature.split("|")]

    def takes(self, count: int) -> bool:
        """Whether it can be called with so many arguments."""
        return any(
            sum(not part.endswith(("?", "*")) for part in way) <= count <= (10_000 if way and way[-1].endswith("*") else len(way))
            for way in self.ways
        )

    def placed(self, given: Sequence[str]) -> list[int | None] | None:
        """For named arguments: which of them stands at each place (None: left out); None when the names are others."""
        for way in self.ways:
            names = [part.rstrip("?*") for part in way]
            wanted = [part for part in way if not part.endswith(("?", "*"))]
            if set(given) <= set(names) and set(wanted) <= set(given):
                last = max((names.index(name) for name in given), default=-1)
                return [given.index(name) if name in given else None for name in names[: last + 1]]
        return None


def _builtins() -> dict[str, Builtin]:
    found = {}
    for functions, needs_frame in ((TEXTS, False), (NUMBERS, False), (LISTS, False), (RANGES, False), (DATES, False), (OTHERS, False),
                                   (CALLING, True), (MOMENTS, True)):  # fmt: skip
        for (name, signature), run in functions.items():
            found[name] = Builtin(name, signature, run, needs_frame)
    return found


BUILTINS: Mapping[str, Builtin] = _builtins()
