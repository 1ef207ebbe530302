"""The series in front of an instance's number: WX in WX-S1-202611-0001."""

import re
from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import children, steward_properties
from engine.errors import Problem

RULE: Final = "number-series"
SERIES: Final = re.compile(r"[A-Z][A-Z0-9]{0,9}", re.ASCII)


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: WX. Bad: wx, WX-1, a text of twenty letters."""
    for process in children(diagram.root, "process"):
        series = steward_properties(process).get("numberSeries")
        if series is not None and not SERIES.fullmatch(series):
            message = f"Expected a number series of 1 to 10 capital letters and digits, beginning with a letter, but it is '{series[:60]}'"
            yield diagram.problem(process, RULE, message)
