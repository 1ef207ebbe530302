"""What comes in as JSON, read once: strictly, exactly, and only as much as is worth reading."""

import json
import re
from typing import Any

import orjson

from engine.errors import LimitExceeded, TooLarge

MOST_VALUES = 500_000
_MAY_BE_ROUNDED = re.compile(rb"[0-9]{19}")  # orjson rounds whole numbers beyond 64 bits


def read(content: bytes, largest: int) -> Any:
    """The value that the JSON text stands for.

    Raises ValueError for what is no JSON or what no database keeps (NaN, halves of characters, endless nesting), TooLarge beyond
    `largest` bytes, LimitExceeded for so many values that building them would hold up everybody else.
    """
    if len(content) > largest:
        raise TooLarge(f"Expected at most {largest} bytes of JSON, but got {len(content)}")
    # Each value but the first of its list or object comes after a comma; those in texts are counted along, which harms nobody.
    values = content.count(b",") + content.count(b"[") + content.count(b"{")
    if values > MOST_VALUES:
        raise LimitExceeded(f"Expected at most {MOST_VALUES} values, but got about {values}")
    try:
        said = orjson.loads(content)
        orjson.dumps(said)  # it reads what is nested deeper than it writes
        return json.loads(content) if _MAY_BE_ROUNDED.search(content) else said
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
