"""Reads `steward:clock.<name>`: what a clock measures between which two moments of a process, and how much time it allows."""

import re
from dataclasses import dataclass
from typing import Final

from engine.bpmn.model import Process

PREFIX: Final = "clock."
DEFAULT_WARN: Final = 0.8
PARTS: Final = ("from", "to", "limit", "time", "pause", "warn", "kpi", "tell", "escalate")
NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
MOMENT: Final = re.compile(r"[^\s.]+(?:\.[^\s.]+)*\.(started|completed)")
# The limit is an expression and may hold anything; a part begins where its name and "=" follow a semicolon.
_SEPARATOR: Final = re.compile(rf";\s*(?=(?:{'|'.join(PARTS)})\s*=)|;\s*$")


@dataclass(frozen=True)
class Rule:
    """A clock as the diagram declares it."""

    name: str
    starts: str  # <activity>.started or <activity>.completed
    stops: str
    limit: str  # expression; gives a duration
    time: str  # running or working
    pauses: frozenset[str]  # activities during which it stands
    warn: float  # share of the limit after which it warns
    kpi: str | None
    tell: str | None = None  # who gets a notice of a breach: posts and login names between commas, or an expression
    escalate: str | None = None  # code of the escalation that a breach raises in the process

    @property
    def ends_at(self) -> str:
        """The activity at which it stops."""
        return self.stops.rpartition(".")[0]

    @property
    def activities(self) -> list[str]:
        """Every activity that it names."""
        return [self.starts.rpartition(".")[0], self.ends_at, *sorted(self.pauses)]


def rules_of(process: Process) -> list[Rule]:
    """The clocks that a process declares. Raises ValueError for a text that is no clock (lint says so before)."""
    named = {name[len(PREFIX) :]: text for name, text in process.properties.items() if name.startswith(PREFIX)}
    return [read_rule(name, text) for name, text in named.items()]


def read_rule(name: str, text: str) -> Rule:
    """The clock that a property describes; raises ValueError with a sentence."""
    if not NAME.fullmatch(name):
        raise ValueError(f"Expected a clock's name of letters, digits and '_', but it is '{name[:60]}'")
    parts = _parts(text)
    if missing := [part for part in ("from", "to", "limit") if not parts.get(part)]:
        raise ValueError(f"Expected a clock to have from, to and limit, but {', '.join(missing)} is missing in '{text[:100]}'")
    for part in ("from", "to"):
        if not MOMENT.fullmatch(parts[part]):
            raise ValueError(f"Expected {part}=<activity>.started or <activity>.completed, but found '{parts[part][:60]}'")
    time = parts.get("time", "running")
    if time not in ("running", "working"):
        raise ValueError(f"Expected time=running or time=working, but found time={time[:60]}")
    pauses = frozenset(part.strip() for part in parts.get("pause", "").split(",") if part.strip())
    said = {part: parts.get(part) or None for part in ("kpi", "tell", "escalate")}
    return Rule(name, parts["from"], parts["to"], parts["limit"], time, pauses, _warn(parts.get("warn")), **said)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in _SEPARATOR.split(text))):
        name, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or name not in PARTS:
            raise ValueError(f"Expected the parts {', '.join(PARTS)} of a clock, but found '{entry[:60]}'")
        if name in parts:
            raise ValueError(f"Expected each part of a clock once, but {name} is there twice")
        parts[name] = value
    return parts


def _warn(text: str | None) -> float:
    try:
        share = DEFAULT_WARN if text is None else float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ValueError(f"Expected warn to be a share of the limit such as 0.8, but found '{(text or '')[:60]}'")
    return share
