"""Whoever leaves is not waited for: their open tasks, signatures and votes fall to somebody, or to the rule of the diagram."""

import pytest

from engine import identity
from engine.actors import Actor
from tests.engine.test_approvals import approval, begin, decide
from tests.engine.test_signers import BUTTONS, add, sign
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, DONG, EMMA, OPERATOR


def leaves(company: Company, who: Actor) -> None:
    with company.database.transaction() as session:
        identity.disable(session, who.login or "", OPERATOR, company.now, leaves_work=True)
    company.work()


def loses_post(company: Company, who: Actor, post: str) -> None:
    with company.database.transaction() as session:
        identity.remove_post(session, who.login or "", "S1", post, OPERATOR, company.now)
    company.work()


def test_a_signer_who_leaves_is_replaced_by_the_manager(company: Company) -> None:
    instance = begin(company, approval("all"), task("after"), people=("anna", "dong"))
    decide(company, ANNA)
    leaves(company, DONG)
    [open_task] = company.open_tasks(instance)
    assert open_task.assignee is None
    assert [line.type for line in company.events(instance)][-2:] == ["user_task.vacated", "user_task.redirected"]
    decide(company, EMMA)
    assert company.waiting(instance) == ["after"]


@pytest.mark.parametrize(("rule", "result"), [("pass", "approve"), ("refuse", "reject")])
def test_or_the_diagram_decides(company: Company, rule: str, result: str) -> None:
    instance = begin(company, approval("all", whenNobody=rule), task("after"), people=("anna", "dong"))
    decide(company, ANNA)
    leaves(company, DONG)
    assert company.waiting(instance) == ["after"]
    found = company.variables(instance)
    assert (found["agree_decision"], found["agree_votes"][-1]["rule"]) == (result, "whenNobody")


def test_an_added_signer_who_leaves_holds_nothing_up(company: Company) -> None:
    instance = begin(company, task("work", "technician", BUTTONS), task("after"))
    add(company, ANNA, "before", "dong")
    leaves(company, DONG)
    sign(company, EMMA)
    assert [one.assignee for one in company.open_tasks(instance)] == ["anna"]
    sign(company, ANNA)
    assert company.waiting(instance) == ["after"]


def test_what_somebody_had_claimed_goes_back_to_their_colleagues(company: Company) -> None:
    instance = begin(company, task("work", "technician", BUTTONS))
    add(company, ANNA, "after", "dong")  # which makes it anna's
    leaves(company, ANNA)
    assert [one.assignee for one in company.open_tasks(instance)] == [None]
    assert "user_task.redirected" not in company.told(instance)
    sign(company, BAO)


def test_the_last_holder_of_a_post_loses_it(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work", "engineering_supervisor"), END_EVENT)))
    instance = company.start()
    loses_post(company, DONG, "engineering_supervisor")
    company.complete("work", EMMA)
    assert company.instance(instance).state == "completed"
