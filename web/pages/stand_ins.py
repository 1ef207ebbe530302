"""我的代理: who does my tasks while I am away, and for whom I stand in; supervisors settle it for their people too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import definitions, identity, proxies, queries_case, rights, sites
from engine.errors import Conflict, Invalid, NotFound
from web import current, sentences

pages = Blueprint("stand_ins", __name__, url_prefix="/proxies")
PER_PAGE = 100


@pages.get("")
def show() -> ResponseReturnValue:
    with current.steward().db.read() as session:
        return _page(session, {}, {})


@pages.post("")
def appoint() -> ResponseReturnValue:
    actor, now, said = current.actor(), current.now(), request.form
    site = _site()
    try:
        with current.steward().db.transaction() as session:
            zone = sites.facts(session, site).zone
            begins, ends = _moment(said.get("from"), zone) or now, _moment(said.get("until"), zone) or now
            principal = said.get("principal") or actor.login or ""
            proxies.appoint(session, principal, said.get("proxy", ""), site, begins, ends, actor, now, keys=said.getlist("keys") or None)
            names = identity.names_of(session, {principal, said["proxy"]})
    except Invalid as error:
        return _refused(sentences.of_fields(error.fields)), 422
    except Conflict as error:
        return _refused({"proxy": sentences.plain(error.message)}), 409
    flash(gettext("%(proxy)s 将代 %(principal)s 办理任务。", proxy=names[said["proxy"]], principal=names[principal]), "done")
    return redirect(url_for("stand_ins.show", site=site), 303)


@pages.post("/<id:proxy_id>/end")
def end(proxy_id: int) -> ResponseReturnValue:
    try:
        with current.steward().db.transaction() as session:
            site = proxies.end(session, proxy_id, current.actor(), current.now()).site
    except Conflict as error:
        flash(sentences.plain(error.message), "problem")
        return redirect(url_for("stand_ins.show"), 303)
    flash(gettext("代理已结束，任务回到本人。"), "done")
    return redirect(url_for("stand_ins.show", site=site), 303)


def _refused(errors: Mapping[str, str]) -> str:
    with current.steward().db.read() as session:
        return _page(session, errors, request.form)


def _page(session: Session, errors: Mapping[str, str], said: Mapping[str, Any]) -> str:
    actor, now, site = current.actor(), current.now(), _site()
    rows = proxies.of(session, actor, now, site=site, limit=PER_PAGE).items
    return render_template(
        "stand_ins/list.html",
        site=site,
        sites=sorted(actor.sites),
        zone=sites.facts(session, site).zone,
        away=[one for one in rows if one.principal == actor.login],
        standing_in=[one for one in rows if one.proxy == actor.login],
        others=[one for one in rows if actor.login not in (one.principal, one.proxy)],
        names=identity.names_of(session, {login for one in rows for login in (one.principal, one.proxy)}),
        processes={one.key: one.name or one.key for one in definitions.newest_of_all(session)},
        people=queries_case.names_for(session, site),
        supervises=rights.may_supervise(actor, site),
        may_set=rights.works_at(actor, site),
        errors=errors,
        said=said,
        chosen=request.form.getlist("keys"),
        at=now,
    )


def _site() -> str:
    """The site that was asked for, or the person's first."""
    mine = sorted(current.actor().sites)
    wanted = request.values.get("site") or (mine[0] if mine else "")
    if wanted not in mine:
        raise NotFound("Expected one of your sites, but it is none")
    return wanted


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """A local time of the site, as the browser's own field sends it."""
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=zone)
    except ValueError:
        return None
