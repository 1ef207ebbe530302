"""What makes an instance move, and what comes of it: the words that the engine and the door exchange."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.errors import StewardError

Variables = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]


class StateCorrupt(StewardError):
    """A stored state cannot be believed: wrong checksum, unknown format, or made by another definition."""


@dataclass(frozen=True)
class Start:
    """The first trigger of every instance."""


@dataclass(frozen=True)
class Complete:
    """A person has done a task, a job has its result, or a called instance has ended; for a call, `variables` are all of the child's."""

    token: str
    variables: Variables = field(default_factory=dict)
    performer: str | None = None
    # What the person decided by a button of the task.
    decision: str | None = None
    reason: str | None = None
    signature: str | None = None
    proxy: str | None = None  # who acted in the name of the performer
    rule: str | None = None  # of the diagram, which decided where no person did


@dataclass(frozen=True)
class AddSigner:
    """Let somebody sign before, after or beside the one whose task this is."""

    token: str
    login: str
    where: str
    by: str | None
    reason: str = ""


@dataclass(frozen=True)
class RemoveSigner:
    """Take an added signer away who has not signed yet."""

    token: str


@dataclass(frozen=True)
class Fire:
    """A timer is due."""

    token: str
    at: datetime


@dataclass(frozen=True)
class Deliver:
    """A message or signal has come for the waiting token."""

    token: str
    name: str
    payload: Variables = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True)
class Fail:
    """A job or a called instance reports a BPMN error. One that nobody catches is a failure."""

    token: str
    error_code: str
    message: str = ""


@dataclass(frozen=True)
class Escalate:
    """A called instance escalates, and goes on."""

    token: str
    code: str


@dataclass(frozen=True)
class Alarm:
    """A clock of the process is over its limit: an escalation of that code in the scope of the process itself."""

    code: str


@dataclass(frozen=True)
class Retry:
    """Try the failed step of this token again."""

    token: str


@dataclass(frozen=True)
class Return:
    """The task of this token is not done: the case goes back to a task that was done before it (`ways_from` tells which)."""

    token: str
    visit: int
    holder: "Holder | None" = None


@dataclass(frozen=True)
class Withdraw:
    """Who completed the task of this token takes that back."""

    token: str
    holder: "Holder | None" = None


@dataclass(frozen=True)
class Move:
    """An operator moves tokens by hand, and writes variables of the instance."""

    ended: tuple[str, ...] = ()  # activities, or the numbers of single tokens
    begun: tuple[str, ...] = ()  # activities before which a token begins
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True)
class SetVariables:
    """An operator writes variables of one scope ("" is the instance)."""

    scope: str
    variables: Variables


@dataclass(frozen=True)
class Cancel:
    """End everything now."""


# Who shall have a task that is there again, told its candidates (users, groups); None leaves it to them.
Holder = Callable[[Sequence[str], Sequence[str]], str | None]
Trigger = (
    Start
    | Complete
    | AddSigner
    | RemoveSigner
    | Fire
    | Deliver
    | Fail
    | Escalate
    | Alarm
    | Retry
    | Return
    | Withdraw
    | Move
    | SetVariables
    | Cancel
)


@dataclass(frozen=True)
class Context:
    """What a step may know of the world. Nothing here is stored with the instance."""

    now: datetime
    functions: Functions = field(default_factory=dict)
    case: Variables = field(default_factory=dict)
    max_steps: int = 10_000
    max_seconds: float = 10.0  # of the processor
    max_items: int = 5_000  # of a multi-instance activity
    zone: str = "Asia/Shanghai"  # how to read a timer's date that names no zone
    patience: float | None = None  # seconds after which whoever asks wants to know that it takes long: others wait for it
    staff: Mapping[str, frozenset[str]] | None = None  # who can do work at the site, by post; "" is everybody. None: it is not asked


@dataclass(frozen=True)
class Change:
    """One visit to an element begins or ends. `flows` are the sequence flows, as drawn, by which it was entered."""

    activity_id: str
    token: str
    event: str  # entered, left or cancelled
    scope: str = ""
    flows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """The token rests before the element; nothing of the failed step has stayed."""

    token: str
    activity_id: str
    kind: str  # expression, script, decision, error (a BPMN error that nobody catches), limit, deadlock
    message: str
    line: int | None = None
    error_code: str | None = None  # of a BPMN error that nobody catches


@dataclass(frozen=True)
class Thrown:
    """The instance has thrown a message, a signal, or an escalation that nobody within catches, or has written to a data store.

    Delivering it is the engine's work.
    """

    kind: str  # message, signal, escalation, data_store
    name: str
    activity_id: str
    correlation: Any = None
    payload: Variables = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """Something that a rule of the diagram decided, for history to tell."""

    type: str
    activity_id: str
    data: Variables


@dataclass(frozen=True)
class Outcome:
    """Everything that one trigger brought about, in order of occurrence."""

    changes: list[Change]
    failures: list[Failure]
    messages: list[Thrown]
    told: list[Told] = field(default_factory=list)


@dataclass(frozen=True)
class Wait:
    """Something the instance waits for. The token keeps its id for as long as it waits."""

    token: str
    activity_id: str
    kind: str  # user_task, timer, message, signal, condition, job or call
    scope: str
    details: Variables


@dataclass(frozen=True)
class Compared:
    """What a step may have changed: waits and scopes before and after; those that are in neither have stayed as they were."""

    waits_before: list[Wait]
    waits_after: list[Wait]
    scopes_before: Mapping[str, Variables]
    scopes_after: Mapping[str, Variables]
