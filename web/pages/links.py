"""Personal links as the staff makes them: to a case from its page, to the reporting form of a site or house; shown once, with its code."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from engine import personal_links, rights, sites
from engine.actors import Actor
from engine.errors import Invalid
from engine.personal_links import Made
from engine.tables import PersonalLink
from web import current, names, sentences
from web.numbers import whole

pages = Blueprint("links", __name__)


@dataclass(frozen=True)
class Listed:
    """A link as a list shows it: never with its token, which nobody knows any more."""

    link: PersonalLink
    state: str
    made_by: str


@pages.post("/orders/<id:instance_id>/links")
def make_for_case(instance_id: int) -> ResponseReturnValue:
    actor, now = current.actor(), current.now()
    with current.steward().db.transaction() as session:
        made = personal_links.make_for_case(session, instance_id, actor, now, days=_days(personal_links.DAYS_OF_CASE), once=_once())
        return _made_page(session, made, url_for("orders.show", instance_id=instance_id))


@pages.get("/sites/<word:code>/links")
def of_site(code: str) -> ResponseReturnValue:
    with current.steward().db.read() as session:
        return _site_page(session, code, {})


@pages.post("/sites/<word:code>/links")
def make_for_reports(code: str) -> ResponseReturnValue:
    actor, now = current.actor(), current.now()
    try:
        with current.steward().db.transaction() as session:
            house, days = request.form.get("house") or None, _days(personal_links.DAYS_OF_REPORT)
            made = personal_links.make_for_reports(session, code, actor, now, house=house, days=days, once=_once())
            return _made_page(session, made, url_for("links.of_site", code=code))
    except Invalid as error:
        with current.steward().db.read() as session:
            return _site_page(session, code, sentences.of_fields(error.fields)), 422


@pages.post("/links/<id:link_id>/revoke")
def revoke(link_id: int) -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        link = personal_links.revoke(session, link_id, current.actor(), current.now())
        back = (
            url_for("links.of_site", code=link.site) if link.instance_id is None else url_for("orders.show", instance_id=link.instance_id)
        )
    flash(gettext("链接已停用。"), "done")
    return redirect(back, 303)


def listed(session: Session, links: Sequence[PersonalLink]) -> list[Listed]:
    known = names.names_of(session, {link.made_by for link in links})
    return [Listed(link, personal_links.state_of(link, current.now()), known.get(link.made_by, link.made_by)) for link in links]


def of_case(session: Session, instance_id: int, actor: Actor) -> list[Listed]:
    """The links to a case, for its page."""
    return listed(session, personal_links.of_case(session, instance_id, actor))


def address_of(token: str) -> str:
    """What the resident opens."""
    return full(url_for("residents.show", token=token))


def full(path: str) -> str:
    """A page of ours as it is written on paper: at the address that people use, whatever the server is called inside."""
    base = current.steward().settings.public_url.rstrip("/") or request.host_url.rstrip("/")
    return f"{base}{path}"


def code_of(address: str, scale: int = 4) -> Markup:
    """The address as a QR code, drawn in the page itself."""
    import segno

    drawing = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawing, kind="svg", scale=scale, border=2, xmldecl=False, svgns=True, svgclass="qr", lineclass=None, omitsize=True, light="#fff"
    )
    return Markup(drawing.getvalue().decode())  # noqa: S704  # segno draws it from numbers alone


def _made_page(session: Session, made: Made, back: str) -> str:
    address, facts = address_of(made.token), sites.facts(session, made.link.site)
    return render_template("links/made.html", link=made.link, address=address, code=code_of(address), site_name=facts.name, back=back)


def _site_page(session: Session, code: str, wrong: dict[str, str]) -> str:
    actor = current.actor()
    site = sites.get(session, code, actor)
    rights.require(rights.may_open_reporting(actor, code), "see the links by which residents report")
    found = listed(session, personal_links.of_site(session, code, actor))
    return render_template("links/site.html", site=site, links=found, wrong=wrong, days=personal_links.DAYS_OF_REPORT)


def _days(usual: int) -> int:
    text = request.form.get("days", "").strip()
    if not text:
        return usual
    return whole(text) or 0


def _once() -> bool:
    return bool(request.form.get("once"))
