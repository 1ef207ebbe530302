"""撤回 and 撤销: a person takes their own finished task back while nothing came of it; who began a case takes all of it back.

Both only where the diagram says `steward:withdraw` is `allowed`: at the task, and at the process for the whole case; there also
`until:approve`, as long as nobody has completed that task.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import db, definitions, instances, returning, rights, runner, task_work
from engine.actors import Actor
from engine.bpmn.model import Process
from engine.bpmn.triggers import StateCorrupt, Withdraw
from engine.bpmn.ways_back import Act
from engine.bpmn.workflow import Workflow
from engine.errors import Conflict, Forbidden, NotFound, NotRunnable, Rejected
from engine.history import Event
from engine.states import LIVE_INSTANCE, OPEN_TASK
from engine.tables import Draft, Instance, TaskReturn, UserTask

ALLOWED, UNTIL = "allowed", "until:"
MOST = 20  # of the latest tasks of a case that are offered to be taken back


def allows(properties: Mapping[str, str]) -> bool:
    """Whether the diagram lets this task, or this whole case, be taken back."""
    return properties.get("withdraw", "none") == ALLOWED


def last_chances(properties: Mapping[str, str]) -> list[str]:
    """The user tasks of `until:…`: once one of them is completed, the case is withdrawn no more."""
    before, _, after = properties.get("withdraw", "").partition(UNTIL)
    return [] if before else [name.strip() for name in after.split(",") if name.strip()]


@db.decided
def withdraw(session: Session, task_id: int, actor: Actor, now: datetime, reason: str = "") -> UserTask:
    """Take back one's own completed task: it is open again and in their hands, with what they had filled in.

    Raises Forbidden for somebody else's task, and where the diagram does not allow it; Conflict, with what happened, once anything that
    came of it has been acted on: a task done or taken by somebody else, a message, a timer, a job, something sent.
    """
    session.connection()  # the turn to write comes first: nothing that is read here may be overtaken
    work = task_work.find(session, task_id, actor)
    login = task_work.require_person(actor)
    said = task_work.checked_reason(reason, is_required=False)
    held = runner.hold(session, work.instance)
    _require_own(work, held.loaded.process, actor)
    _refuse_if_acted_on(session, held, work.task, login)
    told = {"task": task_id, "name": work.task.name, "reason": said}
    event = Event("user_task.withdrawn", work.task.activity_id, told)
    trigger = Withdraw(work.task.token, lambda users, groups: login)
    step = runner.advance(session, held, trigger, event, actor, now)
    task = returning.created(session, step, work.task.activity_id)[0]
    _keep_draft(session, held, task, login, now)
    session.add(TaskReturn(task_id=task.id, by=login, origin=work.task.name, reason=said, at=now))
    return task


def _require_own(work: task_work.TaskWork, process: Process, actor: Actor) -> None:
    task, instance = work.task, work.instance
    rights.require(rights.works_at(actor, task.site), "work on tasks")
    if task.state != "completed" or task.completed_by != actor.login:
        raise Forbidden(f"Expected a task that you have completed, but {task.id} is not")
    if not allows(process.activity(task.activity_id).properties):
        raise Forbidden(f"Expected a task that may be withdrawn, but the diagram does not allow it for {task.name}")
    if instance.state != "running":
        raise Conflict(f"Expected a running instance, but {instance.number or instance.id} is {instance.state}")


def withdrawable(session: Session, instance_id: int, actor: Actor) -> list[UserTask]:
    """The tasks of the instance that the person can take back now, the latest first."""
    own = select(UserTask).where(UserTask.instance_id == instance_id, UserTask.state == "completed", UserTask.completed_by == actor.login)
    done = list(session.scalars(own.order_by(UserTask.id.desc()).limit(MOST)))
    instance = session.get_one(Instance, instance_id)
    if not done or actor.login is None or instance.state != "running" or not rights.works_at(actor, instance.site):
        return []
    try:
        loaded = definitions.load(session, instance.definition_id)
        allowed = [task for task in done if allows(loaded.process.activity(task.activity_id).properties)]
        if not allowed:
            return []
        workflow = runner.decoded(session, instance, loaded)
    except (NotFound, NotRunnable, StateCorrupt):
        return []
    return [task for task in allowed if _acted_on(session, workflow, loaded.process, task, actor.login) is None]


def _refuse_if_acted_on(session: Session, held: runner.Held, task: UserTask, login: str) -> None:
    why_not = _acted_on(session, held.workflow, held.loaded.process, task, login)
    if why_not is not None:
        raise Conflict(why_not)


def _acted_on(session: Session, workflow: Workflow, process: Process, task: UserTask, login: str) -> str | None:
    """What speaks against taking the task back; None when nothing does."""
    acts = workflow.acts_after(task.token, login)
    if acts is None:
        return f"Expected a task that was completed last, but {task.name} has been done again or left behind since"
    if (why_not := workflow.why_not_back(task.token)) is not None:
        return why_not
    if acts:
        return f"Expected nothing to have happened after {task.name}, but {_told(acts[0], process)}"
    tokens = workflow.descends_from(task.token)
    given = {wait.token: wait.details.get("assignee") for wait in workflow.waits() if wait.kind == "user_task"}
    taken = select(UserTask).where(UserTask.instance_id == task.instance_id, UserTask.token.in_(tokens), UserTask.state == "claimed")
    for other in session.scalars(taken):
        if other.assignee not in (login, given.get(other.token)):
            return f"Expected nothing to have happened after {task.name}, but {other.assignee} has taken {other.name}"
    if _has_a_call_gone_on(session, task, tokens):
        return f"Expected nothing to have happened after {task.name}, but the process that it called has gone on"
    return None


def _told(act: Act, process: Process) -> str:
    activity = process.activities.get(act.activity_id)
    name = (activity.name if activity else "") or act.activity_id
    return f"{act.performer} has completed {name}" if act.performer else f"something has happened since: {act.kind} at {name}"


def _has_a_call_gone_on(session: Session, task: UserTask, tokens: Sequence[str]) -> bool:
    called = select(Instance.id, Instance.moves).where(Instance.parent_id == task.instance_id, Instance.parent_token.in_(tokens))
    found = session.execute(called).all()
    children = UserTask.instance_id.in_(row.id for row in found)
    at_work = select(UserTask.id).where(children, or_(UserTask.state == "claimed", UserTask.state.not_in(OPEN_TASK)))
    return bool(found) and (any(row.moves > 1 for row in found) or session.scalars(at_work).first() is not None)


def _keep_draft(session: Session, held: runner.Held, task: UserTask, login: str, now: datetime) -> None:
    """Variables keep their values: those of the form are what the person had filled in."""
    if task.form is None:
        return
    visible = held.workflow.visible(task.token)
    payload = {key: visible[key] for key in held.loaded.forms[task.form].keys if visible.get(key) is not None}
    session.add(Draft(task_id=task.id, login=login, payload=payload, saved_at=now))


def may_withdraw_case(session: Session, instance: Instance, process: Process, actor: Actor) -> bool:
    """Whether the person began this case, and its process lets them take it back now."""
    is_theirs = actor.login is not None and instance.starter == actor.login and instance.parent_id is None
    may = is_theirs and instance.state in LIVE_INSTANCE and rights.works_at(actor, instance.site)
    return may and _why_not_whole(session, instance, process) is None


def _why_not_whole(session: Session, instance: Instance, process: Process) -> Rejected | None:
    """What speaks against taking the case back, by the diagram and what was done; None when nothing does."""
    if allows(process.properties):
        return None
    last = last_chances(process.properties)
    if not last:
        return Forbidden("Expected a case that may be withdrawn, but its process does not allow it: ask a supervisor to cancel it")
    done = select(UserTask.name).where(UserTask.instance_id == instance.id, UserTask.activity_id.in_(last), UserTask.state == "completed")
    found = session.scalars(done.limit(1)).first()
    return None if found is None else Conflict(f"Expected a case that may still be withdrawn, but {found} is done: ask to cancel it")


def withdraw_case(session: Session, instance_id: int, reason: str, actor: Actor, now: datetime) -> Instance:
    """End a case that one has begun oneself, with a reason; its number stays and is marked void."""
    instance = instances.held(session, instance_id, actor)
    said = task_work.checked_reason(reason)
    rights.require(rights.works_at(actor, instance.site), "work on cases")
    if actor.login is None or instance.starter != actor.login or instance.parent_id is not None:
        raise Forbidden(f"Expected a case that you have begun, but {instance.number or instance.id} is not")
    if instance.state not in LIVE_INSTANCE:
        raise Conflict(f"Expected a running instance, but {instance.number or instance.id} is {instance.state}")
    why_not = _why_not_whole(session, instance, definitions.load(session, instance.definition_id).process)
    if why_not is not None:
        raise why_not
    return instances.void(session, instance, Event("instance.withdrawn", None, {"reason": said}), actor, now)
