"""Reads what an element says beyond its shape (mappings, names, correlation) and compiles it once, at deployment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lxml.etree import _Element

from engine.bpmn.performers import parts
from engine.bpmn.sandbox import ExpressionError, compile_expression, compile_script, compile_template
from engine.bpmn.scopes import View
from engine.bpmn.vocabulary import BPMN, CAMUNDA, camunda, children, event_definitions, event_kind, name_of, steward_properties
from engine.errors import Problem

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

    def number(self, attribute: str) -> int:
        """A quantity of tokens; lint has looked at it."""
        text = self.element.get(attribute) or "1"
        return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 1

    def is_true(self, attribute: str) -> bool:
        return self.element.get(attribute, "true") not in ("false", "0")

    def has(self, definition: str) -> bool:
        return self.element.find(BPMN + definition) is not None

    def code_variables(self, definition: _Element) -> tuple[str | None, str | None]:
        """Where the code and the message of a caught error or escalation go."""
        kind = name_of(definition).removesuffix("EventDefinition")
        return camunda(definition, f"{kind}CodeVariable"), camunda(definition, f"{kind}MessageVariable")

    def correlation(self) -> Any:
        return self.expression(self.properties.get("correlationKey"), "a correlation key")

    def definitions(self) -> list[_Element]:
        """Its event definitions; a send or receive task that names its message itself stands for one."""
        return event_definitions(self.element) or ([self.element] if self.element.get("messageRef") else [])

    def referenced(self, definition: _Element) -> _Element | None:
        """The message, signal, error or escalation that a definition means."""
        kind = event_kind(definition)
        if (reference := definition.get(f"{kind}Ref")) is None:
            return None
        root = definition.getroottree().getroot()
        found = next((each for each in children(root, kind) if each.get("id") == reference), None)
        if found is None:
            self.problem("event", f"Expected a {kind} '{reference[:60]}', but the file has none")
        return found

    def code(self, definition: _Element) -> str | None:
        """The code of an error or escalation; None stands for any."""
        found = self.referenced(definition)
        return None if found is None else found.get(f"{event_kind(definition)}Code")

    def named(self, definition: _Element) -> Value:
        """The name of a message or signal: as written, or with `${…}` in it."""
        found = self.referenced(definition)
        name = "" if found is None else (found.get("name") or "").strip()
        if not name:
            self.problem("event", "Expected a message or signal with a name, but it has none")
        if "${" not in name:
            return lambda view: name
        template = self.template(name, "a name")
        return lambda view: str(view.json(template))
