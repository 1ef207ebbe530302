"""Who has declared an interest in a matter is refused by the engine, whatever the post allows."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine import delegations, identity, proxies, returning, signers, user_tasks
from engine.actors import Actor
from engine.errors import Conflict, Excluded, Forbidden, Invalid
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, DONG, EMMA, OPERATOR

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


GIVE: dict[str, Callable[..., object]] = {
    "claimed": lambda session, task_id, now: user_tasks.claim(session, task_id, ANNA, now),
    "assigned": lambda session, task_id, now: user_tasks.assign(session, task_id, "anna", DONG, now),
    "delegated": lambda session, task_id, now: delegations.delegate(session, task_id, "anna", DONG, now),
    "to sign": lambda session, task_id, now: signers.add(session, task_id, "anna", "beside", DONG, now, "second opinion"),
}


@pytest.mark.parametrize("how", GIVE)
@pytest.mark.parametrize("why", ["an interest", "did the step before"])
def test_who_may_not_do_a_task_does_not_get_it_either(company: Company, how: str, why: str) -> None:
    decide = task("work", "technician,engineering_supervisor", {"excludes": "interested", "differsFrom": "look"})
    company.deploy(diagram(chain(START_EVENT, task("look"), decide, END_EVENT)))
    company.start(variables={"interested": "anna" if why == "an interest" else None})
    company.complete("look", BAO if why == "an interest" else ANNA)
    task_id = company.task("work").id
    if how == "delegated":
        with company.database.transaction() as session:
            user_tasks.claim(session, task_id, DONG, company.now)
    with company.database.transaction() as session, pytest.raises(Invalid if how == "to sign" else Excluded):
        GIVE[how](session, task_id, company.now)
    assert company.task("work").assignee == ("dong" if how == "delegated" else None)
    assert company.told(company.task("work").instance_id).count("user_task.claimed") == (1 if how == "delegated" else 0)


def test_while_it_cannot_be_computed_who_is_excluded_nobody_takes_the_task(company: Company) -> None:
    company.deploy(ONE)
    company.start()
    with company.database.transaction() as session, pytest.raises(Conflict, match="steward:excludes cannot be computed"):
        user_tasks.claim(session, company.task("work").id, DONG, company.now)


def standing_in(company: Company, principal: str, proxy: Actor) -> Actor:
    with company.database.transaction() as session:
        proxies.appoint(session, principal, proxy.login or "", "S1", company.now, company.now + timedelta(hours=1), OPERATOR, company.now)
    with company.database.read() as session:
        return identity.actor_of(session, identity.get(session, proxy.login or ""), "page", company.now)


@pytest.mark.parametrize("interested", ["emma", "anna"])
def test_nobody_gets_round_an_exclusion_by_standing_in(company: Company, interested: str) -> None:
    """Emma, who has no right of her own, stands in for Anna: neither may the one be excluded nor the other."""
    company.deploy(ONE)
    company.start(variables={"interested": interested})
    emma = standing_in(company, "anna", EMMA)
    with company.database.transaction() as session, pytest.raises(Excluded, match=interested):
        user_tasks.claim(session, company.task("work").id, emma, company.now)
    with pytest.raises(Excluded, match=interested):
        company.complete("work", emma)
    assert company.waiting() == ["work"] and company.task("work").assignee is None


def test_who_may_do_a_task_by_their_own_post_is_not_excluded_with_whom_they_stand_in_for(company: Company) -> None:
    company.deploy(ONE)
    company.start(variables={"interested": "anna"})
    company.complete("work", standing_in(company, "anna", BAO))
    assert company.waiting() == []
