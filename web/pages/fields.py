"""A form as the browser sees it: which fields with which values and choices, and back again what was filled in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from engine.forms import Component, Form

LOCAL_TIME = "%Y-%m-%dT%H:%M"
Choices = Callable[[str], Sequence[tuple[str, str]]]  # post → (login, name) of those who hold it


@dataclass(frozen=True)
class Shown:
    """What the templates need to draw a form."""

    form: Form
    values: Mapping[str, Any]
    variables: Mapping[str, Any]
    errors: Mapping[str, str] = field(default_factory=dict)
    people: Choices = lambda post: ()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))

    def value(self, component: Component) -> Any:
        """What stands in the field: what was typed, else what the case knows, else the form's default."""
        for known in (self.values, self.variables):
            if component.key in known and known[component.key] is not None:
                return known[component.key]
        return component.default

    def error(self, component: Component) -> str | None:
        return self.errors.get(component.key or "")

    def is_hidden(self, component: Component) -> bool:
        return component.key in self._hidden if component.key else id(component) in self._hidden

    @property
    def _hidden(self) -> set[Any]:
        return set()

    def choices(self, component: Component) -> Sequence[tuple[str, str]]:
        post = component.properties.get("user")
        if post:
            return self.people(post)
        return [(str(choice["value"]), str(choice["label"])) for choice in component.values]

    def local_time(self, component: Component) -> str:
        value = self.value(component)
        if not value:
            return ""
        try:
            return datetime.fromisoformat(str(value)).astimezone(self.zone).strftime(LOCAL_TIME)
        except ValueError:
            return str(value)


def kind(component: Component) -> str:
    """How a component is drawn: its type, or what its properties make of it."""
    if component.type == "textfield":
        return next((name for name in ("signature", "photo", "house", "telephone") if component.properties.get(name)), "textfield")
    if component.type == "select" and component.properties.get("user"):
        return "select"
    return "photo" if component.type == "filepicker" else component.type


def inputs(components: Sequence[Component]) -> Iterator[Component]:
    """Every component that takes a value, at any depth."""
    for component in components:
        if component.key and component.components == []:
            yield component
        yield from inputs(component.components)


def read(form: Form, said: MultiDict[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """What was filled in, by component key. What was left empty is left out; what cannot be read is given on as it was typed."""
    payload = {}
    for component in inputs(form.components):
        value = _read_one(component, said, zone)
        if value is not None and component.key:
            payload[component.key] = value
    return payload


def _read_one(component: Component, said: MultiDict[str, str], zone: ZoneInfo) -> Any:
    name = component.key or ""
    how = kind(component)
    if how == "checkbox":
        return name in said
    if how in ("checklist", "taglist", "photo"):
        return [value for value in said.getlist(name) if value]
    text = said.get(name, "").strip()
    if not text:
        return None
    if how == "number":
        return _number(text)
    if how == "datetime":
        return _moment(text, zone)
    return text


def _number(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _moment(text: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError:
        return text
