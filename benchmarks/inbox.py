"""Inbox and search with 1,000 and with 100,000 open tasks and a million history events: a list costs a page, not the company."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from benchmarks.bulk import FIRST
from benchmarks.crowd import fields, fill
from benchmarks.diagrams import loop_of_three
from benchmarks.figure import Figure, middle, milliseconds
from benchmarks.stage import SITE, Stage, empty_company
from engine import inbox
from engine.actors import Absent, Actor
from engine.inbox_counts import counts
from engine.inbox_walks import Filter

FEW, MANY = 1_000, 100_000
EVENTS_EACH = 10  # a million with 100,000 orders
MEASURED = 40
BAR = 1.5
PERSON = Actor("person3", "page", frozenset({(SITE, "technician"), (SITE, "engineering_supervisor"), (SITE, "cs_supervisor")}))
AWAY = Absent("person4", SITE, frozenset({"cleaning_supervisor", "technician"}))
PROXY = Actor("person3", "page", PERSON.posts, (AWAY,))
# A number is known by one case, a house by three; a fault is shared by a sixth of them, however many there are.
LISTS: dict[str, Callable[[Session], object]] = {
    "posts": lambda session: inbox.inbox(session, PERSON, "posts"),
    "mine": lambda session: inbox.inbox(session, PERSON, "mine"),
    "all": lambda session: inbox.inbox(session, PERSON, "all"),
    "posts_as_proxy": lambda session: inbox.inbox(session, PROXY, "posts"),
    "mine_as_proxy": lambda session: inbox.inbox(session, PROXY, "mine"),
    "counts": lambda session: counts(session, PERSON, datetime.now(UTC)),
    "search_number": lambda session: inbox.inbox(session, PERSON, "all", Filter(q="WX-S1-202611-1000500")),
    "search_house": lambda session: inbox.inbox(session, PERSON, "all", Filter(q=fields(FIRST + 500)["house"])),
    "search_fault": lambda session: inbox.inbox(session, PERSON, "all", Filter(q="漏水")),
    "search_fault_cases": lambda session: inbox.found_cases(session, PERSON, "漏水"),
    "search_telephone": lambda session: inbox.found_cases(session, PERSON, "138" + f"{1_000_500 * 7919 % 10**8:08d}"),
}


def measure() -> Iterator[Figure]:
    with empty_company(durable=False) as small, empty_company(durable=False) as large:
        for stage, orders in ((small, FEW), (large, MANY)):
            stage.deploy(loop_of_three())
            fill(stage, orders, EVENTS_EACH)
        for name, work in LISTS.items():
            few, crowd = [], []
            for _ in range(MEASURED):
                few.append(_timed(small, work))
                crowd.append(_timed(large, work))
            yield Figure(f"inbox.{name}", middle(crowd), "ms", middle(few), BAR, at_most=True)


def _timed(stage: Stage, work: Callable[[Session], object]) -> float:
    def once() -> None:
        with stage.database.read() as session:
            work(session)

    return milliseconds(once)
