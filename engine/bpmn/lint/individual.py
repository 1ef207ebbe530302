"""Records that must be their author's own are texts and photographs of the task's form."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import USER_TASKS, form_name, steward_properties
from engine.errors import Problem

RULE: Final = "individual"
COMPARED: Final = ("text", "attachments")


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: steward:individual="patrol_text, photos", both fields of the form. Bad: a field that is not there, or a number."""
    forms = diagram.available.forms
    for node in diagram.of_kind(*USER_TASKS):
        named = steward_properties(node.element).get("individual")
        form: Any = forms.get(form_name(node.element) or "") if isinstance(forms, Mapping) else None
        if named is None or (form is None and form_name(node.element) is not None):
            continue  # a form that is missing is said by its own rule
        for key in (part.strip() for part in named.split(",")):
            field = None if form is None else form.fields.get(key)
            if field is None or field.answer not in COMPARED:
                message = f"Expected steward:individual to name texts and photographs of the task's form, but '{key[:60]}' is none"
                yield diagram.problem(node.element, RULE, message)
