"""The work bench: what is mine, what my posts may take, the cases for which I was asked first. Filters stay in the address."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine import definitions, identity, incidents
from engine import inbox as lists
from engine.cursors import Page
from web import current
from web.pages.orders import operated_sites

pages = Blueprint("inbox", __name__)
BOXES = ("mine", "posts", "first_asked", "all", "cases")
PER_PAGE = 25
FILTERS = ("box", "q", "late", "key", "site")  # what the address bar keeps


@pages.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("inbox.show"))


@pages.get("/inbox")
def show() -> ResponseReturnValue:
    actor, now, asked = current.actor(), current.now(), request.args
    box = asked.get("box", "")
    with current.steward().db.read() as session:
        counts = lists.counts(session, actor)
        if box not in BOXES:
            box = "mine" if counts["mine"] or not counts["posts"] else "posts"
        q, cursor = asked.get("q", "").strip() or None, asked.get("cursor") or None
        shown: dict[str, Any] = {"box": box, "counts": counts, "count_at_most": lists.COUNT_AT_MOST, "q": q, "address": _address}
        shown |= {"sites": sorted(actor.sites), "processes": {one.key: one.name or one.key for one in definitions.newest_of_all(session)}}
        shown["failures"] = incidents.count_open(session, operated_sites(actor)) if operated_sites(actor) else 0
        site, key = asked.get("site") or None, asked.get("key") or None
        if box in ("first_asked", "cases"):
            page = lists.first_asked(session, actor, q, PER_PAGE, cursor) if box == "first_asked" else _found(session, q, cursor)
            return render_template("inbox/cases.html", page=page, **shown)
        late = now if asked.get("late") else None
        found = lists.inbox(session, actor, box, lists.Filter(site=site, key=key, late=late, q=q), PER_PAGE, cursor)
        logins = {login for item in found.items for login in (item.task.assignee, *item.candidate_users) if login}
        shown |= {"names": identity.names_of(session, logins), "may_do": lambda item: lists.may_work_on(item, actor)}
        return render_template("inbox/tasks.html", page=found, **shown)


def _found(session: Session, q: str | None, cursor: str | None) -> Page[lists.CaseItem]:
    """Cases by number, house, name or telephone, whether they run or not; nothing before anything is asked."""
    return lists.found_cases(session, current.actor(), q, PER_PAGE, cursor) if q else Page([], None)


def _address(**changes: str | None) -> str:
    """The address of this list with some of its filters changed; a change to None takes the filter away."""
    kept = {name: request.args[name] for name in FILTERS if request.args.get(name)} | changes
    return url_for("inbox.show", **{name: value for name, value in kept.items() if value is not None})
