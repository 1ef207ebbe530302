"""User tasks of the repair order completed a second by one caller, on SQLite with its flush: beside the raw library in memory on the same
diagram and beside what the disk can flush, whichever allows less. Rights, forms, history, clocks, search and the jobs that a completion
causes are all in it."""

from collections.abc import Callable, Iterator
from time import perf_counter

from benchmarks import raw
from benchmarks.diagrams import row_of_tasks
from benchmarks.disk import flushes
from benchmarks.figure import Figure, middle
from benchmarks.orders import alone, repair_company
from benchmarks.stage import empty_company

TURNS = 5  # of all that is measured, alternately: whatever else the machine does hits all
ORDERS = 10
RAW_BAR, FLUSH_BAR = 0.12, 0.7
TASKS = 10  # in the row
INSTANCES = 20


def measure() -> Iterator[Figure]:
    with repair_company() as company:
        yield from _figures("completions", lambda: alone(company, ORDERS), lambda: raw.repair_orders(ORDERS), with_bar=True)
    diagram = row_of_tasks(TASKS)
    yield from _figures("completions.row", lambda: row(diagram), lambda: raw.row(diagram, INSTANCES, TASKS), with_bar=False)


def _figures(name: str, ours: Callable[[], float], library: Callable[[], float], with_bar: bool) -> Iterator[Figure]:
    values, raws, disk = [], [], []
    for _ in range(TURNS):
        values.append(ours())
        raws.append(library())
        disk.append(flushes())
    value, beside_raw, beside_disk = middle(values), middle(raws), middle(disk)
    if with_bar and beside_raw * RAW_BAR <= beside_disk * FLUSH_BAR:
        yield Figure(name, value, "completions/s, limited by the library", beside_raw, RAW_BAR)
    elif with_bar:
        yield Figure(name, value, "completions/s, limited by the disk", beside_disk, FLUSH_BAR)
    yield Figure(f"{name}.raw", value, "completions/s", beside_raw)
    yield Figure(f"{name}.flush", value, "completions/s", beside_disk)


def row(diagram: bytes) -> float:
    """Completions a second in the row of tasks, which have no form, no clock and no condition."""
    with empty_company() as stage:
        stage.deploy(diagram)
        first = [stage.open_task(stage.start("row")) for _ in range(INSTANCES)]
        begun = perf_counter()
        for task in first:
            stage.complete_all(task)
        return INSTANCES * TASKS / (perf_counter() - begun)
