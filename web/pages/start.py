"""Begin something new: choose the process, say at which site, fill in its form; the reception finds house and caller by typing."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import definitions, instances, queries_case, rights, site_lists, sites
from engine.actors import Actor
from engine.bpmn.model import Process
from engine.definitions import Loaded
from engine.errors import Invalid, NotFound
from web import current, sentences, words
from web.api import idempotency
from web.pages import fields, outcome
from web.settling import settle

pages = Blueprint("start", __name__, url_prefix="/start")


@pages.app_context_processor
def tell_the_menu() -> dict[str, Any]:
    actor = current.actor
    return {"may_begin": lambda: any(rights.works_at(actor(), site) for site in actor().sites)}


@pages.get("")
def choose() -> ResponseReturnValue:
    actor = current.actor()
    with current.steward().db.read() as session:
        found = []
        for definition in definitions.newest_of_all(session):
            process = definitions.describe_version(session, definition).process
            if places := _places(actor, process):
                found.append((definition, process, places))
        return render_template("start/choose.html", found=found)


@pages.get("/<key>")
def fill_in(key: str) -> ResponseReturnValue:
    with current.steward().db.read() as session:
        return _page(session, key, {})


@pages.post("/<key>")
def start(key: str) -> ResponseReturnValue:
    actor, now = current.actor(), current.now()

    def begin(session: Session) -> tuple[Any, int]:
        step = instances.start(session, key, site, actor, now, typed, occurred_at=_occurred_at(zone))
        session.flush()
        settle(session, step.instance)
        return {"id": step.instance.id, "number": step.instance.number or loaded.process.name, "at": now.isoformat()}, 303

    with current.steward().db.read() as session:
        loaded, site = _wanted(session, key)
        zone = sites.facts(session, site).zone
        typed = fields.read(loaded.forms.get(loaded.process.start_form or ""), request.form, zone)
    digest = idempotency.hash_of("POST", request.path, [site, typed, request.form.get("occurred_at")])
    try:
        case, _, again = idempotency.once(current.steward().db, actor.login or "", _page_key(), digest, now, begin)
    except Invalid as error:
        with current.steward().db.read() as session:
            return _page(session, key, typed, error), 422
    if again:
        said = {"number": case["number"], "when": words.moment(datetime.fromisoformat(case["at"]))}
        flash(gettext("%(number)s 已由您在 %(when)s 登记，没有重复登记。", **said), "info")
        return redirect(url_for("orders.show", instance_id=case["id"]), 303)
    return redirect(outcome.tell(case["id"], now, gettext("已登记 %(number)s。", number=case["number"])), 303)


def _page_key() -> str | None:
    """What the page was given when it was opened: sent twice, it records once."""
    given = request.form.get("page", "")
    return f"page:{given}" if re.fullmatch(r"[\w-]{10,40}", given) else None


@pages.post("/<key>/hidden")
def hidden(key: str) -> ResponseReturnValue:
    """Which fields the values typed so far hide."""
    with current.steward().db.read() as session:
        loaded, site = _wanted(session, key)
        form = loaded.forms.get(loaded.process.start_form or "")
        typed = fields.read(form, request.form, sites.facts(session, site).zone)
        return "", 204, {"HX-Trigger": fields.hidden_event(fields.FormView(form, typed, {}).hidden)}


def _wanted(session: Session, key: str) -> tuple[Loaded, str]:
    """The process and the site that were asked for; one that the actor may not start is not there."""
    actor = current.actor()
    loaded = definitions.load(session, definitions.latest(session, key).id)
    places = _places(actor, loaded.process)
    rights.require(bool(places), f"start {loaded.process.name or key}")
    site = request.values.get("site") or places[0]
    if site not in places:
        raise NotFound(f"Expected one of your sites, but {site!r} is none")
    return loaded, site


def _places(actor: Actor, process: Process) -> list[str]:
    """The sites at which the actor may start the process by hand."""
    by_hand = any(one.type == "startEvent" and one.event is None and one.scope == process.key for one in process.activities.values())
    return [site for site in sorted(actor.sites) if rights.may_start(actor, process, site)] if by_hand else []


def _page(session: Session, key: str, values: Mapping[str, Any], refusal: Invalid | None = None) -> str:
    loaded, site = _wanted(session, key)
    facts = sites.facts(session, site)
    form = fields.FormView(
        form=loaded.forms.get(loaded.process.start_form or ""),
        values=values,
        variables={},
        errors=sentences.of_fields(refusal.fields) if refusal is not None else {},
        people=lambda posts: [(one.login, one.name) for one in queries_case.colleagues_for(session, site, posts)],
        listed=lambda name: site_lists.keys(session, site, name),
        zone=facts.zone,
        site=site,
    )
    if refusal is not None:
        form = replace(form, errors={**form.errors, **fields.objections(form.form, values, {})})
    return render_template(
        "start/form.html",
        process=loaded.process,
        form=form,
        definition_id=loaded.id,
        site=site,
        site_name=facts.name,
        places=_places(current.actor(), loaded.process),
        latest=current.now().astimezone(facts.zone).strftime(fields.LOCAL["datetime"]),
        occurred_at=request.form.get("occurred_at", ""),
        is_refused=refusal is not None,
        page=secrets.token_urlsafe(12),
    )


def _occurred_at(zone: ZoneInfo) -> datetime | None:
    text = request.form.get("occurred_at", "")
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise Invalid("Expected a time, but occurred_at is none", {"occurred_at": gettext("请填写日期和时间")}) from None
