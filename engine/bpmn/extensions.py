"""Reads what an element says beyond its shape (mappings, timers, correlation) and compiles it once, at deployment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml.etree import _Element

from engine.bpmn import timing
from engine.bpmn.instance import StepFailed
from engine.bpmn.performers import parts
from engine.bpmn.sandbox import ExpressionError, compile_expression, compile_script, compile_template
from engine.bpmn.scopes import View
from engine.bpmn.vocabulary import BPMN, CAMUNDA, camunda, steward_properties
from engine.errors import Problem

KINDS = {
    "TimeDateEventDefinition": "timer",
    "DurationTimerEventDefinition": "timer",
    "CycleTimerEventDefinition": "timer",
    "MessageEventDefinition": "message",
    "SignalEventDefinition": "signal",
}
Value = Callable[[View], Any]
NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Mapped:
    """Input or output parameters: names with what gives their values, in the order of the file."""

    parameters: tuple[tuple[str, Value], ...]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.parameters]

    def evaluate(self, view: View) -> dict[str, Any]:
        """Later parameters see earlier ones."""
        values: dict[str, Any] = {}
        inner = view.within(values)
        for name, value in self.parameters:
            values[name] = value(inner)
        return values


@dataclass(frozen=True)
class Timer:
    """A timer event: `kind` is date, duration or cycle; `text` stands in the diagram, `expression` is set when it must be evaluated."""

    kind: str
    text: str
    expression: Any
    catch_up: str

    def start(self, view: View) -> dict[str, Any]:
        """When it is due and how often, as the details of a wait."""
        now, zone = view.context.now, view.context.zone
        value = self.text if self.expression is None else view.evaluate(self.expression)
        try:
            if self.kind != "cycle":
                return self._details(timing.moment_of(value, now, zone))
            if not isinstance(value, str):
                raise ValueError(f"Expected a repetition such as R3/PT10M, but found {type(value).__name__} {value!r}")
            cycle = timing.parse_repetition(value, zone)
            first = cycle.start or cycle.interval.after(now, zone)
            return self._details(first, cycle.times, cycle.text)
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
    left, catch_up = details["repeats_left"], details["catch_up"]
    if details["interval"] is None:
        return True, None
    interval = timing.parse_duration(details["interval"])
    due = interval.after(datetime.fromisoformat(details["due_at"]), zone)
    counts, used = True, 1
    if catch_up != "all":
        counts = catch_up == "once" or due > at
        while due <= at and (left is None or used < left):
            due, used = interval.after(due, zone), used + 1
    if left is not None and left <= used:
        return counts, None
    return counts, {**details, "due_at": due.isoformat(), "repeats_left": None if left is None else left - used}


@dataclass(frozen=True)
class Awaited:
    """What an event waits for: a timer, or a message or signal by name and correlation key."""

    kind: str
    timer: Timer | None
    name: Value
    correlation: Any

    def details(self, view: View) -> dict[str, Any]:
        if self.timer is not None:
            return self.timer.start(view)
        key = None if self.correlation is None else view.json(self.correlation)
        return {"kind": self.kind, "name": self.name(view), "correlation_key": key}


class Reader:
    """Reads one element and collects what is wrong with it."""

    def __init__(self, element: _Element, file: str, problems: list[Problem], names: Mapping[str, str] = NO_NAMES) -> None:
        self.element, self.file, self.problems = element, file, problems
        self.names = names  # of data elements, by their ids
        self.properties = steward_properties(element)

    def problem(self, rule: str, message: str) -> None:
        element_id = (self.element.get("id") or "-").removesuffix(".fork")
        self.problems.append(Problem(self.file, self.element.sourceline or 1, element_id, rule, message))

    def _compiled(self, compiler: Callable[[str], Any], text: str, what: str) -> Any:
        try:
            return compiler(text)
        except ExpressionError as error:
            self.problem("expression", f"Expected {what} that can be understood, but {error}")
            return None

    def expression(self, text: str | None, what: str) -> Any:
        return self._compiled(compile_expression, text.strip(), what) if text and text.strip() else None

    def template(self, text: str | None, what: str) -> Any:
        return self._compiled(compile_template, text.strip(), what) if text and text.strip() else None

    def listed(self, text: str | None, what: str) -> tuple[Any, ...]:
        """Names between commas, each a text or `${…}` that gives one or several."""
        return tuple(self.template(part, what) for part in parts(text or ""))

    def script(self) -> Any:
        return self._compiled(compile_script, self.element.findtext(BPMN + "script") or "", "a script")

    def inputs(self, before: tuple[tuple[str, Value], ...] = ()) -> Mapped | None:
        """Input parameters, and `before` them what data associations bring."""
        return self._mapped("inputParameter", before)

    def outputs(self) -> Mapped | None:
        return self._mapped("outputParameter")

    def _mapped(self, tag: str, before: tuple[tuple[str, Value], ...] = ()) -> Mapped | None:
        found = self.element.findall(f"{BPMN}extensionElements/{CAMUNDA}inputOutput/{CAMUNDA}{tag}")
        parameters = before + tuple((each.get("name") or "", self._value(each)) for each in found)
        return Mapped(parameters) if parameters else None

    def _value(self, element: _Element | None) -> Value:
        """The value of a parameter: plain text, `${…}`, a list or a map of values."""
        if element is None:
            return lambda view: None
        for child in element:
            if child.tag == CAMUNDA + "list":
                parts = [self._value(part) for part in child]
                return lambda view: [part(view) for part in parts]
            if child.tag == CAMUNDA + "map":
                entries = {entry.get("key") or "": self._value(entry) for entry in child}
                return lambda view: {key: part(view) for key, part in entries.items()}
            if child.tag == CAMUNDA + "script":
                self.problem("mapping", "Expected an expression as the value of a parameter, but found a script")
        template = self.template(element.text, "a value")
        return (lambda view: None) if template is None else (lambda view: view.json(template))

    def passed(self, tag: str) -> tuple[tuple[str | None, Any], ...]:
        """`camunda:in` or `camunda:out` of a call: target names with expressions; (None, None) passes everything."""
        found: list[tuple[str | None, Any]] = []
        for each in self.element.findall(f"{BPMN}extensionElements/{CAMUNDA}{tag}"):
            if each.get("businessKey"):
                continue
            if each.get("variables") == "all":
                found.append((None, None))
            elif target := each.get("target"):
                found.append((target, self.expression(each.get("sourceExpression") or each.get("source"), "a value to pass")))
            else:
                self.problem("mapping", f"Expected camunda:{tag} with a target, but there is none")
        return tuple(found)

    def business_key(self) -> Any:
        keys = [each.get("businessKey") for each in self.element.findall(f"{BPMN}extensionElements/{CAMUNDA}in")]
        return next((self.template(key, "a business key") for key in keys if key), None)

    def attribute(self, name: str) -> str | None:
        return camunda(self.element, name)

    def is_true(self, attribute: str) -> bool:
        return self.element.get(attribute, "true") not in ("false", "0")

    def has(self, definition: str) -> bool:
        return self.element.find(BPMN + definition) is not None

    def error_variables(self) -> tuple[str | None, str | None]:
        definition = self.element.find(BPMN + "errorEventDefinition")
        assert definition is not None
        return camunda(definition, "errorCodeVariable"), camunda(definition, "errorMessageVariable")

    def correlation(self) -> Any:
        return self.expression(self.properties.get("correlationKey"), "a correlation key")

    def _named(self, definition: Any) -> Value:
        """The name of a message or signal: as written, or with `${…}` in it."""
        name = (definition.name or "").strip()
        if not name:
            self.problem("event", "Expected a message or signal with a name, but it has none")
        if "${" not in name:
            return lambda view: name
        template = self.template(name, "a name")
        return lambda view: str(view.json(template))

    def thrown(self, definition: Any) -> tuple[str, Value] | None:
        """Kind and name of what is thrown."""
        kind = KINDS.get(type(definition).__name__)
        return None if kind not in ("message", "signal") else (kind, self._named(definition))

    def awaited(self, definition: Any) -> Awaited | None:
        kind = KINDS.get(type(definition).__name__)
        if kind == "timer":
            return Awaited(kind, self.timer(definition), lambda view: None, None)
        return None if kind is None else Awaited(kind, None, self._named(definition), self.correlation())

    def timer(self, definition: Any) -> Timer:
        """From SpiffWorkflow's event definition; ISO texts are checked now, everything else is an expression."""
        kind = {"TimeDateEventDefinition": "date", "DurationTimerEventDefinition": "duration"}.get(type(definition).__name__, "cycle")
        text, expression = (definition.expression or "").strip(), None
        checks: Mapping[str, Callable[[], Any]] = {
            "date": lambda: timing.parse_moment(text, "UTC"),
            "duration": lambda: timing.parse_duration(text),
            "cycle": lambda: timing.parse_repetition(text, "UTC"),
        }
        try:
            checks[kind]()
        except (ValueError, OverflowError) as error:
            literal = text[:1] in "-PR0123456789" and "(" not in text and "{" not in text
            if not text or (literal and (text.isupper() or not text.isidentifier())):
                self.problem("timer", str(error) if text else "Expected a timer with a time, but it is empty")
            else:
                compiler = self.template if "/" in text.partition("{")[0] else self.expression
                expression = compiler(text, f"a timer {kind}")
        return Timer(kind, text, expression, self.properties.get("catchUp", "once"))
