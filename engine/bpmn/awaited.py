"""What an event waits for, read from its definition once: a timer, a message, a signal, or a condition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml.etree import _Element

from engine.bpmn import cycles, timing
from engine.bpmn.extensions import Reader, Value
from engine.bpmn.instance import StepFailed
from engine.bpmn.sandbox import EvaluationFailed
from engine.bpmn.scopes import View
from engine.bpmn.vocabulary import BPMN, event_kind, name_of

ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Timer:
    """A timer event: `kind` is date, duration or cycle; `text` stands in the diagram, `expression` is set when it must be evaluated."""

    kind: str
    text: str
    expression: Any
    catch_up: str
    repeats: bool  # False: of a cycle only the first firing counts, as what waits for it is over then

    def start(self, view: View) -> dict[str, Any]:
        """When it is due and how often, as the details of a wait."""
        value = self.text if self.expression is None else view.evaluate(self.expression)
        return self.reckon(value, view.context.now, view.context.zone)

    def value(self, variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
        """What the diagram says where no instance is yet; StepFailed when that cannot be computed."""
        try:
            return self.text if self.expression is None else self.expression.evaluate(variables, functions)
        except EvaluationFailed as failure:
            raise StepFailed("expression", failure.message, failure.line) from failure

    def reckon(self, value: Any, now: datetime, zone: str) -> dict[str, Any]:
        """The details of a timer that is set now, or StepFailed."""
        try:
            if self.kind != "cycle":
                return self._details(timing.moment_of(value, now, zone))
            if not isinstance(value, str):
                raise ValueError(f"Expected a repetition such as R3/PT10M, but found {type(value).__name__} {value!r}")
            cycle = cycles.read_cycle(value, now, zone)
            return self._details(cycle.first, cycle.times, cycle.interval) if self.repeats else self._details(cycle.first)
        except (ValueError, OverflowError) as error:
            raise StepFailed("expression", f"Expected a {self.kind} for the timer: {error}") from error

    def _details(self, due: datetime, times: int | None = None, interval: str | None = None) -> dict[str, Any]:
        left = times if interval else 1
        return {"kind": "timer", "due_at": due.isoformat(), "repeats_left": left, "interval": interval, "catch_up": self.catch_up}


def next_firing(details: dict[str, Any], at: datetime, zone: str) -> tuple[bool, dict[str, Any] | None]:
    """After a timer was due: whether this firing counts, and the details of the next one, or None when it was the last.

    A firing that comes so late that others have been missed stands for all of them (`once`), is followed by the
    missed ones (`all`), or is left out with them (`skip`).
    """
    left, catch_up, interval = details["repeats_left"], details["catch_up"], details["interval"]
    if interval is None:
        return True, None
    due, used, counts = cycles.following(interval, datetime.fromisoformat(details["due_at"]), zone), 1, True
    if catch_up != "all" and due is not None and due <= at:
        counts = catch_up == "once"
        due, missed = cycles.skip_missed(interval, due, at, None if left is None else left - used, zone)
        used += missed
    if due is None or (left is not None and left <= used):
        return counts, None
    return counts, {**details, "due_at": due.isoformat(), "repeats_left": None if left is None else left - used}


@dataclass(frozen=True)
class Awaited:
    """One thing that an event waits for. A message or signal is known by its name, a message also by its correlation key."""

    kind: str  # timer, message, signal, condition
    timer: Timer | None = None
    name: Value | None = None
    correlation: Any = None
    condition: Any = None
    written: str = ""  # the name as written, for what starts a process

    def details(self, view: View) -> dict[str, Any]:
        """What the token's wait says of it."""
        if self.timer is not None:
            return self.timer.start(view)
        if self.name is None:
            return {"kind": self.kind, "held": False}
        key = None if self.correlation is None else view.json(self.correlation)
        return {"kind": self.kind, "name": self.name(view), "correlation_key": key}


def read(reader: Reader) -> list[Awaited]:
    """Everything that the event of this element waits for; errors, escalations and compensation are caught without waiting."""
    return [found for definition in reader.definitions() if (found := _read(reader, definition)) is not None]


def _read(reader: Reader, definition: _Element) -> Awaited | None:
    kind = event_kind(definition)
    if kind == "timer":
        return Awaited(kind, timer=_timer(reader, definition))
    if kind == "conditional":
        condition = reader.expression(definition.findtext(BPMN + "condition"), "a condition")
        if condition is None:
            reader.problem("event", "Expected a condition to wait for, but there is none")
        return Awaited("condition", condition=condition)
    if kind in ("message", "signal"):
        found = reader.referenced(definition)
        written = "" if found is None else (found.get("name") or "").strip()
        return Awaited(kind, None, reader.named(definition), reader.correlation() if kind == "message" else None, written=written)
    return None


def _timer(reader: Reader, definition: _Element) -> Timer:
    """ISO texts and cron are checked now, everything else is an expression."""
    found = next((child for child in definition if name_of(child) in CHECKS), None)
    tag = "timeDuration" if found is None else name_of(found)
    text, expression = ("" if found is None else found.text or "").strip(), None
    try:
        CHECKS[tag](text)
    except (ValueError, OverflowError) as error:
        if not text or is_literal(text):
            reader.problem("timer", str(error) if text else "Expected a timer with a time, but it is empty")
        else:
            compiler = reader.template if "/" in text.partition("{")[0] else reader.expression
            expression = compiler(text, f"a timer {tag}")
    return Timer(tag.removeprefix("time").lower(), text, expression, reader.properties.get("catchUp", "once"), _repeats(reader.element))


def _repeats(event: _Element) -> bool:
    """Only what does not interrupt is still there for a second firing, and what starts processes."""
    scope = event.getparent()
    if name_of(event) == "startEvent" and scope is not None and name_of(scope) == "process":
        return True
    attribute = {"boundaryEvent": "cancelActivity", "startEvent": "isInterrupting"}.get(name_of(event))
    return attribute is not None and event.get(attribute) in ("false", "0")


CHECKS: Mapping[str, Callable[[str], Any]] = {
    "timeDate": lambda text: timing.parse_moment(text, "UTC"),
    "timeDuration": timing.parse_duration,
    "timeCycle": lambda text: cycles.read_cycle(text, ANY_MOMENT, "UTC"),
}


def is_literal(text: str) -> bool:
    """Whether a time that cannot be read was meant as one, and not as an expression."""
    begins = text[:1] in "-PR0123456789*@" and "(" not in text and "{" not in text
    return begins and (text.isupper() or not text.isidentifier())
