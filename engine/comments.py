"""What people note on cases, and whom they mention in it: everybody mentioned is told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine import history, notices, rights, runner
from engine.actors import Actor
from engine.errors import Invalid, NotFound
from engine.history import Event
from engine.identity import require_people_at
from engine.tables import Comment, Instance, UserTask
from engine.task_work import hold

MAX_COMMENT = 10_000
MAX_MENTIONS = 50


def add(session: Session, task_id: int, text: str, actor: Actor, now: datetime, mentions: Sequence[str] = ()) -> Comment:
    """Note something on the case, at this task. `mentions` are people of the site, who get a notice."""
    work = hold(session, task_id, actor)
    return _add(session, work.instance, work.task, text, actor, now, mentions)


def add_to_case(session: Session, instance_id: int, text: str, actor: Actor, now: datetime, mentions: Sequence[str] = ()) -> Comment:
    """Note something on the case as a whole."""
    instance = runner.lock(session, instance_id)
    if not rights.may_see_instance(actor, instance.site):
        raise NotFound(f"Expected an instance, but there is none with id {instance_id}")
    return _add(session, instance, None, text, actor, now, mentions)


def _add(
    session: Session, instance: Instance, task: UserTask | None, text: str, actor: Actor, now: datetime, mentions: Sequence[str]
) -> Comment:
    rights.require(rights.works_at(actor, instance.site), "comment on cases")
    if not text.strip() or len(text) > MAX_COMMENT:
        raise Invalid(f"Expected a comment of 1 to {MAX_COMMENT} characters", {"text": f"请填写 1 到 {MAX_COMMENT} 字"})
    if len(mentions) > MAX_MENTIONS:
        raise Invalid(f"Expected at most {MAX_MENTIONS} people to be mentioned", {"mentions": f"最多 {MAX_MENTIONS} 人"})
    told = sorted(set(mentions) - {actor.login})
    require_people_at(session, told, instance.site, "mentions")
    task_id = task.id if task is not None else None
    note = Comment(instance_id=instance.id, task_id=task_id, author=actor.login or actor.source, text=text, at=now)
    session.add(note)
    session.flush()  # its id is told
    data = {"text": text, "task": task_id} | ({"mentions": told} if told else {})
    history.append(session, instance, [Event("comment.added", None, data)], actor, now)
    notices.ask(session, instance, task, "mentioned", told, text, actor, now)
    return note
