"""Tell people outside the pages of work that has come to them: looked for twice a second, so that no step of a process waits for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import channels, identity, proxies
from engine.channels import Telling
from engine.db import Database
from engine.states import OPEN_TASK
from engine.tables import Instance, NoticeChannel, Proxy, TaskParticipant, UserTask

AT_ONCE = 200
URGENT = 80  # from this priority on a task does not wait for the end of quiet hours


def announce(database: Database, now: datetime) -> int:
    """Make messages of all tasks that nobody has been told of; returns how many tasks there were."""
    done = 0
    while (some := _some(database, now)) > 0:
        done += some
        if some < AT_ONCE:
            break
    return done


def _some(database: Database, now: datetime) -> int:
    waiting = select(UserTask.id).where(UserTask.ended_at.is_(None), UserTask.announced.is_(False))
    with database.read() as session:
        if session.scalars(waiting.limit(1)).first() is None:
            return 0
    with database.transaction() as session:
        # Two nodes share what is new; a task that is being completed at this moment is looked at later, or never.
        ids = list(session.scalars(waiting.order_by(UserTask.id).limit(AT_ONCE).with_for_update(skip_locked=True)))
        if session.scalars(select(NoticeChannel.login).where(NoticeChannel.tasks.is_(True)).limit(1)).first() is not None:
            _tell(session, ids, now)
        session.execute(update(UserTask).where(UserTask.id.in_(ids)).values(announced=True).execution_options(synchronize_session=False))
        return len(ids)


def _tell(session: Session, ids: Sequence[int], now: datetime) -> None:
    query = select(UserTask, Instance).join(Instance, Instance.id == UserTask.instance_id)
    rows = session.execute(query.where(UserTask.id.in_(ids), UserTask.state.in_(OPEN_TASK)).order_by(UserTask.id)).all()
    candidates: dict[int, list[tuple[str, str]]] = {}
    for task_id, kind, who in session.execute(
        select(TaskParticipant.task_id, TaskParticipant.kind, TaskParticipant.who).where(TaskParticipant.task_id.in_(ids))
    ):
        candidates.setdefault(task_id, []).append((kind, who))
    held = {site: _holders(session, site, rows, candidates) for site in {task.site for task, _ in rows}}
    standing_in = proxies.in_force(session, sorted(held), now)
    tellings = [(case, _telling(task, candidates.get(task.id, ()), held[task.site], standing_in)) for task, case in rows]
    channels.tell(session, tellings, now)


def _holders(
    session: Session, site: str, rows: Sequence[tuple[UserTask, Instance]], candidates: Mapping[int, Sequence[tuple[str, str]]]
) -> dict[str, list[str]]:
    """Who holds the posts that are meant at the site."""
    of_site = [task.id for task, _ in rows if task.site == site and task.assignee is None]
    posts = {who for task_id in of_site for kind, who in candidates.get(task_id, ()) if kind == "group"}
    return identity.holders_of(session, site, sorted(posts))


def _telling(
    task: UserTask, candidates: Sequence[tuple[str, str]], holders: Mapping[str, Sequence[str]], standing_in: Sequence[Proxy]
) -> Telling:
    logins = [task.assignee] if task.assignee is not None else []
    if task.assignee is None:
        for kind, who in sorted(candidates):
            logins += holders.get(who, ()) if kind == "group" else [who]
    logins += proxies.who_stands_in(standing_in, task.site, task.key, logins)
    return Telling(
        logins=tuple(dict.fromkeys(logins)), kind="new_task", about="tasks", path=f"/tasks/{task.id}",
        task=task.name, due_at=task.due_at, is_urgent=task.priority >= URGENT, holder=task.assignee,
    )  # fmt: skip
