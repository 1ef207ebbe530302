"""Several tasks at once, from the list: each in a transaction of its own, and for each what came of it."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import bulk, drafts, queries_case, user_tasks
from engine.errors import Conflict, Invalid, NotFound, Rejected, Unusable
from engine.tables import Instance
from web import current, sentences
from web.names import names_of
from web.numbers import whole
from web.pages import addresses
from web.settling import settle

pages = Blueprint("bulk", __name__, url_prefix="/inbox/bulk")
ACTS = ("claim", "approve")


@dataclass(frozen=True)
class Outcome:
    """What came of one task."""

    task_id: int
    name: str
    number: str
    done: bool
    text: str


@pages.post("")
def act() -> ResponseReturnValue:
    what = request.form.get("act", "")
    if what not in ACTS:
        raise NotFound(f"Expected one of {', '.join(ACTS)}, but it is {what!r}")
    given = [number for number in map(whole, dict.fromkeys(request.form.getlist("task"))) if number]
    if len(given) > bulk.MOST:
        raise Invalid(f"Expected at most {bulk.MOST} tasks at once, but got {len(given)}")
    outcomes = [_one(number, what) for number in given]
    back = addresses.local(request.form.get("next")) or url_for("inbox.show")
    return render_template("inbox/bulk.html", outcomes=outcomes, what=what, back=back)


@pages.get("")
def reload() -> ResponseReturnValue:
    """Who loads the page of outcomes again gets the list."""
    return redirect(url_for("inbox.show"))


def _one(task_id: int, what: str) -> Outcome:
    with current.steward().db.read() as session:
        try:
            task = queries_case.task(session, task_id, current.actor())
        except NotFound:
            return Outcome(task_id, f"#{task_id}", "", False, gettext("找不到这项任务"))
        name, number = task.name, session.get_one(Instance, task.instance_id).number or ""
    try:
        text = _claim(task_id) if what == "claim" else _approve(task_id)
    except Unusable:
        raise
    except Rejected as error:
        return Outcome(task_id, name, number, False, _why(task_id, error))
    return Outcome(task_id, name, number, True, text)


def _claim(task_id: int) -> str:
    with current.steward().db.transaction() as session:
        user_tasks.claim(session, task_id, current.actor(), current.now())
    return gettext("已领取")


def _approve(task_id: int) -> str:
    actor, now = current.actor(), current.now()
    with current.steward().db.read() as session:
        button = bulk.button_of(session, queries_case.task(session, task_id, actor))
    if button is None:
        raise Conflict("Expected a task that may be approved from the list, but this one must be looked at first")
    with current.steward().db.transaction() as session:
        done = user_tasks.complete(session, task_id, {"decision": button.key}, actor, now)
        drafts.forget(session, task_id, actor)
        settle(session, done.instance)
    return gettext("已同意")


def _why(task_id: int, error: Rejected) -> str:
    """In a sentence; who was first is named."""
    with current.steward().db.read() as session:
        task = queries_case.task(session, task_id, current.actor())
        who = task.completed_by or task.assignee
        if isinstance(error, Conflict) and who and who != current.actor().login:
            return gettext("%(who)s 已先处理", who=names_of(session, {who}).get(who, who))
    if isinstance(error, Invalid) and error.fields:
        return "；".join(sentences.of_fields(error.fields).values())
    said = sentences.plain(error.message)
    return said if said != error.message else gettext("您不能处理这项任务")
