"""A user task shows a form, and the form is there."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.form_data import complaints
from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import USER_TASKS, form_name, name_of
from engine.errors import Problem

RULE: Final = "form"
NO_FORM: Final = "no-form"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: camunda:formRef="record" and forms/record.form. Bad: a form that was not deployed with it."""
    for node in diagram.of_kind(*USER_TASKS, "startEvent"):
        wrong = [diagram.problem(node.element, RULE, complaint) for complaint in complaints(node.element)]
        yield from wrong
        name = form_name(node.element)
        if name is None:
            if node.kind == "userTask":
                yield diagram.warning(node.element, NO_FORM, f"Expected user task '{node.id}' to have a form, but it takes any variables")
            continue
        if node.kind == "startEvent" and (node.events or name_of(node.scope) != "process"):
            yield diagram.problem(
                node.element, RULE, "Expected a form only on the plain start of a process, but nobody would fill in this one"
            )
        elif not wrong and name not in diagram.available.forms:
            yield diagram.problem(node.element, RULE, f"Expected a form file '{name[:60]}.form' in this deployment, but there is none")
