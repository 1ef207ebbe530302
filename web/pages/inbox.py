"""The work bench: what is mine, what my posts may take, the cases for which I was asked first. Filters stay in the address.

A page asks for itself again every few seconds (`X-Background`), naming the version that it shows: as long as nothing in it has changed for
this person, that costs a few look-ups and no page.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import bulk, copies, definitions, inbox_version, incidents, notices, saved_lists
from engine import inbox as lists
from engine.actors import Actor
from engine.cursors import Page
from engine.definitions import Described
from engine.inbox_counts import COUNT_AT_MOST, Count, Counts, counts
from engine.posts import POSTS
from engine.tables import Definition
from web import current, words
from web.names import names_of
from web.pages import addresses, columns, filters, notice_texts
from web.pages.orders import operated_sites

pages = Blueprint("inbox", __name__)
BOXES = ("mine", "posts", "notices", "copies", "first_asked", "all", "cases")
PER_PAGE = 25
MAX_TEXT = 1_000  # of a notice in the list
Known = Mapping[str, Definition]  # the newest version of each process


@dataclass(frozen=True)
class Bench:
    """What every box is shown with: who looks, what they asked for, and how much waits in each."""

    session: Session
    actor: Actor
    asked: filters.Asked
    box: str
    cursor: str | None
    counts: Counts
    badges: Mapping[str, Count]

    def count(self, box: str) -> Count:
        return self.badges.get(box, Count())


@dataclass(frozen=True)
class Shown:
    """A box as it stands: its version, and how its page is made should it have changed."""

    version: Sequence[Any]
    page: Callable[[Mapping[str, Any]], str]
    fresh: Sequence[int] = field(default_factory=list)  # notices that are new to who looks


@pages.get("/")
def home() -> ResponseReturnValue:
    """The work bench; who only audits begins with what happened."""
    return redirect(addresses.first_page(current.actor()))


@pages.get("/inbox")
def show() -> ResponseReturnValue:
    with current.steward().db.read() as session:
        bench = _bench(session, filters.read(request.args))
        failures = incidents.count_open(session, operated_sites(bench.actor)) if operated_sites(bench.actor) else 0
        shown = SHOW.get(bench.box, _tasks)(bench)
        version = inbox_version.text(bench.box, {name: asdict(one) for name, one in bench.badges.items()}, failures, shown.version)
        if _has(version):
            return _answer("", version, 304)
        kept = saved_lists.of(session, bench.actor)
        text = shown.page({"bench": bench, "asked": bench.asked, "failures": failures, "version": version, "kept": kept})
    _see(shown.fresh)  # in a transaction of its own, after the reading has let go of its connection
    return _answer(text, version)


def _bench(session: Session, asked: filters.Asked) -> Bench:
    actor, now = current.actor(), current.now()
    counted = counts(session, actor, now)
    badges = {"mine": counted.mine, "posts": counted.posts, "notices": Count(notices.count(session, actor))}
    badges["copies"] = Count(copies.count(session, actor))
    box = asked.get("box") or ""
    if box not in BOXES:
        box = "mine" if counted.mine.all or not counted.posts.all else "posts"
    return Bench(session, actor, asked, box, request.args.get("cursor") or None, counted, badges)


def _has(version: str) -> bool:
    """Whether the page that asks for itself behind somebody's back shows this version already."""
    return is_background() and request.if_none_match.contains(version)


def _answer(text: str, version: str, status: int = 200) -> Response:
    answer = make_response(text, status)
    answer.set_etag(version)
    return answer


def is_background() -> bool:
    """Whether a page fetches itself anew, and nobody has asked for it."""
    return "X-Background" in request.headers


def _tasks(bench: Bench) -> Shown:
    """Open tasks, narrowed by what the address says."""
    session, actor = bench.session, bench.actor
    part = lists.places(session, actor, bench.box, bench.asked.wanted(current.now()), PER_PAGE, bench.cursor)

    def page(shown: Mapping[str, Any]) -> str:
        items = lists.read(session, [task_id for _, task_id in part.items])
        names = names_of(session, _logins(items, bench.asked))
        known = {one.key: one for one in definitions.newest_of_all(session)}
        described = _described(session, bench.asked, known)
        may = columns.offered(described, _callers(session, described, known))
        chosen = columns.chosen(session, described, may, actor)
        asked = _with_names(bench.asked, known, described, names)
        return render_template(
            "inbox/tasks.html",
            **{**shown, "asked": asked},
            page=Page(items, part.next),
            chips=asked.chips(sorted(actor.sites), bench.counts.of_post if bench.box == "posts" else {}),
            choices=_choices(actor, asked, bench.box),
            names=names,
            offered=may,
            chosen=chosen,
            cells={item.task.id: columns.cells(session, item, chosen, names, actor) for item in items},
            may_do=lambda item: lists.may_work_on(item, actor),
            may_approve={item.task.id for item in items if _may_approve(session, item, actor)},
            candidates=_candidates(),
            task_page=_page_of("tasks.show", "task_id"),
            case_page=_page_of("orders.show", "instance_id"),
        )

    return Shown([*inbox_version.of_places(session, part), part.next], page)


def _candidates() -> Callable[[lists.TaskItem], str]:
    """Who may take a task, by the names of the posts: said once for all rows with the same ones."""
    said: dict[tuple[str, ...], str] = {}

    def candidates(item: lists.TaskItem) -> str:
        posts = tuple(item.candidate_groups)
        if posts not in said:
            said[posts] = gettext("、").join(words.post_name(post) for post in posts)
        return said[posts]

    return candidates


def _page_of(endpoint: str, name: str) -> Callable[[int], str]:
    """The addresses of one kind of page, made by one look into the routes instead of one a row."""
    address = url_for(endpoint, **{name: 0})
    return lambda number: f"{address[:-1]}{number}"


def _may_approve(session: Session, item: lists.TaskItem, actor: Actor) -> bool:
    """Whether the list may offer to approve the task without opening it."""
    task = item.task
    if task.assignee not in (None, actor.login) or task.delegated_by or not lists.may_work_on(item, actor):
        return False
    described = definitions.describe(session, item.instance)
    return bulk.approving_button(described, task.activity_id, task.form) is not None


def _logins(items: Iterable[lists.TaskItem], asked: filters.Asked) -> set[str]:
    named = {login for item in items for login in (item.task.assignee, item.task.delegated_by, *item.candidate_users) if login}
    return named | ({asked.said["who"]} if "who" in asked.said else set())


def _described(session: Session, asked: filters.Asked, known: Known) -> Described | None:
    """The process that the list is narrowed to."""
    definition = known.get(asked.get("key") or "")
    return None if definition is None else definitions.describe_version(session, definition)


def _callers(session: Session, described: Described | None, known: Known) -> list[Described]:
    """Those that call the process, when it has fields of which it does not know the label itself."""
    if described is None or all(one.component is not None for one in columns.offered(described)):
        return []
    every = [definitions.describe_version(session, one) for one in known.values()]
    return [one for one in every if any(activity.called == described.key for activity in one.process.activities.values())]


def _with_names(asked: filters.Asked, known: Known, described: Described | None, people: Mapping[str, str]) -> filters.Asked:
    drawn = () if described is None else described.process.activities.values()
    activities = {one.id: one.name or one.id for one in drawn if one.type == "userTask"}
    processes = {key: one.name or key for key, one in known.items()}
    return filters.Asked(asked.said, {"key": processes, "activity": activities, "who": people})


def _choices(actor: Actor, asked: filters.Asked, box: str) -> dict[str, list[tuple[str, str]]]:
    """What the form of filters offers: value and text of each, by filter."""
    key, sites = asked.get("key"), sorted(actor.sites)
    posts = sorted({post for _, post in actor.posts}) if box == "posts" else sorted(key for key, post in POSTS.items() if not post.outside)
    return {
        "key": sorted(asked.names["key"].items(), key=lambda pair: pair[1]),
        "activity": list(asked.names["activity"].items()) if key else [],
        "post": [(post, asked.in_words("post", post)) for post in posts] if len(posts) > 1 else [],
        "site": [(site, site) for site in sites] if len(sites) > 1 else [],
    }


def _first_asked(bench: Bench) -> Shown:
    return _cases(bench, lists.first_asked(bench.session, bench.actor, bench.asked.q, PER_PAGE, bench.cursor))


def _found(bench: Bench) -> Shown:
    """Cases by number, house, name or telephone, whether they run or not; nothing before anything is asked."""
    q = bench.asked.q
    return _cases(bench, lists.found_cases(bench.session, bench.actor, q, PER_PAGE, bench.cursor) if q else Page([], None))


def _cases(bench: Bench, page: Page[lists.CaseItem]) -> Shown:
    version = [[one.instance.id, one.instance.revision, [[task.id, task.assignee] for task in one.tasks]] for one in page.items]
    chips = [one for one in bench.asked.chips([], {}) if one.on]
    return Shown(version, lambda shown: render_template("inbox/cases.html", page=page, chips=chips, names=_holders(bench, page), **shown))


def _holders(bench: Bench, page: Page[lists.CaseItem]) -> dict[str, str]:
    return names_of(bench.session, {task.assignee for one in page.items for task in one.tasks if task.assignee})


def _notices(bench: Bench) -> Shown:
    """What the person was told, and which of it is new to them."""
    page = notices.of(bench.session, bench.actor, limit=PER_PAGE, cursor=bench.cursor)
    fresh = [line.notice.id for line in page.items if line.is_new]

    def render(shown: Mapping[str, Any]) -> str:
        said = notice_texts.texts(bench.session, page.items, MAX_TEXT)
        more_new = bench.count("notices").all > len(fresh)
        return render_template("inbox/notices.html", page=page, said=said, more_new=more_new, **shown)

    return Shown([[line.notice.id, line.is_new] for line in page.items], render, fresh)


def _copies(bench: Bench) -> Shown:
    """What others let the person know of."""
    page = copies.of(bench.session, bench.actor, limit=PER_PAGE, cursor=bench.cursor)
    version = [[line.copy.id, line.is_new, line.task.state, line.instance.revision] for line in page.items]

    def render(shown: Mapping[str, Any]) -> str:
        logins = {login for line in page.items for login in (line.copy.sent_by, line.task.assignee) if login}
        return render_template("inbox/copies.html", page=page, names=names_of(bench.session, logins), **shown)

    return Shown(version, render)


SHOW: dict[str, Callable[[Bench], Shown]] = {"notices": _notices, "copies": _copies, "first_asked": _first_asked, "cases": _found}


def _see(notice_ids: Sequence[int]) -> None:
    """Whoever opens the page has seen its notices; a page that fetches itself anew behind their back has shown nothing."""
    if notice_ids and not is_background():
        with current.steward().db.transaction() as session:
            notices.mark_read(session, current.actor(), notice_ids)


@pages.post("/notices/seen")
def see_all_notices() -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        notices.mark_read(session, current.actor())
    return redirect(url_for("inbox.show", box="notices"), 303)


@pages.app_context_processor
def tell_counts() -> dict[str, Any]:
    return {"count_at_most": COUNT_AT_MOST}
