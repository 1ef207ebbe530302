"""One instance round a loop of three tasks 10,000 times: the last rounds must cost what the first ones cost, and its state be as small.

The rounds at 10 are those of a fresh instance, measured in turn with those at 10,000: whatever else the machine does hits both.
"""

from collections.abc import Iterator

from benchmarks.diagrams import loop_of_three
from benchmarks.figure import Figure, middle, milliseconds
from benchmarks.stage import Stage, empty_company

ROUNDS = 10_000
EARLY = 10
MEASURED = 60  # pairs of rounds
BAR = 1.2


def measure(rounds: int | None = None) -> Iterator[Figure]:
    with empty_company(durable=False) as stage:  # the disk is the same at every round, and would only hide the difference
        stage.deploy(loop_of_three())
        old, young = Walker(stage), Walker(stage)
        for _ in range(ROUNDS if rounds is None else rounds):
            old.walk()
        for _ in range(EARLY):
            young.walk()
        sizes = stage.state_size(old.instance), stage.state_size(young.instance)
        late, early = [], []
        for _ in range(MEASURED):
            late.append(milliseconds(old.walk))
            early.append(milliseconds(young.walk))
        yield Figure("loop.cost", middle(late), "ms a round", middle(early), BAR, at_most=True)
        yield Figure("loop.state", sizes[0], "bytes", sizes[1], BAR, at_most=True)


class Walker:
    """Goes round the loop with one instance."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.instance = stage.start("loop")
        self.task: int | None = stage.open_task(self.instance)

    def walk(self) -> None:
        for activity in ("a", "b", "c"):
            assert self.task is not None
            self.task = self.stage.complete(self.task, {"again": True, "last": activity})
