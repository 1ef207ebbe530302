"""批量: several tasks taken or approved from the list. Each is an act of its own: what is refused holds none of the others up."""

from sqlalchemy.orm import Session

from engine import definitions
from engine.bpmn.approvals import Button, buttons_of
from engine.definitions import Described
from engine.tables import Instance, UserTask

MOST = 100  # tasks at once


def approving_button(described: Described, activity_id: str, form_name: str | None) -> Button | None:
    """The button by which a task may be approved from a list; None where the person must look at it first.

    That is a task with buttons whose first one in favour needs neither reason nor signature, and whose form, if it has one, asks for
    nothing.
    """
    activity = described.process.activities.get(activity_id)
    if activity is None or activity.properties.get("signatures", "none") != "none":
        return None
    button = next((one for one in buttons_of(activity) if not one.refuses), None)
    if button is None or button.needs_reason or button.needs_signature:
        return None
    form = None if form_name is None else described.forms.get(form_name)
    if form_name is not None and form is None:
        return None
    asks = form is not None and any(one.required for one in form.with_rights(activity.properties).fields.values())
    return None if asks else button


def button_of(session: Session, task: UserTask) -> Button | None:
    """The same for a task at hand."""
    return approving_button(definitions.describe(session, session.get_one(Instance, task.instance_id)), task.activity_id, task.form)
