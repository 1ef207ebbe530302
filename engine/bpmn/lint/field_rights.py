"""What a task may do with the fields of its form names fields that the form has."""

from collections.abc import Iterator
from typing import Final

from engine import form_rights
from engine.bpmn.lint.approvals import form_of
from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.model import Activity
from engine.bpmn.vocabulary import USER_TASKS
from engine.errors import Problem

RULE: Final = "fields"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: steward:fields="price=read; reason=required". Bad: a right that is none, a field that the form has not, a task without a form;
    steward:signatures="resident" with a form in which nobody signs."""
    for process in diagram.processes:
        for activity in process.activities.values():
            if activity.type in USER_TASKS and activity.id in diagram.by_id:
                for message in (*_fields(diagram, activity), *_signatures(diagram, activity)):
                    yield diagram.problem(diagram.by_id[activity.id].element, RULE, message)


def _fields(diagram: Diagram, activity: Activity) -> Iterator[str]:
    if "fields" not in activity.properties:
        return
    try:
        rights = form_rights.read(activity.properties["fields"])
    except form_rights.Unreadable as error:
        yield f"Expected steward:fields as in 'price=read; reason=required; phone=hidden', but {error}"
        return
    form = form_of(diagram, activity)
    if activity.form is None:
        yield "Expected steward:fields on a task with a form, but it has none"
    elif form is not None:
        for name in sorted(rights.keys() - form.keys):
            yield f"Expected steward:fields to name fields of '{activity.form}', but it has no '{name[:60]}'"


def _signatures(diagram: Diagram, activity: Activity) -> Iterator[str]:
    signer, form = activity.properties.get("signatures"), form_of(diagram, activity)
    if signer in form_rights.SIGNERS and (
        activity.form is None or (form is not None and not form_rights.signatures_of(signer, form.components))
    ):
        yield f"Expected a form with a field for the signature of the {signer}, but there is none"
