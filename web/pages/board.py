"""The supervisors' board: what is late or about to be, what waits for oneself, today's callbacks and appointments, where work stands,
whose records repeat earlier ones.

Acting on a task opens it over the board; afterwards one is back.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine import board, definitions, identity, inbox, inbox_version, rights, sites, written_records
from engine.actors import Actor
from engine.board import Loads, Standing
from engine.errors import NotFound
from engine.inbox import TaskItem
from engine.inbox_walks import SOON, Filter
from engine.written_records import Copied
from web import current
from web.pages.inbox import is_background

pages = Blueprint("board", __name__, url_prefix="/board")
MOST = 30  # of each list; the inbox has the rest
CALLBACK = "callback"  # the process of calling residents back
COPIES_OF = timedelta(days=30)  # for which copied records are told
SITES_AT_ONCE = 4  # who supervises more looks at one after the other


@dataclass(frozen=True)
class View:
    """The board at one moment."""

    late: Sequence[TaskItem]
    mine: Sequence[TaskItem]
    callbacks: Sequence[TaskItem]
    appointments: Sequence[TaskItem]
    standings: Sequence[Standing]
    loads: Loads
    copied: Sequence[Copied]  # records that repeat earlier ones
    copiers: Sequence[tuple[str, int]]  # who wrote how many of them, most first

    @property
    def version(self) -> str:
        items = [inbox_version.of_items(one) for one in (self.late, self.mine, self.callbacks, self.appointments)]
        rows = [[astuple(one) for one in rows] for rows in (self.standings, self.copied)]
        return inbox_version.text(items, rows, astuple(self.loads))

    @property
    def open(self) -> int:
        return sum(one.open for one in self.standings)

    @property
    def overdue(self) -> int:
        return sum(one.late for one in self.standings)


def supervised(actor: Actor) -> list[str]:
    """The sites that the person supervises."""
    return sorted(site for site in actor.sites if rights.may_supervise(actor, site))


@pages.app_context_processor
def tell_the_menu() -> dict[str, Any]:
    return {"may_see_board": lambda: bool(supervised(current.actor()))}


@pages.get("")
def show() -> ResponseReturnValue:
    actor, now = current.actor(), current.now()
    mine = supervised(actor)
    rights.require(bool(mine), "supervise a site")
    chosen = _chosen(mine)
    with current.steward().db.read() as session:
        view = _view(session, replace(actor, posts=frozenset((site, post) for site, post in actor.posts if site in chosen)), chosen, now)
        if is_background() and request.if_none_match.contains(view.version):
            return _answer("", view.version, 304)
        return _answer(_page(session, view, mine, chosen, now), view.version)


def _chosen(mine: list[str]) -> list[str]:
    site = request.args.get("site")
    if site and site not in mine:
        raise NotFound("Expected one of the sites that you supervise, but it is none")
    return [site] if site else mine if len(mine) <= SITES_AT_ONCE else mine[:1]


def _view(session: Session, actor: Actor, chosen: Sequence[str], now: datetime) -> View:
    """What stands on the board; `actor` has the posts of the chosen sites alone."""
    zone = sites.facts(session, chosen[0]).zone
    day = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    since = day - COPIES_OF
    copied = [one for site in chosen for one in written_records.copied(session, site, actor, since, MOST)]
    counted = Counter[str]()
    for site in chosen if copied else ():
        counted.update(written_records.counted(session, site, actor, since))
    own = [item for box in ("mine", "posts") for item in inbox.inbox(session, actor, box, limit=MOST).items if item.task.site in chosen]
    return View(
        late=inbox.inbox(session, actor, "all", Filter(late=now + SOON), MOST).items,
        mine=sorted(own, key=lambda item: (item.task.sort_at, item.task.id))[:MOST],
        callbacks=inbox.inbox(session, actor, "all", Filter(key=CALLBACK, late=day + timedelta(days=1)), MOST).items,
        appointments=board.followed_up(session, chosen, day, MOST),
        standings=board.standings(session, chosen, now),
        loads=board.loads(session, chosen, now),
        copied=sorted(copied, key=lambda one: one.at, reverse=True)[:MOST],
        copiers=counted.most_common(),
    )


def _page(session: Session, view: View, mine: Sequence[str], chosen: Sequence[str], now: datetime) -> str:
    items = [*view.late, *view.mine, *view.callbacks, *view.appointments]
    writers = {login for one in view.copied for login in (one.author, one.earlier_author)} | {login for login, _ in view.copiers}
    names = identity.names_of(session, writers | {item.task.assignee for item in items if item.task.assignee})
    known = {one.key: one for one in definitions.newest_of_all(session)}
    described = {
        key: definitions.describe_version(session, known[key]).process
        for key in {one.key for one in (*view.standings, *view.copied)} & known.keys()
    }

    def step(one: Standing | Copied) -> str:
        activity = described[one.key].activities.get(one.activity_id) if one.key in described else None
        return activity.name if activity is not None and activity.name else one.activity_id

    processes: Mapping[str, str] = {key: one.name or key for key, one in known.items()}
    return render_template(
        "board/board.html", view=view, sites=mine, chosen=chosen, names=names, processes=processes, step=step, version=view.version, at=now
    )


def _answer(text: str, version: str, status: int = 200) -> Response:
    answer = make_response(text, status)
    answer.set_etag(version)
    return answer
