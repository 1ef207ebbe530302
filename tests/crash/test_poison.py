"""One poisoned case among many: it alone becomes an incident, nobody comes back to it, and the others are as quick as without it."""

import statistics
import time
from collections.abc import Callable

import pytest

from benchmarks.statement_log import listening
from engine import instances, listings, queries_case, standstill
from engine.errors import Unusable
from tests.crash.sizes import IN_FULL, Tell, size
from tests.damage import broken_definition, forget, lost_definition, spoilt_state
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task, timer
from tests.people import ANNA, CHEN, EMMA

pytestmark = pytest.mark.crash

OTHERS = size(short=99, full=999)
ROUNDS = size(short=5, full=200)  # of an act on the poisoned case, and one beside it
EXTRA = 60  # statements that a poisoned case may cost in all: found out once, told once
Poison = Callable[[Company, int], object]


def order(key: str, late: str) -> bytes:
    return diagram(
        chain(START_EVENT, task("work"), script("count", late), task("check", "technician"), END_EVENT)
        + timer("late", "work", "PT1H")
        + '<sequenceFlow id="late_to" sourceRef="late" targetRef="told"/>'
        + script("told", late),
        key=key,
    )


POISONS: dict[str, Poison] = {
    "its script always fails": lambda company, case: None,
    "its state cannot be read": spoilt_state,
    "its definition is gone": lost_definition,
    "its definition cannot be compiled": broken_definition,
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_one_poisoned_case_costs_the_others_nothing(company: Company, poison: Poison, tell: Tell) -> None:
    company.deploy(order("order", "late = True"), order("sick", "late = 1 / 0"))
    alone = begin(company)
    without = fired(company)
    beside = begin(company)
    poisoned = company.start("sick")
    poison(company, poisoned)
    with_it = fired(company)
    assert with_it.statements - without.statements <= EXTRA
    assert [one.instance_id for one in company.incidents()] == [poisoned]
    assert with_it.idle_statements == without.idle_statements  # a tick that finds nothing due costs what it did
    for case in (alone[0], beside[0], beside[-1]):
        assert company.variables(case) == {"late": True}
    is_listed(company, poisoned)

    ratio = latency(company, poisoned, alone, beside)
    assert [one.instance_id for one in company.incidents()] == [poisoned] * len(company.incidents())
    assert ratio < 2 or not IN_FULL
    seconds = f"{without.seconds:.2f} s without, {with_it.seconds:.2f} s with it"
    statements = f"{with_it.statements - without.statements} statements more"
    tell(f"1 among {OTHERS + 1}: timers fired in {seconds}, {statements}; a completion takes {ratio:.2f} × what it takes without it")


class fired:  # reads as what has been done
    """What it took the worker to fire all that is due."""

    def __init__(self, company: Company) -> None:
        forget(company)
        began = time.perf_counter()
        with listening(company.database) as log:
            company.pass_time(hours=2)
        self.seconds, self.statements = time.perf_counter() - began, len(log.statements)
        with listening(company.database) as idle:
            assert company.work() == 0
        self.idle_statements = len(idle.statements)


def begin(company: Company) -> list[int]:
    with company.database.transaction() as session:
        return [instances.start(session, "order", "S1", CHEN, company.now).instance.id for _ in range(OTHERS)]


def latency(company: Company, poisoned: int, alone: list[int], beside: list[int]) -> float:
    """How much longer others take when somebody tries the poisoned case before each of them: medians, measured in turn."""
    works = {one.instance_id: one.id for one in company.open_tasks() if one.activity_id == "work"}
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(ROUNDS):
        for is_tried, case in ((False, alone[number]), (True, beside[number])):
            if is_tried:
                attempt(company, poisoned)
            began = time.perf_counter()
            company.complete("work", ANNA, instance=case)
            took[is_tried].append(time.perf_counter() - began)
            assert company.task("check", case).id > works[case]
    return statistics.median(took[True]) / statistics.median(took[False])


def attempt(company: Company, poisoned: int) -> None:
    try:
        if "work" in company.waiting(poisoned):
            company.complete("work", ANNA, instance=poisoned)
    except Unusable as unusable:
        standstill.report(company.database, unusable, company.now)
    assert company.work() == 0


def is_listed(company: Company, poisoned: int) -> None:
    with company.database.read() as session:
        newest = listings.instances(session, EMMA, limit=50).items
        assert newest[0].id == poisoned and len(newest) == 50
        assert poisoned in [one.instance_id for one in listings.tasks(session, ANNA, instance=poisoned).items]
        [(incident, instance)] = queries_case.failures(session, ["S1"], 50).items
        assert (incident.instance_id, instance.id) == (poisoned, poisoned)
        assert queries_case.case(session, poisoned, EMMA).instance.id == poisoned
