"""What the pages of a task and of an order show of the case around them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import masking, queries_case, rights, sites
from engine.actors import Actor
from engine.definitions import Described
from engine.queries_case import Case, OpenTask
from engine.tables import Incident, Instance, SlaClock
from web import story, words
from web.cast import Cast, Sentence, clock_name
from web.names import names_of
from web.pages.facts import ReadableFact, readable


@dataclass(frozen=True)
class Clock:
    """A clock of the case in words."""

    name: str
    state: str  # running, paused, stopped
    due_at: datetime | None
    warn_at: datetime | None
    was_late: bool


@dataclass(frozen=True)
class View:
    """A case, ready for templates."""

    case: Case
    names: Mapping[str, str]
    facts: Sequence[ReadableFact]
    clocks: Sequence[Clock]
    story: Sequence[Sentence]
    zone: ZoneInfo
    site_name: str
    opens_telephones: bool
    late: list[str] = field(default_factory=list)

    def with_names(self, names: Mapping[str, str]) -> "View":
        """The same, knowing these people too."""
        return replace(self, names={**self.names, **names})

    @property
    def name(self) -> str:
        """By what people know the case: its number, else its title."""
        return self.case.root.number or self.case.root.title or f"#{self.case.root.id}"

    @property
    def title(self) -> str:
        return self.case.root.title or self.case.loaded[self.case.root.id].process.name

    @property
    def key_facts(self) -> list[ReadableFact]:
        """By what people know the case (what its process declares searchable), and its pictures."""
        return [fact for fact in self.facts if self._is_key(fact)]

    @property
    def other_facts(self) -> list[ReadableFact]:
        return [fact for fact in self.facts if not self._is_key(fact)]

    def _is_key(self, fact: ReadableFact) -> bool:
        searchable = self.case.loaded[self.case.instance.id].process.properties.get("searchable", "")
        return fact.kind == "pictures" or fact.key in {name.strip() for name in searchable.split(",")}

    def without(self, names: Collection[str]) -> "View":
        """The same without the values of these fields."""
        return replace(self, facts=[fact for fact in self.facts if fact.key not in names]) if names else self

    def activity(self, incident: Incident) -> str:
        """What an incident is about, as the diagram calls it."""
        return self.activity_name(incident.instance_id, incident.activity_id)

    def activity_name(self, instance_id: int, activity_id: str | None) -> str:
        found = self.case.loaded[instance_id].process.activities.get(activity_id or "")
        return (found.name if found else "") or activity_id or ""

    def holders(self, open_task: OpenTask) -> str:
        return holders(open_task, self.names)


def view(session: Session, case: Case, actor: Actor, now: datetime, unmasked: bool = False) -> View:
    """The case as this person may see it; `unmasked` opens what is masked for them, which the caller has noted."""
    site = sites.facts(session, case.root.site)
    names = names_of(session, queries_case.logins_in(case) | _people_in(case))
    holds = any(one.task.assignee == actor.login for one in case.tasks)
    opens = unmasked or rights.may_see_telephone(actor, case.root.site, holds_task=holds)
    cast = Cast(names, {number: loaded.process for number, loaded in case.loaded.items()}, site.zone)
    told = story.tell(case.lines, cast)
    return View(
        case=case,
        names=names,
        facts=readable(case.facts, names, site.zone, opens),
        clocks=[_clock(clock) for clock in case.clocks],
        story=told if opens else [replace(one, quote=masking.without_telephones(one.quote)) for one in told],
        zone=site.zone,
        site_name=site.name,
        opens_telephones=opens,
        late=sorted({clock_name(clock.name) for clock in case.clocks if _runs_late(clock, now)}),
    )


def holders(open_task: OpenTask, names: Mapping[str, str]) -> str:
    """Who has a task, or who may take it."""
    task = open_task.task
    if task.assignee:
        return names.get(task.assignee, task.assignee)
    who = [words.post_name(post) for post in open_task.groups] + [names.get(login, login) for login in open_task.users]
    return gettext("、").join(who)


def diagrams(session: Session, case: Case, now: datetime) -> list[tuple[Instance, Described, str, dict[str, list[str]]]]:
    """Each instance of the case with its diagram's file and the way that it took."""
    return [
        (
            one,
            case.loaded[one.id],
            queries_case.diagram_name(session, one.definition_id),
            queries_case.progress(case, one.id, now).as_dict(),
        )
        for one in case.family
        if case.loaded[one.id].is_known
    ]


def what_follows(open_task: OpenTask, names: Mapping[str, str], zone: ZoneInfo) -> str:
    """Who does what next, and by when."""
    task = open_task.task
    said = {"what": task.name, "who": holders(open_task, names)}
    if task.due_at is None:
        return gettext("接下来：%(who)s “%(what)s”。", **said)
    return gettext("接下来：%(who)s “%(what)s”，%(when)s 前。", when=words.moment(task.due_at, zone=zone), **said)


def may_do(case: Case, open_task: OpenTask, actor: Actor) -> bool:
    """Whether the actor may complete the task as it stands: it is theirs, or free and meant for them, and needs nobody else."""
    task, principal = open_task.task, in_whose_name(open_task, actor)
    free = task.assignee in (None, actor.login, principal) and task.delegated_by is None
    if not free or any(case.barred(open_task, login) is not None for login in (actor.login, principal) if login):
        return False
    return principal is not None or rights.may_work_on(actor, task.site, task.assignee, open_task.users, open_task.groups)


def in_whose_name(open_task: OpenTask, actor: Actor) -> str | None:
    """The absent person for whom the actor would do the task; None where it is the actor's own, or not for them."""
    task = open_task.task
    is_free = task.assignee in (None, actor.login)
    if is_free and rights.may_work_on(actor, task.site, task.assignee, open_task.users, open_task.groups):
        return None
    return rights.in_whose_name(actor, task.site, task.key, task.assignee, open_task.users, open_task.groups)


def _people_in(case: Case) -> set[str]:
    """Logins that stand in fields which choose a person."""
    return {fact.value for fact in case.facts if fact.component.properties.get("user") and isinstance(fact.value, str)}


def _clock(clock: SlaClock) -> Clock:
    warns = clock.alarm_at if clock.warned_at is None and clock.breached_at is None else clock.warned_at
    return Clock(clock_name(clock.name), clock.state, clock.due_at, warns, clock.breached_at is not None)


def _runs_late(clock: SlaClock, now: datetime) -> bool:
    return clock.state == "running" and clock.due_at is not None and clock.due_at < now
