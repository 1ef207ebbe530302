"""From a syntax tree to closures: a node that is not listed here is not part of the language.

Each closure takes a Frame and gives a value. It counts one step, and where it can fail, it adds its line to the failure.
"""

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.bpmn import expressions_operators as operators
from engine.bpmn.expressions_budget import MAX_BITS, EvaluationFailed, ExpressionError, Frame, check_items, kind_of, weigh
from engine.bpmn.expressions_functions import CONTEXT_FUNCTIONS, FRAME_FUNCTIONS, FUNCTIONS
from engine.bpmn.expressions_values import text_of
from engine.errors import Rejected

Closure = Callable[[Frame], Any]

MAX_DEPTH = 100  # of the syntax tree

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operators.add, ast.Sub: operators.subtract, ast.Mult: operators.multiply, ast.Div: operators.divide,
    ast.FloorDiv: operators.floor_divide, ast.Mod: operators.modulo, ast.Pow: operators.power,
}  # fmt: skip
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operators.equal, ast.NotEq: operators.unequal,
    ast.Lt: operators.less, ast.LtE: operators.less_or_equal, ast.Gt: operators.greater, ast.GtE: operators.greater_or_equal,
    ast.In: operators.contained, ast.NotIn: operators.not_contained,
    ast.Is: lambda left, right: left is right, ast.IsNot: lambda left, right: left is not right,
}  # fmt: skip
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: lambda value: not operators.is_true(value), ast.USub: operators.negate, ast.UAdd: operators.plus,
}  # fmt: skip
_FAILURES = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError, MemoryError, Rejected)
_NAMES = {
    ast.Lambda: "a lambda", ast.Await: "await", ast.Yield: "yield", ast.YieldFrom: "yield", ast.NamedExpr: ":=",
    ast.Starred: "*", ast.While: "while", ast.FunctionDef: "a function definition", ast.AsyncFunctionDef: "a function definition",
    ast.ClassDef: "a class", ast.Import: "an import", ast.ImportFrom: "an import", ast.Try: "try", ast.With: "with", ast.Raise: "raise",
    ast.Delete: "del", ast.Global: "global", ast.Nonlocal: "nonlocal", ast.Return: "return", ast.Assert: "assert", ast.Match: "match",
}  # fmt: skip


def refused(node: ast.AST, what: str | None = None) -> ExpressionError:
    found = what or _NAMES.get(type(node), f"the construct {type(node).__name__}")
    return ExpressionError(f"Expected the safe language, but found {found}, which is not part of it", getattr(node, "lineno", None))


def at_line(line: int, closure: Closure) -> Closure:
    """The closure, whose failures name the line and are always our own."""

    def run(frame: Frame) -> Any:
        try:
            return closure(frame)
        except EvaluationFailed as failure:
            if failure.line is None:
                failure.line = line
            raise
        except _FAILURES as error:
            raise EvaluationFailed(described(error), line) from error

    return run


def described(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"Expected the key {str(error.args[0])[:80]!r}, but there is none"
    if isinstance(error, Rejected):
        return str(error)
    return f"Expected a result, but {type(error).__name__} happened: {str(error)[:200] or 'no more is known'}"


def check_name(node: ast.AST, name: str) -> str:
    if name.startswith("__"):
        raise ExpressionError(
            f"Expected a name that does not begin with two underscores, but found {name[:80]!r}", getattr(node, "lineno", None)
        )
    return name


class Compiler:
    """Turns expressions into closures and remembers which names they read."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]] = FUNCTIONS) -> None:
        self.functions = functions
        self.names: set[str] = set()
        self.local: list[str] = []  # variables of the comprehensions around
        self.depth = 0

    def expression(self, node: ast.expr) -> Closure:
        method = _EXPRESSIONS.get(type(node))
        if method is None:
            raise refused(node)
        self.deeper(node)
        closure: Closure = method(self, node)
        self.depth -= 1
        return closure

    def deeper(self, node: ast.expr) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"Expected at most {MAX_DEPTH} levels of expressions, but there are more", node.lineno)

    def optional(self, node: ast.expr | None) -> Closure:
        return (lambda frame: None) if node is None else self.expression(node)

    def constant(self, node: ast.Constant) -> Closure:
        value = node.value
        if value is not None and type(value) not in (bool, int, float, str, Decimal):
            raise refused(node, f"a literal of the kind {type(value).__name__}")
        if type(value) is int and value.bit_length() > MAX_BITS:
            raise refused(node, f"a number of more than {MAX_BITS} bits")
        try:
            weigh(value)
        except EvaluationFailed as failure:
            raise ExpressionError(failure.message, node.lineno) from None
        return lambda frame: value

    def name(self, node: ast.Name) -> Closure:
        name, line = check_name(node, node.id), node.lineno
        if name not in self.local:
            self.names.add(name)

        def load(frame: Frame) -> Any:
            frame.step()
            if name in frame.locals:
                return frame.locals[name]
            try:
                return frame.variables[name]
            except KeyError:
                raise EvaluationFailed(f"Expected a variable {name!r}, but there is none", line) from None

        return load

    def attribute(self, node: ast.Attribute) -> Closure:
        container, key = self.expression(node.value), check_name(node, node.attr)

        def load(frame: Frame) -> Any:
            frame.step()
            return operators.key_of(container(frame), key)

        return at_line(node.lineno, load)

    def subscript(self, node: ast.Subscript) -> Closure:
        container = self.expression(node.value)
        if isinstance(node.slice, ast.Slice):
            start, stop, stride = (self.optional(part) for part in (node.slice.lower, node.slice.upper, node.slice.step))

            def cut(frame: Frame) -> Any:
                frame.step()
                return frame.made(operators.slice_of(container(frame), start(frame), stop(frame), stride(frame)))

            return at_line(node.lineno, cut)
        key = self.expression(node.slice)

        def load(frame: Frame) -> Any:
            frame.step()
            return operators.key_of(container(frame), key(frame))

        return at_line(node.lineno, load)

    def binary(self, node: ast.BinOp) -> Closure:
        if type(node.op) not in _BINARY:
            raise refused(node, f"the operator {type(node.op).__name__}")
        compute, left, right = _BINARY[type(node.op)], self.expression(node.left), self.expression(node.right)

        def run(frame: Frame) -> Any:
            frame.step()
            first, second = left(frame), right(frame)
            result = compute(first, second)
            return frame.joined(first, second, result) if type(result) is list and type(second) is list else frame.made(result)

        return at_line(node.lineno, run)

    def unary(self, node: ast.UnaryOp) -> Closure:
        if type(node.op) not in _UNARY:
            raise refused(node, f"the operator {type(node.op).__name__}")
        compute, operand = _UNARY[type(node.op)], self.expression(node.operand)

        def run(frame: Frame) -> Any:
            frame.step()
            return compute(operand(frame))

        return at_line(node.lineno, run)

    def boolean(self, node: ast.BoolOp) -> Closure:
        operands = [self.expression(value) for value in node.values]
        stops_at = isinstance(node.op, ast.Or)

        def run(frame: Frame) -> Any:
            frame.step()
            value = None
            for operand in operands:
                value = operand(frame)
                if operators.is_true(value) is stops_at:
                    break
            return value

        return run

    def comparison(self, node: ast.Compare) -> Closure:
        first = self.expression(node.left)
        rest = []
        for sign, other in zip(node.ops, node.comparators, strict=True):
            if isinstance(sign, ast.Is | ast.IsNot) and not (isinstance(other, ast.Constant) and other.value is None):
                raise refused(node, "'is' with something other than null")
            rest.append((_COMPARE[type(sign)], self.expression(other)))

        def run(frame: Frame) -> Any:
            frame.step()
            left, result = first(frame), True
            for compare, other in rest:
                right = other(frame)
                if type(right) in _LARGE:
                    frame.check_time()
                result = compare(left, right)
                if not result:
                    return False
                left = right
            return result

        return at_line(node.lineno, run)

    def choice(self, node: ast.IfExp) -> Closure:
        test, chosen, otherwise = self.expression(node.test), self.expression(node.body), self.expression(node.orelse)

        def run(frame: Frame) -> Any:
            frame.step()
            return chosen(frame) if operators.is_true(test(frame)) else otherwise(frame)

        return run

    def sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Closure:
        """Lists; tuples and sets are lists too, for JSON knows no other."""
        parts = [self.expression(part) for part in node.elts]

        def run(frame: Frame) -> Any:
            frame.step()
            return frame.made([part(frame) for part in parts])

        return at_line(node.lineno, run)

    def mapping(self, node: ast.Dict) -> Closure:
        if any(key is None for key in node.keys):
            raise refused(node, "**")
        pairs = [(self.optional(key), self.expression(value)) for key, value in zip(node.keys, node.values, strict=True)]

        def run(frame: Frame) -> Any:
            frame.step()
            return frame.made(keyed([(key(frame), value(frame)) for key, value in pairs]))

        return at_line(node.lineno, run)

    def call(self, node: ast.Call) -> Closure:
        if not isinstance(node.func, ast.Name):
            raise refused(node, "a method call (use a function: upper(text), len(list))")
        if any(keyword.arg is None for keyword in node.keywords):
            raise refused(node, "**")
        name, line = node.func.id, node.lineno
        arguments = [self.expression(argument) for argument in node.args]
        named = {str(keyword.arg): self.expression(keyword.value) for keyword in node.keywords}
        if name in self.functions:
            return at_line(line, _calling(self.functions[name], arguments, named))
        if name in FRAME_FUNCTIONS and not named:
            return at_line(line, _calling_with_frame(FRAME_FUNCTIONS[name], arguments))
        if name in CONTEXT_FUNCTIONS:
            return at_line(line, _calling_context(name, arguments, named))
        raise ExpressionError(f"Expected one of the listed functions, but found {name[:80]!r}", line)

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Closure:
        before, loops = len(self.local), []
        for generator in node.generators:
            if generator.is_async:
                raise refused(node, "async")
            source, targets = self.expression(generator.iter), names_of(generator.target)
            self.local.extend(targets)
            loops.append((source, targets, [self.expression(test) for test in generator.ifs]))
        if isinstance(node, ast.DictComp):
            key, value = self.expression(node.key), self.expression(node.value)
            return at_line(node.lineno, self._loop(loops, lambda frame: (key(frame), value(frame)), keyed, before))
        return at_line(node.lineno, self._loop(loops, self.expression(node.elt), list, before))

    def _loop(
        self, loops: list[tuple[Closure, list[str], list[Closure]]], item: Closure, kind: Callable[[Any], Any], before: int
    ) -> Closure:
        hidden = self.local[before:]
        del self.local[before:]

        def collect(frame: Frame, level: int, found: list[Any]) -> None:
            if level == len(loops):
                check_items(len(found) + 1)
                found.append(item(frame))
                return
            source, targets, tests = loops[level]
            for value in iterated(source(frame)):
                frame.step()
                bind(frame, targets, value)
                if all(operators.is_true(test(frame)) for test in tests):
                    collect(frame, level + 1, found)

        def run(frame: Frame) -> Any:
            outside = {name: frame.locals[name] for name in hidden if name in frame.locals}
            found: list[Any] = []
            collect(frame, 0, found)
            for name in hidden:
                frame.locals.pop(name, None)
            frame.locals.update(outside)
            return frame.made(kind(found))

        return run

    def formatted(self, node: ast.JoinedStr) -> Closure:
        parts: list[Closure] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and (part.format_spec is not None or part.conversion != -1):
                raise refused(node, "a format specification")
            parts.append(self.expression(part.value if isinstance(part, ast.FormattedValue) else part))

        def run(frame: Frame) -> Any:
            frame.step()
            text = ""
            for part in parts:
                text = frame.made(text + text_of(part(frame)))
            return text

        return at_line(node.lineno, run)


_LARGE = (str, list, dict)
_EXPRESSIONS: Mapping[type[ast.AST], Callable[[Compiler, Any], Closure]] = {
    ast.Constant: Compiler.constant, ast.Name: Compiler.name, ast.Attribute: Compiler.attribute, ast.Subscript: Compiler.subscript,
    ast.BinOp: Compiler.binary, ast.UnaryOp: Compiler.unary, ast.BoolOp: Compiler.boolean, ast.Compare: Compiler.comparison,
    ast.IfExp: Compiler.choice, ast.List: Compiler.sequence, ast.Tuple: Compiler.sequence, ast.Set: Compiler.sequence,
    ast.Dict: Compiler.mapping, ast.Call: Compiler.call, ast.ListComp: Compiler.comprehension, ast.SetComp: Compiler.comprehension,
    ast.DictComp: Compiler.comprehension, ast.GeneratorExp: Compiler.comprehension, ast.JoinedStr: Compiler.formatted,
}  # fmt: skip


def _calling(function: Callable[..., Any], arguments: list[Closure], named: dict[str, Closure]) -> Closure:
    if named:
        return lambda frame: _stepped(frame).made(
            function(*[argument(frame) for argument in arguments], **{name: argument(frame) for name, argument in named.items()})
        )
    if len(arguments) == 1:
        (only,) = arguments
        return lambda frame: _stepped(frame).made(function(only(frame)))
    return lambda frame: _stepped(frame).made(function(*[argument(frame) for argument in arguments]))


def _calling_with_frame(function: Callable[..., Any], arguments: list[Closure]) -> Closure:
    return lambda frame: _stepped(frame).made(function(frame, *[argument(frame) for argument in arguments]))


def _calling_context(name: str, arguments: list[Closure], named: dict[str, Closure]) -> Closure:
    def run(frame: Frame) -> Any:
        function = frame.functions.get(name)
        if function is None:
            raise EvaluationFailed(f"Expected the function {name!r} to be available here, but it is not")
        result = function(*[argument(frame) for argument in arguments], **{key: argument(frame) for key, argument in named.items()})
        return _stepped(frame).made(result)

    return run


def _stepped(frame: Frame) -> Frame:
    """A call may have to look at a large value, so it looks at the clock as well."""
    frame.step()
    frame.check_time()
    return frame


def keyed(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    """A mapping, whose keys are text: JSON knows no other, and numbers could be chosen to collide."""
    for key, _ in pairs:
        if not isinstance(key, str):
            raise EvaluationFailed(f"Expected text as the key of a mapping, but found {kind_of(key)}")
    return dict(pairs)


def names_of(target: ast.expr) -> list[str]:
    """The names that a loop binds: one, or several in `for key, value in …`."""
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    if not all(isinstance(part, ast.Name) for part in parts):
        raise refused(target, "a loop over something other than plain names")
    return [check_name(part, part.id) for part in parts if isinstance(part, ast.Name)]


def iterated(value: Any) -> list[Any]:
    if not isinstance(value, list | Mapping):
        raise EvaluationFailed(f"Expected a list to go through, but found {kind_of(value)}")
    return list(value)


def bind(frame: Frame, targets: list[str], value: Any) -> None:
    if len(targets) == 1:
        frame.locals[targets[0]] = value
        return
    if not isinstance(value, list) or len(value) != len(targets):
        raise EvaluationFailed(f"Expected lists of {len(targets)} items, but found {kind_of(value)}")
    frame.locals.update(zip(targets, value, strict=True))
