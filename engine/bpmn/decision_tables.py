"""One decision table: which rules match, and what their outputs make together by the hit policy."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any, Protocol

from engine.bpmn.decision_types import ANY, Type
from engine.bpmn.expressions_budget import SECONDS, EvaluationFailed, checked_weight, kind_of, weigh
from engine.bpmn.expressions_values import text_of
from engine.bpmn.feel import INPUT
from engine.bpmn.feel_arithmetic import add
from engine.bpmn.feel_values import equal, exact, fits
from engine.bpmn.sandbox import Expression

AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
SINGLE_HIT = ("UNIQUE", "FIRST", "ANY", "PRIORITY")
HIT_POLICIES = (*SINGLE_HIT, "RULE ORDER", "OUTPUT ORDER", "COLLECT")

Functions = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Input:
    label: str
    expression: Expression
    type: Type
    variable: str | None  # a second name that the cells of the column may use for the value
    allowed: Expression | None = None  # what the value must pass


@dataclass(frozen=True)
class Output:
    name: str
    type: Type = ANY
    values: tuple[Any, ...] = ()  # allowed values, the most important first; empty when there is no such list
    allowed: Expression | None = None  # the same as a test
    default: Expression | None = None

    def check(self, value: Any) -> Any:
        """The value, which must be one of those that are listed. Null is no value."""
        if value is not None and self.allowed is not None and self.allowed.evaluate({INPUT: value}) is not True:
            listed = self.allowed.text
            raise EvaluationFailed(
                f"Expected one of the listed values ({listed[:80]}) for output {self.name!r}, but found {text_of(value)[:60]!r}"
            )
        return value


@dataclass(frozen=True)
class Rule:
    number: int
    tests: tuple[Expression, ...]
    outputs: tuple[Expression, ...]


@dataclass(frozen=True)
class Table:
    policy: str
    aggregation: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]

    @property
    def names(self) -> frozenset[str]:
        """The variables that the table reads."""
        found = {name for column in self.inputs for name in column.expression.names}
        own = {column.variable for column in self.inputs}
        for rule in self.rules:
            found |= {name for cell in (*rule.tests, *rule.outputs) for name in cell.names if name not in own}
        return frozenset(found)

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        """The result by the hit policy; None (or an empty list where the policy gives lists) when no rule matches."""
        asked = Asked(variables, functions, deadline)
        rows, weight = [], 0
        for rule in self._matching(asked):
            values = self._outputs(rule, asked)
            weight = checked_weight(weight + weigh(list(values)))
            rows.append(_Row(rule.number, values))
        if not rows and any(column.default is not None for column in self.outputs):
            default = _Row(0, self._defaults(asked))
            return default.values[0] if self.aggregation else _POLICIES[self.policy](self, [default])
        return _POLICIES[self.policy](self, rows)

    def _matching(self, asked: "Asked") -> list[Rule]:
        scopes = [self._scope(column, asked) for column in self.inputs]
        matching = []
        for rule in self.rules:
            with within(f"rule {rule.number}"):
                if not all(asked.value(test, scope) is True for test, scope in zip(rule.tests, scopes, strict=True)):
                    continue
            matching.append(rule)
            if self.policy == "FIRST":
                break
        return matching

    @staticmethod
    def _scope(column: Input, asked: "Asked") -> dict[str, Any]:
        with within(f"input {column.label!r}"):
            value = column.type.read(asked.value(column.expression))
            if (
                value is not None
                and column.allowed is not None
                and asked.value(column.allowed, {**asked.variables, INPUT: value}) is not True
            ):
                listed, found = column.allowed.text[:80], text_of(value)[:60]
                raise EvaluationFailed(f"Expected one of the allowed values ({listed}), but found {found!r}")
        own = {INPUT: value} if column.variable is None else {INPUT: value, column.variable: value}
        return {**asked.variables, **own}

    def _outputs(self, rule: Rule, asked: "Asked") -> tuple[Any, ...]:
        with within(f"rule {rule.number}"):
            cells = zip(self.outputs, rule.outputs, strict=True)
            return tuple(column.check(column.type.read(asked.value(cell))) for column, cell in cells)

    def _defaults(self, asked: "Asked") -> tuple[Any, ...]:
        with within("the default output"):
            cells = [None if column.default is None else asked.value(column.default) for column in self.outputs]
            return tuple(column.check(column.type.read(value)) for value, column in zip(cells, self.outputs, strict=True))

    def shaped(self, values: Sequence[Any]) -> Any:
        """One output is its value; several are a mapping by output name."""
        if len(self.outputs) == 1:
            return values[0]
        return {column.name: value for column, value in zip(self.outputs, values, strict=True)}

    def importance(self, row: "_Row") -> list[int]:
        """Smaller is more important: the places of the row's values in the lists of allowed values."""
        return [_place(column, value) for column, value in zip(self.outputs, row.values, strict=True) if column.values]


@dataclass(frozen=True)
class _Row:
    """The outputs of one matching rule."""

    rule: int
    values: tuple[Any, ...]


class Asking(Protocol):
    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any: ...


@dataclass(frozen=True)
class Asked:
    """One question to a table: what it may see, and until when."""

    variables: Mapping[str, Any]
    functions: Functions
    deadline: float

    def value(self, expression: Expression, variables: Mapping[str, Any] | None = None) -> Any:
        self.check_time()
        return expression.evaluate(self.variables if variables is None else variables, self.functions, self.deadline)

    def logic(self, logic: "Asking") -> Any:
        self.check_time()
        return logic.evaluate(self.variables, self.functions, self.deadline)

    def check_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise EvaluationFailed(f"Expected the decision to end within {SECONDS:g} seconds, but it did not")


class within:
    """Adds the place to the message of a failure."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, failure: BaseException | None, trace: object) -> None:
        if isinstance(failure, EvaluationFailed):
            raise EvaluationFailed(f"{failure.message} (in {self.place})") from failure


def _place(column: Output, value: Any) -> int:
    for place, allowed in enumerate(column.values):
        if fits(value, allowed, False) is True or (value is None and allowed is None):
            return place
    raise EvaluationFailed(f"Expected one of the listed values for output {column.name!r}, but found {text_of(value)[:60]!r}")


def _unique(table: Table, rows: list[_Row]) -> Any:
    if len(rows) > 1:
        raise EvaluationFailed(f"Expected one rule to match, for the hit policy is UNIQUE, but {_rules(rows)} do")
    return _first(table, rows)


def _first(table: Table, rows: list[_Row]) -> Any:
    return table.shaped(rows[0].values) if rows else None


def _any(table: Table, rows: list[_Row]) -> Any:
    for row in rows[1:]:
        if equal(list(row.values), list(rows[0].values)) is not True:
            raise EvaluationFailed(f"Expected the same outputs from matching rules, for the hit policy is ANY, but {_rules(rows)} differ")
    return _first(table, rows)


def _priority(table: Table, rows: list[_Row]) -> Any:
    return _first(table, sorted(rows, key=table.importance))


def _rule_order(table: Table, rows: list[_Row]) -> Any:
    return [table.shaped(row.values) for row in rows]


def _output_order(table: Table, rows: list[_Row]) -> Any:
    return _rule_order(table, sorted(rows, key=table.importance))


def _collect(table: Table, rows: list[_Row]) -> Any:
    if table.aggregation is None:
        return _rule_order(table, rows)
    values = [exact(row.values[0]) for row in rows]
    if table.aggregation == "COUNT":
        return len(values)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise EvaluationFailed(f"Expected numbers to aggregate by {table.aggregation}, but found {kind_of(value)}")
    if not values:
        return None
    if table.aggregation == "SUM":
        return reduce(add, values)
    return min(values) if table.aggregation == "MIN" else max(values)


def _rules(rows: Sequence[_Row]) -> str:
    return "rules " + ", ".join(str(row.rule) for row in rows)


_POLICIES: Mapping[str, Callable[[Table, list[_Row]], Any]] = {
    "UNIQUE": _unique, "FIRST": _first, "ANY": _any, "PRIORITY": _priority,
    "RULE ORDER": _rule_order, "OUTPUT ORDER": _output_order, "COLLECT": _collect,
}  # fmt: skip
