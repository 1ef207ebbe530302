"""Random diagrams and files of other editors, damaged and cut short: refused with a sentence or run, and never another error or a hang."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType

import pytest

from engine import definitions
from engine.bpmn.triggers import Context, Start
from engine.bpmn.workflow import Workflow
from engine.errors import DeploymentRefused, Rejected
from tests.conformance.drive import MONDAY
from tests.crash.sizes import size
from tests.reference.models import model
from tests.reference.models_of_events import model_of_events

SECONDS = 5  # of this process, for one file
FILES = size(short=20, full=200)
DAMAGES_EACH = 10
FOREIGN = sorted((Path(__file__).parents[1] / "conformance" / "foreign").iterdir())
WORDS = re.compile(rb'[\w:.-]+(?==")|(?<=<)/?[\w:]+|"[^"]*"')


@contextmanager
def time_limit() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"Expected a file to be judged within {SECONDS} s, but it takes longer")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def judge(content: bytes) -> bool:
    """Whether it deploys. What does is begun as well, as far as it goes by itself."""
    with time_limit():
        try:
            diagrams, _ = definitions.check({"damaged.bpmn": content}, executable=True)
        except DeploymentRefused as refused:
            assert refused.problems
            assert all(problem.message and problem.line >= 1 for problem in refused.problems)
            return False
        for diagram in diagrams:
            for compiled in diagram.compiled.values():
                try:
                    Workflow.begin(compiled, {"v0": 0, "v1": 1, "v2": 2}).advance(Start(), Context(MONDAY, max_steps=500))
                except Rejected:
                    continue  # it only starts by messages, say
        return True


def base(number: int) -> bytes:
    if number % 4 == 0:
        return FOREIGN[number // 4 % len(FOREIGN)].read_bytes()
    return model_of_events(number, 15).xml if number % 2 else model(number, 15, rich=True).xml


@pytest.mark.parametrize("number", range(FILES))
def test_a_damaged_diagram_is_refused_or_runs(number: int) -> None:
    chance, whole = Random(number), base(number)
    for _ in range(DAMAGES_EACH):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 1, 2, 5])):
            damage(content, chance)
        judge(bytes(content))


@pytest.mark.parametrize("number", range(FILES))
def test_a_diagram_that_is_cut_short_is_refused(number: int) -> None:
    chance, whole = Random(number), base(number)
    for _ in range(DAMAGES_EACH):
        assert not judge(whole[: chance.randrange(len(whole) - 5)])


def damage(content: bytearray, chance: Random) -> None:
    """Take away, double or exchange a word, a tag, or some bytes."""
    found = list(WORDS.finditer(content))
    first, second = chance.choice(found), chance.choice(found)
    start = chance.randrange(len(content))
    match chance.randrange(6):
        case 0:
            content[first.start() : first.end()] = second.group()
        case 1:
            del content[first.start() : first.end()]
        case 2:
            content[:] = content.replace(first.group(), second.group())
        case 3:
            content[start:start] = content[first.start() : first.start() + chance.choice([10, 300])]
        case 4:
            del content[start : start + chance.choice([1, 30, 300])]
        case _:
            content[start] = chance.randrange(256)
