"""The figures that a site may set: those for which the deployed diagrams ask by `site(name, default)`, found in the diagrams themselves.

A name is written out, or put together with an output of a decision table beside the diagram (`site("price_" + tariff.item, 0)`): then every
literal of that column gives one. A value must be of the kind of its default: what a diagram could not use is refused when it is set.
"""

import ast
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import definitions, rights, sites
from engine.actors import Actor
from engine.bpmn import decisions, parser
from engine.bpmn.decision_tables import Table
from engine.bpmn.expressions_budget import EvaluationFailed, ExpressionError
from engine.bpmn.expressions_syntax import parse_expression
from engine.bpmn.timing import parse_duration
from engine.bpmn.vocabulary import BPMN
from engine.errors import Invalid, NotFound
from engine.posts import POSTS
from engine.tables import SiteVariable

MAX_TEXT = 200
_CALL = re.compile(r"(?<![\w.])site\s*\(")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_CLOCK = "steward:clock."
_EXPECTED = {
    "duration": "a duration such as PT10M or P3D that is longer than nothing",
    "number": "a number",
    "truth": "true or false",
    "time": "a time of day such as 08:30",
    "post": "the key of a post, such as duty_officer",
    "text": f"a text of 1 to {MAX_TEXT} characters",
}


@dataclass(frozen=True)
class Place:
    """Where a figure is asked for: a process, the activity (or the clock) within it, and what the rule is about that makes its name."""

    process: str
    activity: str = ""
    clock: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure as a site sees it. `value` is the site's own, None where the default holds."""

    name: str
    default: Any
    places: tuple[Place, ...]
    value: Any = None

    @property
    def kind(self) -> str:
        """duration, number, truth, time, post or text: by the default; where there is none, by what the site has set."""
        return _kind(self.value if self.default is None else self.default)


# What pages ask for, and no diagram (listed once they are set): copies of a printed work order, the number that residents call.
OF_PAGES: Mapping[str, Any] = {"work_order_copies": 4, "service_telephone": ""}


@dataclass(frozen=True)
class _Asked:
    name: str
    default: Any
    activity: str
    clock: str
    rule: str = ""


def of(session: Session, site: str, actor: Actor) -> list[Figure]:
    """Every figure that the newest versions of the processes ask for, and whatever else the site has set, by name."""
    sites.get(session, site, actor)
    rights.require(rights.may_administer(actor, site), "see the figures of this site")
    stored = select(SiteVariable.name, SiteVariable.value).where(SiteVariable.site == site)
    own: dict[str, Any] = dict(session.execute(stored).all())
    found: dict[str, Figure] = {}
    for definition in definitions.newest_of_all(session):
        for asked in _asked(session, definition.id):
            place = Place(definition.name or definition.key, asked.activity, asked.clock, asked.rule)
            known = found.get(asked.name, Figure(asked.name, asked.default, (), own.get(asked.name)))
            default = asked.default if known.default is None else known.default
            found[asked.name] = Figure(known.name, default, tuple(dict.fromkeys((*known.places, place))), known.value)
    others = {name: Figure(name, None, (), value) for name, value in own.items() if name not in found}
    return sorted((found | others).values(), key=lambda figure: figure.name)


def set_figure(session: Session, site: str, name: str, text: str | None, actor: Actor, now: datetime) -> Figure:
    """Give a figure a value, written as text; None takes the site's own away, so that the default holds again."""
    figure = next((one for one in of(session, site, actor) if one.name == name), None)
    if name in OF_PAGES:
        figure = Figure(name, OF_PAGES[name], (), figure.value if figure else None)
    if figure is None:
        raise NotFound(f"Expected a figure that a deployed process asks for, but none asks for {name!r}")
    value = None if text is None else read_value(figure, text)
    if value != figure.value:
        sites.set_variable(session, site, name, value, actor, now)
    return Figure(figure.name, figure.default, figure.places, value)


def read_value(figure: Figure, text: str) -> Any:
    """The value that a text means for this figure; raises Invalid when it is not of the kind of its default."""
    text = text.strip()
    value = _READ[figure.kind](text)
    if value is None:
        message = f"Expected {_EXPECTED[figure.kind]}, but it is {text[:MAX_TEXT]!r}"
        raise Invalid(message, {figure.name: message})
    return value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if not isinstance(value, str):
        return "text"
    readable = (kind for kind in ("duration", "time", "post") if _READ[kind](value) is not None)
    return next(readable, "text")


def _duration(text: str) -> str | None:
    try:
        length = parse_duration(text)
    except (ValueError, OverflowError):
        return None
    return text if length.months or length.span else None


def _number(text: str) -> int | float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number) or abs(number) > 1e12:
        return None
    return int(number) if number.is_integer() else number


_READ: Mapping[str, Callable[[str], Any]] = {
    "duration": _duration,
    "number": _number,
    "truth": {"true": True, "false": False}.get,
    "time": lambda text: text if _TIME.fullmatch(text) else None,
    "post": lambda text: text if text in POSTS else None,
    "text": lambda text: text if 0 < len(text) <= MAX_TEXT and text.isprintable() else None,
}


# --- finding them in the diagrams -----------------------------------------------------------------------------------------------


def _asked(session: Session, definition_id: int) -> Sequence[_Asked]:
    files = definitions.resources(session, definition_id)
    diagram = next(file.content for file in files if file.kind == "bpmn")
    key = definitions.get(session, definition_id).key
    return _search(diagram, key, tuple(file.content for file in files if file.kind == "dmn"))


@lru_cache(maxsize=256)
def _search(diagram: bytes, key: str, tables: tuple[bytes, ...]) -> Sequence[_Asked]:
    """What the process of that key asks for, in the order of the file. A file that was deployed never changes."""
    root = parser.read_xml(diagram, "-")
    process = next((one for one in root.iter(BPMN + "process") if one.get("id") == key), None)
    if process is None:
        return ()
    columns = _Columns(tables)
    found = []
    for element in process.iter(etree.Element):
        for text in (element.text or "", *map(str, element.attrib.values())):
            for call in _calls(text):
                activity, clock = _place(element)
                found += [_Asked(name, default, activity, clock, rule) for name, default, rule in columns.meant(call)]
    return tuple(dict.fromkeys(found))


def _calls(text: str) -> Iterator[ast.Call]:
    """The calls of `site` in a text, wherever they stand in it."""
    for start in _CALL.finditer(text):
        end = _end_of_call(text, start.end())
        try:
            tree = parse_expression(text[start.start() : end])
        except ExpressionError:
            continue  # words that only look like it: a documentation, say
        if isinstance(tree, ast.Call) and tree.args:
            yield tree


def _end_of_call(text: str, position: int) -> int:
    """Where the bracket closes that was opened before the position; brackets in text literals do not count."""
    depth, quote = 1, ""
    for index in range(position, len(text)):
        sign = text[index]
        if quote:
            quote = "" if sign == quote and text[index - 1] != "\\" else quote
        elif sign in "'\"":
            quote = sign
        else:
            depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return index + 1
    return len(text)


def _place(element: etree._Element) -> tuple[str, str]:
    """The name of the nearest activity around the element (a boundary event's host, a flow's source), or of the clock that it declares."""
    name = element.get("name") or ""
    if name.startswith(_CLOCK):
        return "", name.removeprefix(_CLOCK)
    holder: etree._Element | None = element
    while holder is not None and holder.tag != BPMN + "process":
        meant = holder.get("attachedToRef") or holder.get("sourceRef")
        if meant is not None:
            holder = next((one for one in holder.getparent() if one.get("id") == meant), holder)  # type: ignore[union-attr]
        if holder.get("id") is not None and holder.get("name") and str(holder.tag).startswith(BPMN):
            return str(holder.get("name")), ""
        holder = holder.getparent()
    return "", ""


@dataclass(frozen=True)
class _Row:
    """The literals of a rule by their columns, and what the rule says of itself."""

    values: Mapping[str, Any]
    rule: str = ""


class _Columns:
    """The outputs of decision tables, as names and defaults of figures may be made of them."""

    def __init__(self, files: Iterable[bytes]) -> None:
        self.rows: list[_Row] = []
        for content in files:
            root = parser.read_xml(content, "-")
            for name, decision in decisions.compile_decisions(root, "-").items():
                if isinstance(decision.logic, Table):
                    self.rows += _literal_rows(decision.logic, _descriptions(root, name))

    def meant(self, call: ast.Call) -> Iterator[tuple[str, Any, str]]:
        """Name and default of every figure that the call may ask for, and the words of the rule from which they come."""
        default = call.args[1] if len(call.args) > 1 else ast.Constant(None)
        columns = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
        rows = [row for row in self.rows if columns <= row.values.keys()] if columns else [_Row({})]
        for row in rows:
            name = _value(call.args[0], row.values)
            if isinstance(name, str) and name:
                yield name, _value(default, row.values), row.rule


def _descriptions(root: etree._Element, decision: str) -> list[str]:
    """What the rules of a decision say of themselves, in their order."""
    [found] = (one for one in root.iter("{*}decision") if one.get("id") == decision)
    return [(rule.findtext("{*}description") or "").strip() for rule in found.iter("{*}rule")]


def _literal_rows(table: Table, descriptions: Sequence[str]) -> Iterator[_Row]:
    for rule, description in zip(table.rules, descriptions, strict=True):
        row = {}
        for column, cell in zip(table.outputs, rule.outputs, strict=True):
            try:
                row[column.name] = cell.evaluate({})
            except EvaluationFailed:
                continue  # reckoned from inputs
        yield _Row(row, description)


def _value(node: ast.expr, row: Mapping[str, Any]) -> Any:
    """What a literal, a column of the row, or texts put together mean; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Attribute):
        return row.get(node.attr)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, row)
        return -value if isinstance(value, int | float) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _value(node.left, row), _value(node.right, row)
        return left + right if isinstance(left, str) and isinstance(right, str) else None
    return None
