"""Data of a diagram: data objects are variables of the scope that declares them; associations carry values in and out of an activity."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lxml.etree import _Element

from engine.bpmn import data_stores
from engine.bpmn.extensions import Mapped, Reader, Value
from engine.bpmn.scopes import View
from engine.bpmn.vocabulary import BPMN, VARIABLE, name_of

OBJECTS: Final = frozenset({"dataObject", "dataObjectReference", "property"})
ITEMS: Final = OBJECTS | {"dataInput", "dataOutput"}


@dataclass(frozen=True)
class Output:
    """What leaves an activity for a variable of the scope around it."""

    source: str | None  # the id of the data output; None where only a transformation or an assignment says what
    target: str
    value: Value
    plain: bool  # the value of one variable: what has none is not carried


@dataclass(frozen=True)
class Data:
    """The associations of one element. `local` are the names that stand for its data outputs while it lasts."""

    inputs: tuple[tuple[str, str, Value], ...] = ()  # id of the data input, its name, its value
    outputs: tuple[Output, ...] = ()
    local: tuple[str, ...] = ()

    def entering(self, collection: str | None = None) -> tuple[tuple[str, Value], ...]:
        """Input parameters; without the collection over which a multi-instance goes, of which each item has its own part."""
        return tuple((name, value) for source, name, value in self.inputs if source != collection)

    def collected(self, view: View) -> View:
        """What the body of a multi-instance sees: its data inputs as well."""
        return view.within(Mapped(self.entering()).evaluate(view)) if self.inputs else view

    def leaving(self, view: View, only: str | None = None, without: str | None = None) -> dict[str, Any]:
        """The variables around the activity that it writes; all of them, or those of one data output."""
        values: dict[str, Any] = {}
        for output in self.outputs:
            if (only is None or output.source == only) and (without is None or output.source != without):
                value = output.value(view)
                if value is not None or not output.plain:
                    values[output.target] = value
        return values


def names(root: _Element) -> dict[str, str]:
    """The variable that each data element of the file stands for, by id: its name where that can be one, else its id.

    Data stores are among them, by names that no variable has.
    """
    found = data_stores.marked(root)
    references: list[_Element] = []
    for element in root.iter(*(BPMN + kind for kind in sorted(ITEMS))):
        if name_of(element) == "dataObjectReference" and element.get("dataObjectRef"):
            references.append(element)
        else:
            found[element.get("id") or ""] = variable_name(element)
    for reference in references:
        _name_reference(reference, found)
    return found


def _name_reference(reference: _Element, found: dict[str, str]) -> None:
    """A reference and its object are one variable; modelers write the name at either."""
    target = (reference.get("dataObjectRef") or "").rpartition(":")[2]
    if found.get(target, target) == target:
        found[target] = variable_name(reference, target)
    found[reference.get("id") or ""] = found[target]


def variable_name(element: _Element, otherwise: str | None = None) -> str:
    name = (element.get("name") or "").strip()
    return name if VARIABLE.fullmatch(name) else otherwise or element.get("id") or ""


def declared(scope: _Element, known: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that a process or subprocess has from its beginning, because data objects are drawn in it."""
    return tuple(dict.fromkeys(known[child.get("id") or ""] for child in scope if name_of(child) in OBJECTS and not is_placeholder(child)))


def is_placeholder(element: _Element) -> bool:
    """Editors write one where an association needs an end and nothing is meant."""
    return (element.get("name") or "").startswith("__")


def read(reader: Reader, known: Mapping[str, str]) -> Data:
    """The data associations of an element."""
    element = reader.element
    placeholders = {child.get("id") for child in element if name_of(child) == "property" and is_placeholder(child)}
    inputs: list[tuple[str, str, Value]] = []
    for association in element.findall(BPMN + "dataInputAssociation"):
        inputs += _inputs(association, reader, known, placeholders)
    outputs = [each for association in element.findall(BPMN + "dataOutputAssociation") for each in _outputs(association, reader, known)]
    own = {found.get("id") or "" for found in element.iter(BPMN + "dataOutput", BPMN + "property")}
    local = dict.fromkeys(known[output.source] for output in outputs if output.source in own and output.source is not None)
    return Data(tuple(inputs), tuple(outputs), tuple(local))


def _texts(association: _Element, name: str) -> list[str]:
    return [(found.text or "").strip().rpartition(":")[2] for found in association.findall(BPMN + name)]


def _inputs(association: _Element, reader: Reader, known: Mapping[str, str], placeholders: set[Any]) -> Iterator[tuple[str, str, Value]]:
    target = next(iter(_texts(association, "targetRef")), "")
    if target not in placeholders and (value := _carried(association, reader, known)) is not None:
        yield target, known.get(target, target), value[0]
    for name, value_of_it in _assigned(association, reader, known):
        yield target, name, value_of_it


def _outputs(association: _Element, reader: Reader, known: Mapping[str, str]) -> Iterator[Output]:
    target = next(iter(_texts(association, "targetRef")), "")
    if not _texts(association, "sourceRef") and association.find(BPMN + "transformation") is None:
        pass  # drawn to a data object: what the activity writes under its name goes there anyway
    elif (value := _carried(association, reader, known)) is not None:
        source = next(iter(_texts(association, "sourceRef")), None)
        yield Output(source, _written(known.get(target, target), reader), value[0], value[1])
    for name, value_of_it in _assigned(association, reader, known):
        yield Output(None, _written(name, reader), value_of_it, plain=False)


def _written(name: str, reader: Reader) -> str:
    return data_stores.written_by(reader.element.get("id") or "", name) if data_stores.is_store(name) else name


def _carried(association: _Element, reader: Reader, known: Mapping[str, str]) -> tuple[Value, bool] | None:
    """What goes through an association, and whether that is simply one variable."""
    transformation = reader.expression(association.findtext(BPMN + "transformation"), "a transformation")
    if transformation is not None:
        return (lambda view: view.json(transformation)), False
    sources = _texts(association, "sourceRef")
    if not sources:
        return None
    name = known.get(sources[0], sources[0])
    if data_stores.is_store(name):
        entries = reader.expression(data_stores.reading(name), "a data store")
        return (lambda view: view.json(entries)), False
    return (lambda view: view.variables.get(name)), True


def _assigned(association: _Element, reader: Reader, known: Mapping[str, str]) -> Iterator[tuple[str, Value]]:
    for assignment in association.findall(BPMN + "assignment"):
        expression = reader.expression(assignment.findtext(BPMN + "from"), "the value of an assignment")
        target = (assignment.findtext(BPMN + "to") or "").strip().rpartition(":")[2]
        if expression is not None:
            yield known.get(target, target), _evaluated(expression)


def _evaluated(expression: Any) -> Value:
    return lambda view: view.json(expression)
