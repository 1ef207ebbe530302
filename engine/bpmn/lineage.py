"""Which completed user tasks every token descends from: written down as it happens, so that a completed task can be undone.

Finished tokens do not exist here, so nobody could find out afterwards what came of what. Therefore each completion of a user task is a
*visit* with a number, and each token carries the visits that it descends from, its *lineage*. What a step makes descends from
everything that went into the step; a scope that ends descends from what ended within it.

A step may also consume what does not descend from a visit: the arrival of another branch at a join, whatever else stood in a scope that
an event interrupts, the scope itself when it ends. It is written down together with the lineage of the step, and comes back when a visit
is undone that the step descends from (`ways_back`). So undoing a visit takes away exactly what came of it, and nothing else.

All this is done only for processes in which a task may be returned or withdrawn (`Instance.past` is None for all others). It does not
grow with time: a later visit takes the place of the visit of the same activity that it descends from, and what none can undo any more
is forgotten.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from engine.bpmn import rows

Lineage = frozenset[int]
NONE: Lineage = frozenset()
KEPT = 20  # visits of one activity from which nothing that still stands descends
AT_REST = [rows.STARTED, "enter"]  # state and phase of what waits for what it holds


@dataclass
class Visit:
    """A user task that was completed, or a whole repetition of them: then `token` is the body's."""

    number: int
    activity: str
    scope: int  # the token that held it
    token: int
    item: int | None
    variables: dict[str, Any] | None  # with which its item began
    lineage: Lineage  # what it descended from itself
    first: int  # the number of the first visit of the activity whose place it has taken
    performer: str | None
    before: str | None  # who had performed the activity before
    # What the outside did after it, apart from people's tasks, by the youngest visit that this descends from: kind and activity.
    acts: dict[int, list[str]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether it stands for all items of a repetition: nobody has done it besides doing those."""
        return self.item is None and self.variables is not None


@dataclass
class Consumed:
    """What went into a step of which not everything descends from the same visits."""

    owner: int
    rows: list[list[Any]]  # the token and everything within, the owner before what it holds
    lineage: Lineage
    step: Lineage
    details: dict[str, Any] | None = None  # of the owner itself, when the step only changed it

    @property
    def can_come_back(self) -> bool:
        return bool(self.step - self.lineage)


class Past:
    """The visits of an instance, what was consumed after them, and the step that is being done."""

    def __init__(self) -> None:
        self.visits: dict[int, Visit] = {}
        self.consumed: list[Consumed] = []
        self.count = 0
        self.now = NONE  # what the step descends from, as far as it has gone
        self._stepping: tuple[Any, str] | None = None
        self._placed: list[Any] = []
        self._fresh: list[Consumed] = []
        self._acts: list[list[str]] = []

    # -- steps ------------------------------------------------------------------------------------------------------------

    def begin(self, token: Any, phase: str | None = None) -> None:
        """Something happens to this token, or it does this phase: that descends from it, and from what ended within."""
        self.settle()
        self.now = token.lineage | token.ended
        self._stepping = None if phase is None else (token, phase)

    def settle(self) -> None:
        """The step is done: only now all that went into it is known."""
        for token in self._placed:
            token.lineage = self.now
        self._close()
        for act, number in product(self._acts, self.now):
            self.visits[number].acts.setdefault(max(self.now), act)
        self._placed, self._acts = [], []
        self.now, self._stepping = NONE, None

    def _close(self) -> None:
        for each in self._fresh:
            each.step = self.now
        self.consumed += [each for each in self._fresh if each.can_come_back]
        self._fresh = []

    def placed(self, token: Any) -> None:
        """The step makes this token, or lets it go on."""
        self._placed.append(token)

    def unite(self, tokens: Iterable[Any], also: Lineage = NONE) -> None:
        """These tokens become one."""
        for token in tokens:
            self.consume(token)
        self.now |= also

    def consume(self, token: Any) -> None:
        """The token, and all that it holds, ends by this step."""
        subtree = list(_subtree(token))
        self._fresh.append(Consumed(token.owner.number, [self._row(each) for each in subtree], token.lineage, NONE))
        self.now = self.now.union(*(each.lineage | each.ended for each in subtree))

    def consume_whole(self, body: Any) -> None:
        """The body of a repetition ends, with all that it still holds; a repeated task of people has been done as a whole."""
        self.consume(body)
        self._close()  # going back to before the whole is not to bring it back
        if body.task_spec.is_of_a_person:
            self._visit_whole(body)

    def interrupt(self, scope: Any, listeners: Iterable[Any]) -> None:
        """All that the scope holds ends, these listen no more, and the scope remembers that."""
        for token in [*scope.within(), *listeners]:
            self.consume(token)
        self.now |= scope.ended
        self.changes(scope)

    def changes(self, owner: Any) -> None:
        """The step changes what a scope remembers of itself, such as that it is interrupted."""
        self._fresh.append(Consumed(owner.number, [], owner.lineage, NONE, deepcopy(owner.details)))

    def finish(self, scope: Any) -> None:
        """Nothing is left in the scope: it ends, and descends from all that ended within."""
        if scope.owner is None:
            return
        each = Consumed(scope.owner.number, [self._row(token) for token in _subtree(scope)], scope.lineage, scope.lineage | scope.ended)
        each.rows[0][3:5] = AT_REST
        if each.can_come_back:
            self.consumed.append(each)
        scope.lineage, scope.ended = each.step, NONE

    def ends(self, token: Any, is_dead_end: bool) -> None:
        """The token of this step is done; nothing follows it in its scope when it is an item or at a dead end."""
        if token.item is not None:
            token.owner.items[token.item] = self.now
        if is_dead_end or token.item is not None:
            token.owner.ended |= self.now

    def _row(self, token: Any) -> list[Any]:
        """The token as it was before the step, and as it shall be when the step is undone."""
        row = rows.row_of(token)
        if len(row) == 10:
            row += [[], [], []]
        row[5], row[8], row[9] = list(token.flows), deepcopy(token.variables), deepcopy(token.details)
        if self._stepping is not None and self._stepping[0] is token:
            phase = self._stepping[1]  # who looked whether it was over was waiting until then
            row[3:5] = AT_REST if phase in ("check", "look", "close") else [rows.READY, phase]
        return row

    # -- visits -----------------------------------------------------------------------------------------------------------

    def visit(self, token: Any, performer: str | None, item_variables: Mapping[str, Any] | None) -> None:
        """A person has completed the task of this token."""
        performers = token.workflow.performers
        visit = self._visit(token, token.lineage, performer, performers.get(token.task_spec.name))
        visit.variables = None if item_variables is None else dict(item_variables)
        for number in sorted(visit.lineage):
            if self.visits[number].activity == visit.activity:
                replaced = self.visits[number]
                visit.first = min(visit.first, replaced.first)
                visit.before = replaced.before if replaced.scope == visit.scope and visit.item is not None else visit.before
                self.forget(token.workflow, number)
        self.now = visit.lineage | {visit.number}
        self.placed(token)
        self._forget_the_oldest(token.workflow, visit)

    def _visit_whole(self, body: Any) -> None:
        """What follows can go back to before the first item."""
        within = [self.visits[number] for number in sorted(self.now - body.lineage) if self.visits[number].scope == body.number]
        visit = self._visit(body, body.lineage, None, within[0].before if within else None)
        visit.first, visit.variables = min([visit.number, *(each.first for each in within)]), {}
        self.now |= {visit.number}
        self.placed(body)

    def _visit(self, token: Any, lineage: Lineage, performer: str | None, before: str | None) -> Visit:
        self.count += 1
        visit = Visit(
            self.count,
            token.task_spec.name,
            token.owner.number,
            token.number,
            token.item,
            None,
            lineage,
            self.count,
            performer,
            before,
        )
        self.visits[visit.number] = visit
        return visit

    def act(self, kind: str, activity: str) -> None:
        """This step does something that cannot be taken back, or comes of that, and not of a person's task."""
        self._acts.append([kind, activity])

    def _forget_the_oldest(self, instance: Any, visit: Visit) -> None:
        """Visits that no later one descends from, as those of a task that a timer begins again and again, may not become ever more."""
        alike = [number for number, each in self.visits.items() if (each.activity, each.item) == (visit.activity, visit.item)]
        if len(alike) > KEPT:
            carried = visit.lineage.union([visit.number], *(token.lineage for token in instance.tasks.values()))
            for number in [number for number in alike if number not in carried][: len(alike) - KEPT]:
                self.forget(instance, number)

    def forget(self, instance: Any, number: int, undone: bool = False) -> None:
        """Nobody goes back to this visit any more. What was done after it was also done after those before it, unless it is undone."""
        del self.visits[number]
        for token in instance.tasks.values():
            if number in token.lineage or number in token.ended or any(number in each for each in token.items.values()):
                instance.touch(token)
                token.lineage, token.ended = token.lineage - {number}, token.ended - {number}
                token.items = {item: visits - {number} for item, visits in token.items.items()}
        for visit in self.visits.values():
            visit.lineage -= {number}
            act = visit.acts.pop(number, None)
            if act is not None and not undone:
                visit.acts.setdefault(visit.number, act)
        for each in self.consumed:
            each.lineage, each.step = each.lineage - {number}, each.step - {number}
            for row in each.rows:
                row[10:13] = without(row[10:13], number)
        self.consumed = [each for each in self.consumed if each.can_come_back]

    # -- storing ----------------------------------------------------------------------------------------------------------

    def stored(self) -> dict[str, Any]:
        """Everything as plain values."""
        visits = [_stored(visit) for visit in self.visits.values()]
        consumed = [[each.owner, each.rows, sorted(each.lineage), sorted(each.step), each.details] for each in self.consumed]
        return {"count": self.count, "visits": visits, "consumed": consumed}

    def read(self, stored: Mapping[str, Any]) -> None:
        """As it was stored."""
        self.count = stored["count"]
        for number, activity, scope, token, item, variables, lineage, first, performer, before, acts in stored["visits"]:
            done_after = {youngest: act for youngest, *act in acts}
            descends_from = frozenset(lineage)
            self.visits[number] = Visit(
                number, activity, scope, token, item, variables, descends_from, first, performer, before, done_after
            )
        for owner, of_tokens, lineage, step, details in stored["consumed"]:
            self.consumed.append(Consumed(owner, of_tokens, frozenset(lineage), frozenset(step), details))


def _stored(visit: Visit) -> list[Any]:
    place = [visit.number, visit.activity, visit.scope, visit.token, visit.item, visit.variables]
    acts = [[number, *act] for number, act in visit.acts.items()]
    return [*place, sorted(visit.lineage), visit.first, visit.performer, visit.before, acts]


def without(past: list[Any], number: int) -> list[Any]:
    """What a row says of its past, without one visit."""
    lineage, ended, items = past
    kept = [[item, [each for each in visits if each != number]] for item, visits in items]
    return [[each for each in lineage if each != number], [each for each in ended if each != number], kept]


def _subtree(token: Any) -> Iterator[Any]:
    yield token
    yield from token.listening()
    for child in token.within():
        yield from _subtree(child)
