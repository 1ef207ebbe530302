"""Pages for residents, opened by a personal link: report something, follow one's case, agree, sign, rate. No login and no session.

Whoever has the token may act by it, and nobody else knows the address: so a form needs no further secret against forgery. What a
browser says of another site's doing is refused all the same.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify, redirect, render_template, request, send_file, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import personal_files, personal_links, queries_resident, reports, sites
from engine.errors import AlreadyCompleted, Conflict, Forbidden, Invalid, LinkRefused, NotFound, Rejected
from engine.forms import Form
from engine.tables import PersonalLink, UserTask
from web import current, errors, language, sentences
from web.headers import OF_FILES
from web.numbers import whole
from web.pages import deciding, fields, resident_course
from web.settling import settle

pages = APIBlueprint("residents", __name__, url_prefix="/r", enable_openapi=False)
A_DAY = 86_400
CODED = re.compile(r"[a-z0-9_]{1,64}")  # choices, ticks, hashes: nothing that anybody would copy
LONGEST_SHOWN = 2_000  # of a text that could not be sent any more


@pages.before_request
def refuse_other_sites() -> None:
    """A form of another site does nothing here, whatever it knows."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("Expected a form of this page, but another site sent it")


@pages.errorhandler(LinkRefused)
def refused(error: LinkRefused) -> ResponseReturnValue:
    """One plain sentence. Who was filling in a form gets back what they had written: it is not lost, only not sent."""
    said = {
        "unknown": gettext("这个链接打不开，请核对地址，或联系物业客服。"),
        "expired": gettext("这个链接已过期，请联系物业客服要一个新的。"),
        "revoked": gettext("这个链接已停用，请联系物业客服。"),
        "used": gettext("这个链接只能用一次，已经用过了；那一次提交的内容已经收到。"),
    }
    typed = [] if error.why == "unknown" else _written()
    page = render_template("residents/refused.html", title=gettext("链接打不开"), sentence=said[error.why], typed=typed)
    return page, 404 if error.why == "unknown" else 410


@pages.get("/<word:token>")
def show(token: str) -> ResponseReturnValue:
    steward, now = current.steward(), current.now()
    with steward.db.read() as session:
        link = personal_links.opened(session, token, now)
        link_id, is_first = link.id, link.opened_at is None
        page = _report_page(session, link, token, {}) if link.kind == personal_links.REPORT else _case_page(session, link, token)
    if is_first:
        with steward.db.transaction() as session:
            personal_links.note_opening(session, link_id, now)
    return page


@pages.post("/<word:token>/report")
def report(token: str) -> ResponseReturnValue:
    """Begin a case. Sent again, also after a lost answer, it leads to the same one."""
    steward, now, page, key = current.steward(), current.now(), request.form.get("page", ""), request.form.get("process", "")
    typed = _typed(token, reports.FORM)
    try:
        with steward.db.transaction() as session:
            done = reports.report(session, token, page, key, typed, now)
            settle(session, done.instance)
            address = url_for("residents.show", token=done.token, said="reported" if done.is_new else "again")
        return redirect(address, 303)
    except Invalid as error:
        refusal: Invalid | None = error
    except Conflict:
        refusal = None  # sent before with something else in it: that is received, this becomes another report when it is sent
    with steward.db.read() as session:
        link = personal_links.opened(session, token, now)
        before = None if refusal is not None else reports.sent_before(session, token, page)
        return _report_page(session, link, token, typed, refusal, before), 422 if refusal is not None else 409


@pages.post("/<word:token>/tasks/<id:task_id>")
def complete(token: str, task_id: int) -> ResponseReturnValue:
    steward, now = current.steward(), current.now()
    with steward.db.read() as session:
        link = personal_links.opened(session, token, now)
        task = _task(session, link, task_id)
        form = resident_course.form_of(session, task, token, sites.facts(session, link.site).zone, {})
    typed = {**_typed(token, form.form, form), **deciding.read(request.form)}
    try:
        with steward.db.transaction() as session:
            completion = personal_links.complete(session, token, task_id, typed, now)
            settle(session, completion.instance)
    except Invalid as error:
        with steward.db.read() as session:
            return _case_page(session, personal_links.opened(session, token, now), token, {task_id: typed}, error), 422
    except AlreadyCompleted:
        return redirect(url_for("residents.show", token=token, late=task_id), 303)
    except Conflict:
        said = gettext("这件事现在不能办理，可能已暂停。请稍后再试，或联系物业客服。")
        return render_template("residents/refused.html", title=gettext("现在不能办理"), sentence=said, typed=_written()), 409
    return redirect(url_for("residents.show", token=token, said="done"), 303)


@pages.post("/<word:token>/tasks/<id:task_id>/hidden")
def hidden(token: str, task_id: int) -> ResponseReturnValue:
    """Which fields the values typed so far hide."""
    with current.steward().db.read() as session:
        link = personal_links.opened(session, token, current.now())
        form = resident_course.form_of(session, _task(session, link, task_id), token, sites.facts(session, link.site).zone, {})
        typed = fields.read(form.form, request.form, form.zone)
        return "", 204, {"HX-Trigger": fields.hidden_event(replace(form, values=typed).hidden)}


@pages.post("/<word:token>/files")
def add_file(token: str) -> ResponseReturnValue:
    """Keep one picture; the answer names its hash, which the form then carries."""
    given = request.files.get("file")
    try:
        if given is None:
            raise Invalid("Expected a file, but there is none", {"file": "请选择文件"})
        return jsonify(hash=_keep(token, given.stream, given.filename or "")), 201
    except Rejected as error:
        said = errors.as_json(error)
        said["error"]["message"] = sentences.plain(error.message)
        return jsonify(said), errors.status_of(error)


@pages.get("/<word:token>/files/<word:file_hash>")
def show_file(token: str, file_hash: str) -> ResponseReturnValue:
    steward = current.steward()
    with steward.db.read() as session:
        link = personal_links.opened(session, token, current.now())
        found = personal_files.find(session, steward.settings.attachments, link, file_hash)
    answer = send_file(found.path, as_attachment=not found.is_shown, download_name=found.file_name, max_age=0)
    answer.headers.update(OF_FILES | {"Content-Type": found.media_type, "Cache-Control": f"private, max-age={A_DAY}, immutable"})
    return answer


@pages.post("/<word:token>/language")
def change_language(token: str) -> ResponseReturnValue:
    wanted = request.form.get("language", "")
    if wanted in language.LANGUAGES:
        browser["language"] = wanted
    return redirect(url_for("residents.show", token=token), 303)


def _case_page(
    session: Session, link: PersonalLink, token: str, typed: Mapping[int, Mapping[str, Any]] | None = None, refusal: Invalid | None = None
) -> str:
    view = resident_course.view(session, link, token, typed or {}, refusal)
    said = {
        "reported": gettext("已收到。请收藏这个页面，随时可以查看进展。"),
        "again": gettext("已收到，没有重复登记。请收藏这个页面，随时可以查看进展。"),
        "done": gettext("已提交，谢谢您。"),
    }
    late = whole(request.args.get("late", ""))
    problem = resident_course.too_late(session, link, late, view.zone) if late else None
    return render_template("residents/case.html", view=view, token=token, done=said.get(request.args.get("said", "")), problem=problem)


def _report_page(
    session: Session, link: PersonalLink, token: str, typed: Mapping[str, Any], refusal: Invalid | None = None, before: str | None = None
) -> str:
    site, given = sites.facts(session, link.site), request.form.get("page", "")
    form = fields.FormView(
        form=reports.FORM, values=typed, variables={}, zone=site.zone, site=link.site, files_at=url_for("residents.add_file", token=token)
    )
    if refusal is not None:
        said = sentences.of_fields(refusal.fields) | fields.objections(form.form, typed | ({"house": link.house} if link.house else {}), {})
        form = replace(form, errors=said)
    return render_template(
        "residents/report.html",
        link=link,
        token=token,
        site_name=site.name,
        form=form,
        kinds={key: resident_course.process_name(key, name) for key, name in reports.kinds(session).items()},
        chosen=request.form.get("process", ""),
        # A page that was sent is another one from here on; a refused one stays itself.
        page=given if refusal is not None and reports.is_page(given) else reports.new_page(),
        before=before,
        is_refused=refusal is not None or before is not None,
    )


def _task(session: Session, link: PersonalLink, task_id: int) -> UserTask:
    task = session.get(UserTask, task_id)
    if task is None or not personal_links.is_of(session, link, task_id) or not queries_resident.is_of_residents(session, task):
        raise NotFound(f"Expected a task of the link's case that is meant for its resident, but {task_id} is none")
    return task


def _typed(token: str, form: Form | None, view: fields.FormView | None = None) -> dict[str, Any]:
    """What was filled in; without a script in the browser, pictures come along with it and are kept first."""
    typed = fields.read(form, request.form, view.zone if view else fields.words.ZONE)
    for key, component in form.fields.items() if form is not None else ():
        if component.answer == "attachments":
            brought = [file for file in request.files.getlist(key) if file.filename]
            if brought:
                typed[key] = [*typed.get(key, []), *(_keep(token, file.stream, file.filename or "") for file in brought)]
    return typed


def _keep(token: str, stream: Any, file_name: str) -> str:
    steward, now = current.steward(), current.now()
    with steward.db.read() as session:  # before anything is written: a stranger shall not fill the disk
        link = personal_links.opened(session, token, now)
        personal_files.require_room(session, link, now)
    received = personal_files.receive(steward.settings.attachments, stream, steward.settings.limits.attachment)
    with steward.db.transaction() as session:
        return personal_files.add(session, personal_links.opened(session, token, now), received, file_name, now)


def _written() -> list[str]:
    """The longer things that somebody wrote into the form that was sent."""
    written = (text for name, text in request.form.items(multi=True) if name not in ("page", "process"))
    return [text[:LONGEST_SHOWN] for text in written if text.strip() and not CODED.fullmatch(text)]
