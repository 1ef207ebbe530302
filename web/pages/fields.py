"""A form as the browser sees it: which fields with which values and choices, and back again what was filled in."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from engine import masking, residents
from engine.errors import Invalid
from engine.form_rights import shown
from engine.forms import Component, Form
from engine.masking import names_a_resident
from web import language, words

LOCAL = {"date": "%Y-%m-%d", "time": "%H:%M", "datetime": "%Y-%m-%dT%H:%M"}
INPUT_TYPES = {"date": "date", "time": "time", "datetime": "datetime-local", "telephone": "tel", "email": "email"}
PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
People = Callable[[Sequence[str]], Sequence[tuple[str, str]]]  # posts → (login, name) of those who hold one


def vouches(component: Component) -> bool:
    """Whether the answer holds for this visit alone, so that an earlier one is never offered: a signature, a tick that must be."""
    return component.answer == "signature" or (component.type == "checkbox" and component.required)


@dataclass(frozen=True)
class FormView:
    """What the templates need to draw a form. A task may have none: then there is nothing but its button."""

    form: Form | None
    values: Mapping[str, Any]  # what was typed
    variables: Mapping[str, Any]  # what the case knows
    errors: Mapping[str, str] = field(default_factory=dict)
    people: People = lambda posts: ()
    listed: Callable[[str], Sequence[str]] = lambda name: ()  # keys of a list of the site
    zone: ZoneInfo = words.ZONE
    site: str = ""
    names: Mapping[str, str] = field(default_factory=dict)  # of the people behind logins
    labelled: Mapping[str, Component] = field(default_factory=dict)  # the case's fields, by name
    opens_telephones: bool = True
    files_at: str = ""  # where files are brought and seen; without it, where the staff does

    @property
    def components(self) -> Sequence[Component]:
        return shown(self.form.components) if self.form is not None else ()

    @property
    def brings_files_to(self) -> str:
        return self.files_at or url_for("files.add", site=self.site)

    @property
    def sees_files_at(self) -> str:
        """To be followed by a hash."""
        return f"{self.files_at or '/files'}/"

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Ids of what the form's own conditions hide, given what stands in its fields."""
        return self.form.hidden(self.values, self.variables) if self.form is not None else frozenset()

    @property
    def has_conditions(self) -> bool:
        return any(component.hide is not None for component in everything(self.components))

    @property
    def takes_a_house(self) -> bool:
        return any(component.is_input and component.answer == "house" for component in everything(self.components))

    def has(self, key: str) -> bool:
        """Whether the form has a field of that name, beside which its error can stand."""
        return self.form is not None and key in self.form.keys

    def value(self, component: Component) -> Any:
        """What stands in the field: what was typed, else what the case knows, else the form's default."""
        key = component.key or ""
        if key in self.values:
            return self.values[key]
        known = None if vouches(component) else self.variables.get(key)
        return component.default if known is None else known

    def chosen(self, component: Component) -> list[str]:
        """The chosen values, as the browser sends them."""
        value = self.value(component)
        return [as_written(one) for one in value] if isinstance(value, list) else [] if value is None else [as_written(value)]

    def choices(self, component: Component) -> Sequence[tuple[str, str]]:
        """Value and label of each choice; of a field for a person, the people of its post at the site; of a list, its entries."""
        if component.answer == "person":
            return self.people(component.posts)
        written = [(as_written(choice["value"]), choice_label(choice)) for choice in component.values]
        entries = self.listed(component.properties["list"]) if component.answer == "entry" else ()
        return [*((key, key) for key in entries), *written]

    def text(self, component: Component) -> str:
        """An instruction with what the case knows in place of {{ name }}: plain text, which the template escapes."""
        english = component.properties.get("text_en") if language.current() == "en" else None
        return PLACEHOLDER.sub(lambda found: self._in_words(found.group(1)), english or component.text or component.label)

    def _in_words(self, name: str) -> str:
        value, known = self.variables.get(name), self.labelled.get(name)
        if value is None or value == "" or (self.form is not None and name in self.form.withheld):
            return "—"
        if known is None:
            return str(value) if self.opens_telephones else masking.by_name(name, str(value))
        if known.answer == "telephone" and not self.opens_telephones:
            return residents.masked(str(value))
        if names_a_resident(known) and not self.opens_telephones:
            return residents.masked_name(str(value))
        return in_words(known, value, self.names, self.zone)

    def local_time(self, component: Component) -> str:
        """The value as the browser's own date field wants it, in the site's zone."""
        text = str(self.value(component) or "")
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        return (at.astimezone(self.zone) if at.tzinfo else at).strftime(LOCAL[component.answer])


def everything(components: Sequence[Component]) -> Iterator[Component]:
    """Every component, at any depth."""
    for component in components:
        yield component
        yield from everything(component.components)


def widget(component: Component) -> str:
    """How a component is drawn."""
    if not component.is_input or (component.type in ("textarea", "checkbox", "radio", "select") and component.answer != "attachments"):
        return component.type
    drawn = {"choices": "checklist", "attachments": "photos", "signature": "signature", "number": "number"}
    return drawn.get(component.answer, "moment" if component.answer in LOCAL else "line")


def label_of(component: Component) -> str:
    return component.name(language.current())


def choice_label(choice: Mapping[str, Any]) -> str:
    return str((choice.get("label_en") if language.current() == "en" else None) or choice["label"])


def as_written(value: Any) -> str:
    """A value as it stands in HTML."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(form: Form | None, said: MultiDict[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """What was filled in, by key. An empty field is None; one that was not sent (since it was hidden) is left out."""
    if form is None:
        return {}
    return {
        key: _read_one(component, said, zone)
        for key, component in form.fields.items()
        if key in said and not component.readonly and not component.withheld
    }


def _read_one(component: Component, said: MultiDict[str, str], zone: ZoneInfo) -> Any:
    given = [value for value in said.getlist(component.key or "") if value.strip()]
    if component.answer == "checkbox":
        return bool(given)
    if component.answer in ("choices", "attachments"):
        return given
    if not given:
        return None
    if component.answer == "datetime":
        return _with_zone(given[0], zone)
    return given[0]


def _with_zone(text: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError:
        return text


def objections(form: Form | None, typed: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with what was typed, in the reader's language."""
    try:
        if form is not None:
            form.check(typed, variables, language.current())
    except Invalid as error:
        return error.fields
    return {}


def hidden_event(ids: Iterable[str]) -> str:
    """What tells the browser which fields are hidden now."""
    return orjson.dumps({"steward:hidden": {"keys": sorted(ids)}}).decode()


def in_words(component: Component, value: Any, names: Mapping[str, str], zone: ZoneInfo) -> str:
    """A value as a person reads it: the choice's label, yes or no, a time of the site."""
    labels = {as_written(choice["value"]): choice_label(choice) for choice in component.values}
    if isinstance(value, list):
        return gettext("、").join(labels.get(as_written(one), str(one)) for one in value)
    if as_written(value) in labels:
        return labels[as_written(value)]
    if isinstance(value, bool):
        return gettext("是") if value else gettext("否")
    if component.answer == "person":
        return names.get(str(value), str(value))
    return _moment(str(value), zone) if component.answer == "datetime" else str(value)


def _moment(text: str, zone: ZoneInfo) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return words.moment(at, zone=zone) if at.tzinfo is not None else text
