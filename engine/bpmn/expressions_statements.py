"""The statements of scripts: assignment, if, for, pass, break, continue and calls.

Values are never changed in place: `order.price = 5` makes a new mapping and lets `order` be it. So the caller's variables stay
untouched, two names never share what is changed through one of them, and nothing can contain itself.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from engine.bpmn import expressions_operators as operators
from engine.bpmn.expressions_budget import EvaluationFailed, ExpressionError, Frame, kind_of
from engine.bpmn.expressions_compiler import Closure, Compiler, at_line, bind, check_name, iterated, keyed, names_of, refused

MAX_BLOCKS = 20  # within each other
READ_ONLY = frozenset({"case"})

BREAK, CONTINUE = "break", "continue"


class ScriptCompiler(Compiler):
    """Compiles statements too, and remembers which names they assign."""

    def __init__(self) -> None:
        super().__init__()
        self.assigned: set[str] = set()
        self.looped: set[str] = set()
        self.blocks = 0
        self.loops = 0

    def block(self, statements: list[ast.stmt]) -> Closure:
        self.blocks += 1
        if self.blocks > MAX_BLOCKS:
            raise ExpressionError(f"Expected at most {MAX_BLOCKS} blocks within each other, but there are more", statements[0].lineno)
        closures = [at_line(statement.lineno, self.statement(statement)) for statement in statements]
        self.blocks -= 1

        def run(frame: Frame) -> Any:
            for closure in closures:
                frame.step()
                if (leaving := closure(frame)) is not None:
                    return leaving
            return None

        return run

    def statement(self, node: ast.stmt) -> Closure:
        method = _STATEMENTS.get(type(node))
        if method is None:
            raise refused(node)
        return method(self, node)

    def nothing(self, node: ast.Pass) -> Closure:
        return lambda frame: None

    def leave(self, node: ast.Break | ast.Continue) -> Closure:
        if not self.loops:
            raise refused(node, "break or continue outside a loop")
        how = BREAK if isinstance(node, ast.Break) else CONTINUE
        return lambda frame: how

    def plain(self, node: ast.Expr) -> Closure:
        value = self.expression(node.value)

        def run(frame: Frame) -> None:
            value(frame)

        return run

    def assignment(self, node: ast.Assign) -> Closure:
        value = self.expression(node.value)
        if len(node.targets) != 1:
            raise refused(node, "an assignment to several names at once")
        return self._store(node.targets[0], value)

    def change(self, node: ast.AugAssign) -> Closure:
        """`x += 1` is `x = x + 1`."""
        current: ast.expr = _as_read(node.target)
        return self._store(node.target, self.binary(ast.copy_location(ast.BinOp(current, node.op, node.value), node)))

    def _store(self, target: ast.expr, value: Closure) -> Closure:
        path: list[Closure] = []
        while not isinstance(target, ast.Name):
            if isinstance(target, ast.Attribute):
                path.append(_constantly(check_name(target, target.attr)))
            elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
                path.append(self.expression(target.slice))
            else:
                raise refused(target, "an assignment to something other than a name, a key or an index")
            target = target.value
        return self._store_at(self._writable(target), list(reversed(path)), value, self.expression(_as_read(target)) if path else None)

    def _writable(self, target: ast.Name) -> str:
        name = check_name(target, target.id)
        if name in READ_ONLY:
            raise ExpressionError(f"Expected a name that may be assigned, but {name!r} is read-only", target.lineno)
        self.assigned.add(name)
        return name

    @staticmethod
    def _store_at(name: str, path: list[Closure], value: Closure, current: Closure | None) -> Closure:
        def store(frame: Frame) -> None:
            result = value(frame)
            if current is not None:
                result = frame.made(_put(current(frame), [key(frame) for key in path], result))
            frame.locals[name] = result

        return store

    def condition(self, node: ast.If) -> Closure:
        branches: list[tuple[Closure, Closure]] = []
        current: ast.If = node
        while True:  # elif chains are flat here, whatever their length
            branches.append((self.expression(current.test), self.block(current.body)))
            if len(current.orelse) != 1 or not isinstance(current.orelse[0], ast.If):
                break
            current = current.orelse[0]
        otherwise = self.block(current.orelse) if current.orelse else None

        def run(frame: Frame) -> Any:
            for test, body in branches:
                if operators.is_true(test(frame)):
                    return body(frame)
            return otherwise(frame) if otherwise is not None else None

        return run

    def loop(self, node: ast.For) -> Closure:
        if node.orelse:
            raise refused(node, "else after for")
        source, targets = self.expression(node.iter), names_of(node.target)
        if READ_ONLY.intersection(targets):
            raise ExpressionError("Expected a name that may be assigned, but 'case' is read-only", node.lineno)
        self.looped.update(targets)
        self.loops += 1
        body = self.block(node.body)
        self.loops -= 1

        def run(frame: Frame) -> None:
            for value in iterated(source(frame)):
                frame.step()
                bind(frame, targets, value)
                if body(frame) == BREAK:
                    break

        return run


_STATEMENTS: Mapping[type[ast.stmt], Callable[[ScriptCompiler, Any], Closure]] = {
    ast.Assign: ScriptCompiler.assignment, ast.AugAssign: ScriptCompiler.change, ast.If: ScriptCompiler.condition,
    ast.For: ScriptCompiler.loop,
    ast.Pass: ScriptCompiler.nothing, ast.Break: ScriptCompiler.leave, ast.Continue: ScriptCompiler.leave, ast.Expr: ScriptCompiler.plain,
}  # fmt: skip


def _constantly(key: str) -> Closure:
    return lambda frame: key


def _as_read(target: ast.expr) -> ast.expr:
    """The same place, to be read: the compiler does not look at contexts."""
    return target


def _put(container: Any, path: list[Any], value: Any) -> Any:
    """A copy of the container in which the place at the path holds the value."""
    if not path:
        return value
    key, *rest = path
    if isinstance(container, Mapping):
        inner = operators.key_of(container, key) if rest else None
        return {**container, **keyed([(key, _put(inner, rest, value))])}
    inner = operators.key_of(container, key)  # says so when there is no such index
    if not isinstance(container, list):
        raise EvaluationFailed(f"Expected a list or a mapping to change, but found {kind_of(container)}")
    return [*container[:key], _put(inner, rest, value), *container[len(container) + key + 1 if key < 0 else key + 1 :]]
