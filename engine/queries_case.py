"""Read models of one case: everything that its page and the pages of its tasks show. A case is an instance with all that it called."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import cursors, definitions, history, rights
from engine.actors import Actor
from engine.bpmn import codec
from engine.bpmn.triggers import StateCorrupt
from engine.cursors import Page
from engine.definitions import Described
from engine.errors import NotFound, Unusable
from engine.forms import Component, Form
from engine.history import Line
from engine.incidents import STANDSTILL
from engine.states import OPEN_TASK
from engine.tables import Comment, Incident, Instance, InstanceState, Membership, Person, SlaClock, TaskParticipant, UserTask

LINES_AT_MOST = 2_000  # of one instance: a page that tells more is read by nobody, and a loop may have told a hundred thousand


@dataclass(frozen=True)
class OpenTask:
    """A task that waits, with those who may take it."""

    task: UserTask
    groups: tuple[str, ...]
    users: tuple[str, ...]


@dataclass(frozen=True)
class AddedSigner:
    """Somebody who is still to sign a task besides the one whose task it is; without a login, another of its candidates."""

    login: str | None
    where: str
    by: str | None
    reason: str | None


@dataclass(frozen=True)
class Signing:
    """Who has signed a task, as votes, and who was added and has not signed yet."""

    votes: Sequence[Mapping[str, Any]]
    waiting: Sequence[AddedSigner]


@dataclass(frozen=True)
class Fact:
    """A value of the case under the label that a form gives it."""

    component: Component
    value: Any


@dataclass(frozen=True)
class Progress:
    """Where an instance has been and where it stands, by activity id; `flows` are the sequence flows that it took."""

    done: frozenset[str]
    here: frozenset[str]
    late: frozenset[str]
    failed: frozenset[str]
    flows: frozenset[str]

    def as_dict(self) -> dict[str, list[str]]:
        return {name: sorted(getattr(self, name)) for name in ("done", "here", "late", "failed", "flows")}


@dataclass(frozen=True)
class Case:
    """One case, as far as a person of its site may see it."""

    instance: Instance  # the one that was asked for
    family: Sequence[Instance]  # the outermost first
    loaded: Mapping[int, Described]  # by instance id
    tasks: Sequence[OpenTask]
    clocks: Sequence[SlaClock]
    incidents: Sequence[Incident]
    comments: Sequence[Comment]
    states: Mapping[int, Mapping[str, Any]]  # what is stored of each instance, by its id
    lines: Sequence[Line] = field(default_factory=list)
    unusable: Sequence[Unusable] = ()  # instances that could not be moved, which nobody has found out yet

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables of the instance that was asked for."""
        known: Mapping[str, Any] = self.states.get(self.instance.id, {}).get("variables", {})
        return known

    def details(self, task: UserTask) -> Mapping[str, Any]:
        """What the instance knows of the work that this task stands for."""
        found: Mapping[str, Any] = self._tokens(task).get(task.token, [{}])[-1]
        return found

    def _tokens(self, task: UserTask) -> dict[str, list[Any]]:
        """Number, owner's number and details of each token of the task's instance, by number."""
        return {str(row[0]): [row[0], row[2], row[9]] for row in self.states.get(task.instance_id, {}).get("tokens", ())}

    def signing(self, task: UserTask) -> Signing:
        """Who signs this task besides the person whose it is."""
        tokens = self._tokens(task)
        main = tokens.get(task.token)
        while main is not None and "signer" in main[2]:
            main = tokens.get(str(main[1]))
        if main is None:
            return Signing((), ())
        around = tokens.get(str(main[1]), [None, None, {}])
        kept = main[2].get("votes") or around[2].get("votes", ())
        votes = [{**vote, "at": datetime.fromisoformat(vote["at"])} for vote in kept]
        within, waiting = {main[0]}, []
        for number, owner, details in tokens.values():
            if owner in within and "signer" in details:
                within.add(number)
                if not details.get("acted"):
                    waiting.append(AddedSigner(*(details["signer"].get(name) for name in ("login", "where", "by", "reason"))))
        return Signing(votes, waiting)

    def barred(self, open_task: OpenTask, login: str | None) -> str | None:
        """The activity that the person did and whose performer must be somebody else for this task; None when they may do it."""
        task = open_task.task
        process, state = self.loaded[task.instance_id].process, self.states.get(task.instance_id, {})
        activity = process.activities.get(task.activity_id)
        named = activity.properties.get("differsFrom", "") if activity is not None else ""
        did = {name for name, who in state.get("performers", {}).items() if who == login}
        did |= {name for name, signed in state.get("signed", {}).items() if login in signed}
        if login in self.details(task).get("not", ()):
            return task.activity_id
        return next((one for one in map(str.strip, named.split(",")) if one and one in did), None)

    @property
    def root(self) -> Instance:
        return self.family[0]

    def member(self, instance_id: int) -> Instance:
        return next(one for one in self.family if one.id == instance_id)

    @cached_property
    def facts(self) -> list[Fact]:
        """What is known of the case, in the order in which its forms ask for it."""
        known = labelled_fields(self.loaded[self.instance.id])
        return [Fact(component, self.variables[key]) for key, component in known.items() if says_something(self.variables.get(key))]


def says_something(value: Any) -> bool:
    """Whether a fact is worth a line: what was not answered, not ticked and not charged is not."""
    return value not in (None, "", [], False, 0)


def labelled_fields(loaded: Described) -> dict[str, Component]:
    """Every field of a process's forms by its name; that of the start form, when several forms ask for the same."""
    start = loaded.process.start_form
    names = ([start] if start else []) + sorted(name for name in loaded.forms if name != start)
    found: dict[str, Component] = {}
    for name in names:
        for key, component in loaded.forms[name].fields.items():
            found.setdefault(key, component)
    return found


def case(session: Session, instance_id: int, actor: Actor, with_history: bool = True) -> Case:
    """The case that an instance belongs to. Another site's is not found."""
    instance = session.get(Instance, instance_id)
    if instance is None or not rights.may_see_instance(actor, instance.site):
        raise NotFound(f"Expected an instance, but there is none with id {instance_id}")
    family = list(session.scalars(select(Instance).where(Instance.root_id == instance.root_id).order_by(Instance.depth, Instance.id)))
    ids = [one.id for one in family]
    loaded = {one.id: definitions.describe(session, one) for one in family}
    states = states_of(session, ids)
    failed = list(
        session.scalars(select(Incident).where(Incident.instance_id.in_(ids), Incident.resolved_at.is_(None)).order_by(Incident.id))
    )
    standing_still = {one.instance_id for one in failed if one.trigger.get(STANDSTILL)}
    return Case(
        instance=instance,
        family=family,
        loaded=loaded,
        tasks=open_tasks(session, ids),
        clocks=list(session.scalars(select(SlaClock).where(SlaClock.instance_id.in_(ids)).order_by(SlaClock.id))),
        incidents=failed,
        comments=list(session.scalars(select(Comment).where(Comment.instance_id.in_(ids)).order_by(Comment.id))),
        states=states,
        lines=lines_of(session, family) if with_history else [],
        unusable=[found for one in family if one.id not in standing_still and (found := _unusable(one, loaded[one.id], states))],
    )


def _unusable(instance: Instance, described: Described, states: Mapping[int, object]) -> Unusable | None:
    if instance.ended_at is not None or (described.is_known and instance.id in states):
        return None
    kind = "state" if described.is_known else "definition"
    name = instance.number or instance.id
    return Unusable(instance.id, kind, f"Expected a {kind} by which {name} can go on, but there is none that can be read")


def task(session: Session, task_id: int, actor: Actor) -> UserTask:
    """A task, open or not. Another site's is not found."""
    found = session.get(UserTask, task_id)
    if found is None or not rights.may_see_instance(actor, found.site):
        raise NotFound(f"Expected a user task, but there is none with id {task_id}")
    return found


def loaded_of(session: Session, instance_id: int) -> Described:
    """The definition by which an instance runs, for reading."""
    return definitions.describe(session, session.get_one(Instance, instance_id))


def form_of(loaded: Described, task: UserTask) -> Form | None:
    """The form of a task, with the rights that the diagram gives to who does it."""
    form, activity = loaded.forms.get(task.form or ""), loaded.process.activities.get(task.activity_id)
    return form if form is None or activity is None else form.with_rights(activity.properties)


def diagram_name(session: Session, definition_id: int) -> str:
    """The file of the definition's diagram, among its resources."""
    return definitions.get(session, definition_id).file


def open_tasks(session: Session, instance_ids: Collection[int]) -> list[OpenTask]:
    """The open tasks of these instances, the most urgent first."""
    query = select(UserTask).where(UserTask.instance_id.in_(instance_ids), UserTask.state.in_(OPEN_TASK))
    tasks = list(session.scalars(query.order_by(UserTask.sort_at, UserTask.id)))
    who: dict[int, dict[str, list[str]]] = {task.id: {"group": [], "user": []} for task in tasks}
    named = select(TaskParticipant).where(TaskParticipant.task_id.in_(who)).order_by(TaskParticipant.who)
    for participant in session.scalars(named):
        who[participant.task_id][participant.kind].append(participant.who)
    return [OpenTask(task, tuple(who[task.id]["group"]), tuple(who[task.id]["user"])) for task in tasks]


def states_of(session: Session, instance_ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """What is stored of these instances, decoded without their definitions; nothing of one that cannot be read."""
    query = select(InstanceState.instance_id, InstanceState.state).where(InstanceState.instance_id.in_(instance_ids))
    found: dict[int, Mapping[str, Any]] = {}
    for number, state in session.execute(query):
        with suppress(StateCorrupt):
            found[number] = codec.read(state)
    return found


def variables_of(session: Session, instance_id: int, scope: str = "") -> dict[str, Any]:
    """The variables that an inner scope sees, as last stored; without one, those of the instance. Of what cannot be read, none."""
    stored = session.scalars(select(InstanceState.state).where(InstanceState.instance_id == instance_id)).first()
    try:
        scopes = {"": {}} if stored is None else codec.read_scopes(stored)
    except StateCorrupt:
        return {}
    return scopes[""] | scopes.get(scope, {})


def lines_of(session: Session, family: Sequence[Instance]) -> list[Line]:
    """The history of these instances as one story, in the order in which it happened; of a very long one its last part."""
    ends = [(history.instance_chain(one.id), max(one.chain_length - LINES_AT_MOST, 0)) for one in family]
    lines = [line for chain, after in ends for line in history.lines(session, chain, after)]
    return sorted(lines, key=lambda line: (line.at, line.recorded_at, line.chain, line.seq))


def progress(case: Case, instance_id: int, now: datetime) -> Progress:
    """Where one instance of the case has been, read from its history: no workflow is decoded for a picture."""
    inside: dict[str, int] = {}
    done: set[str] = set()
    flows: set[str] = set()
    for line in case.lines:
        if line.instance != instance_id:
            continue
        for activity, event, *taken in (line.data or {}).get("path", ()):
            flows.update(taken)
            inside[activity] = inside.get(activity, 0) + (1 if event == "entered" else -1)
            if event == "left":
                done.add(activity)
    tasks = [one.task for one in case.tasks if one.task.instance_id == instance_id]
    ended = case.member(instance_id).ended_at is not None
    here = set() if ended else {activity for activity, count in inside.items() if count > 0} | {task.activity_id for task in tasks}
    late = {task.activity_id for task in tasks if task.due_at is not None and task.due_at < now}
    failed = {incident.activity_id for incident in case.incidents if incident.instance_id == instance_id}
    return Progress(frozenset(done), frozenset(here), frozenset(late), frozenset(failed), frozenset(flows))


def logins_in(case: Case) -> set[str]:
    """Everybody whose name the case's page needs."""
    found: set[str | None] = set()
    for one in case.family:
        found |= {one.starter, one.first_responder}
    for open_task in case.tasks:
        found |= {open_task.task.assignee, open_task.task.delegated_by, *open_task.users}
    found |= {comment.author for comment in case.comments}
    return {login for login in found if isinstance(login, str)} | logins_told(case.lines)


def logins_told(lines: Iterable[Line]) -> set[str]:
    """Everybody of whom these lines tell."""
    found: set[Any] = set()
    for line in lines:
        data = line.data or {}
        found |= {line.actor, *data.get("candidate_users", ())}
        found |= {who for name in ("assignee", "before", "after", "login") if isinstance(who := data.get(name), str)}
        found |= {data.get("for"), *(data.get("mentions") or ()), *(to if isinstance(to := data.get("to"), list) else ())}
    return {login for login in found if isinstance(login, str)}


def colleagues_for(session: Session, site: str, posts: Collection[str] = ()) -> list[Person]:
    """People of the site who can log in, by name; only holders of one of the posts, when posts are named."""
    query = select(Person).join(Membership, Membership.person_id == Person.id).where(Membership.site == site, Person.disabled_at.is_(None))
    if posts:
        query = query.where(Membership.post.in_(posts))
    return list(session.scalars(query.distinct().order_by(Person.name)))


def names_for(session: Session, site: str) -> list[tuple[str, str]]:
    """Login and name of everybody of the site who can log in, by name."""
    return [(one.login, one.name) for one in colleagues_for(session, site)]


def failures(session: Session, sites: Collection[str], limit: int, cursor: str | None = None) -> Page[tuple[Incident, Instance]]:
    """What stands still at these sites because a step failed, oldest first."""
    query = select(Incident, Instance).join(Instance, Instance.id == Incident.instance_id)
    query = query.where(Incident.site.in_(sites), Incident.resolved_at.is_(None))
    if cursor is not None:
        query = query.where(Incident.id > cursors.decode(cursor, int)[0])
    rows = session.execute(query.order_by(Incident.id).limit(limit + 1)).all()
    return cursors.page(rows, limit, lambda row: (row[0].id,))


def logins_of(tasks: Sequence[OpenTask]) -> set[str]:
    """Everybody named by these tasks."""
    return {login for one in tasks for login in (one.task.assignee, *one.users) if login}
