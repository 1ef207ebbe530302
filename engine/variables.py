"""How much an instance may be told at once."""

from collections.abc import Mapping
from typing import Any

import orjson

from engine.errors import Invalid, LimitExceeded
from engine.settings import Limits

MAX_VARIABLES = 10_000
MAX_NAME = 255


def check_size(variables: Mapping[str, Any], limits: Limits) -> None:
    """Raise LimitExceeded for variables that are too many or too large, Invalid for values that are not JSON."""
    if len(variables) > MAX_VARIABLES:
        raise LimitExceeded(f"Expected at most {MAX_VARIABLES} variables, but got {len(variables)}")
    fields = {name: problem for name, value in variables.items() if (problem := _problem(name, value, limits))}
    if fields:
        raise Invalid(f"Expected variables within the limits, but {len(fields)} are not", fields)


def _problem(name: str, value: Any, limits: Limits) -> str | None:
    if not name or len(name) > MAX_NAME:
        return f"Expected a name of 1 to {MAX_NAME} characters"
    try:
        size = len(orjson.dumps(value))
    except (TypeError, orjson.JSONEncodeError, RecursionError):
        return "Expected a JSON value"
    if size > limits.variable:
        return f"Expected at most {limits.variable} bytes, but got {size}"
    return None
