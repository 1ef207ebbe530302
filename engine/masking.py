"""What people see of residents who need no names and telephones: in values by the fields that hold them, in texts wherever they stand.

A text is what somebody wrote, or a process: it is masked by what the case knows of its residents, and by what looks like a number to call.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import definitions, rights
from engine.actors import Actor
from engine.bpmn import codec
from engine.bpmn.triggers import StateCorrupt
from engine.definitions import Described
from engine.forms import Component
from engine.history import Line
from engine.residents import masked, masked_name, normal_telephone
from engine.states import OPEN_TASK
from engine.tables import Instance, InstanceState, UserTask

Mask = Callable[[Any], Any]
Hide = Callable[[str], str]

# Fields for who calls, for a number and for a house, where no property of a form says so.
CALLERS: Final = ("caller", "caller_name", "owner_name", "contact", "resident", "resident_name")
TELEPHONES: Final = ("telephone", "phone", "mobile")
HOUSE: Final = "house"
NOTHING: Final = "***"

_NUMBER = re.compile(r"(?<![0-9A-Za-z*+-])(?:\+?86[ -]?)?(?:1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?\d{7,8})(?![0-9A-Za-z]|-\d)")
# 3栋2单元501室, Room 501: the part that says which flat.
_FLAT = re.compile(r"\d+(?=\s*(?:单元|室|号房))|(?<=单元)\s*\d+|(?<=[栋幢座楼])\s*\d{3,4}|(?i:(?<=room |unit |flat )\d+)")


def names_a_resident(component: Component) -> bool:
    """Whether the field holds the name of a resident, which is masked like their number."""
    return component.properties.get("caller") == "true" or component.key in CALLERS


def by_name(name: str, text: str) -> str:
    """The text of a variable for which no form says what it holds."""
    hide = masked_name if name in CALLERS else masked if name in TELEPHONES else without_telephones
    return hide(text)


def _takes_a_number(component: Component) -> bool:
    return component.properties.get("telephone") == "true" or component.answer == "telephone"


# Values


def mask_for(session: Session, instance_id: int, actor: Actor) -> Mask:
    """What this person may see of the variables of this instance: a function from value to shown value."""
    instance = session.get_one(Instance, instance_id)
    if rights.may_see_telephone(actor, instance.site, _holds_task(session, instance, actor)):
        return lambda value: value
    described = definitions.describe(session, instance)
    if not described.is_known:
        return _hidden  # nobody can say any more which of the values are a resident's
    keys = dict(_of_residents(described))
    return lambda value: _masked(value, keys)


def mask_lines(session: Session, lines: Iterable[Line], actor: Actor) -> list[Line]:
    """The lines with what they tell of variables masked likewise."""
    masks: dict[int, Mask] = {}
    shown = []
    for line in lines:
        if line.instance is not None and line.data is not None:
            mask = masks.get(line.instance) or masks.setdefault(line.instance, mask_for(session, line.instance, actor))
            line = replace(line, data=mask(line.data))
        shown.append(line)
    return shown


def _holds_task(session: Session, instance: Instance, actor: Actor) -> bool:
    family = select(Instance.id).where(Instance.root_id == instance.root_id)
    mine = select(UserTask.id).where(UserTask.instance_id.in_(family), UserTask.assignee == actor.login, UserTask.state.in_(OPEN_TASK))
    return session.scalar(mine.limit(1)) is not None


def _of_residents(described: Described) -> Iterator[tuple[str, Hide]]:
    """The fields that hold a resident's number or name, and how each is masked; what another process handed over has no form here."""
    yield from ((name, masked_name) for name in CALLERS)
    yield from ((name, masked) for name in TELEPHONES)
    for component in _fields(described):
        if _takes_a_number(component):
            yield component.key or "", masked
        elif names_a_resident(component):
            yield component.key or "", masked_name


def _fields(described: Described) -> Iterator[Component]:
    for form in described.forms.values():
        yield from form.fields.values()


def _hidden(value: Any) -> Any:
    """The shape without the words."""
    if isinstance(value, dict):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return NOTHING if isinstance(value, str) else value


def _masked(value: Any, keys: Mapping[str, Hide]) -> Any:
    if isinstance(value, dict):
        return {name: _hide(inner, keys[name]) if name in keys else _masked(inner, keys) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, keys) for inner in value]
    return without_telephones(value) if isinstance(value, str) else value


def _hide(value: Any, hide: Hide) -> Any:
    """Every text below such a name; history keeps old and new in a list."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, list):
        return [_hide(inner, hide) for inner in value]
    return {name: _hide(inner, hide) for name, inner in value.items()} if isinstance(value, dict) else value


# Texts


@dataclass(frozen=True)
class Known:
    """What a case knows of its residents; `is_whole` is false where nobody can say any more which of its values are theirs."""

    names: frozenset[str] = frozenset()
    telephones: frozenset[str] = frozenset()
    houses: frozenset[str] = frozenset()
    is_whole: bool = True

    def __or__(self, other: "Known") -> "Known":
        both = (self.names | other.names, self.telephones | other.telephones, self.houses | other.houses)
        return Known(*both, self.is_whole and other.is_whole)


def known_of(session: Session, instances: Collection[Instance]) -> dict[int, Known]:
    """What the cases of these instances know of residents, by instance: that of the instance and of the one that the case began with."""
    ids = {one.id for one in instances} | {one.root_id for one in instances if one.root_id is not None}
    query = select(Instance, InstanceState.state).outerjoin(InstanceState, InstanceState.instance_id == Instance.id)
    found = {one.id: _known(definitions.describe(session, one), state) for one, state in session.execute(query.where(Instance.id.in_(ids)))}
    return {one.id: found[one.id] | found[one.root_id or one.id] for one in instances}


def _known(described: Described, state: bytes | None) -> Known:
    try:
        scopes = {} if state is None else codec.read_scopes(state)
    except StateCorrupt:
        return Known(is_whole=False)
    fields = list(_fields(described))
    names = {*CALLERS, *(one.key for one in fields if names_a_resident(one))}
    telephones = {*TELEPHONES, *(one.key for one in fields if _takes_a_number(one))}
    houses = {HOUSE, *(one.key for one in fields if one.answer == "house")}

    def said(keys: Collection[str | None]) -> frozenset[str]:
        return frozenset(text for scope in scopes.values() for key, value in scope.items() if key in keys for text in _words(value))

    return Known(said(names), said(telephones), said(houses), described.is_known)


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value.strip()) > 1:
        yield value.strip()
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)


def in_text(text: str, known: Known, *, hides_houses: bool = False) -> str:
    """The text with what is a resident's masked; with `hides_houses` also which house it is, of which the building remains."""
    if text and not known.is_whole:
        return NOTHING
    text = without_telephones(text)
    for hidden, hide in ((known.telephones, masked), (known.names, masked_name)):
        for word in sorted(hidden, key=len, reverse=True):
            text = text.replace(word, hide(word))
    if not hides_houses:
        return text
    for house in sorted(known.houses, key=len, reverse=True):
        parts = [re.escape(part) for part in re.split(r"[\s-]+", house)]
        written = rf"(?<![0-9A-Za-z-]){'[ -]?'.join(parts)}(?![0-9A-Za-z]|-[0-9])"
        text = re.sub(written, masked_house(house), text, flags=re.IGNORECASE)
    return _FLAT.sub("**", text)


def without_telephones(text: str) -> str:
    """The text with everything masked that looks like a number to call."""
    return _NUMBER.sub(lambda found: masked(normal_telephone(found[0])), text)


def masked_house(code: str) -> str:
    """A-** of A-12: the building, and not which flat."""
    building, dash, _ = code.partition("-")
    return f"{building if dash else code[:1]}-**"
