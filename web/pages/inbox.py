"""The work bench: what is mine, what my posts may take, the cases for which I was asked first. Filters stay in the address."""

import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine import definitions, identity, incidents, notices
from engine import inbox as lists
from engine.cursors import Page
from web import current
from web.pages.orders import operated_sites

pages = Blueprint("inbox", __name__)
BOXES = ("mine", "posts", "notices", "first_asked", "all", "cases")
PER_PAGE = 25
MAX_TEXT = 1_000  # of a notice in the list
LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._@-]*[a-z0-9])?")  # what may be a login name, between other signs
FILTERS = ("box", "q", "late", "key", "site")  # what the address bar keeps


@pages.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("inbox.show"))


@pages.get("/inbox")
def show() -> ResponseReturnValue:
    actor, box = current.actor(), request.args.get("box", "")
    q, cursor = request.args.get("q", "").strip() or None, request.args.get("cursor") or None
    with current.steward().db.read() as session:
        counts = lists.counts(session, actor) | {"notices": notices.count(session, actor)}
        if box not in BOXES:
            box = "mine" if counts["mine"] or not counts["posts"] else "posts"
        shown: dict[str, Any] = {"box": box, "counts": counts, "count_at_most": lists.COUNT_AT_MOST, "q": q, "address": _address}
        shown |= {"sites": sorted(actor.sites), "processes": {one.key: one.name or one.key for one in definitions.newest_of_all(session)}}
        shown["failures"] = incidents.count_open(session, operated_sites(actor)) if operated_sites(actor) else 0
        if box in ("first_asked", "cases"):
            page = lists.first_asked(session, actor, q, PER_PAGE, cursor) if box == "first_asked" else _found(session, q, cursor)
            return render_template("inbox/cases.html", page=page, **shown)
        if box != "notices":
            return _tasks(session, q, cursor, shown)
        text, fresh = _notices(session, cursor, shown)
    _see(fresh)  # in a transaction of its own, after the reading has let go of its connection
    return text


def _tasks(session: Session, q: str | None, cursor: str | None, shown: dict[str, Any]) -> str:
    """Open tasks, narrowed by what the address says."""
    actor, asked = current.actor(), request.args
    late = current.now() if asked.get("late") else None
    wanted = lists.Filter(site=asked.get("site") or None, key=asked.get("key") or None, late=late, q=q)
    found = lists.inbox(session, actor, shown["box"], wanted, PER_PAGE, cursor)
    logins = {login for item in found.items for login in (item.task.assignee, *item.candidate_users) if login}
    names = identity.names_of(session, logins)
    return render_template("inbox/tasks.html", page=found, names=names, may_do=lambda item: lists.may_work_on(item, actor), **shown)


def _found(session: Session, q: str | None, cursor: str | None) -> Page[lists.CaseItem]:
    """Cases by number, house, name or telephone, whether they run or not; nothing before anything is asked."""
    return lists.found_cases(session, current.actor(), q, PER_PAGE, cursor) if q else Page([], None)


def _notices(session: Session, cursor: str | None, shown: dict[str, Any]) -> tuple[str, list[int]]:
    """What the person was told, and which of it is new to them."""
    page = notices.of(session, current.actor(), limit=PER_PAGE, cursor=cursor)
    fresh = [line.notice.id for line in page.items if line.is_new]
    said = _named(session, [line.notice.text[:MAX_TEXT] for line in page.items])
    return render_template("inbox/notices.html", page=page, said=said, more_new=shown["counts"]["notices"] > len(fresh), **shown), fresh


def _see(notice_ids: Sequence[int]) -> None:
    """Whoever opens the page has seen its notices; a page that fetches itself anew behind their back has shown nothing."""
    if notice_ids and "X-Background" not in request.headers:
        with current.steward().db.transaction() as session:
            notices.mark_read(session, current.actor(), notice_ids)


@pages.post("/notices/seen")
def see_all_notices() -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        notices.mark_read(session, current.actor())
    return redirect(url_for("inbox.show", box="notices"), 303)


def _named(session: Session, texts: Sequence[str]) -> list[str]:
    """The texts with people's names where processes wrote their login names."""
    names = identity.names_of(session, {word for text in texts for word in LOGIN.findall(text)})
    return [LOGIN.sub(lambda word: names.get(word[0], word[0]), text) for text in texts]


def _address(**changes: str | None) -> str:
    """The address of this list with some of its filters changed; a change to None takes the filter away."""
    kept = {name: request.args[name] for name in FILTERS if request.args.get(name)} | changes
    return url_for("inbox.show", **{name: value for name, value in kept.items() if value is not None})
