"""How a message and a waiting event find each other: by name, site and the canonical text of one value."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from engine.errors import Invalid
from engine.texts import storable

MAX_KEY = 500


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
    text = storable(value) if isinstance(value, str) else _written(value)
    # An index holds no book; two long keys are the same when their hashes are.
    return text if len(text) <= MAX_KEY else "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _written(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # numbers beyond 64 bits, half characters
        raise Invalid("Expected a correlation key of plain JSON, but it is none", {"correlation": "JSON"}) from None
