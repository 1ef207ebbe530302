"""How often an activity is done: what multi-instance and standard loop characteristics say, read once, at deployment."""

from dataclasses import dataclass
from typing import Any

from lxml.etree import _Element

from engine.bpmn.expressions_budget import kind_of
from engine.bpmn.extensions import Reader
from engine.bpmn.instance import StepFailed
from engine.bpmn.scopes import View
from engine.bpmn.vocabulary import BPMN, camunda


@dataclass(frozen=True)
class MultiInstance:
    """Once for each item, at the same time or one after another."""

    sequential: bool
    cardinality: Any
    collection: Any
    element: str | None
    condition: Any
    collected_from: str | None = None  # the id of the data input that holds the collection
    results: "Results | None" = None

    def items(self, view: View) -> list[Any]:
        """The element of each instance; plain numbers when only their count is given."""
        if self.collection is None:
            count = view.json(self.cardinality)
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise StepFailed("expression", f"Expected a loop cardinality of 0 or more, but '{self.cardinality.text}' gives {count!r}")
            self._check(count, view)
            return [None] * count
        found = view.json(self.collection)
        if not isinstance(found, list):
            what = kind_of(found)
            raise StepFailed("expression", f"Expected a list to repeat over, but '{self.collection.text}' gives {what}: {found!r:.100}")
        self._check(len(found), view)
        return found

    def _check(self, count: int, view: View) -> None:
        limit = view.context.max_items
        if count > limit:
            raise StepFailed("limit", f"Expected at most {limit} instances of an activity, but {count} were asked for")


@dataclass(frozen=True)
class Results:
    """What each item gives (`item`, a variable of its own), and where the list of all goes."""

    item: str
    output: str  # the id of a data output or data object
    target: str


@dataclass(frozen=True)
class StandardLoop:
    """Again while a condition holds, asked before or after each round, and so often at most."""

    tests_before: bool
    maximum: int | None
    condition: Any


Loop = MultiInstance | StandardLoop


def read(reader: Reader) -> Loop | None:
    several = reader.element.find(BPMN + "multiInstanceLoopCharacteristics")
    if several is not None:
        return _multi_instance(several, reader)
    again = reader.element.find(BPMN + "standardLoopCharacteristics")
    return None if again is None else _standard_loop(again, reader)


def _multi_instance(found: _Element, reader: Reader) -> MultiInstance:
    cardinality = reader.expression(found.findtext(BPMN + "loopCardinality"), "a loop cardinality")
    source = _reference(found, "loopDataInputRef")
    collection = reader.expression(camunda(found, "collection") or reader.names.get(source, source), "a collection")
    if cardinality is None and collection is None:
        reader.problem("multi-instance", "Expected a collection or a loop cardinality to repeat over, but there is neither")
    condition = reader.expression(found.findtext(BPMN + "completionCondition"), "a completion condition")
    element = camunda(found, "elementVariable") or _item(found, "inputDataItem")
    results = _results(found, reader)
    return MultiInstance(found.get("isSequential") == "true", cardinality, collection, element, condition, source or None, results)


def _reference(found: _Element, name: str) -> str:
    return (found.findtext(BPMN + name) or "").strip().rpartition(":")[2]


def _item(found: _Element, name: str) -> str | None:
    """The variable of a data item: its name, else its id."""
    item = found.find(BPMN + name)
    return None if item is None else (item.get("name") or item.get("id") or "").strip() or None


def _results(found: _Element, reader: Reader) -> Results | None:
    item, output = _item(found, "outputDataItem"), _reference(found, "loopDataOutputRef")
    return Results(item, output, reader.names.get(output, output)) if item and output else None


def _standard_loop(found: _Element, reader: Reader) -> StandardLoop:
    condition = reader.expression(found.findtext(BPMN + "loopCondition"), "a loop condition")
    written = (found.get("loopMaximum") or "").strip()
    if condition is None and not written:
        reader.problem("loop", "Expected a loopCondition or a loopMaximum to end the loop, but there is neither")
    if written and not (written.isascii() and written.isdigit() and int(written[:9]) > 0):
        reader.problem("loop", f"Expected loopMaximum to be a whole number above 0, but it is '{written[:40]}'")
        written = ""
    return StandardLoop(found.get("testBefore") == "true", int(written) if written else None, condition)
