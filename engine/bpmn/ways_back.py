"""Undoing a completed user task: what came of it is taken away, what had gone into that comes back, and the task is there again.

`lineage` tells what descends from what. Nothing is undone outside the tokens: variables keep their values, records of what could be
compensated stay, what was thrown is thrown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.bpmn import compaction, compensation
from engine.bpmn.ad_hoc import AdHoc
from engine.bpmn.instance import STARTED, WAITING, Instance, StepFailed, Token
from engine.bpmn.lineage import Consumed, Past, Visit
from engine.bpmn.loops import MultiInstance
from engine.bpmn.rows import READY, place_row
from engine.bpmn.scopes import View
from engine.errors import Conflict


@dataclass(frozen=True)
class Way:
    """A completed task to which one can go back."""

    visit: int
    activity_id: str
    performer: str | None  # nobody in particular where several did it
    is_first: bool  # of all to which one can go back, the one that was there first


@dataclass(frozen=True)
class Act:
    """Something that was done after a visit, and by whom if a person did it."""

    kind: str  # user_task.completed, message.received, …
    activity_id: str
    performer: str | None = None


def ways_from(token: Token) -> list[Way]:
    """The tasks of its own scope and those around it that the token descends from, in the order in which they were first done."""
    past, around = token.workflow.past, _scopes_around(token)
    if past is None or _is_compensated(token.workflow):
        return []
    visits = (past.visits[number] for number in sorted(token.lineage))
    own = token.task_spec.name
    latest = {each.activity: each for each in visits if each.item is None and each.scope in around and each.activity != own}
    ordered = sorted(latest.values(), key=lambda each: each.first)
    return [Way(each.number, each.activity, each.performer, place == 0) for place, each in enumerate(ordered)]


def _is_compensated(instance: Instance) -> bool:
    """Whether something is being compensated: half of it is done, and nobody can say what it would be to undo that, or its cause."""
    return any(compensation.is_under_way(token) for token in instance.tasks.values())


def _scopes_around(token: Token) -> set[int]:
    found, at = set(), token.owner
    while at is not None:
        found.add(at.number)
        at = at.owner
    return found


def visit_by(instance: Instance, token_id: str) -> Visit | None:
    """The visit that the completion of this token's task was."""
    visits = [] if instance.past is None else instance.past.visits.values()
    return next((visit for visit in visits if str(visit.token) == token_id), None)


def acts_after(past: Past, visit: Visit, by: str | None = None) -> list[Act]:
    """Everything that people and the outside did after the visit and because of it; also that others signed after this person."""
    later = [each for each in past.visits.values() if visit.number in each.lineage and not each.is_whole]
    if by is not None and visit.performer not in (by, None):
        later.insert(0, visit)
    return [Act("user_task.completed", each.activity, each.performer) for each in later] + [Act(*act) for act in visit.acts.values()]


def undo(instance: Instance, number: int) -> Token:
    """As if the task had not been completed: its token stands before it again, with a number of its own.

    Raises Conflict while something is being compensated, and for what has ended in a sequence of activities that people choose from.
    """
    past = instance.past
    assert past is not None
    visit = past.visits[number]
    if (why_not := why_not_back(instance, visit)) is not None:
        raise Conflict(why_not)
    past.settle()
    undone = _undone_with(past, visit)
    back = [each for each in past.consumed if visit.number in each.step]
    past.consumed = [each for each in past.consumed if visit.number not in each.step]
    _cancel_what_descends(instance, visit.number)
    numbers = _bring_back(instance, [each for each in back if visit.number not in each.lineage], visit.number)
    _reopen_repetitions(instance, visit.number)
    _look_again(instance, numbers)
    for each in undone:
        _name_the_performer_before(instance, each)
        _forget_signatures(instance, each)
        past.forget(instance, each.number, undone=True)
    _renumber(past, numbers)
    return _place_again(instance, visit, numbers)


def why_not_back(instance: Instance, visit: Visit) -> str | None:
    """What forbids to undo this visit at the moment.

    Where activities are done one after another, one that has ended let others begin: it does not begin again beside them.
    """
    if _is_compensated(instance):
        return "Expected to go back, but what has been done is being compensated at the moment"
    if str(visit.scope) in instance.tasks:
        return None
    scope = instance.specs.get(instance.specs[visit.activity].activity.scope)
    while scope is not None:
        around = instance.specs.get(scope.activity.scope)
        if isinstance(around, AdHoc) and around.sequential:
            return f"Expected to go back to {visit.activity}, but {scope.name} has ended, and {around.name} does one activity after another"
        scope = around
    return None


def _undone_with(past: Past, visit: Visit) -> list[Visit]:
    """The visits that go, the youngest first: those after it, and the items of a repetition that is undone as a whole."""
    gone = [each for each in past.visits.values() if each is visit or visit.number in each.lineage or each.scope == visit.token]
    return sorted(gone, key=lambda each: each.number, reverse=True)


def _cancel_what_descends(instance: Instance, number: int) -> None:
    for token in list(instance.tasks.values()):
        if number not in token.lineage or token.id not in instance.tasks:
            continue
        instance.touch_line(token)
        if token._state == WAITING:
            compaction.splice(token)
        else:
            instance.cancel_token(token)


def _bring_back(instance: Instance, consumed: Sequence[Consumed], number: int) -> Mapping[int, int]:
    """Put back what went into steps that are undone. Each token gets a new number, by which the outside waits anew: old → new."""
    numbers: dict[int, int] = {}
    placed = []
    for each in _owners_first([each for each in consumed if each.rows]):
        owners = {each.owner: _token(instance, each.owner, numbers)}
        for row in each.rows:
            if number not in row[10] and row[2] in owners:
                token = owners[row[0]] = _place(instance, row, owners[row[2]])
                numbers[row[0]] = token.number
                placed.append(token)
    for each in reversed(consumed):  # the earliest change last: as it was before all of them
        if each.details is not None:
            scope = _token(instance, each.owner, numbers)
            instance.touch(scope)
            scope.details = each.details
    _wait_anew(placed, numbers)
    return numbers


def _owners_first(consumed: Sequence[Consumed]) -> list[Consumed]:
    """In the order in which they were consumed, but a scope before what goes back into it."""
    holding = {row[0]: each for each in consumed for row in each.rows}
    ordered: dict[int, Consumed] = {}
    for each in consumed:
        line = [each]
        while (outer := holding.get(line[-1].owner)) is not None:
            line.append(outer)
        ordered.update((id(one), one) for one in reversed(line) if id(one) not in ordered)
    return list(ordered.values())


def _token(instance: Instance, number: int, numbers: Mapping[int, int]) -> Token:
    number = numbers.get(number, number)
    found: Token = instance.tasks[str(number) if number else ""]
    return found


def _place(instance: Instance, row: list[Any], owner: Token) -> Token:
    instance.numbers += 1
    instance.touch_line(owner)
    if row[4] == "arrived":  # it comes to its join again: what it lacked may wait there by now
        row = [*row[:3], READY, "enter", *row[5:]]
    token: Token = place_row(instance, row, owner, instance.numbers)
    token.failed = False  # it will be tried again
    return token


def _wait_anew(placed: Iterable[Token], numbers: Mapping[int, int]) -> None:
    for token in placed:
        if token.details.get("waiter") in numbers:
            token.details["waiter"] = numbers[token.details["waiter"]]
        if token._state == WAITING and _is_over(token):
            try:
                token.details = token.task_spec.awaited.details(View(token.owner))
            except StepFailed:
                continue  # the old date, which is due: better than none


def _is_over(token: Token) -> bool:
    """Whether a deadline has passed meanwhile: it begins anew, or whoever comes back would be sent away again at once."""
    return token.details["kind"] == "timer" and datetime.fromisoformat(token.details["due_at"]) <= token.workflow.context.now


def _reopen_repetitions(instance: Instance, number: int) -> None:
    for body in [token for token in instance.tasks.values() if token.items]:
        again = [item for item, visits in body.items.items() if number in visits]
        if again:
            instance.touch(body)
            body.items = {item: visits for item, visits in body.items.items() if item not in again}
            body.task_spec.plays.reopen(body, again)
            instance.written += 1


def _look_again(instance: Instance, numbers: Mapping[int, int]) -> None:
    """What waits for a turn may have it now; a repetition that is there again may have enough without what is undone."""
    for token in list(instance.tasks.values()):
        if token.phase == "held":
            token.go_on("enter")
    for number in numbers.values():
        body = instance.tasks.get(str(number))
        if body is not None and isinstance(body.task_spec.loop, MultiInstance) and body.task_spec.repeats(body) and body._state == STARTED:
            body.go_on("check")


def _name_the_performer_before(instance: Instance, visit: Visit) -> None:
    performers = instance.performers
    signed = instance.signed.get(visit.activity, {})
    left = {login: approved for login, approved in signed.items() if visit.performer is not None and login != visit.performer}
    instance.signed = {**instance.signed, visit.activity: left} if signed else instance.signed
    if performers.get(visit.activity) == visit.performer and visit.performer is not None:
        del performers[visit.activity]
        performers.update({} if visit.before is None else {visit.activity: visit.before})


def _forget_signatures(instance: Instance, visit: Visit) -> None:
    """What is undone was not signed: nobody passes a later approval by it. Of several who sign, only this one's signature goes."""
    signed = instance.signed.get(visit.activity)
    if signed is not None:
        left = {login: approved for login, approved in signed.items() if visit.item is not None and login != visit.performer}
        instance.signed = {name: each for name, each in {**instance.signed, visit.activity: left}.items() if each}


def _renumber(past: Past, numbers: Mapping[int, int]) -> None:
    for visit in past.visits.values():
        visit.scope = numbers.get(visit.scope, visit.scope)
    for each in past.consumed:
        new = numbers.get(each.owner, each.owner)
        if each.rows:
            each.rows[0][2] = new
        each.owner = new


def _place_again(instance: Instance, visit: Visit, numbers: Mapping[int, int]) -> Token:
    past = instance.past
    assert past is not None
    forget_deadlocks(instance)
    owner = _token(instance, visit.scope, numbers)
    instance.touch_line(owner)
    token = instance.place(instance.specs[visit.activity], owner)
    past.now = visit.lineage
    past.settle()
    token.item, token.variables = visit.item, dict(visit.variables or {}) if visit.item is not None else None
    token.details = {"again": True}  # it had its turn, and the tokens that it needs
    instance.queue(token)
    return token


def forget_deadlocks(instance: Instance) -> None:
    """What waits at a join for what nobody could bring may get it now."""
    for token in instance.tasks.values():
        if token.failed and token.phase == "arrived":
            instance.touch(token)
            token.failed = False
