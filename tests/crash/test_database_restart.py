"""PostgreSQL goes away and comes back while people work: nobody has to restart anything, and nothing acknowledged is lost."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import requests

from engine.clock import VirtualClock
from engine.db import Database
from tests.crash import books, load
from tests.crash.processes import Process
from tests.crash.sizes import Tell, seed, size
from tests.databases import PostgresqlServer, running_postgresql
from tests.factories import Company, found_company

pytestmark = pytest.mark.crash

RESTARTS = size(short=1, full=10)  # in each mode
PEOPLE = 4
AWAY = 1.0  # seconds
BACK_WITHIN = 10.0  # seconds after the database is there again
# Committed is committed here, also when the server is cut off. Only a power cut could lose it: that is the disk's matter, not ours.
LASTING = ("fsync=off", "synchronous_commit=on", "shared_buffers=64MB", "max_connections=200")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server of its own, since it is stopped."""
    with running_postgresql(LASTING) as server:
        yield server


@pytest.fixture
def company(server: PostgresqlServer, make_tables: Callable[[str], None], clock: VirtualClock) -> Iterator[Company]:
    company = found_company(Database(server.fresh(make_tables)), clock)
    company.deploy(load.VISIT, load.NOTE, load.ORDER)
    yield company
    company.database.dispose()


@pytest.fixture
def processes(company: Company, tmp_path: Path) -> Iterator[list[Process]]:
    both = [Process((word,), company.database.url, tmp_path / f"{word}.log") for word in ("serve", "worker")]
    for process in both:
        process.start()
    yield both
    for process in both:
        process.end()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_of_the_database_is_survived_without_a_hand(
    server: PostgresqlServer, company: Company, processes: list[Process], mode: str, tell: Tell
) -> None:
    everybody = load.people(company, processes[0].address, PEOPLE, Random(chosen := seed()), statuses=(503,))
    longest = 0.0
    with load.at_work(everybody):
        for _ in range(RESTARTS):
            load.let_work(everybody, 5 * PEOPLE)
            server.stop(mode)
            _ask_after_health(processes[0].address)
            time.sleep(AWAY)
            server.start()
            longest = max(longest, _seconds_until_all_goes_on(company, everybody))
    load.finish(everybody)
    books.wait_for_jobs(company)
    for process in processes:
        process.stop()  # the same processes as at the beginning

    assert longest < BACK_WITHIN
    books.balance(company, everybody)
    refused = [answer for person in everybody for answer in person.api.refused]
    assert refused
    for answer in refused:
        assert answer.json()["error"]["code"] == "unavailable"
        assert answer.json()["error"]["message"].startswith("Expected the database to answer")
        assert answer.headers["Retry-After"]
    assert sum(person.api.broken for person in everybody) == 0
    acts = load.acknowledged(everybody)
    tell(f"{RESTARTS} restarts, {acts} acknowledged acts, {len(refused)} answers 503, back in {longest:.1f} s at most, seed {chosen}")


def _ask_after_health(address: str) -> None:
    """The process lives, and tells that it cannot work."""
    assert requests.get(f"{address}/healthz", timeout=30).status_code == 200
    ready = requests.get(f"{address}/readyz", timeout=30)
    assert (ready.status_code, ready.json()) == (503, {"status": "unavailable"})


def _seconds_until_all_goes_on(company: Company, everybody: list[load.Person]) -> float:
    """From the moment at which the database is back until each person has been answered and a timer has fired."""
    began, back = time.monotonic(), datetime.now(UTC)
    before = [person.acknowledged for person in everybody]
    while time.monotonic() < began + load.PATIENCE:
        if books.told(company, "timer.fired", back) and all(
            person.acknowledged > count for person, count in zip(everybody, before, strict=True)
        ):
            break
        time.sleep(0.05)
    return time.monotonic() - began
