"""kill -9, again and again, while people work: what was acknowledged is there, once, and everything goes on by itself."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from engine import schema
from engine.db import Database
from tests.crash import books, load
from tests.crash.processes import Process
from tests.crash.sizes import Tell, seed, size
from tests.factories import Company

pytestmark = pytest.mark.crash

SET_UPS = size(short=2, full=40)
SET_UP_TAKES = 0.5  # seconds, about
KILLS = size(short=10, full=200)  # on each database
PEOPLE = 3
ACTS = 8  # at most so many are acknowledged between two kills
WHILE_STARTING = 0.2  # how often one is killed again before it is ready
INSTANT = 0.05  # seconds in which the kill then comes


@pytest.fixture
def processes(company: Company, database_url: str, tmp_path: Path) -> Iterator[list[Process]]:
    """A server, which also looks after timers and jobs, and a worker beside it."""
    company.deploy(load.VISIT, load.NOTE, load.ORDER)
    both = [Process(("serve",), database_url, tmp_path / "serve.log"), Process(("worker",), database_url, tmp_path / "worker.log")]
    for process in both:
        process.start()
    yield both
    for process in both:
        process.end()


def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(company: Company, processes: list[Process], tell: Tell) -> None:
    dice = Random(chosen := seed())
    began = time.monotonic()
    everybody = load.people(company, processes[0].address, PEOPLE, dice)
    with load.at_work(everybody):
        for _ in range(KILLS):
            load.let_work(everybody, dice.randint(1, ACTS))
            time.sleep(dice.uniform(0, INSTANT))
            _kill(dice.choice([processes[:1], processes[1:], processes]), dice)
        for process in processes:  # and once as an operator does it
            process.stop()
            process.start()
    load.finish(everybody)
    books.wait_for_jobs(company)
    for process in processes:
        process.stop()

    books.balance(company, everybody)
    acts, broken = load.acknowledged(everybody), sum(person.api.broken for person in everybody)
    tell(f"{KILLS} kills, {acts} acknowledged acts, {broken} broken requests, {time.monotonic() - began:.0f} s, seed {chosen}")


def _kill(killed: Sequence[Process], dice: Random) -> None:
    for process in killed:
        process.kill()
    for process in killed:
        process.launch()
    if dice.random() < WHILE_STARTING:
        time.sleep(dice.uniform(0, 0.2))
        for process in killed:
            process.kill()
            process.launch()
    for process in killed:
        process.wait_until_ready()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_set_up_that_was_killed_is_finished_by_the_next_one(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, tell: Tell
) -> None:
    dice, halfway = Random(chosen := seed()), 0
    for place in range(SET_UPS):
        url = _empty_database(kind, f"set_up_{place}", request, tmp_path)
        process = Process(("init",), url, tmp_path / "log")
        process.launch()
        time.sleep(dice.uniform(0, SET_UP_TAKES))
        halfway += process.end()
        process.launch()
        process.wait_until_done()
        database = Database(url)
        schema.check(database)
        database.dispose()
    tell(f"{SET_UPS} set-ups, {halfway} of them killed before they had ended, seed {chosen}")


def _empty_database(kind: str, name: str, request: pytest.FixtureRequest, directory: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{directory / name}.db"
    server = request.getfixturevalue("postgresql")
    server.execute(f"CREATE DATABASE {name}")
    return str(server.url(name))
