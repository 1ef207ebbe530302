"""What people ask of each other about a task: help, haste, that others know, that it waits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from engine import comments, copies, delegations, follow_ups, listings, priorities, reminders, signers
from engine.actors import Actor
from engine.tables import UserTask
from web.api import schemas, schemas_people
from web.api.routing import commands, reads
from web.settling import settle_case

nouns = APIBlueprint("task_operations", __name__, tag="user tasks")
Said = Mapping[str, Any]


@commands(nouns, "/user-tasks/<id:task_id>/delegate", schemas.UserTask, schemas_people.Delegate)
def delegate(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Ask somebody for help with a task that one holds; what they answer becomes one's draft."""
    return _told(session, delegations.delegate(session, task_id, said["to"], actor, now, said["question"]), actor)


@commands(nouns, "/user-tasks/<id:task_id>/delegate", schemas.UserTask, schemas_people.OptionalReason, method="DELETE")
def call_off(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Take a delegated task back without waiting for the answer."""
    return _told(session, delegations.call_off(session, task_id, actor, now, said["reason"]), actor)


@commands(nouns, "/user-tasks/<id:task_id>/answer", schemas.UserTask, schemas_people.Answer)
def answer(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Give a delegated task back to who asked, with what was found out."""
    return _told(session, delegations.answer(session, task_id, said["variables"], actor, now, said["note"]), actor)


@commands(nouns, "/user-tasks/<id:task_id>/add-signer", schemas.UserTask, schemas_people.AddSigner)
def add_signer(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Let somebody sign before, after or beside oneself. Before: the task is gone until they have, then it comes back."""
    return _told(session, signers.add(session, task_id, said["login"], said["where"], actor, now, said["reason"]), actor)


@commands(nouns, "/user-tasks/<id:task_id>/remove-signer", schemas.UserTask, schemas_people.RemoveSigner)
def remove_signer(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Take an added signer away who has not signed yet."""
    return _told(session, signers.remove(session, task_id, said["login"], actor, now, said["reason"]), actor)


@commands(nouns, "/user-tasks/<id:task_id>/remind", schemas.UserTask, schemas_people.Note, more_refusals=(429,))
def remind(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Ask whoever has a task to do it; once in ten minutes."""
    return _told(session, reminders.remind(session, task_id, actor, now, said["note"]), actor)


@commands(nouns, "/user-tasks/<id:task_id>/copy", schemas_people.CopyAnswer, schemas_people.Copy)
def copy(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Let people or posts of the site know of a task; it opens nothing to them."""
    return {"to": copies.send(session, task_id, said["to"], actor, now, said["note"])}


@reads(nouns, "/copies", schemas_people.CopiedTasks, schemas.Paging)
def list_copies(session: Session, actor: Actor, asked: Said) -> Any:
    """What was copied to the person, newest first. Reading it here leaves it new on the page."""
    return copies.of(session, actor, **asked)


@commands(nouns, "/user-tasks/<id:task_id>/follow-up", schemas.UserTask, schemas_people.FollowUp)
def put_off(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Put a task off until a moment; what is due stays due."""
    return _told(session, follow_ups.put_off(session, task_id, said["until"], actor, now, said["reason"]), actor)


@commands(nouns, "/user-tasks/<id:task_id>/priority", schemas.UserTask, schemas_people.Priority)
def prioritize(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Give a task another priority; 50 is normal."""
    return _told(session, priorities.change(session, task_id, said["priority"], actor, now, said["reason"]), actor)


@commands(nouns, "/user-tasks/<id:task_id>/comment", schemas.CommentAnswer, schemas_people.Comment, status=201)
def comment(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Note something on the case, at this task; who is mentioned is told."""
    note = comments.add(session, task_id, said["text"], actor, now, said["mentions"])
    settle_case(session, note.instance_id)
    return note


def _told(session: Session, task: UserTask, actor: Actor) -> Any:
    """The task as it is now; whom it concerns is told once that is certain."""
    settle_case(session, task.instance_id)
    return listings.task(session, task.id, actor)
