"""The business fields that a process declares searchable, as columns of a list: labelled by its forms, masked by right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import chosen_columns, masking, queries_case, rights, sites
from engine.actors import Actor
from engine.definitions import Described
from engine.forms import Component
from engine.inbox import TaskItem
from engine.masking import HOUSE
from engine.queries_case import Fact
from web.pages import facts, fields


@dataclass(frozen=True)
class Column:
    """One field; `component` is that of a form which asks for it, where one does."""

    name: str
    component: Component | None = None

    @property
    def label(self) -> str:
        if self.component is not None:
            return fields.label_of(self.component)
        return gettext("房号") if self.name == HOUSE else self.name


def offered(described: Described | None, others: Sequence[Described] = ()) -> list[Column]:
    """What a list of the process may show. A field that is handed over by another process bears that one's label."""
    if described is None:
        return [Column(HOUSE)]
    return declared(described, "searchable", others)


def declared(described: Described, kind: str, others: Sequence[Described] = ()) -> list[Column]:
    """The fields that the process declares for a purpose: searchable, ledger."""
    known: dict[str, Component] = {}
    for one in (described, *others):
        known = queries_case.labelled_fields(one) | known
    names = [name.strip() for name in described.process.properties.get(kind, "").split(",") if name.strip()]
    return [Column(name, known.get(name)) for name in names]


def chosen(session: Session, described: Described | None, may: Sequence[Column], actor: Actor) -> list[Column]:
    """The columns that the person has chosen for the process; without a choice the house, else the first field."""
    names = None if described is None else chosen_columns.of(session, described.key, actor)
    if names is None:
        return [one for one in may if one.name == HOUSE] or list(may[:1])
    return [one for one in may if one.name in names]


def cells(session: Session, item: TaskItem, shown: Sequence[Column], names: Mapping[str, str], actor: Actor) -> list[str]:
    """What stands in these columns of a task's row: in words, and masked where the person needs no resident's data."""
    site = item.task.site
    opens = rights.may_see_telephone(actor, site, holds_task=item.task.assignee == actor.login)
    zone = sites.facts(session, site).zone
    return [cell(column, item.fields.get(column.name, ""), names, zone, opens) for column in shown]


def cell(column: Column, value: str, names: Mapping[str, str], zone: ZoneInfo, opens: bool) -> str:
    """A field's value in words, masked unless the person needs residents' data."""
    if not value:
        return ""
    if column.component is not None:
        [fact] = facts.readable([Fact(column.component, value)], names, zone, opens)
        return fact.text
    return value if opens else masking.by_name(column.name, value)
