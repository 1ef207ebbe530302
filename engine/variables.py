"""How much an instance may be told at once."""

import itertools
from collections.abc import Mapping
from typing import Any

import orjson

from engine.errors import Invalid, LimitExceeded
from engine.settings import Limits

MAX_VARIABLES = 10_000
MAX_NAME = 255
MOST_NAMED = 100  # of those that are wrong


def check_size(variables: Mapping[str, Any], limits: Limits) -> None:
    """Raise LimitExceeded for variables that are too many or too large, Invalid for values that are not JSON."""
    if len(variables) > MAX_VARIABLES:
        raise LimitExceeded(f"Expected at most {MAX_VARIABLES} variables, but got {len(variables)}")
    problems = {name: problem for name, value in variables.items() if (problem := _problem(name, value, limits))}
    if problems:
        named = dict(itertools.islice(((name[:100], problem) for name, problem in problems.items()), MOST_NAMED))
        raise Invalid(f"Expected variables within the limits, but {len(problems)} are not", named)


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
