"""User tasks completed a second by sixteen callers, on SQLite with its flush, beside one caller who waits for no flush: it is shared."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.completions import INSTANCES, TASKS, ours
from benchmarks.diagrams import row_of_tasks
from benchmarks.figure import Figure, middle
from benchmarks.stage import empty_company

CALLERS = 16
BAR = 0.8
TURNS = 3  # of both, alternately: whatever else the machine does hits both


def measure() -> Iterator[Figure]:
    diagram = row_of_tasks(TASKS)
    sixteen, one = [], []
    for _ in range(TURNS):
        sixteen.append(together(diagram))
        one.append(ours(diagram, durable=False))
    yield Figure("completions_16", middle(sixteen), "completions/s", middle(one), BAR)


def together(diagram: bytes) -> float:
    with empty_company() as stage, ThreadPoolExecutor(CALLERS) as callers:
        stage.deploy(diagram)
        first = [stage.open_task(stage.start("row")) for _ in range(INSTANCES)]
        begun = time.perf_counter()
        for _ in callers.map(stage.complete_all, first):
            pass
        return INSTANCES * TASKS / (time.perf_counter() - begun)
