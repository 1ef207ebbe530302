"""Who listens, and what happens when something occurs: messages, signals, timers and errors find the element that catches them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.bpmn import compaction
from engine.bpmn.extensions import next_firing
from engine.bpmn.instance import READY, STARTED, Token
from engine.bpmn.scopes import View, write
from engine.bpmn.triggers import Thrown

Prepared = list[tuple[Any, dict[str, Any]]]


def prepare(elements: list[Any], view: View) -> Prepared:
    """Evaluate what the elements will wait for; errors are caught without waiting."""
    return [(element, element.awaited.details(view)) for element in elements if element.awaited is not None]


def prepare_boundaries(spec: Any, view: View) -> Prepared:
    return prepare(spec.boundaries, view)


def prepare_starts(body: Any, view: View) -> Prepared:
    """The start events of the event subprocesses of a scope."""
    return prepare([subprocess.body.starts[0] for subprocess in body.event_subprocesses], view)


def listen(owner: Token, prepared: Prepared) -> None:
    for element, details in prepared:
        owner.workflow.listen(element, owner, details)


def throw(token: Token, kind: str, name: str, correlation: Any, payload: Mapping[str, Any]) -> None:
    token.workflow.thrown.append(Thrown(kind, name, token.task_spec.name, correlation, payload))


def has_occurred(spec: Any, owner: Token, flows: tuple[str, ...] = ()) -> Token:
    """A visit to an event that has happened already: the token goes on behind it in the next step."""
    token: Token = owner.workflow.place(spec, owner, flows)
    token.entered()
    token.left()
    token.go_on("leave")
    return token


def renew(listener: Token, at: datetime | None) -> bool:
    """Make a listener that does not interrupt ready for the next time; say whether this time counts."""
    if listener.details["kind"] != "timer":
        return True
    assert at is not None
    counts, following = next_firing(listener.details, at, listener.workflow.context.zone)
    if following is None:
        compaction.splice(listener)
    else:
        listener.details = following
    return counts


def at_boundary(spec: Any, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
    """A boundary event happens: the activity ends when it interrupts, else it goes on beside."""
    host = listener.owner
    assert host is not None and host.owner is not None
    if not spec.interrupting and not renew(listener, at):
        return
    write(host.owner, payload)
    leave_by_boundary(spec, host)


def leave_by_boundary(spec: Any, host: Token) -> None:
    assert host.owner is not None
    if spec.interrupting:
        host.workflow.cancel_token(host)
    has_occurred(spec, host.owner)


def at_scope(spec: Any, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
    """The start event of an event subprocess happens."""
    owner = listener.owner
    assert owner is not None
    if not spec.interrupting and not renew(listener, at):
        return
    write(owner, payload)
    start_event_subprocess(spec, owner)


def start_event_subprocess(spec: Any, owner: Token) -> None:
    instance = owner.workflow
    if spec.interrupting:
        for child in owner.within():
            instance.cancel_token(child)
        for listener in owner.listening():
            if listener.task_spec.starts_scope:
                compaction.splice(listener)
        owner.details["interrupted"] = True
    token = instance.place(spec.subprocess, owner)
    token.details = {"start": spec.name}
    instance.queue(token)


def at_gateway(spec: Any, listener: Token, payload: Mapping[str, Any]) -> None:
    """The first event behind an event-based gateway decides the way; the others are forgotten."""
    gateway = listener.owner
    assert gateway is not None and gateway.owner is not None
    flow = next(flow for flow in gateway.task_spec.outgoing if flow.target is spec)
    gateway.left()
    token = gateway.workflow.place(spec, gateway.owner, (flow.id,))
    for each in gateway.listening():
        compaction.splice(each)
    compaction.splice(gateway)
    token.entered()
    spec.accept(token, payload)


def throw_error(token: Token, code: str, message: str, technical: bool) -> bool:
    """Hand an error to whoever catches it, from the inside out; False when nobody does.

    A technical failure is only caught by a code that names its kind; a BPMN error also by an event without a code.
    """
    found = _catcher(token, code, technical)
    if found is None:
        return False
    spec, at = found
    if token._state == READY and token.phase == "enter":
        token.entered()  # an error belongs to a visit
        token._set_state(STARTED)
    if token.task_spec.raises:
        token.left()
        token.phase = "leave"
    owner = at if spec.starts_scope else at.owner
    assert owner is not None
    values = {spec.code_variable: code, spec.message_variable: message}
    write(owner, {name: value for name, value in values.items() if name})
    if spec.starts_scope:
        start_event_subprocess(spec, owner)
    else:
        leave_by_boundary(spec, at)
    return True


def _catcher(token: Token, code: str, technical: bool) -> tuple[Any, Token] | None:
    at = token
    while True:
        boundary = _best(at.task_spec.boundaries, code, technical) if at.item is None else None
        if boundary is not None:
            return boundary, at
        owner = at.owner
        if owner is None:
            return None
        body = owner.task_spec.body if not owner.task_spec.repeats(owner) else None
        if body is not None and not owner.details.get("interrupted"):
            start = _best([subprocess.body.starts[0] for subprocess in body.event_subprocesses], code, technical)
            if start is not None:
                return start, owner
        at = owner


def _best(events: list[Any], code: str, technical: bool) -> Any:
    """An error event that names the code goes before one that catches all."""
    named = [event for event in events if event.catches_errors and event.error_code == code]
    if technical or named:
        return named[0] if named else None
    return next((event for event in events if event.catches_errors and event.error_code is None), None)
