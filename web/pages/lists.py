"""Lists kept under a name, opened and taken away again; and the columns that a person has chosen for a process."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import chosen_columns, saved_lists
from engine.errors import Invalid
from engine.saved_lists import Audience
from web import current, sentences
from web.pages import addresses, filters

pages = Blueprint("lists", __name__, url_prefix="/inbox")


@pages.app_context_processor
def tell_templates() -> dict[str, Any]:
    return {
        "may_remove": lambda row: saved_lists.may_remove(row, current.actor()),
        "may_share_with": lambda: saved_lists.audiences(current.actor()),
    }


@pages.get("/lists/<id:list_id>")
def open_list(list_id: int) -> ResponseReturnValue:
    """The list as it stands for whoever opens it."""
    with current.steward().db.read() as session:
        kept = dict(saved_lists.get(session, list_id, current.actor()).filters)
    return redirect(url_for("inbox.show", **kept))


@pages.post("/lists")
def keep() -> ResponseReturnValue:
    asked = filters.read(request.form)
    site, _, post = request.form.get("share", "").partition("/")
    audience = Audience(site, post or None) if site else None
    try:
        with current.steward().db.transaction() as session:
            name = saved_lists.keep(session, request.form.get("name", ""), asked.said, audience, current.actor(), current.now()).name
    except Invalid as error:
        flash("\n".join(sentences.of_fields(error.fields).values()), "problem")
    else:
        flash(gettext("“%(name)s”已保存在常用清单里。", name=name), "done")
    return redirect(asked.address(), 303)


@pages.post("/lists/<id:list_id>/remove")
def remove(list_id: int) -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        name = saved_lists.remove(session, list_id, current.actor(), current.now())
    flash(gettext("“%(name)s”已从常用清单删除。", name=name), "done")
    return redirect(url_for("inbox.show"), 303)


@pages.post("/columns")
def choose_columns() -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        chosen_columns.choose(session, request.form.get("key", ""), request.form.getlist("columns"), current.actor())
    return redirect(addresses.local(request.form.get("next")) or url_for("inbox.show"), 303)
