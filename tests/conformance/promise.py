"""What Steward promises of each construct: one row for process owners, with the smallest model that shows it and how it is played.

`docs/promises.py` makes the table and the examples of the manual from these rows; `test_promises.py` plays each of them, so the manual
cannot say what is not so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Step = tuple[str, str, dict[str, Any]]


def complete(activity: str, **variables: Any) -> Step:
    return ("complete", activity, variables)


def fire(activity: str) -> Step:
    return ("fire", activity, {})


def deliver(activity: str, **payload: Any) -> Step:
    return ("deliver", activity, payload)


@dataclass(frozen=True)
class Promise:
    """One row. `body` is the inside of the process, in the shorthand of drive.py; `refused` is a part of the refusal's sentence."""

    construct: str
    promise: str
    body: str
    around: str = ""
    start: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    visits: str = ""  # activities in the order in which they are entered
    waiting: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)  # variables at the end, those that the row is about
    failure: str = ""  # element and kind of the incident
    thrown: str = ""  # names of the messages and signals that are sent
    refused: str = ""
    decisions: str = ""  # a DMN file
    begun_by: str = ""  # the start event, or what else the process begins with
    zone: str = "Asia/Shanghai"
    begins_at: str = ""  # as the clocks of the zone show it
    due: tuple[str, ...] = ()  # when what is fired was due, one for each
    drawn: str = ""  # what the page shows of a model that is too long for it
    lists: Mapping[str, Any] = field(default_factory=dict)  # what the data stores hold, and what is written to them
    stored: Mapping[str, Any] = field(default_factory=dict)
    deepest: int = 0  # how deep the process calls itself, one case for each call


MESSAGE, SIGNAL = '<message id="m" name="paid"/>', '<signal id="g" name="rain"/>'
ERROR, ESCALATION = '<error id="x" errorCode="no_part"/>', '<escalation id="e" escalationCode="late"/>'
