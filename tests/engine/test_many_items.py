"""An activity that is done many times over costs at each completion what one done a few times costs."""

import sys
from collections.abc import Callable
from types import FrameType

from benchmarks.sizes import open_tasks, repeated
from benchmarks.stage import empty_company


def calls(work: Callable[[], object]) -> int:
    """How many Python functions were called: the same on a busy machine."""
    count = 0

    def profiler(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(profiler)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def cost_of_one_among(count: int) -> int:
    with empty_company(durable=False) as stage:
        stage.deploy(repeated(count, sequential=False))
        tasks = open_tasks(stage, stage.start("large"))
        for task in tasks[:3]:
            stage.complete(task, {"answer": 1})
        return calls(lambda: stage.complete(tasks[3], {"answer": 2}))


def test_one_completion_among_four_hundred_costs_what_one_among_ten_costs() -> None:
    assert cost_of_one_among(400) <= cost_of_one_among(10) * 1.02
