"""Who listens, and what happens when something occurs: at a boundary, at a scope, behind a gateway, or at the event that waits for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.bpmn import compaction
from engine.bpmn.awaited import next_firing
from engine.bpmn.instance import Token
from engine.bpmn.scopes import View, write

Prepared = list[tuple[Any, dict[str, Any]]]


def prepare(elements: list[Any], view: View) -> Prepared:
    """Evaluate what the elements will wait for; errors, escalations and compensation are caught without waiting."""
    return [(part, part.awaited.details(view)) for element in elements for part in element.parts]


def prepare_boundaries(spec: Any, view: View) -> Prepared:
    return prepare(spec.boundaries, view)


def prepare_starts(body: Any, view: View) -> Prepared:
    """The start events of the event subprocesses of a scope."""
    return prepare([start for subprocess in body.event_subprocesses for start in subprocess.body.starts], view)


def prepare_starts_of_process(instance: Any) -> Prepared:
    return prepare_starts(instance.root.task_spec.body, View(instance.root))


def listen(owner: Token, prepared: Prepared) -> None:
    for element, details in prepared:
        owner.workflow.listen(element, owner, details)


def is_last(listener: Token) -> bool:
    """Whether the event happens now. One that wants all of its definitions does with the last one: only what is still to come listens."""
    whole, owner = listener.task_spec.whole, listener.owner
    if not whole.wants_all or owner is None:
        return True
    compaction.splice(listener)
    return all(each.task_spec.whole is not whole for each in owner.listening())


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
    if is_last(listener):
        leave_by_boundary(spec, host)


def leave_by_boundary(spec: Any, host: Token) -> None:
    assert host.owner is not None
    if spec.interrupting:
        if (past := host.workflow.past) is not None:
            past.consume(host)
        host.workflow.cancel_token(host)
    has_occurred(spec, host.owner)


def at_scope(spec: Any, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
    """The start event of an event subprocess happens."""
    owner = listener.owner
    assert owner is not None
    if not spec.interrupting and not renew(listener, at):
        return
    write(owner, payload)
    if is_last(listener):
        start_event_subprocess(spec, owner)


def start_event_subprocess(spec: Any, owner: Token) -> None:
    instance = owner.workflow
    if spec.interrupting:
        if instance.past is not None:
            instance.past.interrupt(owner, [each for each in owner.listening() if each.task_spec.starts_scope])
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
