"""Forms: a form-js file becomes a marshmallow schema, and what people fill in is checked by it, whatever their browser did."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from marshmallow.fields import Field

from engine.bpmn.expressions_budget import EvaluationFailed
from engine.bpmn.feel import compile_feel
from engine.errors import DeploymentRefused, Invalid
from engine.form_answers import Answer
from engine.form_components import Component, fields_of
from engine.form_files import FormReader
from engine.form_messages import CHINESE, condition_failed, sentence, summary
from engine.form_rights import restricted, rights_of

__all__ = ["Component", "Form", "compile_form"]

MAX_UNKNOWN = 20  # names of unknown fields that are listed

_EMPTY: Sequence[Any] = (None, "", [])


class Form:
    """One compiled form. `components` is the tree as in the file, for drawing; `keys` are the variables that it may set."""

    def __init__(self, form_id: str, components: Sequence[Component]) -> None:
        self.id = form_id
        self.components = list(components)
        self.fields = {component.key: component for component in fields_of(components) if component.key}
        self.keys = frozenset(self.fields)
        # Named by number: a field may be called as marshmallow calls something of its own.
        answers = {f"field_{n}": Answer(component) for n, component in enumerate(self.fields.values())}
        self._for_tasks: dict[tuple[tuple[str, str], ...], Form] = {}
        self._schema: Schema = Schema.from_dict(dict[str, Field[Any]](answers), name="FormAnswers")(unknown=RAISE)

    def __repr__(self) -> str:
        return f"Form({self.id!r})"

    def with_rights(self, properties: Mapping[str, str]) -> "Form":
        """The form as a task with these `steward:` properties has it; made once."""
        rights = tuple(rights_of(properties, self.components).items())
        if not rights:
            return self
        known = self._for_tasks.get(rights)
        if known is None:
            known = self._for_tasks[rights] = Form(self.id, restricted(self.components, dict(rights)))
        return known

    @property
    def withheld(self) -> frozenset[str]:
        """The fields whose values who does this task does not see."""
        return frozenset(key for key, component in self.fields.items() if component.withheld)

    def hidden(self, payload: Mapping[str, Any], variables: Mapping[str, Any]) -> frozenset[str]:
        """The ids of the components that are not shown when this much is filled in. What cannot be computed yet is shown."""
        return _Hiding(self, payload, variables, strict=False).found()

    def check(self, payload: Mapping[str, Any], variables: Mapping[str, Any], language: str = CHINESE) -> dict[str, Any]:
        """What the variables become. Raises Invalid, which names every field that is missing, wrong or unknown.

        Answers to hidden and read-only fields are not taken. A field that is left out keeps its variable; where there is
        none yet, the variable becomes the field's default, or null, false or an empty list: after a form, each field can be read.
        """
        shown, hidden = self._shown(payload, variables, language)
        given = {key: value for key, value in payload.items() if key not in self.keys or (key in shown and not _is_empty(value))}
        accepted, wrong = self._loaded(given)
        for key in shown.keys() - given.keys():
            if shown[key].required:
                wrong[key] = {"code": _MISSING.get(shown[key].answer, "required")}
        if wrong:
            raise self._invalid(wrong, language)
        emptied = {key: self.fields[key].nothing for key in shown if key in payload and key not in given}
        unset = {key: self._usual(key, hidden) for key in self.keys - accepted.keys() - emptied.keys() if key not in variables}
        return {**unset, **emptied, **accepted}

    def _usual(self, key: str, hidden: frozenset[str]) -> Any:
        component = self.fields[key]
        return component.nothing if component.id in hidden or component.default is None else component.default

    def _shown(
        self, payload: Mapping[str, Any], variables: Mapping[str, Any], language: str
    ) -> tuple[dict[str, Component], frozenset[str]]:
        if not isinstance(payload, Mapping):
            raise Invalid("Expected the fields of a form, but found something else")
        try:
            hidden = _Hiding(self, payload, variables, strict=True).found()
        except EvaluationFailed as failure:
            raise Invalid(condition_failed(failure.message, language)) from failure
        return {key: component for key, component in self.fields.items() if component.id not in hidden and not component.readonly}, hidden

    def _loaded(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            accepted: dict[str, Any] = self._schema.load(given)
        except ValidationError as error:
            messages = error.messages if isinstance(error.messages, dict) else {}
            return {}, {key: found if isinstance(found, dict) else {"code": "unknown"} for key, found in messages.items()}
        return accepted, {}

    def _invalid(self, wrong: Mapping[str, Mapping[str, Any]], language: str) -> Invalid:
        known = [key for key in self.fields if key in wrong]
        unknown = sorted((key for key in wrong if key not in self.fields), key=str)[:MAX_UNKNOWN]
        labels = {key: self.fields[key].name(language) for key in known} | {key: str(key)[:60] for key in unknown}
        messages = {str(key)[:100]: sentence(label=labels[key], language=language, **wrong[key]) for key in [*known, *unknown]}
        return Invalid(summary([labels[key] for key in labels], language), messages)


class _Hiding:
    """Which components are hidden: decided from the top of the form to its end."""

    def __init__(self, form: Form, payload: Mapping[str, Any], variables: Mapping[str, Any], strict: bool) -> None:
        self.form = form
        self.variables = variables
        self.strict = strict
        self.hidden: set[str] = set()
        # What conditions can read: what is filled in, else the case's variables, else the defaults.
        defaults = {key: component.default for key, component in form.fields.items() if component.default is not None}
        # What is sent for a field that cannot be filled in is not taken, so no condition may go by it either.
        fillable = {key for key, component in form.fields.items() if not (component.readonly or component.withheld)}
        given = {key: _read_lightly(form.fields[key], value) for key, value in payload.items() if key in fillable}
        known = {name: value for name, value in variables.items() if value is not None}
        self.seen: dict[str, Any] = {**defaults, **known, **given}

    def found(self) -> frozenset[str]:
        self._look(self.form.components)
        return frozenset(self.hidden)

    def _look(self, components: Sequence[Component]) -> None:
        for component in components:
            if component.withheld or (component.hide is not None and self._is_true(component.hide)):
                self._hide([component])
            else:
                self._look(component.components)

    def _hide(self, components: Sequence[Component]) -> None:
        for component in components:
            self.hidden.add(component.id)
            if component.key:
                self.seen[component.key] = self.variables.get(component.key)  # an answer that is not shown counts for nothing
            self._hide(component.components)

    def _is_true(self, condition: str) -> bool:
        expression = compile_feel(condition)
        try:
            return expression.evaluate(_Known(self.seen)) is True
        except EvaluationFailed:
            if self.strict:
                raise
            return False


class _Known(dict[str, Any]):
    """What a condition can read: here, and only here, a name that nothing has yet is null."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> None:
        return None


def _is_empty(value: Any) -> bool:
    return value in _EMPTY if not isinstance(value, str) else not value.strip()


def _read_lightly(component: Component, value: Any) -> Any:
    """The answer as conditions compare it; browsers send numbers and ticks as text."""
    if not isinstance(value, str):
        return value
    if component.type == "checkbox":
        return {"true": True, "on": True, "false": False}.get(value, value)
    if component.type == "number":
        try:
            number = float(value)
        except ValueError:
            return value
        return number if math.isfinite(number) else value
    return value


_MISSING = {
    "choice": "choose", "choices": "choose", "person": "choose", "entry": "choose", "signature": "sign", "attachments": "attach",
    "checkbox": "tick",
}  # fmt: skip


def compile_form(content: bytes, file: str) -> Form:
    """The form. Raises DeploymentRefused with every problem found."""
    reader = FormReader(content, file)
    read = reader.read()
    if reader.problems or read is None:
        raise DeploymentRefused(reader.problems)
    return Form(*read)
