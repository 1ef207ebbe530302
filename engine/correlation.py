"""How a message and a waiting event find each other: by name, site and the canonical text of one value."""

from collections.abc import Mapping
from typing import Any

import orjson


def canonical_key(value: Any) -> str:
    """The text under which a correlation value is compared; empty when there is none.

    A mapping of one entry is the same as its value alone, so that `--key number=WX-S1-202611-0001` meets `case.number`.
    """
    if isinstance(value, Mapping):
        if len(value) == 1:
            return canonical_key(next(iter(value.values())))
        if not value:
            return ""
    if value is None:
        return ""
    # Keys typed on a command line are texts: a number and its text are one key.
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
