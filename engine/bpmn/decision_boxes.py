"""Boxed expressions of DMN: contexts, lists, relations, invocations, functions, and the conditionals and loops of DMN 1.4.

Each is asked like a table or a literal expression. What one makes of many parts is weighed while it grows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.bpmn.decision_tables import Asked, Functions
from engine.bpmn.decision_types import Type
from engine.bpmn.expressions_budget import EvaluationFailed, Frame, check_items, checked_weight, kind_of, weigh
from engine.bpmn.feel_arithmetic import item_of
from engine.bpmn.feel_tree import ITEM, PARTIAL, gone_through
from engine.bpmn.feel_values import Function, conjunction, disjunction, family, items_of


class Logic(Protocol):
    """What gives a value: a literal expression, a decision table or a boxed expression. `names` are the variables that it reads."""

    @property
    def names(self) -> frozenset[str]: ...

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any: ...


def _names(parts: Iterable[Logic]) -> frozenset[str]:
    return frozenset(name for part in parts for name in part.names)


def _collected(values: Iterable[Any]) -> list[Any]:
    """The values in a list, which may become as heavy as any value and no heavier."""
    found: list[Any] = []
    weight = 0
    for value in values:
        check_items(len(found) + 1)
        weight = checked_weight(weight + weigh(value))
        found.append(value)
    return found


@dataclass(frozen=True)
class Entry:
    """One line of a context; the last one may have no name, and is the result then."""

    name: str | None
    logic: Logic
    type: Type


@dataclass(frozen=True)
class ContextBox:
    entries: tuple[Entry, ...]

    @property
    def names(self) -> frozenset[str]:
        known: set[str] = set()
        found: set[str] = set()
        for entry in self.entries:
            found |= entry.logic.names - known
            known.add(entry.name or "")
        return frozenset(found)

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        seen, found, weight = dict(variables), dict[str, Any](), 0
        for entry in self.entries:
            value = entry.type.read(entry.logic.evaluate(seen, functions, deadline))
            weight = checked_weight(weight + weigh(value))
            if entry.name is None:
                return value
            seen[entry.name] = found[entry.name] = value
        return found


@dataclass(frozen=True)
class ListBox:
    items: tuple[Logic, ...]

    @property
    def names(self) -> frozenset[str]:
        return _names(self.items)

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        return _collected(item.evaluate(variables, functions, deadline) for item in self.items)


@dataclass(frozen=True)
class Relation:
    """A list of contexts, written as a table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Logic, ...], ...]

    @property
    def names(self) -> frozenset[str]:
        return _names(cell for row in self.rows for cell in row)

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        return _collected(
            {column: cell.evaluate(variables, functions, deadline) for column, cell in zip(self.columns, row, strict=True)}
            for row in self.rows
        )


@dataclass(frozen=True)
class FunctionBox:
    """A function that a file defines. Its parameters have types."""

    parameters: tuple[tuple[str, Type], ...]
    body: Logic
    type: Type

    @property
    def names(self) -> frozenset[str]:
        return self.body.names - {name for name, _ in self.parameters}

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        def run(frame: Frame, arguments: Mapping[str, Any]) -> Any:
            frame.step()
            given = {name: kind.read(arguments[name]) for name, kind in self.parameters}
            return self.type.read(self.body.evaluate({**variables, **given}, frame.functions, frame.deadline))

        return Function(tuple(name for name, _ in self.parameters), run)


@dataclass(frozen=True)
class InvocationBox:
    """A call of a function, each of whose parameters is bound to a value."""

    function: Logic
    bindings: tuple[tuple[str, Logic], ...]

    @property
    def names(self) -> frozenset[str]:
        return self.function.names | _names(logic for _, logic in self.bindings)

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        function = self.function.evaluate(variables, functions, deadline)
        if not isinstance(function, Function):
            raise EvaluationFailed(f"Expected a function to invoke, but found {kind_of(function)}")
        arguments = {name: logic.evaluate(variables, functions, deadline) for name, logic in self.bindings}
        return function.call(Frame(variables, functions, 1_000, deadline), [], arguments)


@dataclass(frozen=True)
class ConditionBox:
    test: Logic
    chosen: Logic
    otherwise: Logic

    @property
    def names(self) -> frozenset[str]:
        return _names((self.test, self.chosen, self.otherwise))

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        branch = self.chosen if self.test.evaluate(variables, functions, deadline) is True else self.otherwise
        return branch.evaluate(variables, functions, deadline)


@dataclass(frozen=True)
class FilterBox:
    source: Logic
    match: Logic

    @property
    def names(self) -> frozenset[str]:
        return self.source.names

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        value = self.source.evaluate(variables, functions, deadline)
        found = []
        for item in items_of(value):
            seen = {**variables, **(item if isinstance(item, Mapping) else {}), ITEM: item}
            answer = Asked(seen, functions, deadline).logic(self.match)
            if family(answer) == "number":
                return item_of(value, answer)
            if answer is True:
                found.append(item)
        return found


@dataclass(frozen=True)
class IterationBox:
    """`for`, `some` and `every` of DMN 1.4."""

    kind: str
    variable: str
    source: Logic
    body: Logic

    @property
    def names(self) -> frozenset[str]:
        return self.source.names | (self.body.names - {self.variable, PARTIAL})

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        found: list[Any] = []
        weight = 0
        partial = {PARTIAL: found} if PARTIAL in self.body.names else {}
        for item in gone_through(self.source.evaluate(variables, functions, deadline)):
            seen = {**variables, self.variable: item, **{name: list(values) for name, values in partial.items()}}
            value = Asked(seen, functions, deadline).logic(self.body)
            weight = checked_weight(weight + weigh(value))
            found.append(value)
        return _QUANTIFIED[self.kind](found)


_QUANTIFIED: Mapping[str, Callable[[list[Any]], Any]] = {
    "for": lambda values: values, "some": lambda values: disjunction(*values), "every": lambda values: conjunction(*values),
}  # fmt: skip
