"""What a sample of the demonstration consists of: a report, and what people did about it, at times that have just passed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

SIGNATURE, PHOTOGRAPH = "<signature>", "<photograph>"  # stand for the hashes of pictures


@dataclass(frozen=True)
class Day:
    """A date so many days after the act that names it."""

    after: int


@dataclass(frozen=True)
class Act:
    """Somebody completes a task, so many minutes after the report. A timedelta among the data is a moment, counted from now."""

    task: str
    who: str | None  # None: whoever is a candidate, which differs by night
    minutes: float
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """A case that began so many minutes ago, and what came of it."""

    process: str
    house: str | None
    minutes_ago: float
    report: Mapping[str, Any]
    acts: Sequence[Act] = ()
    site: str = "S1"
    who: str = "customer_service"
    occurred: float = 0.0  # minutes before it was entered
    caller: str = "caller_name"  # the field of the start form for the resident
    channel: str | None = "telephone"  # None where the start form asks for none


@dataclass(frozen=True)
class Told:
    """How far a sample came: `refused` says why it stopped early, when the processes were changed meanwhile."""

    number: str | None
    refused: str | None


def called_back(minutes: float) -> tuple[Act, Act]:
    """A satisfied resident, asked by telephone, and the second signature."""
    verdict = {"reached": "yes", "attitude": "5", "manners": "5", "quality": "5", "verdict": "satisfied", "channel": "telephone"}
    return (
        Act("call_back", "customer_service", minutes, verdict),
        Act("countersign", "customer_service_2", minutes + 20, {"countersigned": True}),
    )


def soon(**span: float) -> timedelta:
    """A moment so far from the act that names it."""
    return timedelta(**span)
