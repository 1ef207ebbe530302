"""The `steward:` properties: each name must be one that we carry out at that place, each value one that we understand."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.performers import parts
from engine.bpmn.vocabulary import STEWARD, camunda_properties, event_definitions, name_of
from engine.errors import Problem
from engine.posts import POSTS

RULE: Final = "property"

MESSAGE_PLACES: Final = "message event"
TIMER_PLACES: Final = "timer event"
# Whose end may be told to the resident, besides a user task's.
TOLD: Final = (
    "startEvent",
    "endEvent",
    "intermediateThrowEvent",
    "intermediateCatchEvent",
    "boundaryEvent",
    "scriptTask",
    "sendTask",
    "receiveTask",
    "serviceTask",
    "callActivity",
)
LONGEST_TOLD: Final = 60
# Values of the rules of their own (numberSeries, clock.…, differsFrom, approval, fields …) and expressions are looked at by those rules.
BUILT: Final[dict[str, frozenset[str]]] = {
    "process": frozenset({"numberSeries", "retention", "title", "searchable", "ledger", "register", "firstResponder"})
    | {"sites", "residentSees", "withdraw"},
    "userTask": frozenset({"differsFrom", "excludes", "individual", "ledgerStep", "residentAsk", "residentStep", "signatures"})
    | {"approval", "buttons", "fields", "returnTo", "whenNobody", "whenSame", "whenInitiator", "withdraw", "copyTo"},
    **dict.fromkeys(TOLD, frozenset({"residentStep"})),
    "lane": frozenset({"group"}),
    TIMER_PLACES: frozenset({"catchUp"}),
    MESSAGE_PLACES: frozenset({"correlationKey", "offeredTo"}),
}
LATER: Final[dict[str, frozenset[str]]] = {
    "process": frozenset({"scenarioGate"}),
}
CHOICES: Final = {
    "retention": ("long_term", "10y", "5y"),
    "catchUp": ("once", "all", "skip"),
    "signatures": ("none", "performer", "resident", "two_people"),
    "withdraw": ("allowed", "none"),
}
UNTIL: Final = "until:"  # of steward:withdraw on a process, which the rule of the ways back looks at
NAME: Final = re.compile(r"[A-Za-z_]\w*")
SITE: Final = re.compile(r"[A-Z][A-Z0-9]{0,9}")


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: steward:numberSeries on a process. Bad: steward:numberseries, steward:scenarioGate (not built yet), catchUp on a user task."""
    for prop in diagram.root.iter("{http://camunda.org/schema/1.0/bpmn}property"):
        name = prop.get("name") or ""
        if name.startswith(STEWARD):
            yield from _property(diagram, prop, name[len(STEWARD) :], (prop.get("value") or "").strip())
    for node in diagram.nodes:
        yield from _written_twice(diagram, node.element)


def _property(diagram: Diagram, prop: _Element, name: str, value: str) -> Iterator[Problem]:
    holder = _holder(prop)
    places = _places(holder)
    if any(name in BUILT.get(place, ()) for place in places) or ("process" in places and name.startswith("clock.")):
        yield from _value(diagram, prop, name, value)
    elif any(name in LATER.get(place, ()) for place in places):
        yield diagram.problem(prop, RULE, f"Expected a property that Steward carries out, but steward:{name} is not built yet")
    else:
        yield diagram.problem(prop, RULE, f"Expected a known property, but there is no steward:{name[:60]} on <{name_of(holder)}>")


def _holder(prop: _Element) -> _Element:
    """The BPMN element that a property belongs to."""
    holder = prop
    while not name_of(holder) or name_of(holder) == "extensionElements":
        parent = holder.getparent()
        if parent is None:
            break
        holder = parent
    return holder


def _places(holder: _Element) -> list[str]:
    places = [name_of(holder)]
    events = [name_of(definition) for definition in event_definitions(holder)]
    if "timerEventDefinition" in events:
        places.append(TIMER_PLACES)
    if "messageEventDefinition" in events or places[0] in ("sendTask", "receiveTask"):
        places.append(MESSAGE_PLACES)
    return places


def _value(diagram: Diagram, prop: _Element, name: str, value: str) -> Iterator[Problem]:
    if not value:
        yield diagram.problem(prop, RULE, f"Expected steward:{name} to have a value, but it is empty")
    elif name == "withdraw" and value.startswith(UNTIL) and name_of(_holder(prop)) == "process":
        return
    elif name in CHOICES and value not in CHOICES[name]:
        yield diagram.problem(prop, RULE, f"Expected steward:{name} to be {_either(CHOICES[name])}, but it is '{value[:60]}'")
    elif name in _FORMATS:
        for complaint in _FORMATS[name](value):
            yield diagram.problem(prop, RULE, f"Expected steward:{name} as in '{_EXAMPLES[name]}', but {complaint}")


def _either(choices: tuple[str, ...]) -> str:
    return " or ".join(choices)


def _names(value: str) -> Iterator[str]:
    for name in (part.strip() for part in value.split(",")):
        if not NAME.fullmatch(name):
            yield f"'{name[:60]}' is no variable name"


def _sites(value: str) -> Iterator[str]:
    for code in (part.strip() for part in value.split(",")):
        if not SITE.fullmatch(code):
            yield f"'{code[:60]}' is no code of a site"


def _post(value: str) -> Iterator[str]:
    if not NAME.fullmatch(value):
        yield f"found '{value[:60]}'"


def _posts(value: str) -> Iterator[str]:
    for name in (part.strip() for part in value.split(",")):
        if name not in POSTS:
            yield f"there is no post '{name[:60]}'"


def _copied(value: str) -> Iterator[str]:
    for name in parts(value):
        if "${" not in name and name.strip() not in POSTS:
            yield f"there is no post '{name.strip()[:60]}'"


def _told(value: str) -> Iterator[str]:
    parts = [part.strip() for part in value.split("|")]
    if len(parts) > 2 or not all(parts):
        yield "it is not one text, or Chinese and English with a bar between them"
    yield from (f"'{part[:20]}…' is longer than {LONGEST_TOLD} characters" for part in parts if len(part) > LONGEST_TOLD)


_FORMATS: Final[dict[str, Callable[[str], Iterator[str]]]] = {
    "searchable": _names,
    "ledger": _names,
    "register": _names,
    "group": _post,
    "sites": _sites,
    "residentSees": _names,
    "residentStep": _told,
    "residentAsk": _told,
    "ledgerStep": _told,
    "copyTo": _copied,
    "offeredTo": _posts,
}
_EXAMPLES: Final = {
    "searchable": "house, telephone",
    "ledger": "kind, urgency",
    "register": "archive_number, remark",
    "group": "technician",
    "sites": "S1, S2",
    "residentSees": "house, content",
    "copyTo": "cs_supervisor, ${caller_login}",
    "offeredTo": "customer_service, cs_supervisor",
    "residentStep": "师傅已到场 | The technician has arrived",
    "residentAsk": "请确认报价 | Please agree to the price",
    "ledgerStep": "接单人 | Taken by",
}


def _written_twice(diagram: Diagram, element: _Element) -> Iterator[Problem]:
    seen: set[str] = set()
    for prop in camunda_properties(element):
        name = prop.get("name") or ""
        if name.startswith(STEWARD) and name in seen:
            yield diagram.problem(prop, RULE, f"Expected {name} once, but it is written twice")
        seen.add(name)
