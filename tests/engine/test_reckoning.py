"""What takes long is reckoned without the turn to write, and used only where it rests on what is still so."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from engine import instances, messages, reckoning, sites
from engine.clock import VirtualClock
from engine.db import Database
from engine.turns import _Batch
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, found_company, script, task
from tests.people import ANNA, CHEN, OPERATOR

LONG = 10.0  # seconds, after which a thread is stuck
HEARS = (
    f'<intermediateCatchEvent id="hear">{extensions({"correlationKey": "house"})}'
    '<messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
)
SLOW = script("slow", 'seen = who + "/" + str(site("level", 1))')


@pytest.fixture
def office(sqlite_url: str, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    """Whatever is reckoned in the turn takes too long."""
    monkeypatch.setattr(reckoning, "PATIENCE", -1.0)
    company = found_company(Database(sqlite_url), clock)
    company.deploy(diagram(chain(START_EVENT, HEARS, SLOW, task("heard"), END_EVENT), before='<message id="m" name="told"/>'))
    yield company
    company.database.dispose()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens after something was reckoned without the turn, and before it is used: once."""
    acts: list[Callable[[], object]] = []
    reckon = reckoning._beforehand

    def reckoned(*arguments: Any) -> Any:
        done = reckon(*arguments)
        if acts:
            thread = threading.Thread(target=acts.pop())
            thread.start()
            thread.join(LONG)
        return done

    monkeypatch.setattr(reckoning, "_beforehand", reckoned)
    return acts


def tell(company: Company) -> None:
    with company.database.transaction() as session:
        messages.publish(session, "told", "S1", "A", {}, CHEN, company.now)


def set_who(company: Company, instance: int, who: str) -> None:
    with company.database.transaction() as session:
        instances.set_variables(session, instance, {"who": who}, "a mistake", OPERATOR, company.now)


def test_who_was_faster_is_not_overwritten(office: Company, meanwhile: list[Callable[[], object]]) -> None:
    instance = office.start(variables={"house": "A", "who": "nobody"})
    meanwhile.append(lambda: set_who(office, instance, "somebody"))
    tell(office)
    assert office.variables(instance)["seen"] == "somebody/1" and office.waiting(instance) == ["heard"]


def test_a_figure_of_the_site_that_was_changed_meanwhile_counts(office: Company, meanwhile: list[Callable[[], object]]) -> None:
    instance = office.start(variables={"house": "A", "who": "nobody"})

    def change() -> None:
        with office.database.transaction() as session:
            sites.set_variable(session, "S1", "level", 2, OPERATOR, office.now)

    meanwhile.append(change)
    tell(office)
    assert office.variables(instance)["seen"] == "nobody/2"


def test_what_rests_on_a_commit_that_failed_is_not_used(
    office: Company, meanwhile: list[Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another makes the instance's next revision, of the same number."""
    instance = office.start(variables={"house": "A", "who": "nobody"})
    turns = office.database._turns
    assert turns is not None
    commit = turns._commit

    def refuse(batch: _Batch) -> None:
        monkeypatch.setattr(turns, "_commit", commit)
        turns.driver.execute("ROLLBACK")  # as on a full disk
        commit(batch)

    meanwhile.append(lambda: set_who(office, instance, "somebody"))
    telling = threading.Thread(target=lambda: tell(office))
    with pytest.raises(OperationalError, match="gave the transaction up"), office.database.transaction() as session:
        instances.set_variables(session, instance, {"who": "undone"}, "a mistake", OPERATOR, office.now)
        telling.start()
        while turns._waiting == 0:
            time.sleep(0.01)
        monkeypatch.setattr(turns, "_commit", refuse)
    telling.join(LONG)
    assert office.variables(instance)["who"] == "somebody"
    assert office.variables(instance)["seen"] == "somebody/1"
    office.complete("heard", ANNA, instance=instance)
