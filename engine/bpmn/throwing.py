"""What is thrown, and who catches it: messages and signals leave the instance, errors and escalations go outwards, from scope to scope."""

from collections.abc import Mapping
from typing import Any

from engine.bpmn import catching
from engine.bpmn.instance import READY, STARTED, Token
from engine.bpmn.scopes import write
from engine.bpmn.triggers import Thrown


def throw(token: Token, kind: str, name: str, correlation: Any, payload: Mapping[str, Any]) -> None:
    if (past := token.workflow.past) is not None:
        past.act(f"{kind}.thrown", token.task_spec.name)
    token.workflow.thrown.append(Thrown(kind, name, token.task_spec.name, correlation, payload))


def throw_error(token: Token, code: str, message: str, technical: bool) -> bool:
    """Hand an error to whoever catches it, from the inside out; False when nobody does.

    A technical failure is only caught by a code that names its kind; a BPMN error also by an event without a code.
    """
    found = _catcher(token, "error", code, technical)
    if found is None:
        return False
    if token._state == READY and token.phase == "enter":
        token.entered()  # an error belongs to a visit
        token._set_state(STARTED)
    if token.task_spec.raises:
        token.left()
        token.phase = "leave"
    _reach(*found, code, message)
    return True


def throw_escalation(token: Token, code: str) -> bool:
    """Tell whoever around here is to be told; whether the token still stands after that.

    Nobody in the instance, it is told to the caller; nobody there, the work goes on as if nothing had been said (BPMN 2.0.2 §10.5.1).
    """
    found = _catcher(token, "escalation", code, technical=False)
    if found is None:
        throw(token, "escalation", code, None, {})
        return True
    if found[0].interrupting and token.task_spec.throws:
        token.left()  # what interrupts it comes of its being done
        token.phase = "leave"
    _reach(*found, code, "")
    return token.id in token.workflow.tasks


def escalate_in(scope: Token, code: str) -> None:
    """An escalation of the scope itself, of no token within: an event subprocess of the scope catches it, or else the caller is told."""
    start = _start_in(scope, "escalation", code, technical=False)
    if start is None:
        throw(scope, "escalation", code, None, {})
    else:
        _reach(start, scope, code, "")


def _reach(spec: Any, at: Token, code: str, message: str) -> None:
    """An event that catches happens, at the activity or the scope that it belongs to."""
    owner = at if spec.starts_scope else at.owner
    assert owner is not None
    values = {spec.code_variable: code, spec.message_variable: message}
    write(owner, {name: value for name, value in values.items() if name})
    if spec.starts_scope:
        catching.start_event_subprocess(spec, owner)
    else:
        catching.leave_by_boundary(spec, at)


def _catcher(token: Token, kind: str, code: str, technical: bool) -> tuple[Any, Token] | None:
    at = token
    while True:
        boundary = _best(at.task_spec.boundaries, kind, code, technical) if at.item is None else None
        if boundary is not None:
            return boundary, at
        owner = at.owner
        if owner is None:
            return None
        # What an event subprocess throws is not for itself: it would start itself for ever.
        start = _start_in(owner, kind, code, technical, apart_from=at.task_spec)
        if start is not None:
            return start, owner
        at = owner


def _start_in(owner: Token, kind: str, code: str, technical: bool, apart_from: Any = None) -> Any:
    """The event that starts an event subprocess of this scope by such a thing."""
    body = owner.task_spec.body if not owner.task_spec.repeats(owner) else None
    if body is None or owner.details.get("interrupted"):
        return None
    starts = [start for each in body.event_subprocesses if each is not apart_from for start in each.body.starts]
    return _best(starts, kind, code, technical)


def _best(events: list[Any], kind: str, code: str, technical: bool) -> Any:
    """An event that names the code goes before one that catches all."""
    named = [event for event in events if (kind, code) in event.catches]
    if technical or named:
        return named[0] if named else None
    return next((event for event in events if (kind, None) in event.catches), None)
