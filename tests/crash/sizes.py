"""How much a crash test does: little in `make test`, everything in `make soak`."""

import os
from typing import TypeVar

Size = TypeVar("Size", int, float)
IN_FULL = os.environ.get("STEWARD_SOAK", "") not in ("", "0")


def size(*, short: Size, full: Size) -> Size:
    """The count, or the seconds, that this run is to use: `full` when STEWARD_SOAK=1."""
    return full if IN_FULL else short
