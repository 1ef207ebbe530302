"""The page of one task: what to do and its form first, the case around it below; and what a person may do with the task."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import copies, delegations, drafts, exclusions, queries_case, returning, rights, site_lists, sites, user_tasks, withdrawing
from engine.actors import Actor
from engine.errors import AlreadyClaimed, AlreadyCompleted, Conflict, Excluded, Invalid, ProxyEnded, Rejected, TooManyAttempts, Unusable
from engine.queries_case import Case
from engine.states import OPEN_TASK
from engine.tables import UserTask
from web import current, sentences, words
from web.names import names_of
from web.pages import addresses, cases, deciding, fields, mentions, operations, outcome
from web.pages.operations import entry
from web.pages.operations.entry import Offer, Situation
from web.settling import settle, settle_case

pages = Blueprint("tasks", __name__, url_prefix="/tasks")


@pages.get("/<id:task_id>")
def show(task_id: int) -> ResponseReturnValue:
    with current.steward().db.read() as session:
        draft = drafts.find(session, task_id, current.actor())
        page = _page(session, task_id, draft.payload if draft else {})
        is_new_copy = copies.is_new(session, task_id, current.actor())
    if is_new_copy:
        with current.steward().db.transaction() as session:
            copies.mark_seen(session, task_id, current.actor(), current.now())
    return page


@pages.get("/<id:task_id>/complete")
def reload(task_id: int) -> ResponseReturnValue:
    """Who loads the page again after a refusal gets the task's own page."""
    return redirect(url_for("tasks.show", task_id=task_id))


@pages.post("/<id:task_id>/complete")
def complete(task_id: int) -> ResponseReturnValue:
    actor, now = current.actor(), current.now()
    with current.steward().db.read() as session:
        typed = _typed(session, task_id)
    try:
        with current.steward().db.transaction() as session:
            completion = user_tasks.complete(session, task_id, typed, actor, now)
            drafts.forget(session, task_id, actor)
            settle(session, completion.instance)
            instance, what = completion.instance, completion.task.name
            case, number = instance.id, instance.number or instance.title or ""
            process = queries_case.loaded_of(session, instance.id).process
            may_undo = instance.state == "running" and withdrawing.allows(process.activity(completion.task.activity_id).properties)
    except Invalid as error:
        with current.steward().db.read() as session:
            return _page(session, task_id, typed, error), 422
    except (AlreadyClaimed, AlreadyCompleted):
        return _too_late(task_id)
    except ProxyEnded as error:
        return _kept(task_id, typed, error)
    except Excluded as error:
        return _back_with(task_id, error)
    done = gettext("%(number)s：“%(what)s”已完成。", number=number, what=what)
    goes_on = outcome.tell(case, now, done)
    if may_undo:
        flash(url_for("tasks.show", task_id=task_id), "undo")
    return _on_to(goes_on)


@pages.post("/<id:task_id>/withdraw")
def withdraw(task_id: int) -> ResponseReturnValue:
    """Take back what one has just done."""
    try:
        with current.steward().db.transaction() as session:
            taken = withdrawing.withdraw(session, task_id, current.actor(), current.now())
            settle_case(session, taken.instance_id)
            again, name = taken.id, taken.name
    except Conflict as error:
        return _back_with(task_id, error)
    flash(gettext("“%(what)s”已撤回，请重新办理。", what=name), "done")
    return redirect(url_for("tasks.show", task_id=again), 303)


@pages.post("/<id:task_id>/draft")
def keep_draft(task_id: int) -> ResponseReturnValue:
    """Keep what was typed so far, and tell which fields it hides."""
    with current.steward().db.transaction() as session:
        if queries_case.task(session, task_id, current.actor()).state not in OPEN_TASK:
            return "", 204  # it was sent while this was on its way
        typed = _typed(session, task_id)
        drafts.keep(session, task_id, typed, current.actor(), current.now())
        hidden = _form_of(session, queries_case.task(session, task_id, current.actor()), typed).hidden
    return "", 204, {"HX-Trigger": fields.hidden_event(hidden)}


@pages.post("/<id:task_id>/claim")
def claim(task_id: int) -> ResponseReturnValue:
    try:
        with current.steward().db.transaction() as session:
            name = user_tasks.claim(session, task_id, current.actor(), current.now()).name
    except (AlreadyClaimed, AlreadyCompleted):
        return _too_late(task_id)
    except Excluded as error:
        return _back_with(task_id, error)
    flash(gettext("“%(what)s”已由您领取。", what=name), "done")
    return redirect(url_for("tasks.show", task_id=task_id), 303)


@pages.post("/<id:task_id>/unclaim")
def unclaim(task_id: int) -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        reason = request.form.get("reason", "")
        name = user_tasks.unclaim(session, task_id, current.actor(), current.now(), reason=reason).name
    flash(gettext("“%(what)s”已放回，同岗位的人可以领取。", what=name), "done")
    return redirect(url_for("inbox.show"), 303)


@pages.post("/<id:task_id>/answer")
def answer(task_id: int) -> ResponseReturnValue:
    """What a helper fills in goes back to who asked."""
    actor, now = current.actor(), current.now()
    with current.steward().db.read() as session:
        typed = _typed(session, task_id)
    try:
        with current.steward().db.transaction() as session:
            task = delegations.answer(session, task_id, typed, actor, now, note=request.form.get("answer-note", ""))
            settle_case(session, task.instance_id)
            said = {"what": task.name, "to": _name(session, task.assignee)}
    except Invalid as error:
        with current.steward().db.read() as session:
            return _page(session, task_id, typed, error), 422
    except AlreadyCompleted:
        return _too_late(task_id)
    except Conflict as error:
        return _back_with(task_id, error)
    flash(gettext("“%(what)s”已交回给 %(to)s。", **said), "done")
    return _on_to(url_for("inbox.show"))


@pages.get("/<id:task_id>/answer")
def reload_answer(task_id: int) -> ResponseReturnValue:
    """Who loads the page again after a refusal gets the task's own page."""
    return redirect(url_for("tasks.show", task_id=task_id))


@pages.post("/<id:task_id>/do/<name>")
def operate(task_id: int, name: str) -> ResponseReturnValue:
    """Carry out an operation of the register."""
    operation, actor, now = operations.find(name), current.actor(), current.now()
    with current.steward().db.read() as session:
        zone = sites.facts(session, queries_case.task(session, task_id, actor).site).zone
    said = entry.read(request.form, zone)
    try:
        with current.steward().db.transaction() as session:
            done = operation.perform(session, task_id, said, actor, now)
    except Invalid as error:
        with current.steward().db.read() as session:
            return _page(session, task_id, {}, refused_operation=(name, said, error)), 422
    except (AlreadyClaimed, AlreadyCompleted):
        return _too_late(task_id)
    except Unusable:
        raise
    except (Conflict, Excluded, TooManyAttempts) as error:
        return _back_with(task_id, error)
    if done.follows is not None:
        return _on_to(outcome.tell(done.follows, now, done.text))
    flash(done.text, "done")
    return _on_to(url_for("tasks.show", task_id=task_id) if done.stays else url_for("inbox.show"))


@pages.get("/<id:task_id>/do/<name>")
def reload_operation(task_id: int, name: str) -> ResponseReturnValue:
    """Who loads the page again after a refusal gets the task's own page."""
    return redirect(url_for("tasks.show", task_id=task_id))


@pages.post("/<id:task_id>/comment")
def comment(task_id: int) -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        note = mentions.add(session, request.form, current.actor(), current.now(), task_id=task_id)
        settle_case(session, note.instance_id)
    flash(gettext("备注已保存。"), "done")
    return redirect(addresses.local(request.form.get("next")) or url_for("tasks.show", task_id=task_id), 303)


def _back_with(task_id: int, error: Rejected) -> ResponseReturnValue:
    """Back to the task, with the reason why it cannot be done so, or not by this person."""
    flash(sentences.plain(error.message), "problem")
    return redirect(url_for("tasks.show", task_id=task_id), 303)


def _on_to(otherwise: str) -> ResponseReturnValue:
    """Back to the list over which the task was opened; else where one goes on."""
    return redirect(addresses.local(request.form.get("next")) or otherwise, 303)


def _typed(session: Session, task_id: int) -> dict[str, Any]:
    task = queries_case.task(session, task_id, current.actor())
    form = queries_case.form_of(queries_case.loaded_of(session, task.instance_id), task)
    return {**fields.read(form, request.form, sites.facts(session, task.site).zone), **deciding.read(request.form)}


def _form_of(session: Session, task: UserTask, values: Mapping[str, Any]) -> fields.FormView:
    loaded = queries_case.loaded_of(session, task.instance_id)
    return fields.FormView(
        form=queries_case.form_of(loaded, task),
        values=values,
        variables=queries_case.variables_of(session, task.instance_id, task.scope),
        people=lambda posts: [(one.login, one.name) for one in queries_case.colleagues_for(session, task.site, posts)],
        listed=lambda name: site_lists.keys(session, task.site, name),
        zone=sites.facts(session, task.site).zone,
        site=task.site,
        labelled=queries_case.labelled_fields(loaded),
    )


def _page(
    session: Session,
    task_id: int,
    values: Mapping[str, Any],
    refusal: Invalid | None = None,
    refused_operation: tuple[str, Mapping[str, Any], Invalid] | None = None,
) -> str:
    actor, now = current.actor(), current.now()
    task = queries_case.task(session, task_id, actor)
    case = queries_case.case(session, task.instance_id, actor)
    open_task = next((one for one in case.tasks if one.task.id == task_id), None)
    view = cases.view(session, case, actor, now)
    if open_task is None:
        own = task.completed_by == actor.login and task_id in [one.id for one in withdrawing.withdrawable(session, task.instance_id, actor)]
        is_paused = task.state == "cancelled" and bool(case.details(task))
        said = {"who": _who_did(session, task), "may_withdraw": own, "is_paused": is_paused, **_signing(case, task, actor)}
        return render_template("tasks/closed.html", task=task, view=view, **said)
    form = replace(_form_of(session, task, values), names=view.names, opens_telephones=view.opens_telephones)
    if refusal is not None:
        form = replace(form, errors=sentences.of_fields(refusal.fields) | fields.objections(form.form, values, form.variables))
    principal = cases.in_whose_name(open_task, actor)
    is_excluded = exclusions.is_excluded(session, case, task, {login for login in (actor.login, principal) if login}, now)
    situation = Situation(session, actor, now, case, open_task, cases.may_do(case, open_task, actor) and not is_excluded)
    activity, details = case.loaded[task.instance_id].process.activities.get(task.activity_id), case.details(task)
    return render_template(
        "tasks/task.html",
        task=task,
        returned=returning.told_at(session, task_id),
        view=view if form.form is None else view.without(form.form.withheld),
        form=form,
        decision=deciding.of(activity, details, values, form.errors, form.brings_files_to),
        is_refused=refusal is not None,
        is_mine=task.assignee == actor.login,
        may_do=situation.may_do,
        in_whose_name=view.names.get(principal, principal) if principal else None,
        asked_by=_name(session, task.delegated_by) if task.delegated_by else None,
        answers=task.delegated_by is not None and task.assignee == actor.login,
        people=situation.colleagues(),
        is_excluded=is_excluded,
        barred=view.activity_name(task.instance_id, case.barred(open_task, actor.login)),
        holders=cases.holders(open_task, view.names),
        offers=_offers(situation, refused_operation),
        may_put_back=task.assignee == actor.login and (open_task.groups or set(open_task.users) - {actor.login}),
        diagrams=[one for one in cases.diagrams(session, case, now) if one[0].id == task.instance_id],
        **_signing(case, task, actor),
    )


def _signing(case: Case, task: UserTask, actor: Actor) -> dict[str, Any]:
    """Who signs the task, and whom of those this person may take away."""
    found = case.signing(task)
    supervises = rights.may_supervise(actor, task.site)
    removable = {one.login for one in found.waiting if one.by and (one.by == actor.login or supervises)}
    return {"signing": found, "removable": removable, "where_name": deciding.where_name, "decision_name": deciding.decision_name}


def _offers(situation: Situation, refused: tuple[str, Mapping[str, Any], Invalid] | None) -> list[Offer]:
    """What else the person may do with the task, nothing where they may change nothing."""
    if not rights.works_at(situation.actor, situation.task.site):
        return []
    if refused is None:
        return operations.offers(situation)
    name, typed, error = refused
    return operations.offers(situation, name, typed, sentences.of_fields(error.fields) or {"": sentences.plain(error.message)})


def _kept(task_id: int, typed: Mapping[str, Any], error: ProxyEnded) -> ResponseReturnValue:
    """Who may not do the task any more is told why, and keeps what they had typed."""
    with current.steward().db.transaction() as session:
        drafts.keep(session, task_id, typed, current.actor(), current.now())
    flash(sentences.plain(error.message), "problem")
    return redirect(url_for("tasks.show", task_id=task_id), 303)


def _too_late(task_id: int) -> ResponseReturnValue:
    """Somebody was first: the task's page says who and when."""
    with current.steward().db.read() as session:
        task = queries_case.task(session, task_id, current.actor())
        if task.state in OPEN_TASK:
            text = gettext("“%(what)s”已由 %(who)s 领取，没有重复处理。", what=task.name, who=_name(session, task.assignee))
        elif task.completed_by:
            said = {"what": task.name, "who": _who_did(session, task), "when": words.moment(task.ended_at or task.created_at)}
            text = gettext("“%(what)s”已由 %(who)s 在 %(when)s 完成，没有重复处理。", **said)
        else:
            text = gettext("“%(what)s”已经不需要处理了。", what=task.name)
    flash(text, "problem")
    return redirect(url_for("tasks.show", task_id=task_id), 303)


def _who_did(session: Session, task: UserTask) -> str:
    """Who completed it; a proxy with the absent person's name."""
    name = _name(session, task.completed_by)
    if task.assignee is None or task.assignee == task.completed_by:
        return name
    return gettext("%(who)s代%(principal)s", who=name, principal=_name(session, task.assignee))


def _name(session: Session, login: str | None) -> str:
    return names_of(session, {login}).get(login, login) if login else gettext("系统")
