"""What the reference interpreter moves: tokens, the scopes in which they stand, and what listens meanwhile."""

from dataclasses import dataclass, field

from tests.reference.drawing import Flow, Node

THROWN = ("error", "escalation", "compensate", "cancel")  # caught without waiting for it


@dataclass(eq=False)
class Scope:
    """A running process, a running subprocess, or the instances of a multi-instance activity."""

    within: str
    token: "Token | None"  # the token that stands in the activity around it; None for the process
    tokens: list["Token"] = field(default_factory=list)
    listeners: list["Listener"] = field(default_factory=list)
    completed_items: int = 0
    is_interrupted: bool = False
    is_closing: bool = False  # an ad-hoc subprocess that begins nothing any more
    data: dict[str, object] = field(default_factory=dict)  # data objects and counters


@dataclass(eq=False)
class Token:
    node: Node
    scope: Scope
    number: int
    flow: Flow | None
    state: str = "entering"  # then held (back), waiting, joined (at a gateway), failed or leaving
    inside: Scope | None = None
    listeners: list["Listener"] = field(default_factory=list)
    started_by: Node | None = None  # event subprocess: its start event
    is_item: bool = False
    started_items: int = 0


@dataclass(eq=False)
class Listener:
    """An event that may happen to a token or scope for as long as that lasts."""

    node: Node
    host: Token | Scope
    number: int
    left: int  # how often it may still happen
