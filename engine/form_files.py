"""Reads a form-js file: bounded, and whatever the server would not do is refused by name."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, NoReturn

from marshmallow import ValidationError

from engine.bpmn import patterns
from engine.bpmn.expressions_budget import ExpressionError
from engine.bpmn.feel import compile_feel
from engine.errors import Problem
from engine.form_answers import answered
from engine.form_components import INPUTS, SHOWN, Component

MAX_FILE_BYTES = 500_000
MAX_COMPONENTS = 500
MAX_DEPTH = 5  # groups in groups
MAX_CHOICES = 500

_KEY = re.compile(r"[^\W\d]\w{0,99}")
_TAKEN = frozenset({"case"})
_IGNORED = ("button",)  # pages have their own
_VALIDATIONS = frozenset({"required", "minLength", "maxLength", "min", "max", "pattern", "patternErrorMessage", "validationType"})
_NOT_BUILT = ("valuesKey", "valuesExpression", "disallowPassedDates", "path", "isRepeating", "allowAddRemove", "computeOn")


class FormReader:
    """Reads one file and collects its problems."""

    def __init__(self, content: bytes, file: str) -> None:
        self.content = content
        self.file = file
        self.lines: list[str] = []
        self.problems: list[Problem] = []
        self.ids: set[str] = set()
        self.keys: set[str] = set()
        self.count = 0

    def problem(self, element: str, message: str) -> None:
        quoted = json.dumps(element, ensure_ascii=False)
        line = next((number for number, text in enumerate(self.lines, 1) if quoted in text), 1)
        self.problems.append(Problem(self.file, line, element[:100], "form", message))

    def read(self) -> tuple[str, list[Component]] | None:
        """The form's id and its components, or None when the file is no form at all."""
        schema = self.schema()
        if schema is None:
            return None
        form_id = schema.get("id") or PurePosixPath(self.file).stem
        if not isinstance(form_id, str) or schema.get("type", "default") != "default":
            self.problem("-", "Expected a form of the type default with a text as its id, but found another")
            return None
        return form_id, self.components(schema.get("components"), form_id, 1)

    def schema(self) -> dict[str, Any] | None:
        if len(self.content) > MAX_FILE_BYTES:
            self.problem("-", f"Expected a form of at most {MAX_FILE_BYTES:,} bytes, but it has {len(self.content):,}")
            return None
        try:
            text = self.content.decode("utf-8-sig")
            self.lines = text.splitlines()
            schema = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            self.problems.append(
                Problem(self.file, error.lineno, "-", "form", f"Expected a form in JSON, but it does not parse: {error.msg}")
            )
            return None
        except (ValueError, RecursionError) as error:
            self.problem("-", f"Expected a form in JSON, but: {str(error)[:200]}")
            return None
        if not isinstance(schema, dict):
            self.problem("-", "Expected a form, but the file holds something else")
            return None
        return schema

    def components(self, listed: Any, holder: str, depth: int) -> list[Component]:
        if not isinstance(listed, list) or depth > MAX_DEPTH:
            self.problem(holder, f"Expected a list of components, at most {MAX_DEPTH} groups deep, but found something else")
            return []
        found = []
        for raw in listed:
            self.count += 1
            if self.count > MAX_COMPONENTS:
                self.problem(holder, f"Expected at most {MAX_COMPONENTS} components, but there are more")
                break
            if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
                self.problem(holder, "Expected every component to have a type, but one has none")
            elif raw["type"] not in _IGNORED and (component := self.component(raw, depth)) is not None:
                found.append(component)
        return found

    def component(self, raw: dict[str, Any], depth: int) -> Component | None:
        kind, name = raw["type"], str(raw.get("key") or raw.get("id") or raw["type"])
        if kind not in INPUTS and kind not in SHOWN:
            self.problem(name, f"Expected a component that is built, but {kind[:40]!r} is not ({', '.join((*INPUTS, *SHOWN))} are)")
            return None
        for attribute in _NOT_BUILT:
            if raw.get(attribute):
                self.problem(name, f"Expected a component without {attribute}, which is not built yet, but it has one")
        key = self.key(raw, name) if kind in INPUTS else None
        checks = self.validate(raw, name)
        try:
            found = Component(
                id=self.id(raw, name),
                type=kind,
                key=key,
                label=_text(raw, "dateLabel" if kind == "datetime" and not raw.get("label") else "label"),
                text=_text(raw, "text"),
                description=_text(raw, "description"),
                default=raw.get("defaultValue") if kind in INPUTS else None,
                values=self.values(raw, name),
                required=_flag(checks, "required"),
                min=_figure(checks, "min"),
                max=_figure(checks, "max"),
                min_length=_count(checks, "minLength"),
                max_length=_count(checks, "maxLength"),
                pattern=self.pattern(checks),
                readonly=_flag(raw, "readonly") or _flag(raw, "disabled"),
                hide=self.hide(raw),
                subtype=_subtype(raw),
                digits=_count(raw, "decimalDigits") if kind == "number" else None,
                as_text=_flag(raw, "serializeToString"),
                validation=_validation(checks),
                properties=_properties(raw),
                components=self.components(raw.get("components"), name, depth + 1) if kind == "group" else [],
            )
            return _with_usual_answer(found)
        except (ExpressionError, _Unfit) as error:
            self.problem(name, str(error))
            return None

    def id(self, raw: dict[str, Any], name: str) -> str:
        given = raw.get("id") or f"{name}_{self.count}"
        if not isinstance(given, str) or given in self.ids:
            raise _Unfit(f"Expected every component to have an id of its own, but {str(given)[:60]!r} is used again")
        self.ids.add(given)
        return given

    def key(self, raw: dict[str, Any], name: str) -> str | None:
        key = raw.get("key")
        if not isinstance(key, str) or not _KEY.fullmatch(key) or key.startswith("__") or key in _TAKEN:
            self.problem(name, f"Expected a key that is a variable's name, but found {str(key)[:60]!r}")
            return None
        if key in self.keys:
            self.problem(name, f"Expected every field to have a key of its own, but {key!r} is used again")
            return None
        self.keys.add(key)
        return key

    def validate(self, raw: dict[str, Any], name: str) -> dict[str, Any]:
        checks = raw.get("validate") or {}
        if not isinstance(checks, dict):
            self.problem(name, "Expected the checks of a field, but found something else")
            return {}
        for unknown in checks.keys() - _VALIDATIONS:
            self.problem(name, f"Expected a check that is built, but {str(unknown)[:40]!r} is not")
        return checks

    def values(self, raw: dict[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
        listed = raw.get("values") or []
        if raw["type"] not in ("select", "radio", "checklist", "taglist"):
            return ()
        if not isinstance(listed, list) or len(listed) > MAX_CHOICES:
            raise _Unfit(f"Expected at most {MAX_CHOICES} choices, but found something else")
        if not listed and not (_properties(raw).get("user") or _properties(raw).get("list")):
            raise _Unfit("Expected choices, but there are none")
        if not all(isinstance(choice, dict) and isinstance(choice.get("value"), str | int | float | bool) for choice in listed):
            raise _Unfit("Expected every choice to have a label and a value, but one has none")
        return [_choice(choice) for choice in listed]

    def pattern(self, checks: dict[str, Any]) -> str | None:
        pattern = checks.get("pattern")
        if pattern in (None, ""):
            return None
        try:
            if not isinstance(pattern, str) or len(pattern) > 500:
                raise _Unfit("Expected a pattern of at most 500 characters, but found something else")
            patterns.compiled(pattern)
        except ValueError as error:
            raise _Unfit(f"Expected a pattern, but it does not compile: {error}") from None
        return pattern

    def hide(self, raw: dict[str, Any]) -> str | None:
        conditional = raw.get("conditional") or {}
        hide = conditional.get("hide") if isinstance(conditional, dict) else conditional
        if hide in (None, ""):
            return None
        if not isinstance(hide, str):
            raise _Unfit("Expected a condition in FEEL, but found something else")
        compile_feel(hide)
        return hide


class _Unfit(Exception):
    """A component is wrong; the message says how."""


def _with_usual_answer(component: Component) -> Component:
    """The same with its default as an answer would be stored; a default that would not be taken is refused."""
    if component.default in (None, "", []) or component.default is False:
        return replace(component, default=None)
    try:
        return replace(component, default=answered(component, component.default))
    except ValidationError:
        raise _Unfit(f"Expected a default that the field takes, but found {str(component.default)[:60]!r}") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in the same object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _choice(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """`label_en`, which form-js passes over, is what it is called in English."""
    english = {"label_en": str(raw["label_en"])} if raw.get("label_en") else {}
    return {"label": str(raw.get("label", raw["value"])), "value": raw["value"], **english}


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 10_000 or value.startswith("="):
        raise _Unfit(f"Expected plain text as the {name}, but found something else")
    return value


def _flag(raw: Mapping[str, Any], name: str) -> bool:
    value = raw.get(name, False)
    if value not in (True, False, None):
        raise _Unfit(f"Expected true or false for {name}, but found {str(value)[:40]!r}")
    return bool(value)


def _figure(raw: Mapping[str, Any], name: str) -> float | None:
    value = raw.get(name)
    if value in (None, ""):
        return None
    try:
        number: int | float = float(value) if isinstance(value, str) else value
    except ValueError:
        number = math.nan
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise _Unfit(f"Expected a number for {name}, but found {str(value)[:40]!r}")
    return number


def _count(raw: Mapping[str, Any], name: str) -> int | None:
    number = _figure(raw, name)
    if number is not None and (number != int(number) or not 0 <= number <= 1_000_000):
        raise _Unfit(f"Expected a whole number for {name}, but found {number}")
    return None if number is None else int(number)


def _subtype(raw: Mapping[str, Any]) -> str:
    if raw["type"] != "datetime":
        return ""
    subtype = raw.get("subtype", "datetime")
    if subtype not in ("date", "time", "datetime"):
        raise _Unfit(f"Expected date, time or datetime, but found {str(subtype)[:40]!r}")
    return str(subtype)


def _validation(checks: Mapping[str, Any]) -> str:
    kind = checks.get("validationType") or ""
    if kind not in ("", "custom", "email", "phone"):
        raise _Unfit(f"Expected email, phone or a pattern, but found {str(kind)[:40]!r}")
    return "" if kind == "custom" else str(kind)


def _properties(raw: Mapping[str, Any]) -> dict[str, str]:
    properties = raw.get("properties") or {}
    if not isinstance(properties, dict):
        raise _Unfit("Expected properties by name, but found something else")
    return {str(name): str(value).lower() if isinstance(value, bool) else str(value) for name, value in properties.items()}
