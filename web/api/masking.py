"""Names and telephones of residents as the API shows them: whole to the posts that call, masked to everybody else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import definitions, rights
from engine.actors import Actor
from engine.forms import Component
from engine.history import Line
from engine.residents import masked, masked_name
from engine.states import OPEN_TASK
from engine.tables import Instance, UserTask
from web.pages.fields import names_a_resident

Mask = Callable[[Any], Any]
Hide = Callable[[str], str]


def mask_for(session: Session, instance_id: int, actor: Actor) -> Mask:
    """What this person may see of the variables of this instance: a function from value to shown value."""
    instance = session.get_one(Instance, instance_id)
    if rights.may_see_telephone(actor, instance.site, _holds_task(session, instance, actor)):
        return lambda value: value
    described = definitions.describe(session, instance)
    if not described.is_known:
        return _hidden  # nobody can say any more which of the values are a resident's
    forms = described.forms.values()
    keys = dict(pair for form in forms for pair in _of_residents(form.components))
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


def _of_residents(components: Sequence[Component]) -> Iterable[tuple[str, Hide]]:
    """The fields that hold a resident's number or name, and how each is masked."""
    for component in components:
        if component.key and component.properties.get("telephone") == "true":
            yield component.key, masked
        elif component.key and names_a_resident(component):
            yield component.key, masked_name
        yield from _of_residents(component.components)


def _hidden(value: Any) -> Any:
    """The shape without the words."""
    if isinstance(value, dict):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return "***" if isinstance(value, str) else value


def _masked(value: Any, keys: Mapping[str, Hide]) -> Any:
    if isinstance(value, dict):
        return {name: _hide(inner, keys[name]) if name in keys else _masked(inner, keys) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, keys) for inner in value]
    return value


def _hide(value: Any, hide: Hide) -> Any:
    """Every text below such a name; history keeps old and new in a list."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, list):
        return [_hide(inner, hide) for inner in value]
    return {name: _hide(inner, hide) for name, inner in value.items()} if isinstance(value, dict) else value
