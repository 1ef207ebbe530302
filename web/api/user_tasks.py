"""Work for people: find it, take it, give it, do it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import orjson
from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from engine import definitions, drafts, form_rights, listings, masking, queries_case, returning, user_tasks, withdrawing
from engine.actors import Actor
from engine.bpmn.approvals import buttons_of
from engine.bpmn.model import Activity
from engine.forms import Form
from engine.tables import Draft, Instance, UserTask
from web.api import schemas, schemas_people
from web.api.routing import commands, reads
from web.settling import settle

nouns = APIBlueprint("user_tasks", __name__, tag="user tasks")
Said = Mapping[str, Any]


@reads(nouns, "/user-tasks", schemas.UserTasks, schemas.TaskFilter)
def list_tasks(session: Session, actor: Actor, asked: Said) -> Any:
    """Open tasks of the person's sites; overdue first, then by due time."""
    return listings.tasks(session, actor, **asked)


@reads(nouns, "/user-tasks/<id:task_id>", schemas.UserTask)
def show_task(session: Session, actor: Actor, task_id: int) -> Any:
    """One task, open or ended."""
    return listings.task(session, task_id, actor)


@reads(nouns, "/user-tasks/<id:task_id>/form", schemas.FormAnswer)
def show_form(session: Session, actor: Actor, task_id: int) -> Any:
    """The task's form, and the variables that it begins with."""
    task = queries_case.task(session, task_id, actor)
    mask = masking.mask_for(session, task.instance_id, actor)
    loaded = queries_case.loaded_of(session, task.instance_id)
    form = queries_case.form_of(loaded, task)
    withheld = form.withheld if form is not None else frozenset()
    known = mask(queries_case.variables_of(session, task.instance_id, task.scope))
    activity = loaded.process.activities.get(task.activity_id)
    return {
        "form": task.form,
        "form_schema": _form_file(session, task, activity, form),
        "variables": {name: value for name, value in known.items() if name not in withheld},
        "buttons": [] if activity is None else list(buttons_of(activity)),
    }


def _form_file(session: Session, task: UserTask, activity: Activity | None, form: Form | None) -> Any:
    """The file with the rights that the task gives; None where there is none, or its definition is gone."""
    if form is None or activity is None:
        return None
    files = definitions.resources(session, session.get_one(Instance, task.instance_id).definition_id)
    forms = (file for file in files if file.kind == "form" and PurePosixPath(file.name).stem == task.form)
    content = next((orjson.loads(file.content) for file in forms), None)
    return None if content is None else form_rights.restricted_file(content, form_rights.rights_of(activity.properties, form.components))


@commands(nouns, "/user-tasks/<id:task_id>/claim", schemas.UserTask)
def claim(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Take a task out of the pool."""
    user_tasks.claim(session, task_id, actor, now)
    return listings.task(session, task_id, actor)


@commands(nouns, "/user-tasks/<id:task_id>/unclaim", schemas.UserTask)
def unclaim(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Put a task back into the pool."""
    user_tasks.unclaim(session, task_id, actor, now)
    return listings.task(session, task_id, actor)


@commands(nouns, "/user-tasks/<id:task_id>/assign", schemas.UserTask, schemas.Assign)
def assign(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Give a task to a person."""
    user_tasks.assign(session, task_id, said["assignee"], actor, now, said["reason"])
    return listings.task(session, task_id, actor)


@reads(nouns, "/user-tasks/<id:task_id>/return", schemas_people.Targets)
def show_targets(session: Session, actor: Actor, task_id: int) -> Any:
    """Where an open task may be sent back to."""
    return {"items": returning.targets(session, queries_case.task(session, task_id, actor))}


@commands(nouns, "/user-tasks/<id:task_id>/return", schemas_people.Returned, schemas_people.Return)
def send_back(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Send a task back to one that was done before, to who began the case, or end the case."""
    returned = returning.return_task(session, task_id, said["to"], said["reason"], actor, now)
    settle(session, returned.instance)
    tasks = [listings.task(session, task.id, actor) for task in returned.tasks]
    return {"task": listings.task(session, task_id, actor), "tasks": tasks}


@commands(nouns, "/user-tasks/<id:task_id>/withdraw", schemas.UserTask, schemas_people.WithdrawTask)
def withdraw(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Take back a task that one has completed oneself; the answer is the task that is open again."""
    taken = withdrawing.withdraw(session, task_id, actor, now, said["reason"])
    return listings.task(session, taken.id, actor)


@commands(nouns, "/user-tasks/<id:task_id>/complete", schemas.Completion, schemas.Complete)
def complete(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Do a task. What the process cannot do afterwards is an incident in the answer; the act itself is kept."""
    done = user_tasks.complete(session, task_id, said["variables"], actor, now)
    settle(session, done.instance)
    task, instance = listings.completed(session, done.task, done.instance)
    return {"task": task, "instance": instance, "incidents": done.incidents}


@reads(nouns, "/user-tasks/<id:task_id>/draft", schemas.DraftAnswer)
def show_draft(session: Session, actor: Actor, task_id: int) -> Any:
    """What this person had typed into the form; empty when nothing was kept."""
    return _draft(drafts.find(session, task_id, actor))


@commands(nouns, "/user-tasks/<id:task_id>/draft", schemas.DraftAnswer, schemas.Draft, method="PUT")
def keep_draft(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Keep what was typed so far, for this person alone."""
    return _draft(drafts.keep(session, task_id, said["variables"], actor, now))


@commands(nouns, "/user-tasks/<id:task_id>/draft", schemas.DraftAnswer, method="DELETE")
def drop_draft(session: Session, actor: Actor, now: datetime, said: Said, task_id: int) -> Any:
    """Forget what was typed."""
    drafts.drop(session, task_id, actor)
    return _draft(None)


def _draft(found: Draft | None) -> dict[str, Any]:
    return {"variables": found.payload if found else {}, "saved_at": found.saved_at if found else None}
