"""Whole numbers as they stand in forms and addresses."""

import re

_WRITTEN = re.compile(r"[0-9]{1,18}")  # what fits into every database; Python itself refuses to read thousands of digits


def whole(text: str) -> int | None:
    """The number that is written there; None for anything else, be it ever so long."""
    return int(text) if _WRITTEN.fullmatch(text) else None
