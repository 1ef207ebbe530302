"""FEEL in the tree of the safe language: the nodes that Python's tree lacks, and the compiler that knows them.

Each becomes a closure like every other, within the same budgets of steps, memory, nesting and time.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.bpmn.expressions_budget import EvaluationFailed, ExpressionError, Frame, check_items, kind_of
from engine.bpmn.expressions_compiler import Closure, Compiler, at_line, check_name
from engine.bpmn.feel_arithmetic import item_of
from engine.bpmn.feel_functions import BUILTINS, CLOCK, OPERATORS, Builtin
from engine.bpmn.feel_values import Function, Range, family, is_instance, items_of

ITEM, PARTIAL = "item", "partial"
_EMPTY: Mapping[str, Any] = {}


class Node(ast.expr):
    """A node of FEEL at a line of its text."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.lineno, self.col_offset = line, 0


class Loop(Node):
    """`for`, `some` and `every`: each name goes through its source, the last one fastest."""

    def __init__(self, kind: str, bindings: Sequence[tuple[str, ast.expr]], body: ast.expr, line: int) -> None:
        super().__init__(line)
        self.kind, self.bindings, self.body = kind, bindings, body


class Filter(Node):
    """`list[condition]` or `list[number]`: which of them shows when it is computed."""

    def __init__(self, source: ast.expr, condition: ast.expr, line: int) -> None:
        super().__init__(line)
        self.source, self.condition = source, condition


class ContextLiteral(Node):
    """`{a: 1, b: a + 1}`: each entry sees those before it."""

    def __init__(self, entries: Sequence[tuple[str, ast.expr]], line: int) -> None:
        super().__init__(line)
        self.entries = entries


class FunctionLiteral(Node):
    """`function(a, b) a + b`."""

    def __init__(self, parameters: Sequence[str], body: ast.expr, line: int) -> None:
        super().__init__(line)
        self.parameters, self.body = parameters, body


class Invocation(Node):
    """A call: of a function of the standard, given by name, or of a value that is a function."""

    def __init__(self, called: str | ast.expr, arguments: Sequence[tuple[str | None, ast.expr]], line: int) -> None:
        super().__init__(line)
        self.called, self.arguments = called, arguments


class InstanceOf(Node):
    def __init__(self, value: ast.expr, kind: tuple[str, Any], line: int) -> None:
        super().__init__(line)
        self.value, self.kind = value, kind


def _within(frame: Frame, names: Mapping[str, Any], closure: Closure) -> Any:
    """The closure's value where these names are bound as well."""
    outer = frame.locals
    frame.locals = {**outer, **names}
    try:
        return closure(frame)
    finally:
        frame.locals = outer


class FeelCompiler(Compiler):
    """The safe language's compiler with FEEL's operators and nodes."""

    def __init__(self) -> None:
        super().__init__(OPERATORS)
        self.filters = 0

    def expression(self, node: ast.expr) -> Closure:
        method = _NODES.get(type(node))
        if method is None:
            return super().expression(node)
        self.deeper(node)
        closure: Closure = at_line(node.lineno, method(self, node))
        self.depth -= 1
        return closure

    def name(self, node: ast.Name) -> Closure:
        """Within a filter a name may be a key of the item: then a missing one is null, as in the standard."""
        if not self.filters or node.id in self.local:
            return super().name(node)
        name, line = check_name(node, node.id), node.lineno

        def load(frame: Frame) -> Any:
            frame.step()
            if name in frame.locals:
                return frame.locals[name]
            if name in frame.variables:
                return frame.variables[name]
            if isinstance(frame.locals.get(ITEM), Mapping):
                return None
            raise EvaluationFailed(f"Expected a variable {name!r}, but there is none", line)

        return load

    def scoped(self, names: Sequence[str], node: ast.expr) -> Closure:
        """The node compiled where these names are known."""
        self.local.extend(check_name(node, name) for name in names)
        closure = self.expression(node)
        del self.local[len(self.local) - len(names) :]
        return closure

    def loop(self, node: Loop) -> Closure:
        sources: list[tuple[str, Closure]] = []
        known = len(self.local)
        for name, source in node.bindings:
            sources.append((check_name(node, name), self.expression(source)))
            self.local.append(name)
        body = self.scoped([PARTIAL] if node.kind == "for" else [], node.body)
        del self.local[known:]
        uses_partial = node.kind == "for" and any(isinstance(part, ast.Name) and part.id == PARTIAL for part in walk(node.body))
        decisive = {"some": True, "every": False}.get(node.kind)

        def collect(frame: Frame, level: int, names: dict[str, Any], found: list[Any]) -> bool:
            """Whether the answer is known already."""
            if level == len(sources):
                check_items(len(found) + 1)
                value = _within(frame, {**names, PARTIAL: frame.made(list(found))} if uses_partial else names, body)
                found.append(value)
                return decisive is not None and value is decisive
            name, source = sources[level]
            for item in gone_through(_within(frame, names, source) if level else source(frame)):
                frame.step()
                if collect(frame, level + 1, {**names, name: item}, found):
                    return True
            return False

        def run(frame: Frame) -> Any:
            found: list[Any] = []
            decided = collect(frame, 0, {}, found)
            if node.kind == "for":
                return frame.made(found)
            if decided:
                return decisive
            return not decisive if all(value is not decisive and isinstance(value, bool) for value in found) else None

        return run

    def filter(self, node: Filter) -> Closure:
        source = self.expression(node.source)
        self.filters += 1
        condition = self.scoped([ITEM], node.condition)
        self.filters -= 1

        def run(frame: Frame) -> Any:
            frame.step()
            value = source(frame)
            items, found = items_of(value), []
            for item in items or [_EMPTY]:
                frame.step()
                answer = _within(frame, {**item, ITEM: item} if isinstance(item, Mapping) else {ITEM: item}, condition)
                if family(answer) == "number":
                    return item_of(value, answer)
                if answer is True and items:
                    found.append(item)
            return frame.made(found)

        return run

    def context(self, node: ContextLiteral) -> Closure:
        known, parts = len(self.local), []
        for name, value in node.entries:
            if isinstance(value, FunctionLiteral):
                self.local.append(name)  # it may call itself
            parts.append((name, self.expression(value)))
            self.local.append(name)
        del self.local[known:]

        def run(frame: Frame) -> Any:
            frame.step()
            outer, found = frame.locals, dict[str, Any]()
            frame.locals = dict(outer)
            try:
                for name, part in parts:
                    found[name] = frame.locals[name] = part(frame)
            finally:
                frame.locals = outer
            return frame.made(found)

        return run

    def function(self, node: FunctionLiteral) -> Closure:
        body, parameters = self.scoped(node.parameters, node.body), tuple(node.parameters)

        def run(frame: Frame) -> Any:
            frame.step()
            seen = frame.locals

            def called(caller: Frame, arguments: Mapping[str, Any]) -> Any:
                caller.step()
                outer, caller.locals = caller.locals, {**seen, **arguments}
                try:
                    return caller.made(body(caller))
                finally:
                    caller.locals = outer

            return Function(parameters, called)

        return run

    def invocation(self, node: Invocation) -> Closure:
        if node.called == "is defined" and (asked := self._asked(node)) is not None:
            return asked
        closures = [self.expression(value) for _, value in node.arguments]
        names = [name for name, _ in node.arguments if name is not None]
        if names and len(names) < len(closures):
            raise ExpressionError("Expected either every argument to be named or none, but found both", node.lineno)
        if isinstance(node.called, str):
            return self.standard(BUILTINS[node.called], closures, names, node.lineno)
        called = self.expression(node.called)

        def run(frame: Frame) -> Any:
            frame.step()
            frame.check_time()
            function, values = called(frame), [closure(frame) for closure in closures]
            if not isinstance(function, Function):
                raise EvaluationFailed(f"Expected a function to call, but found {kind_of(function)}")
            return function.call(frame, [] if names else values, dict(zip(names, values, strict=True)) if names else {})

        return run

    def _asked(self, node: Invocation) -> Closure | None:
        """Whether a variable, or a part of one, is there: the only place where a missing one is no failure, and is not counted as read."""
        value = root = node.arguments[0][1] if len(node.arguments) == 1 else None
        while isinstance(root, ast.Call) and isinstance(root.func, ast.Name) and root.func.id == " .":
            root = root.args[0]
        if value is None or not isinstance(root, ast.Name) or root.id in self.local:
            return None
        name, read = root.id, set(self.names)
        found = self.expression(value)
        self.names = read

        def run(frame: Frame) -> bool:
            frame.step()
            return (name in frame.locals or name in frame.variables) and found(frame) is not None

        return run

    @staticmethod
    def standard(builtin: Builtin, closures: list[Closure], names: list[str], line: int) -> Closure:
        if not names and not builtin.takes(len(closures)):
            wanted = builtin.signature.replace(" | ", f") or {builtin.name}(")
            raise ExpressionError(f"Expected {builtin.name}({wanted}), but found {len(closures)} arguments", line)
        placed = builtin.placed(names) if names else list[int | None](range(len(closures)))
        if placed is None:
            raise ExpressionError(f"Expected {builtin.name}({builtin.signature}), but found the arguments {', '.join(names)[:80]}", line)
        arguments: list[Closure] = [_nothing if place is None else closures[place] for place in placed]
        function: Callable[..., Any] | None = None if builtin.name in CLOCK else builtin.run

        def run(frame: Frame) -> Any:
            frame.step()
            frame.check_time()
            values = [argument(frame) for argument in arguments]
            known = function or frame.functions.get(builtin.name)
            if known is None:
                raise EvaluationFailed(f"Expected the function {builtin.name!r} to be available here, but it is not")
            return frame.made(known(frame, *values) if builtin.needs_frame else known(*values))

        return run

    def instance(self, node: InstanceOf) -> Closure:
        value, kind = self.expression(node.value), node.kind

        def run(frame: Frame) -> Any:
            frame.step()
            return is_instance(value(frame), *kind)

        return run


def _nothing(frame: Frame) -> None:
    return None


def gone_through(value: Any) -> list[Any]:
    """The items of a list, the whole numbers or days of a range, in either direction, or the one thing that is no list."""
    if not isinstance(value, Range):
        if value is None:
            raise EvaluationFailed("Expected a list to go through, but found null")
        return items_of(value)
    low, high = value.low, value.high
    if not (value.low_closed and value.high_closed):
        raise EvaluationFailed("Expected a closed range to go through, but found an open one")
    if family(low) == family(high) == "a date":
        step = 1 if low <= high else -1
        check_items(abs((high - low).days) + 1)
        return [type(low).fromordinal(day) for day in range(low.toordinal(), high.toordinal() + step, step)]
    if any(not isinstance(end, int | Decimal) or isinstance(end, bool) or end != int(end) for end in (low, high)):
        raise EvaluationFailed("Expected whole numbers or days to go through, but found a range of others")
    step = 1 if low <= high else -1
    check_items(int(abs(high - low)) + 1)
    return list(range(int(low), int(high) + step, step))


def walk(node: ast.AST) -> list[ast.AST]:
    """Every node of the tree, FEEL's own included."""
    found: list[ast.AST] = []
    waiting = [node]
    while waiting:
        current = waiting.pop()
        found.append(current)
        for value in vars(current).values():
            waiting += _nodes_in(value)
    return found


def _nodes_in(value: Any) -> list[Any]:
    if isinstance(value, ast.AST):
        return [value]
    return [node for part in value for node in _nodes_in(part)] if isinstance(value, list | tuple) else []


_NODES: Mapping[type[ast.AST], Callable[[FeelCompiler, Any], Closure]] = {
    Loop: FeelCompiler.loop, Filter: FeelCompiler.filter, ContextLiteral: FeelCompiler.context, FunctionLiteral: FeelCompiler.function,
    Invocation: FeelCompiler.invocation, ast.Name: FeelCompiler.name, InstanceOf: FeelCompiler.instance,
}  # fmt: skip
