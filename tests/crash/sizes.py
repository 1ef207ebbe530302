"""How much a crash test does: little in `make test`, everything in `make soak`. And by which dice, told and settable."""

import os
import secrets
from collections.abc import Callable
from functools import cache
from typing import TypeVar

Size = TypeVar("Size", int, float)
Tell = Callable[[str], None]  # what the fixture `tell` gives
IN_FULL = os.environ.get("STEWARD_SOAK", "") not in ("", "0")


def size(*, short: Size, full: Size) -> Size:
    """The count, or the seconds, that this run is to use: `full` when STEWARD_SOAK=1."""
    return full if IN_FULL else short


@cache
def seed() -> int:
    """Of the dice of this run: STEWARD_SEED, or a new one, which is printed when a test fails and at the end of `make soak`."""
    chosen = int(os.environ.get("STEWARD_SEED") or secrets.randbelow(1_000_000))
    print(f"STEWARD_SEED={chosen}")  # noqa: T201  # pytest shows it
    return chosen
