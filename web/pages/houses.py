"""The reception's shortcut: type a telephone number, a name or a house, pick what was found, and the form's fields are filled."""

import re

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine import definitions, masking, residents, rights, sites
from engine.errors import NotFound
from engine.forms import Component, Form
from engine.residents import Dweller, Household
from web import current
from web.pages import fields

pages = Blueprint("houses", __name__, url_prefix="/houses")
NUMBER = re.compile(r"[0-9]{1,18}")
SHORTEST = 2  # characters from which on searching makes sense


@pages.get("")
def find() -> ResponseReturnValue:
    """What was found, as a list of buttons under the search field."""
    site, query, form = request.args.get("site", ""), request.args.get("find", "").strip(), request.args.get("form", "")
    with current.steward().db.read() as session:
        found = residents.find(session, site, query, current.actor(), limit=8) if len(query) >= SHORTEST else []
        return render_template("start/found.html", found=found, query=query, site=site, form=form, is_short=len(query) < SHORTEST)


@pages.get("/residents")
def look() -> ResponseReturnValue:
    """Who lives where, with names and numbers as this person may see them."""
    with current.steward().db.read() as session:
        return _residents_page(session, None)


@pages.post("/residents/<id:resident_id>/unmask")
def unmask(resident_id: int) -> ResponseReturnValue:
    """Show one resident in the open this once; the site's history tells who looked and why."""
    with current.steward().db.transaction() as session:
        opened = residents.unmask(session, resident_id, request.form.get("reason", ""), current.actor(), current.now())
        return _residents_page(session, opened)


def _residents_page(session: Session, opened: Dweller | None) -> str:
    actor, query = current.actor(), request.values.get("find", "").strip()
    codes = sorted(actor.sites)
    site = request.values.get("site") or (codes[0] if codes else "")
    found = residents.find(session, site, query, actor) if len(query) >= SHORTEST else []
    may = rights.may_unmask(actor, site)
    return render_template("houses/residents.html", found=found, query=query, site=site, sites=codes, opened=opened, may_unmask=may)


@pages.get("/fill")
def fill() -> ResponseReturnValue:
    """The form's fields for house, caller and telephone, filled with what was picked."""
    site, code = request.args.get("site", ""), request.args.get("house", "")
    with current.steward().db.read() as session:
        household = residents.house(session, site, code, current.actor())
        dweller = next((one for one in household.residents if str(one.id) == request.args.get("resident")), None)
        form = _form(session, request.args.get("form", ""))
        values = _values(form, household, dweller)
        shown = fields.FormView(form, values, {}, zone=sites.facts(session, site).zone, site=site)
        components = [component for key, component in form.fields.items() if key in values]
        return render_template("start/filled.html", form=shown, components=components)


def _form(session: Session, name: str) -> Form:
    """The form of a version of a process, named `<definition id>/<form>`."""
    number, _, file = name.partition("/")
    if not NUMBER.fullmatch(number):
        raise NotFound(f"Expected a form, but {name!r} names none")
    forms = definitions.describe_version(session, definitions.get(session, int(number))).forms
    if file not in forms:
        raise NotFound(f"Expected a form of definition {number}, but there is no {file!r}")
    return forms[file]


def _values(form: Form, household: Household, dweller: Dweller | None) -> dict[str, str]:
    """What goes into which field. A number that the person may not see is not filled in."""
    found = {key: _value(component, household, dweller) for key, component in form.fields.items()}
    return {key: value for key, value in found.items() if value}


def _value(component: Component, household: Household, dweller: Dweller | None) -> str | None:
    if component.answer == "house":
        return household.code
    if dweller is None or dweller.is_masked:
        return None
    if component.answer == "telephone":
        return dweller.telephone
    return dweller.name if masking.names_a_resident(component) else None
