"""What a benchmark says: a value, what was measured beside it in the same run, and the ratio that must be reached."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    figure: str
    value: float
    unit: str
    reference: float | None = None
    bar: float | None = None
    at_most: bool = False  # the ratio must stay under the bar instead of reaching it

    @property
    def ratio(self) -> float | None:
        return self.value / self.reference if self.reference else None

    @property
    def ok(self) -> bool:
        if self.ratio is None or self.bar is None:
            return True
        return self.ratio <= self.bar if self.at_most else self.ratio >= self.bar

    def as_dict(self) -> dict[str, object]:
        ratio = None if self.ratio is None else round(self.ratio, 3)
        reference = None if self.reference is None else round(self.reference, 4)
        return {
            "figure": self.figure, "value": round(self.value, 4), "unit": self.unit, "reference": reference, "ratio": ratio,
            "bar": self.bar, "ok": self.ok,
        }  # fmt: skip


def milliseconds(work: Callable[[], object]) -> float:
    """How long the work takes once."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1_000


def middle(values: Sequence[float]) -> float:
    """The median: machines are shared, and a hiccup of a neighbour is not our figure."""
    return statistics.median(values)


def beside(measure: Callable[[], float], reference: Callable[[], float], turns: int) -> tuple[float, float]:
    """Both measured so many times in turn: the pair with the middle ratio. What slows a shared machine for a second hits both of a pair."""
    pairs = sorted(((measure(), reference()) for _ in range(turns)), key=lambda pair: pair[0] / pair[1])
    return pairs[len(pairs) // 2]
