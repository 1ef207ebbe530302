"""Tokens moved by hand, where the diagram knows no way: some end, others begin before an activity. One step, like a join that is drawn
nowhere: what begins descends from all that ends, so no way back loses or doubles anything afterwards.

What ends, ends as by an interrupting event: with all that it holds, and its deadlines. A subprocess in which nothing is left ends with
it. What begins, begins as if a flow had led to it, with its deadlines; a subprocess around it that is not there begins with it. Where
more than the place of a token would have to be made up (a vote, an item of a repetition, what has been taken back), it is refused.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn import signers, ways_back
from engine.bpmn.activities import begin_at
from engine.bpmn.ad_hoc import AdHoc
from engine.bpmn.events import Start
from engine.bpmn.gateways import Join
from engine.bpmn.instance import STARTED, WAITING, Instance, Token
from engine.bpmn.triggers import Move
from engine.bpmn.undoing import Hidden
from engine.errors import Conflict, Invalid, NotFound

MOST = 100  # tokens and activities that one move may name


@dataclass(frozen=True)
class Place:
    """Where a token stands, and why it cannot be ended by itself, if so."""

    token: str
    activity_id: str
    around: tuple[str, ...]  # the tokens that hold it
    why_not: str | None


Inside = dict[str, Any]  # what begins within a scope: by activity, what begins within that


# -- what can be asked ------------------------------------------------------------------------------------------------------


def places(instance: Instance) -> list[Place]:
    """Every token that stands on an element of the diagram, oldest first; not those that only listen."""
    standing = [token for token in instance.all_tokens() if _stands(token)]
    return [Place(each.id, each.task_spec.shown_as, tuple(outer.id for outer in _around(each)), _why_fixed(each)) for each in standing]


def beginnings(instance: Instance) -> list[str]:
    """The activities before which a token can begin now, in the order of the file."""
    return [spec.name for spec in instance.specs.values() if spec.drawn and _why_no_beginning(instance, spec, ()) is None]


def move(instance: Instance, wanted: Move, variables: Mapping[str, Any]) -> None:
    """End and begin what is wanted, with these variables of the instance. Raises Rejected, with nothing changed.

    What follows from it is done by `Instance.run`.
    """
    if not wanted.ended and not wanted.begun:
        raise Invalid("Expected tokens to end or activities to begin, but nothing is named", {"start_before": "请选择环节"})
    if len(wanted.ended) + len(wanted.begun) > MOST:
        raise Invalid(f"Expected at most {MOST} tokens and activities, but there are more", {"start_before": f"≤ {MOST}"})
    ending = [token for named in dict.fromkeys(wanted.ended) for token in _named(instance, named)]
    gone = {token.id for token in ending} | {inner.id for token in ending for inner in _held_by(token)}
    into = _planned(instance, wanted.begun, gone)
    ending = _with_what_is_left_empty(instance, _outermost(ending), set(into))
    assert instance.root.variables is not None
    instance.touch(instance.root)
    instance.root.variables |= variables
    _apply(instance, ending, into)


# -- what ends --------------------------------------------------------------------------------------------------------------


def _stands(token: Token) -> bool:
    return token._state != WAITING and bool(token.task_spec.drawn) and token.item is None and not signers.is_added(token)


def _named(instance: Instance, named: str) -> list[Token]:
    """The tokens that somebody names, by the number of one or by the activity of all that stand there."""
    if named in instance.tasks and named:
        found = [instance.tasks[named]]
    else:
        found = [token for token in instance.all_tokens() if _stands(token) and token.task_spec.name == named]
    if not found:
        raise Conflict(f"Expected a token at {named[:60]!r}, but none stands there")
    for token in found:
        if (why := _why_fixed(token)) is not None:
            raise Conflict(f"Expected a token that can be ended by itself, but {token.task_spec.shown_as} {why}")
    return found


def _why_fixed(token: Token) -> str | None:
    """Why this token cannot be ended by itself."""
    around = list(_around(token))
    if signers.is_added(token):
        return "waits for an added signer: take the signer away instead"
    if token._state == WAITING:
        return f"only listens for {around[0].task_spec.shown_as}: end that"
    repeated = next((each for each in around if each.task_spec.repeats(each)), None)
    if repeated is not None:
        return f"is part of a repetition: end the whole of {repeated.task_spec.shown_as}"
    ad_hoc = next((each for each in around if isinstance(each.task_spec, AdHoc)), None)
    if ad_hoc is not None:
        return f"is part of an ad-hoc subprocess: end the whole of {ad_hoc.task_spec.shown_as}"
    beside = [] if token.owner is None else [each for each in token.owner.within() if each.details.get("waiter") == token.number]
    if any(isinstance(each.task_spec, Hidden) for each in [token, *around, *_held_by(token), *beside]):
        return "takes back what has been done"
    return None


def _around(token: Token) -> Iterator[Token]:
    while token.owner is not None and token.owner.owner is not None:
        token = token.owner
        yield token


def _held_by(token: Token) -> Iterator[Token]:
    for child in token.within():
        yield child
        yield from _held_by(child)


def _outermost(tokens: Sequence[Token]) -> list[Token]:
    named = {token.id: token for token in tokens}
    return [token for token in named.values() if not any(each.id in named for each in _around(token))]


def _with_what_is_left_empty(instance: Instance, ending: list[Token], kept: set[str]) -> list[Token]:
    """The same tokens, or the subprocesses around them in which nothing would be left."""
    while True:
        gone = {token.id for token in ending}
        scopes = {token.owner.id: token.owner for token in ending if token.owner is not None and token.owner.id not in kept}
        empty = [scope for scope in scopes.values() if gone >= set(scope._children)]
        if not empty:
            return ending
        if instance.root in empty:
            raise Conflict("Expected something of the case to go on, but nothing would be left: cancel the case instead")
        ending = _outermost([*ending, *empty])


# -- what begins ------------------------------------------------------------------------------------------------------------


def _planned(instance: Instance, begun: Sequence[str], gone: set[str]) -> dict[str, Inside]:
    """What begins, by the scope that is there already."""
    if len(set(begun)) < len(begun):
        raise Invalid("Expected every activity once, but one is named twice", {"start_before": "每个环节只能选一次"})
    into: dict[str, Inside] = {}
    for name in begun:
        spec = instance.specs.get(name)
        if spec is None or not spec.drawn:
            raise NotFound(f"Expected an activity of the process, but there is none with the id {name[:60]!r}")
        if (why := _why_no_beginning(instance, spec, gone)) is not None:
            raise Conflict(f"Expected an activity before which a token can begin, but {name} {why}")
        scope, missing = _place_for(instance, spec, gone)
        if missing.keys() & set(begun):
            raise Conflict(f"Expected {name} to begin with what is around it, but that is to begin by itself as well")
        at = into.setdefault(scope.id, {})
        for around in missing:
            at = at.setdefault(around, {})
        at[name] = {}
    return into


def _why_no_beginning(instance: Instance, spec: Any, gone: Collection[str]) -> str | None:
    """Why no token can begin before this element."""
    if isinstance(spec, Start) or spec.stands_aside:
        return "is begun by an event or by what is around it, and by no flow"
    if (isinstance(spec, Join) and len(spec.incoming) > 1) or spec.start_quantity > 1:
        return "waits for several tokens: begin with what comes after it"
    for scope in _scopes_around(instance, spec):
        there = _live(instance, scope, gone)
        if scope.loop is not None:
            return f"is part of a repetition: begin with the whole of {scope.name}"
        if isinstance(scope, AdHoc):
            return f"is part of an ad-hoc subprocess: begin with the whole of {scope.name}"
        if not there and scope.stands_aside:
            return f"is part of {scope.name}, which no flow begins"
        if not there and scope.start_quantity > 1:
            return f"is part of {scope.name}, which waits for several tokens"
        if len(there) > 1:
            return f"is part of {scope.name}, which is there {len(there)} times"
        if any(isinstance(each.task_spec, Hidden) for token in there for each in token.within()):
            return f"is part of {scope.name}, where what has been done is being taken back"
    return None


def _scopes_around(instance: Instance, spec: Any) -> list[Any]:
    """The subprocesses around an element, the innermost first."""
    found = []
    while (scope := instance.specs.get(spec.activity.scope)) is not None:
        found.append(scope)
        spec = scope
    return found


def _live(instance: Instance, scope: Any, gone: Collection[str]) -> list[Token]:
    """The tokens that hold what goes on in this subprocess, besides those that end."""
    within = [token for token in instance.all_tokens() if token.task_spec is scope and token.id not in gone]
    return [token for token in within if token._state == STARTED and token.phase == "enter" and not token.failed]


def _place_for(instance: Instance, spec: Any, gone: Collection[str]) -> tuple[Token, Mapping[str, None]]:
    """The innermost scope around the element that is there, and the subprocesses between them, the outermost first."""
    missing: list[str] = []
    for scope in _scopes_around(instance, spec):
        if there := _live(instance, scope, gone):
            return there[0], dict.fromkeys(reversed(missing))
        missing.append(scope.name)
    return instance.root, dict.fromkeys(reversed(missing))


# -- doing it ---------------------------------------------------------------------------------------------------------------


def _apply(instance: Instance, ending: Sequence[Token], into: Mapping[str, Inside]) -> None:
    past = instance.past
    if past is not None:
        past.settle()
        past.unite(ending)
        for token in ending:
            past.act("token.moved", token.task_spec.shown_as)
    for token in ending:
        instance.touch_line(token)
        instance.cancel_token(token)
    begun: list[tuple[Token, list[Token]]] = []
    for scope_id, inside in into.items():
        scope = instance.tasks[scope_id]
        instance.touch_line(scope)
        begun.append((scope, begin_at(scope, inside)))
    if past is not None:
        past.settle()
        for scope, tokens in begun:
            for token in tokens:
                token.lineage |= scope.lineage
    ways_back.forget_deadlocks(instance)
