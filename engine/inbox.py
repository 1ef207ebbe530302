"""Lists of work for people: one's own, one's posts', all of the sites one may see, and the cases one heard first.

Overdue first, then by due time. Every list walks an index in its order and stops after a page, however many tasks are open.
"""

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import cursors, inbox_walks, rights, search
from engine.actors import Actor
from engine.cursors import Page
from engine.errors import NotFound
from engine.inbox_walks import LOOKED_AT, Filter, Place, is_worth_more
from engine.posts import FALLBACK_POST
from engine.states import OPEN_TASK
from engine.tables import CaseField, Instance, SlaClock, TaskParticipant, UserTask


@dataclass(frozen=True)
class TaskItem:
    """A task with what a list shows of its case. `fields` are the business fields of the whole case and of its own process."""

    task: UserTask
    instance: Instance
    candidate_groups: Sequence[str] = ()
    candidate_users: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    def is_overdue(self, now: datetime) -> bool:
        return self.task.due_at is not None and self.task.due_at < now


@dataclass(frozen=True)
class CaseItem:
    """A case with what a list shows of it: the open tasks of everything that it called, and its running clocks."""

    instance: Instance
    fields: Mapping[str, str]
    tasks: Sequence[UserTask]
    clocks: Sequence[SlaClock]

    def next_due(self) -> datetime | None:
        """The nearest moment at which something of the case is due."""
        moments = [task.due_at for task in self.tasks] + [clock.due_at for clock in self.clocks]
        return min((moment for moment in moments if moment is not None), default=None)


def inbox(
    session: Session, actor: Actor, box: str, wanted: Filter | None = None, limit: int = 50, cursor: str | None = None
) -> Page[TaskItem]:
    """`mine`: claimed by or given to the person. `posts`: free, for them or their posts. `all`: every open task of their sites."""
    part = places(session, actor, box, wanted or Filter(), limit, cursor)
    return Page(read(session, [task_id for _, task_id in part.items]), part.next)


def places(session: Session, actor: Actor, box: str, wanted: Filter, limit: int = 50, cursor: str | None = None) -> Page[Place]:
    """Where the tasks of a page stand, and which they are, without reading them."""
    after = cursors.decode(cursor, datetime, int) if cursor else None
    words = inbox_walks.search_for(session, actor, wanted.q)
    found = [inbox_walks.places(session, walk, wanted, words, after, limit + 1) for walk in inbox_walks.walks(box, actor, wanted)]
    return cursors.page(list(dict.fromkeys(heapq.merge(*found))), limit, lambda place: place)


def _open() -> Select[UserTask, Instance]:
    return select(UserTask, Instance).join(Instance, Instance.id == UserTask.instance_id)


def read(session: Session, task_ids: Sequence[int]) -> list[TaskItem]:
    """The tasks with their cases, in the given order."""
    rows = {task.id: (task, instance) for task, instance in session.execute(_open().where(UserTask.id.in_(task_ids)))}
    return _items(session, [rows[task_id] for task_id in task_ids])


def _items(session: Session, rows: Sequence[tuple[UserTask, Instance]]) -> list[TaskItem]:
    """The rows with candidates and business fields, read for the whole page at once."""
    who = participants_of(session, [task.id for task, _ in rows])
    fields = fields_of(session, {number for _, instance in rows for number in (_root(instance), instance.id)})
    return [
        TaskItem(task, instance, *who[task.id], fields.get(_root(instance), {}) | fields.get(instance.id, {})) for task, instance in rows
    ]


def _root(instance: Instance) -> int:
    return instance.root_id or instance.id


def participants_of(session: Session, task_ids: Collection[int]) -> dict[int, tuple[list[str], list[str]]]:
    """Candidate groups and users of each task."""
    found: dict[int, tuple[list[str], list[str]]] = {task_id: ([], []) for task_id in task_ids}
    query = select(TaskParticipant.task_id, TaskParticipant.kind, TaskParticipant.who).where(TaskParticipant.task_id.in_(task_ids))
    for task_id, kind, who in session.execute(query.order_by(TaskParticipant.who)):
        found[task_id][0 if kind == "group" else 1].append(who)
    return found


def fields_of(session: Session, instance_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """The business fields of each case."""
    found: dict[int, dict[str, str]] = {}
    query = select(CaseField.instance_id, CaseField.name, CaseField.value).where(CaseField.instance_id.in_(instance_ids))
    for instance_id, name, value in session.execute(query):
        found.setdefault(instance_id, {})[name] = value
    return found


def task(session: Session, task_id: int, actor: Actor) -> TaskItem:
    """One task, open or done; another site's is not found."""
    row = session.execute(_open().where(UserTask.id == task_id)).first()
    if row is None or not rights.may_see_instance(actor, row[0].site):
        raise NotFound(f"Expected a user task, but there is none with id {task_id}")
    return _items(session, [row])[0]


def may_work_on(item: TaskItem, actor: Actor) -> bool:
    """Whether the person may claim or complete the task."""
    groups = item.candidate_groups or ([FALLBACK_POST] if not item.candidate_users and item.task.assignee is None else [])
    task = item.task
    if rights.may_work_on(actor, task.site, task.assignee, item.candidate_users, groups):
        return True
    return rights.in_whose_name(actor, task.site, task.key, task.assignee, item.candidate_users, groups) is not None


def first_asked(session: Session, actor: Actor, q: str | None = None, limit: int = 50, cursor: str | None = None) -> Page[CaseItem]:
    """The running cases that the person first heard, whoever holds their tasks now, oldest first (A31)."""
    query = select(Instance).where(
        Instance.site.in_(sorted(actor.sites)),
        Instance.first_responder == actor.login,
        Instance.state == "running",
        Instance.parent_id.is_(None),
    )
    if q:
        query = query.where(Instance.id.in_(search.matching(q, actor.sites)))
    if cursor:
        query = query.where(Instance.id > cursors.decode(cursor, int)[0])
    part = cursors.page(list(session.scalars(query.order_by(Instance.id).limit(limit + 1))), limit, lambda row: (row.id,))
    return Page(case_items(session, part.items), part.next)


def found_cases(session: Session, actor: Actor, q: str, limit: int = 50, cursor: str | None = None) -> Page[CaseItem]:
    """Cases by number, house, name or telephone, running or ended, newest first."""
    wanted = [Instance.parent_id.is_(None)]
    if cursor:
        wanted.append(Instance.id < cursors.decode(cursor, int)[0])
    newest = select(Instance.id).where(*wanted).order_by(Instance.id.desc())
    found = _newest_found(session, newest, q, actor, limit + 1) if search.is_common(session, q, actor.sites) else []
    having = Instance.id.in_(found) if len(found) > limit else Instance.id.in_(search.matching(q, actor.sites))
    query = select(Instance).where(having, *wanted)
    part = cursors.page(list(session.scalars(query.order_by(Instance.id.desc()).limit(limit + 1))), limit, lambda row: (row.id,))
    return Page(case_items(session, part.items), part.next)


def _newest_found(session: Session, newest: Select[int], q: str, actor: Actor, limit: int) -> list[int]:
    """What a search for something common finds among the newest cases."""
    found: list[int] = []
    for looked_at in LOOKED_AT:
        [case] = newest.limit(looked_at).subquery().c
        fitting = select(case).where(*search.matches(case, q, actor.sites)).order_by(case.desc())
        found = list(session.scalars(fitting.limit(limit)))
        if not is_worth_more(len(found), looked_at, limit):
            break
    return found


def case_items(session: Session, rows: Sequence[Instance]) -> list[CaseItem]:
    """The cases with open tasks and running clocks, read for the whole page at once."""
    ids = [row.id for row in rows]
    tasks: dict[int, list[UserTask]] = {}
    of_family = _open().where(Instance.root_id.in_(ids), UserTask.state.in_(OPEN_TASK)).order_by(UserTask.sort_at, UserTask.id)
    for task, instance in session.execute(of_family):
        tasks.setdefault(_root(instance), []).append(task)
    clocks: dict[int, list[SlaClock]] = {}
    for clock in session.scalars(select(SlaClock).where(SlaClock.instance_id.in_(ids), SlaClock.state == "running").order_by(SlaClock.id)):
        clocks.setdefault(clock.instance_id, []).append(clock)
    fields = fields_of(session, ids)
    return [CaseItem(row, fields.get(row.id, {}), tasks.get(row.id, []), clocks.get(row.id, [])) for row in rows]
