"""交接: whoever leaves hands everything over in one act. What they did stays theirs; history only grows.

The cases concerned are locked together, in the order of their ids; everybody else holds one case at a time, so nobody waits in a circle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, delete, or_, select, update
from sqlalchemy.orm import Session

from engine import history, open_work, rights
from engine.actors import Actor
from engine.db import core
from engine.errors import Conflict, Invalid, NotFound
from engine.history import Event
from engine.identity import memberships, require_person_at
from engine.prepared import detached
from engine.states import LIVE_INSTANCE
from engine.tables import Instance, TaskParticipant, UserTask
from engine.task_work import checked_reason

_INSTANCE = core(Instance)
_COLUMNS = tuple(_INSTANCE.c.keys())
_TELL = (
    update(_INSTANCE)
    .where(_INSTANCE.c.id == bindparam("wanted"), _INSTANCE.c.revision == bindparam("read"))
    .values({name: bindparam(f"new_{name}") for name in ("first_responder", "chain_length", "chain_head", "revision")})
)


@dataclass(frozen=True)
class HandedOver:
    """How many tasks and first-asked cases have changed hands."""

    tasks: int
    cases: int


def hand_over(session: Session, leaver: str, to: str, site: str, reason: str, actor: Actor, now: datetime) -> HandedOver:
    """Give a person's open tasks, the free tasks that are for them by name, and their first-asked cases at a site to somebody else.

    A supervisor does that and says why; drafts stay with who typed them. Raises Conflict when nothing is open.
    """
    rights.require_site(actor, site)
    rights.require(rights.may_supervise(actor, site) or rights.may_administer(actor, site), "hand over somebody's work")
    reason = checked_reason(reason)
    if to == leaver:
        raise Invalid("Expected somebody else to take over, but it is the same person", {"to": "请选择本人以外的人"})
    require_person_at(session, to, site)
    instances = _held(session, leaver, site)
    tasks = _tasks(session, leaver, instances)
    cases = {one.id for one in instances.values() if one.first_responder == leaver and one.state in LIVE_INSTANCE}
    if not tasks and not cases:
        if site not in {place for place, _ in memberships(session, leaver)}:
            raise NotFound(f"Expected a person of {site}, but {leaver!r} is none")
        raise Conflict(f"Expected open work of {leaver} at {site}, but there is none")
    _tell(session, instances, tasks, cases, leaver, to, reason, actor, now)
    _give(session, [task.id for task in tasks], leaver, to, is_known=to == actor.login)
    outermost = sum(instances[one].parent_id is None for one in cases)
    data = {"before": leaver, "after": to, "reason": reason, "tasks": len(tasks), "cases": outermost}
    history.append_site(session, site, "work.handed_over", actor, now, data)
    return HandedOver(len(tasks), outermost)


def _held(session: Session, leaver: str, site: str) -> dict[int, Instance]:
    """The instances concerned, locked; as rows that no session looks after."""
    named = select(TaskParticipant.task_id).where(
        TaskParticipant.kind == "user", TaskParticipant.who == leaver, TaskParticipant.site == site
    )
    theirs = select(UserTask.instance_id).where(
        UserTask.site == site, UserTask.ended_at.is_(None), or_(open_work.is_held_by(leaver), UserTask.id.in_(named))
    )
    first = select(Instance.id).where(Instance.site == site, Instance.first_responder == leaver, Instance.state.in_(LIVE_INSTANCE))
    ids = sorted(session.scalars(theirs.union(first)))
    locked = select(_INSTANCE).where(_INSTANCE.c.id.in_(ids)).order_by(_INSTANCE.c.id).with_for_update(key_share=True)
    return {row.id: detached(Instance, _COLUMNS, tuple(row)) for row in session.execute(locked)} if ids else {}


def _tasks(session: Session, leaver: str, instances: Mapping[int, Instance]) -> Sequence[UserTask]:
    """What is the leaver's now that the instances are held: somebody may have been faster."""
    named = select(TaskParticipant.task_id).where(TaskParticipant.kind == "user", TaskParticipant.who == leaver)
    open_tasks = select(UserTask).where(UserTask.instance_id.in_(instances), UserTask.ended_at.is_(None))
    theirs = or_(open_work.is_held_by(leaver), (UserTask.assignee.is_(None)) & UserTask.id.in_(named))
    query = open_tasks.where(theirs).order_by(UserTask.id).execution_options(populate_existing=True)
    return session.scalars(query).all()


def _tell(
    session: Session, instances: Mapping[int, Instance], tasks: Sequence[UserTask], cases: set[int], leaver: str, to: str, reason: str,
    actor: Actor, now: datetime,
) -> None:  # fmt: skip
    said = {"before": leaver, "after": to, "reason": reason, "handed_over": True}
    told: list[tuple[Instance, list[Event]]] = []
    for one in instances.values():
        mine = [task for task in tasks if task.instance_id == one.id]
        events = [Event("user_task.assigned", task.activity_id, {"task": task.id, "name": task.name, **said}) for task in mine]
        if one.id in cases:
            events += [Event("first_responder.handed_over", None, said)] if one.parent_id is None else []
            one.first_responder = to
        told.append((one, events))
    history.append_many(session, told, actor, now)
    changes = [
        {
            "wanted": one.id, "read": one.revision, "new_first_responder": one.first_responder, "new_chain_length": one.chain_length,
            "new_chain_head": one.chain_head, "new_revision": one.revision + 1,
        }
        for one, _ in told
    ]  # fmt: skip
    session.connection().execute(_TELL, changes)
    session.expire_all()


def _give(session: Session, task_ids: Sequence[int], leaver: str, to: str, is_known: bool) -> None:
    helper, owner = UserTask.assignee, UserTask.delegated_by
    # Who had been asked for help and now has the task themselves, or the other way round, helps nobody any more.
    is_one = ((owner == leaver) & (helper == to)) | ((helper == leaver) & (owner == to))
    changes = {
        "assignee": case((helper == leaver, to), else_=helper),
        "delegated_by": case((is_one, None), (owner == leaver, to), else_=owner),
        # Whoever takes over is told of what waits for them, as of any new work.
        "announced": case(((helper == leaver) | helper.is_(None) | is_one, is_known), else_=UserTask.announced),
    }
    session.execute(update(UserTask).where(UserTask.id.in_(task_ids)).values(changes))
    named = (TaskParticipant.task_id.in_(task_ids), TaskParticipant.kind == "user")
    already = select(TaskParticipant.task_id).where(*named, TaskParticipant.who == to)
    session.execute(delete(TaskParticipant).where(*named, TaskParticipant.who == leaver, TaskParticipant.task_id.in_(already)))
    session.execute(update(TaskParticipant).where(*named, TaskParticipant.who == leaver).values(who=to))
