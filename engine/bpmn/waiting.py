"""What a token waits for, as the rest of the engine sees it."""

from datetime import datetime

from engine.bpmn import signers
from engine.bpmn.instance import STARTED, WAITING, Token
from engine.bpmn.scopes import scope_of
from engine.bpmn.triggers import Variables, Wait

# What a user task waits with where the diagram says nothing: it is not stored.
UNSAID: Variables = {
    **dict.fromkeys(("assignee", "due_at", "follow_up_at")),
    "candidate_users": [],
    "candidate_groups": [],
    "priority": 50,
}


def is_waiting(token: Token) -> bool:
    """Whether something outside can make this very token go on."""
    return token._state == WAITING or (token._state == STARTED and "kind" in token.details)


def wait_of(token: Token) -> Wait:
    """What the outside has to know to make it go on."""
    details = dict(token.details)
    kind = details.pop("kind")
    for name in ("due_at", "follow_up_at"):
        if details.get(name) is not None:
            details[name] = datetime.fromisoformat(details[name])
    if kind == "user_task":
        details = {**UNSAID, "name": signers.main_of(token).task_spec.activity.name, **details}
    if kind in ("user_task", "job"):
        details["variables"] = dict(token.variables or {})
    return Wait(token.id, token.task_spec.shown_as, kind, scope_of(token), details)
