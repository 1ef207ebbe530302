"""What an operation on a task is to the page: its name, when it is offered, the fields of its little form, and what it calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine import queries_case, rights, task_work
from engine.actors import Actor
from engine.queries_case import Case, OpenTask
from engine.tables import UserTask

Choices = Sequence[tuple[str, str]]  # value and label
Said = Mapping[str, Any]


@dataclass(frozen=True)
class Situation:
    """A person in front of an open task: what decides which operations they are offered, and with which choices."""

    session: Session
    actor: Actor
    now: datetime
    case: Case
    open_task: OpenTask
    may_do: bool  # whether they may complete it as it stands
    known: dict[tuple[str, ...], Choices] = field(default_factory=dict)  # people, asked for once a page

    @property
    def task(self) -> UserTask:
        return self.open_task.task

    @property
    def holds(self) -> bool:
        return self.task.assignee is not None and self.task.assignee == self.actor.login

    @property
    def owns(self) -> bool:
        """Whether the task is theirs, or that of somebody for whom they stand in, also while a helper holds it."""
        return task_work.is_owner(self.task, self.actor)

    @property
    def supervises(self) -> bool:
        return rights.may_supervise(self.actor, self.task.site)

    def colleagues(self, posts: Sequence[str] = ()) -> Choices:
        """Who works at the site, or holds one of these posts there, besides whoever holds the task."""
        asked = tuple(sorted(posts))
        if asked not in self.known:
            found = queries_case.colleagues_for(self.session, self.task.site, asked)
            self.known[asked] = [(one.login, one.name) for one in found if one.login != self.task.assignee]
        return self.known[asked]

    def peers(self) -> Choices:
        """The same among the posts that the task is meant for; where it is meant for none, among the person's own."""
        return self.colleagues(self.open_task.groups or tuple(self.actor.at(self.task.site)))


@dataclass(frozen=True)
class Field:
    """One field of an operation's form. `kind`: line, text, choice (one of), choices (several of), moment (a local time)."""

    name: str
    label: Any
    kind: str = "line"
    required: bool = True
    choices: Choices = ()
    longest: int = 500
    help: Any = None
    value: Any = ""


@dataclass(frozen=True)
class Done:
    """What is said afterwards. `follows` names the instance whose next steps are told too; `stays` leads back to the task."""

    text: str
    stays: bool = False
    follows: int | None = None


@dataclass(frozen=True)
class Operation:
    """An entry of the register. `perform(session, task_id, said, actor, now)` runs in one transaction of its own."""

    name: str
    label: Any  # on the fold
    button: Any
    offered: Callable[[Situation], bool]
    perform: Callable[[Session, int, Said, Actor, datetime], Done]
    fields: Callable[[Situation], Sequence[Field]] = lambda situation: ()
    help: Any = None
    confirm: Any = None


@dataclass(frozen=True)
class Offer:
    """An operation as the page shows it; after a refusal with what was typed and what was wrong with it."""

    operation: Operation
    fields: Sequence[Field]
    typed: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def value(self, one: Field) -> Any:
        return self.typed.get(one.name, one.value)


def read(form: MultiDict[str, str], zone: ZoneInfo) -> Said:
    """What was sent: texts by name, lists where a name ends in [], moments (datetime-local) where it ends in @, in the site's zone."""
    said: dict[str, Any] = {}
    for name in form:
        if name.endswith("[]"):
            said[name[:-2]] = [value for value in form.getlist(name) if value]
        elif name.endswith("@"):
            said[name[:-1]] = _moment(form[name], zone)
        else:
            said[name] = form[name]
    return said


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return None
