"""People and posts of a site: who is there, and for those who administer them: add, change, lock out, let in, new password."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import identity, leavers, open_work, queries_case, rights
from engine.actors import Actor
from engine.errors import Conflict, Invalid, NotFound, WorkLeft
from engine.posts import POSTS
from engine.tables import Person
from web import current, sentences

pages = Blueprint("people", __name__, url_prefix="/people")


def may_see(actor: Actor, site: str) -> bool:
    return rights.may_administer(actor, site) or rights.may_supervise(actor, site) or rights.may_audit(actor, site)


def sites_of(actor: Actor) -> list[str]:
    """The sites whose people the actor may look at."""
    return sorted(site for site in actor.sites if may_see(actor, site))


@pages.app_context_processor
def tell_the_menu() -> dict[str, Any]:
    return {"may_see_people": lambda: bool(sites_of(current.actor()))}


@pages.get("")
def show() -> ResponseReturnValue:
    actor, site = current.actor(), _site()
    with current.steward().db.read() as session:
        colleagues = identity.colleagues(session, site)
        return render_template(
            "people/list.html", site=site, sites=sites_of(actor), colleagues=colleagues, may_change=rights.may_administer(actor, site)
        )


@pages.route("/new", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    actor, site = current.actor(), _site()
    rights.require(rights.may_administer(actor, site), "add people")
    if request.method == "GET":
        return _form(site)
    said = request.form
    try:
        with current.steward().db.transaction() as session:
            person = identity.add_person(
                session, said.get("login", ""), said.get("name", ""), site, said.getlist("posts"), actor, current.now(),
                telephone=said.get("telephone") or None, language=said.get("language", "zh"),
            )  # fmt: skip
            password = identity.reset_password(session, person.login, actor, current.now())
            login, name = person.login, person.name
    except Invalid as error:
        return _form(site, sentences.of_fields(error.fields)), 422
    except Conflict as error:
        return _form(site, {"login": sentences.plain(error.message)}), 409
    return render_template("people/password.html", login=login, name=name, password=password, is_new=True)


@pages.get("/<login>")
def one(login: str) -> ResponseReturnValue:
    return _person_page(login, {})


@pages.post("/<login>")
def change(login: str) -> ResponseReturnValue:
    said = request.form
    try:
        with current.steward().db.transaction() as session:
            _visible(session, login, current.actor())
            identity.change_person(
                session, login, current.actor(), current.now(),
                name=said.get("name"), telephone=said.get("telephone"), language=said.get("language"),
            )  # fmt: skip
    except Invalid as error:
        return _person_page(login, sentences.of_fields(error.fields)), 422
    flash(gettext("已保存。"), "done")
    return _back_to(login)


@pages.post("/<login>/posts")
def change_posts(login: str) -> ResponseReturnValue:
    """Bring the person's posts at one site to what was ticked."""
    site, wanted = _site(), set(request.form.getlist("posts"))
    actor, now = current.actor(), current.now()
    with current.steward().db.transaction() as session:
        _visible(session, login, actor)
        # Posts that the actor may not give were not offered: they stay as they are.
        held = {post for place, post in identity.memberships(session, login) if place == site} & set(_grantable(actor, site))
        for post in sorted(wanted - held):
            identity.add_post(session, login, site, post, actor, now)
        for post in sorted(held - wanted):
            identity.remove_post(session, login, site, post, actor, now)
    flash(gettext("岗位已保存，立即生效。"), "done")
    return _back_to(login)


@pages.post("/<login>/disable")
def disable(login: str) -> ResponseReturnValue:
    leaves_work = bool(request.form.get("leaves_work"))
    try:
        with current.steward().db.transaction() as session:
            _visible(session, login, current.actor())
            name = identity.disable(session, login, current.actor(), current.now(), leaves_work=leaves_work).name
    except WorkLeft as error:
        flash(sentences.plain(error.message), "problem")
        return _back_to(login)
    flash(gettext("%(name)s 已停用，所有登录已退出。", name=name), "done")
    return _back_to(login)


@pages.post("/<login>/hand-over")
def hand_over(login: str) -> ResponseReturnValue:
    """Everything that the person has open at a site goes to somebody else."""
    site, to, reason = _site(), request.form.get("to", ""), request.form.get("reason", "")
    try:
        with current.steward().db.transaction() as session:
            leaver = _visible(session, login, current.actor()).name
            done = leavers.hand_over(session, login, to, site, reason, current.actor(), current.now())
            said = {"leaver": leaver, "to": identity.get(session, to).name, "tasks": done.tasks, "cases": done.cases}
    except Invalid as error:
        return _person_page(login, {f"hand-over-{name}": text for name, text in sentences.of_fields(error.fields).items()}), 422
    except Conflict as error:
        flash(sentences.plain(error.message), "problem")
        return _back_to(login)
    flash(gettext("%(leaver)s 的 %(tasks)s 项任务和 %(cases)s 件首问事项已交给 %(to)s。", **said), "done")
    return _back_to(login)


@pages.get("/<login>/hand-over")
def reload_hand_over(login: str) -> ResponseReturnValue:
    """Who loads the page again after a refusal gets the person's own page."""
    return _back_to(login)


@pages.post("/<login>/enable")
def enable(login: str) -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        _visible(session, login, current.actor())
        name = identity.enable(session, login, current.actor(), current.now()).name
    flash(gettext("%(name)s 已启用，可以重新登录。", name=name), "done")
    return _back_to(login)


@pages.post("/<login>/password")
def reset_password(login: str) -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        name = _visible(session, login, current.actor()).name
        password = identity.reset_password(session, login, current.actor(), current.now())
    return render_template("people/password.html", login=login, name=name, password=password, is_new=False)


def _site() -> str:
    """The site that was asked for, or the first whose people the actor may see."""
    actor = current.actor()
    sites = sites_of(actor)
    wanted = request.values.get("site") or (sites[0] if sites else "")
    rights.require(bool(sites), "see the people of a site")
    if wanted not in sites:
        raise NotFound("Expected one of your sites, but it is none")
    return wanted


def _visible(session: Session, login: str, actor: Actor) -> Person:
    """The person, when they hold a post at a site whose people the actor may see; else they are not found."""
    person = identity.get(session, login)
    if not {site for site, _ in identity.memberships(session, login)} & set(sites_of(actor)):
        raise NotFound(f"Expected a person with the login {login!r}, but there is none")
    return person


def _person_page(login: str, fields: dict[str, str]) -> str:
    actor = current.actor()
    with current.steward().db.read() as session:
        person = _visible(session, login, actor)
        held = identity.memberships(session, login)
        shown = [site for site in sites_of(actor) if any(place == site for place, _ in held) or rights.may_administer(actor, site)]
        return render_template(
            "people/person.html",
            person=person,
            held=held,
            sites=shown,
            grantable={site: _grantable(actor, site) for site in shown},
            may_change=rights.may_change_person(actor, held),
            open_work={site: work for site, work in open_work.of(session, person.login).items() if _may_hand_over(actor, site)},
            successors=lambda site: [
                (one.login, one.name) for one in queries_case.colleagues_for(session, site) if one.login != person.login
            ],
            said=request.form,
            fields=fields,
        )


def _may_hand_over(actor: Actor, site: str) -> bool:
    return rights.may_supervise(actor, site) or rights.may_administer(actor, site)


def _form(site: str, fields: dict[str, str] | None = None) -> str:
    return render_template("people/new.html", site=site, posts=_grantable(current.actor(), site), fields=fields or {}, said=request.form)


def _grantable(actor: Actor, site: str) -> list[str]:
    return [post.key for post in POSTS.values() if not post.outside and rights.may_grant(actor, site, post.key)]


def _back_to(login: str) -> ResponseReturnValue:
    return redirect(url_for("people.one", login=login), 303)
