"""Who has declared an interest in a matter is refused by the engine, whatever the post allows."""

import pytest

from engine import returning, signers
from engine.errors import Conflict, Forbidden
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, DONG

APPROVE = task("work", "technician,engineering_supervisor", {"excludes": "interested"})
ONE = diagram(chain(START_EVENT, APPROVE, END_EVENT))


@pytest.mark.parametrize("interested", ["anna", ["dong", "anna"]])
def test_who_is_excluded_may_not_do_the_task_and_others_may(company: Company, interested: object) -> None:
    company.deploy(ONE)
    company.start(variables={"interested": interested})
    with pytest.raises(Forbidden, match="anna is: an interest"):
        company.complete("work", ANNA)
    assert company.waiting() == ["work"]
    company.complete("work", BAO)


@pytest.mark.parametrize("nobody", [None, "", []])
def test_where_nobody_is_excluded_everybody_may(company: Company, nobody: object) -> None:
    company.deploy(ONE)
    company.start(variables={"interested": nobody})
    company.complete("work", ANNA)


def test_an_exclusion_that_cannot_be_computed_lets_nobody_through(company: Company) -> None:
    company.deploy(ONE)
    company.start()
    with pytest.raises(Conflict, match="steward:excludes cannot be computed"):
        company.complete("work", DONG)
    assert company.waiting() == ["work"]


def test_an_exclusion_may_name_who_did_another_task(company: Company) -> None:
    both = chain(START_EVENT, task("look"), task("work", properties={"excludes": "performer('look')"}), END_EVENT)
    company.deploy(diagram(both))
    company.start()
    company.complete("look", ANNA)
    with pytest.raises(Forbidden):
        company.complete("work", ANNA)
    company.complete("work", BAO)


def test_who_may_not_do_a_task_neither_sends_it_back_nor_names_who_signs_it(company: Company) -> None:
    decide = task("work", "technician,engineering_supervisor", {"excludes": "interested", "differsFrom": "look", "returnTo": "look,end"})
    company.deploy(diagram(chain(START_EVENT, task("look"), decide, END_EVENT)))
    instance = company.start(variables={"interested": "dong"})
    company.complete("look", ANNA)
    for actor in (DONG, ANNA):
        with company.database.transaction() as session, pytest.raises(Forbidden):
            returning.return_task(session, company.task("work").id, "end", "not now", actor, company.now)
        with company.database.transaction() as session, pytest.raises(Forbidden):
            signers.add(session, company.task("work").id, "bao", "beside", actor, company.now, "a friend")
    assert company.waiting(instance) == ["work"] and company.task("work").assignee is None
    with company.database.transaction() as session:
        returning.return_task(session, company.task("work").id, "look", "once more", BAO, company.now)
    assert company.waiting(instance) == ["look"]
