"""Read models for programs: lists by filters, page by page, and the single rows in the same shape. Reads only; nothing is run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, select, true, tuple_
from sqlalchemy.orm import Session

from engine import cursors, history, rights
from engine.actors import Actor
from engine.bpmn import codec
from engine.bpmn.triggers import StateCorrupt
from engine.cursors import Page
from engine.db import core
from engine.errors import Forbidden, NotFound, Unusable
from engine.history import Line
from engine.prepared import Prepared, detached
from engine.search import matching
from engine.tables import Definition, Incident, Instance, InstanceState, Site, TaskParticipant, UserTask

# A single task or instance is the answer to every command on it, so what reads it is made once.
_TASK, _INSTANCE, _STATE = core(UserTask), core(Instance), core(InstanceState)
_TASK_COLUMNS, _INSTANCE_COLUMNS = tuple(_TASK.c.keys()), tuple(_INSTANCE.c.keys())
_TASK_WITH_NUMBER = Prepared(
    select(_TASK, _INSTANCE.c.number).join(_INSTANCE, _INSTANCE.c.id == _TASK.c.instance_id).where(_TASK.c.id == bindparam("wanted"))
)
_CANDIDATES = Prepared(
    select(TaskParticipant.kind, TaskParticipant.who).where(TaskParticipant.task_id == bindparam("wanted")).order_by(TaskParticipant.who)
)
_INSTANCE_WITH_STATE = Prepared(
    select(_INSTANCE, _STATE.c.state).outerjoin(_STATE, _STATE.c.instance_id == _INSTANCE.c.id).where(_INSTANCE.c.id == bindparam("wanted"))
)
_STATE_OF = Prepared(select(_STATE.c.state).where(_STATE.c.instance_id == bindparam("wanted")))


@dataclass(frozen=True)
class TaskRow:
    """A user task with the number of its case and its candidates."""

    row: UserTask
    number: str | None
    candidate_groups: list[str]
    candidate_users: list[str]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


@dataclass(frozen=True)
class InstanceRow:
    """An instance with the activities at which it waits; none are known of one whose state cannot be read."""

    row: Instance
    waiting: list[str]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def definitions(session: Session, key: str | None = None, limit: int = 50, cursor: str | None = None) -> Page[Definition]:
    """Every version of every process, newest first."""
    query = select(Definition).order_by(Definition.id.desc()).limit(limit + 1)
    if key is not None:
        query = query.where(Definition.key == key)
    if cursor is not None:
        query = query.where(Definition.id < cursors.decode(cursor, int)[0])
    return cursors.page(list(session.scalars(query)), limit, lambda row: (row.id,))


def tasks(
    session: Session,
    actor: Actor,
    *,
    assignee: str | None = None,
    candidate: str | None = None,
    site: str | None = None,
    instance: int | None = None,
    key: str | None = None,
    activity: str | None = None,
    due_before: datetime | None = None,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[TaskRow]:
    """Open tasks of the actor's sites, by due time; `candidate` is a post or a login name."""
    wanted = {UserTask.assignee: assignee, UserTask.instance_id: instance, UserTask.key: key, UserTask.activity_id: activity}
    query = select(UserTask).where(UserTask.ended_at.is_(None), _at_sites(UserTask.site, actor, site), *_equal(wanted))
    if candidate is not None:
        sites = _at_sites(TaskParticipant.site, actor, site)
        query = query.where(UserTask.id.in_(select(TaskParticipant.task_id).where(sites, TaskParticipant.who == candidate)))
    if due_before is not None:
        query = query.where(UserTask.sort_at < due_before)
    if q is not None:
        family = select(Instance.id).where(Instance.root_id.in_(_found(session, q, actor, site)))
        query = query.where(UserTask.instance_id.in_(family))
    if cursor is not None:
        query = query.where(tuple_(UserTask.sort_at, UserTask.id) > tuple_(*cursors.decode(cursor, datetime, int)))
    found = list(session.scalars(query.order_by(UserTask.sort_at, UserTask.id).limit(limit + 1)))
    part = cursors.page(found, limit, lambda row: (row.sort_at, row.id))
    return Page(_with_candidates(session, part.items), part.next)


def task(session: Session, task_id: int, actor: Actor) -> TaskRow:
    """One task, open or ended; another site's is not found."""
    session.flush()  # a prepared statement would not see what the session still holds
    found = _TASK_WITH_NUMBER.rows(session, {"wanted": task_id})
    row: UserTask | None = detached(UserTask, _TASK_COLUMNS, found[0][:-1]) if found else None
    if row is None or not rights.may_see_instance(actor, row.site):
        raise NotFound(f"Expected a user task, but there is none with id {task_id}")
    who: dict[str, list[str]] = {"group": [], "user": []}
    for kind, name in _CANDIDATES.rows(session, {"wanted": task_id}):
        who[kind].append(name)
    return TaskRow(row, found[0][-1], who["group"], who["user"])


def _with_candidates(session: Session, rows: Sequence[UserTask]) -> list[TaskRow]:
    who: dict[tuple[int, str], list[str]] = {}
    participants = select(TaskParticipant.task_id, TaskParticipant.kind, TaskParticipant.who)
    of_these = participants.where(TaskParticipant.task_id.in_([row.id for row in rows])).order_by(TaskParticipant.who)
    for task_id, kind, name in session.execute(of_these):
        who.setdefault((task_id, kind), []).append(name)
    known = select(Instance.id, Instance.number).where(Instance.id.in_({row.instance_id for row in rows}))
    numbers = dict(session.execute(known).all())
    return [TaskRow(row, numbers[row.instance_id], who.get((row.id, "group"), []), who.get((row.id, "user"), [])) for row in rows]


def instances(
    session: Session,
    actor: Actor,
    *,
    site: str | None = None,
    key: str | None = None,
    state: str | None = None,
    business_key: str | None = None,
    number: str | None = None,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[InstanceRow]:
    """Instances of the actor's sites, newest first."""
    wanted = {Instance.key: key, Instance.state: state, Instance.business_key: business_key, Instance.number: number}
    query = select(Instance).where(_at_sites(Instance.site, actor, site), *_equal(wanted))
    if q is not None:
        query = query.where(Instance.id.in_(_found(session, q, actor, site)))
    if cursor is not None:
        query = query.where(Instance.id < cursors.decode(cursor, int)[0])
    part = cursors.page(list(session.scalars(query.order_by(Instance.id.desc()).limit(limit + 1))), limit, lambda row: (row.id,))
    return Page(_with_waiting(session, part.items), part.next)


def instance(session: Session, instance_id: int, actor: Actor) -> InstanceRow:
    """One instance, running or ended; another site's is not found."""
    session.flush()
    found = _INSTANCE_WITH_STATE.rows(session, {"wanted": instance_id})
    row: Instance | None = detached(Instance, _INSTANCE_COLUMNS, found[0][:-1]) if found else None
    if row is None or not rights.may_see_instance(actor, row.site):
        raise _missing(instance_id)
    state = found[0][-1] if row.ended_at is None else None
    return InstanceRow(row, _waiting(state))


def completed(session: Session, task: UserTask, instance: Instance) -> tuple[TaskRow, InstanceRow]:
    """What was just completed and where its instance has come to rest, from the rows at hand: the task has no candidates any more."""
    [(state,)] = _STATE_OF.rows(session, {"wanted": instance.id}) if instance.ended_at is None else [(None,)]
    return TaskRow(task, instance.number, [], []), InstanceRow(instance, codec.read_waiting(state) if state is not None else [])


def _with_waiting(session: Session, rows: Sequence[Instance]) -> list[InstanceRow]:
    live = [row.id for row in rows if row.ended_at is None]
    session.flush()
    stored = select(InstanceState.instance_id, InstanceState.state).where(InstanceState.instance_id.in_(live))
    states = dict(session.execute(stored).all())
    return [InstanceRow(row, _waiting(states.get(row.id))) for row in rows]


def _waiting(state: bytes | None) -> list[str]:
    try:
        return [] if state is None else codec.read_waiting(state)
    except StateCorrupt:
        return []


def variables(session: Session, instance_id: int, actor: Actor) -> Mapping[str, Mapping[str, Any]]:
    """The variables of every scope of an instance; "" is the instance itself. Raises Unusable when its state cannot be read."""
    found = _visible(session, instance_id, actor)
    stored = session.scalars(select(InstanceState.state).where(InstanceState.instance_id == instance_id)).first()
    try:
        return codec.read_scopes(stored or b"")
    except StateCorrupt as error:
        message = f"Expected the variables of {found.number or found.id}, but its state cannot be read. {error}"
        raise Unusable(instance_id, "state", message) from error


def incidents(
    session: Session,
    actor: Actor,
    *,
    site: str | None = None,
    instance: int | None = None,
    resolved: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Incident]:
    """Open incidents of the actor's sites, or the resolved ones, oldest first."""
    query = select(Incident).where(_at_sites(Incident.site, actor, site), *_equal({Incident.instance_id: instance}))
    query = query.where(Incident.resolved_at.is_not(None) if resolved else Incident.resolved_at.is_(None))
    if cursor is not None:
        query = query.where(Incident.id > cursors.decode(cursor, int)[0])
    return cursors.page(list(session.scalars(query.order_by(Incident.id).limit(limit + 1))), limit, lambda row: (row.id,))


def history_of(session: Session, instance_id: int, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Line]:
    """The history of an instance, oldest first."""
    _visible(session, instance_id, actor)
    after = cursors.decode(cursor, int)[0] if cursor is not None else 0
    lines = history.lines(session, history.instance_chain(instance_id), after, limit + 1)
    return cursors.page(lines, limit, lambda line: (line.seq,))


def history_across(session: Session, actor: Actor, *, site: str | None = None, limit: int = 50, cursor: str | None = None) -> Page[Line]:
    """What happened at the sites that the actor audits, newest first."""
    if site is not None:
        rights.require_site(actor, site)
    sites = [code for code in _sites(session, actor, site) if rights.may_audit(actor, code)]
    if not sites:
        raise Forbidden("Expected someone who may audit a site, but your posts do not allow it")
    before = cursors.decode(cursor, datetime, str, int) if cursor is not None else None
    lines = history.across(session, sites, before, limit + 1)
    return cursors.page(lines, limit, lambda line: (line.recorded_at, line.chain, line.seq))


def _visible(session: Session, instance_id: int, actor: Actor) -> Instance:
    row = session.get(Instance, instance_id)
    if row is None or not rights.may_see_instance(actor, row.site):
        raise _missing(instance_id)
    return row


def _missing(instance_id: int) -> NotFound:
    return NotFound(f"Expected an instance, but there is none with id {instance_id}")


def _at_sites(column: Any, actor: Actor, site: str | None) -> ColumnElement[bool]:
    """The given site, or all of the actor's; a site that is not the actor's has nothing in it."""
    mine = true() if actor.is_system else column.in_(sorted(actor.sites))
    return mine if site is None else and_(mine, column == site)


def _sites(session: Session, actor: Actor, site: str | None) -> list[str]:
    known = sorted(session.scalars(select(Site.code))) if actor.is_system else sorted(actor.sites)
    return known if site is None else [code for code in known if code == site]


def _found(session: Session, q: str, actor: Actor, site: str | None) -> Select[int]:
    return matching(q, _sites(session, actor, site))


def _equal(wanted: Mapping[Any, Any]) -> Iterable[ColumnElement[bool]]:
    return (column == value for column, value in wanted.items() if value is not None)
