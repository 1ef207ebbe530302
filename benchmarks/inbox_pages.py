"""Whole pages of the inbox, as the server makes them, with 1,000 and with 100,000 open tasks among 500 people of 20 posts at 50 sites."""

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from flask.testing import FlaskClient
from sqlalchemy import select

from benchmarks import estate, postgresql
from benchmarks.figure import Figure, middle, milliseconds
from benchmarks.postgresql import QUICK
from benchmarks.stage import Stage, empty_database
from engine.clock import VirtualClock
from engine.tables import Person
from web.app import create_app
from web.wiring import Steward

FEW, MANY = 1_000, 100_000
VISITS = 300
BAR = 1.5
# What people open, the more often the more often it stands here: their own door, their posts, everything, one process with its columns.
ADDRESSES = (
    "/inbox",
    "/inbox",
    "/inbox?box=mine",
    "/inbox?box=posts",
    "/inbox?box=all",
    "/inbox?box=all&late=1",
    "/inbox?box=all&key=errand",
)
AGAIN = {"X-Background": "yes"}


class Office:
    """The people of a company in front of their browsers."""

    def __init__(self, stage: Stage, tasks: int) -> None:
        estate.fill(stage, tasks)
        settings, now = stage.database.settings, stage.clock.now()
        still = VirtualClock(now)  # no task becomes late between two looks
        self._app = create_app(Steward(settings, stage.database, still))
        self._now = int(now.timestamp())
        with stage.database.read() as session:
            self._people = list(session.scalars(select(Person.login).order_by(Person.id)))
        self._clients: dict[str, FlaskClient] = {}

    def client(self, number: int) -> FlaskClient:
        """The browser of a person who has logged in."""
        login = self._people[number]
        if login not in self._clients:
            client = self._clients[login] = self._app.test_client()
            with client.session_transaction() as cookie:
                cookie.update(token=f"of {login}", epoch=0, began=self._now, seen=self._now, _user_id=login)
        return self._clients[login]


def measure() -> Iterator[Figure]:
    with ExitStack() as stack:
        yield from _measured("inbox_pages", [_office(stack, tasks) for tasks in (FEW, MANY)])
    found = postgresql.binaries()
    if found is None:
        yield Figure("inbox_pages.postgresql", 0, f"left out: {postgresql.HOW_TO_INSTALL}")
        return
    with postgresql.running(found, QUICK) as server, ExitStack() as stack:
        yield from _measured("inbox_pages.postgresql", [_office(stack, tasks, server.new_database(f"of_{tasks}")) for tasks in (FEW, MANY)])


def _office(stack: ExitStack, tasks: int, url: str | None = None) -> Office:
    return Office(stack.enter_context(empty_database(durable=False, url=url)), tasks)


def _measured(name: str, offices: Sequence[Office]) -> Iterator[Figure]:
    few, crowd = _timed(offices, _whole)
    yield Figure(f"{name}.p95", _p95(crowd), "ms a page", _p95(few), BAR, at_most=True)
    yield Figure(f"{name}.middle", middle(crowd), "ms a page", middle(few))
    few, crowd = _timed(offices, _unchanged)
    yield Figure(f"{name}.unchanged", _p95(crowd), "ms to say that nothing has changed", _p95(few), BAR, at_most=True)


def _timed(offices: Sequence[Office], visit: Callable[[FlaskClient, str], Callable[[], object]]) -> list[list[float]]:
    """The same visits in each office, one after the other, so that whatever else the machine does falls on both alike."""
    dice = random.Random(11)
    spent: list[list[float]] = [[] for _ in offices]
    visits = [(dice.randrange(estate.PEOPLE), dice.choice(ADDRESSES)) for _ in range(VISITS)]
    for office in offices:
        visit(office.client(0), ADDRESSES[0])()  # whatever is read once is read by now
    for person, address in visits:
        for office, times in zip(offices, spent, strict=True):
            times.append(milliseconds(visit(office.client(person), address)))
    return spent


def _whole(client: FlaskClient, address: str) -> Callable[[], object]:
    def once() -> None:
        assert client.get(address).status_code == 200

    return once


def _unchanged(client: FlaskClient, address: str) -> Callable[[], object]:
    """The page's own question after what is new, for a version that it has."""
    version = client.get(address).headers["ETag"]

    def once() -> None:
        assert client.get(address, headers={**AGAIN, "If-None-Match": version}).status_code == 304

    return once


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
