"""A form as the browser sees it: which fields with which values and choices, and back again what was filled in."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from engine import residents
from engine.forms import Component, Form
from web import language, words

LOCAL_TIME = "%Y-%m-%dT%H:%M"
LOCAL = {"date": "%Y-%m-%d", "time": "%H:%M", "datetime": LOCAL_TIME}
PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
Choices = Callable[[str], Sequence[tuple[str, str]]]  # post → (login, name) of those who hold it


@dataclass(frozen=True)
class Shown:
    """What the templates need to draw a form."""

    form: Form | None  # a task may have none: then there is nothing but its button
    values: Mapping[str, Any]
    variables: Mapping[str, Any]
    errors: Mapping[str, str] = field(default_factory=dict)
    people: Choices = lambda post: ()
    zone: ZoneInfo = words.ZONE
    site: str = ""
    names: Mapping[str, str] = field(default_factory=dict)  # of the people behind logins
    labelled: Mapping[str, Component] = field(default_factory=dict)  # the case's fields, by name
    opens_telephones: bool = True

    def value(self, component: Component) -> Any:
        """What stands in the field: what was typed, else what the case knows, else the form's default."""
        for known in (self.values, self.variables):
            if component.key in known and known[component.key] is not None:
                return known[component.key]
        return component.default

    def error(self, component: Component) -> str | None:
        return self.errors.get(component.key or "")

    @cached_property
    def hidden_keys(self) -> frozenset[str]:
        """Keys of the fields that the form's own conditions hide, given what stands in the others."""
        return frozenset()

    @property
    def has_conditions(self) -> bool:
        return self.form is not None and any(component.hide for component in everything(self.form.components))

    def is_hidden(self, component: Component) -> bool:
        return name_of(component) in self.hidden_keys

    def has(self, key: str) -> bool:
        """Whether the form has a field of that name, beside which its error can stand."""
        return self.form is not None and key in self.form.keys

    @property
    def takes_a_house(self) -> bool:
        return self.form is not None and any(kind(component) == "house" for component in everything(self.form.components))

    def choices(self, component: Component) -> Sequence[tuple[str, str]]:
        post = component.properties.get("user")
        if post:
            return self.people(post)
        return [(str(choice["value"]), str(choice["label"])) for choice in component.values]

    def text(self, component: Component) -> str:
        """An instruction with what the case knows in place of {{ name }}: plain text, which the template escapes."""
        return PLACEHOLDER.sub(lambda found: self._in_words(found.group(1)), component.text or "")

    def _in_words(self, name: str) -> str:
        value = self.variables.get(name)
        if value is None or value == "":
            return "—"
        known = self.labelled.get(name)
        if known is None:
            return str(value)
        if kind(known) == "telephone" and not self.opens_telephones:
            return residents.masked(str(value))
        return in_words(known, value, self.names, self.zone)

    def time_type(self, component: Component) -> str:
        return "datetime-local" if subtype(component) == "datetime" else subtype(component)

    def local_time(self, component: Component) -> str:
        """The value as the browser's own date field wants it, in the site's zone."""
        value = self.value(component)
        if not value:
            return ""
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            return str(value)
        return (at.astimezone(self.zone) if at.tzinfo else at).strftime(LOCAL[subtype(component)])


def subtype(component: Component) -> str:
    """date, time or datetime."""
    return component.subtype if component.subtype in LOCAL else "datetime"


def name_of(component: Component) -> str:
    """By what the browser knows a component, whether it takes a value or not."""
    return component.key or component.id


def label_of(component: Component) -> str:
    """The label in the reader's language, where the form has one."""
    english = component.properties.get("label_en") if language.current() == "en" else None
    return english or component.label or component.key or ""


def kind(component: Component) -> str:
    """How a component is drawn: its type, or what its properties make of it."""
    if component.type == "textfield":
        return next((name for name in ("signature", "photo", "house", "telephone") if component.properties.get(name)), "textfield")
    if component.type == "select" and component.properties.get("user"):
        return "select"
    return "photo" if component.type == "filepicker" else component.type


def everything(components: Sequence[Component]) -> Iterator[Component]:
    """Every component, at any depth."""
    for component in components:
        yield component
        yield from everything(component.components)


def inputs(components: Sequence[Component]) -> Iterator[Component]:
    """Every component that takes a value, at any depth."""
    return (component for component in everything(components) if component.key and not component.components)


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
        return _with_zone(text, zone) if subtype(component) == "datetime" else text
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


def _with_zone(text: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError:
        return text


def hidden_event(keys: Iterable[str]) -> str:
    """What tells the browser which fields are hidden now."""
    return orjson.dumps({"steward:hidden": {"keys": sorted(keys)}}).decode()


def in_words(component: Component, value: Any, names: Mapping[str, str], zone: ZoneInfo) -> str:
    """A value as a person reads it: the choice's label, yes or no, a time of the site."""
    labels = {str(choice["value"]): str(choice["label"]) for choice in component.values}
    if isinstance(value, bool):
        return gettext("是") if value else gettext("否")
    if isinstance(value, list):
        return gettext("、").join(labels.get(str(one), str(one)) for one in value)
    if component.properties.get("user"):
        return names.get(str(value), str(value))
    if component.type == "datetime":
        return _moment(str(value), zone)
    return labels.get(str(value), str(value))


def _moment(text: str, zone: ZoneInfo) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return words.moment(at, zone=zone) if at.tzinfo is not None else text
