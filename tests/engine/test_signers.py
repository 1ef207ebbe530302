"""Added signers as people use them: on both databases, with rows, rights and history."""

import threading
from datetime import timedelta

import pytest

from benchmarks.statement_log import listening
from engine import identity, proxies, returning, signers, user_tasks
from engine.actors import Actor
from engine.errors import AlreadyClaimed, AlreadyCompleted, Conflict, Forbidden, Invalid, NotFound, Rejected
from engine.tables import UserTask
from tests.engine.test_approvals import approval, begin, decide
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, HUA, actor

BUTTONS = {"buttons": "approve=同意; reject=不同意!reason"}


def add(company: Company, by: Actor, where: str, login: str, activity: str = "work", reason: str = "because") -> int:
    mine = task_of(company, by, activity)
    with company.database.transaction() as session:
        signers.add(session, mine, login, where, by, company.now, reason)
    return mine


def task_of(company: Company, who: Actor, activity: str = "work") -> int:
    found = [one for one in company.open_tasks() if one.activity_id == activity and one.assignee in (who.login, None)]
    return max(found, key=lambda one: one.assignee is not None).id


def sign(company: Company, who: Actor, decision: str | None = "approve", reason: str = "", activity: str = "work") -> None:
    said = {"decision": decision, "reason": reason}
    with company.database.transaction() as session:
        filled = {name: value for name, value in said.items() if value}
        user_tasks.complete(session, task_of(company, who, activity), filled, who, company.now)


def assignees(company: Company) -> list[str | None]:
    return [one.assignee for one in company.open_tasks()]


def test_before_me_my_task_goes_and_comes_back_as_the_task_that_it_was(company: Company) -> None:
    instance = begin(company, task("work", "technician", BUTTONS), task("after"))
    mine = add(company, ANNA, "before", "dong")
    assert assignees(company) == ["dong"]
    with company.database.transaction() as session, pytest.raises(AlreadyCompleted):
        user_tasks.complete(session, mine, {"decision": "approve"}, ANNA, company.now)
    sign(company, DONG, reason="小心漏水")
    assert [(one.id, one.assignee, one.state) for one in company.open_tasks()] == [(mine, "anna", "claimed")]
    sign(company, ANNA)
    assert company.waiting(instance) == ["after"]
    assert [vote["who"] for vote in company.variables(instance)["work_votes"]] == ["dong", "anna"]
    told = company.events(instance)
    assert [line.type for line in told if line.type.startswith(("signer.", "user_task.re"))] == ["signer.added", "user_task.reopened"]
    added = next(line for line in told if line.type == "signer.added")
    assert (added.actor, added.data["login"], added.data["where"], added.data["reason"]) == ("anna", "dong", "before", "because")


def test_after_me_and_beside_me_the_process_waits_for_them(company: Company) -> None:
    instance = begin(company, task("work", "technician", BUTTONS), task("after"))
    add(company, ANNA, "after", "dong")
    add(company, ANNA, "beside", "emma")
    assert assignees(company) == ["anna", "emma"]
    sign(company, ANNA)
    assert sorted(map(str, assignees(company))) == ["dong", "emma"]
    sign(company, EMMA)
    sign(company, DONG)
    assert company.waiting(instance) == ["after"]


def test_an_added_signer_gives_an_opinion_and_fills_in_no_form(company: Company) -> None:
    instance = begin(company, task("work", "technician"), task("after"))
    add(company, ANNA, "beside", "dong")
    with pytest.raises(Invalid) as refused, company.database.transaction() as session:
        user_tasks.complete(session, task_of(company, DONG), {"price": 3}, DONG, company.now)
    assert set(refused.value.fields) == {"price"}
    sign(company, DONG, None, "可以")
    company.complete("work", ANNA, {"price": 4})
    found = company.variables(instance)
    assert (found["price"], [vote["reason"] for vote in found["work_votes"]]) == (4, ["可以", None])


def test_who_may_add_and_whom(company: Company) -> None:
    begin(company, task("work", "technician", BUTTONS))
    mine = company.task("work").id
    for by, login, expected in (
        (CHEN, "dong", Forbidden), (ANNA, "anna", Invalid), (ANNA, "hua", Invalid), (ANNA, "fang", Invalid), (HUA, "dong", NotFound),
    ):  # fmt: skip
        with company.database.transaction() as session, pytest.raises(expected):
            signers.add(session, mine, login, "after", by, company.now, "because")
    with company.database.transaction() as session, pytest.raises(Invalid):
        signers.add(session, mine, "dong", "after", ANNA, company.now, " ")
    add(company, ANNA, "after", "dong")
    with pytest.raises(Conflict):
        add(company, ANNA, "beside", "dong")
    with company.database.transaction() as session, pytest.raises(AlreadyClaimed):  # it became anna's
        signers.add(session, mine, "emma", "after", BAO, company.now, "because")


def test_only_who_added_and_a_supervisor_take_away(company: Company) -> None:
    instance = begin(company, task("work", "technician", BUTTONS))
    mine = add(company, ANNA, "before", "chen")
    with company.database.transaction() as session, pytest.raises(Forbidden):
        signers.remove(session, mine, "chen", BAO, company.now)
    with company.database.transaction() as session, pytest.raises(NotFound):
        signers.remove(session, mine, "anna", ANNA, company.now)
    with company.database.transaction() as session:
        signers.remove(session, mine, "chen", DONG, company.now, "not needed")
    assert [(one.id, one.assignee) for one in company.open_tasks(instance)] == [(mine, "anna")]
    assert company.told(instance)[-2:] == ["signer.removed", "user_task.reopened"]
    add(company, ANNA, "beside", "bao")
    sign(company, BAO)
    with company.database.transaction() as session, pytest.raises(NotFound):
        signers.remove(session, mine, "bao", ANNA, company.now)


def test_a_further_vote_in_an_approval(company: Company) -> None:
    instance = begin(company, approval("all"), task("after"), people=("anna", "dong"))
    add(company, ANNA, "beside", "emma", "agree")
    decide(company, ANNA)
    decide(company, DONG)
    assert assignees(company) == ["emma"]
    decide(company, EMMA, "reject", "太贵")
    assert company.waiting(instance) == ["after"]
    found = company.variables(instance)
    assert (found["agree_decision"], found["agree_votes"][-1]["by"]) == ("reject", "anna")


def test_adding_while_another_completes_one_wins_and_the_other_is_told(company: Company) -> None:
    instance = begin(company, task("work", "technician", BUTTONS), task("after", "customer_service"))
    mine, together, answers = company.task("work").id, threading.Barrier(2), []

    def do(work: object) -> None:
        together.wait()
        try:
            with company.database.transaction() as session:
                work(session)  # type: ignore[operator]
            answers.append("done")
        except Rejected as rejected:
            answers.append(rejected.code)

    adding = threading.Thread(target=do, args=(lambda session: signers.add(session, mine, "dong", "before", ANNA, company.now, "x"),))
    doing = threading.Thread(
        target=do, args=(lambda session: user_tasks.complete(session, mine, {"decision": "approve"}, BAO, company.now),)
    )
    for thread in (adding, doing):
        thread.start()
    for thread in (adding, doing):
        thread.join()
    assert sorted(answers) in (["already_completed", "done"], ["already_claimed", "done"], ["conflict", "done"])
    assert len(company.open_tasks(instance)) == 1


@pytest.mark.parametrize("where", ["before", "after", "beside"])
def test_adding_and_taking_away_take_few_statements_and_one_commit(company: Company, where: str) -> None:
    begin(company, task("work", "technician", BUTTONS))
    mine = company.task("work").id
    with listening(company.database) as log, company.database.transaction() as session:
        signers.add(session, mine, "dong", where, ANNA, company.now, "because")
    assert (5 < len(log.statements) <= 15, log.commits) == (True, 1), log.statements
    with listening(company.database) as log, company.database.transaction() as session:
        signers.remove(session, mine, "dong", ANNA, company.now)
    assert (5 < len(log.statements) <= 15, log.commits) == (True, 1), log.statements


def test_two_people_sign_and_the_same_one_cannot_be_both(company: Company) -> None:
    instance = begin(company, task("work", "technician", {"signatures": "two_people"}), task("pay", "technician", {"differsFrom": "work"}))
    company.complete("work", ANNA, {"price": 3})
    with pytest.raises(Forbidden):
        company.complete("work", ANNA)
    company.complete("work", BAO)
    assert company.waiting(instance) == ["pay"]
    for who in (ANNA, BAO):  # everybody who signed counts
        with pytest.raises(Forbidden, match="Work"):
            company.complete("pay", who)


def test_the_second_signature_falls_to_the_manager_where_nobody_else_holds_the_post(company: Company) -> None:
    instance = begin(company, task("work", "customer_service", {"signatures": "two_people"}), task("after"))
    company.complete("work", CHEN)
    company.complete("work", EMMA)
    assert company.waiting(instance) == ["after"]
    assert "user_task.redirected" in company.told(instance)


def test_a_post_that_nobody_holds_is_not_waited_for(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work", "finance", BUTTONS), END_EVENT)))
    instance = company.start()
    [told] = [line for line in company.events(instance) if line.type == "user_task.redirected"]
    assert (told.data["rule"], told.data["to"]) == ("whenNobody", ["project_manager"])
    sign(company, EMMA)
    assert company.instance(instance).state == "completed"


def test_who_started_it_is_not_alone_with_its_approval(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work", "customer_service", BUTTONS), END_EVENT)))
    company.start(actor=CHEN)
    with pytest.raises(Forbidden):
        sign(company, CHEN)
    sign(company, EMMA)


def test_of_several_candidates_the_one_who_started_it_may_not_approve_it(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work", "technician", BUTTONS), END_EVENT)))
    company.start(actor=actor("anna"))
    with pytest.raises(Forbidden):
        sign(company, ANNA)
    sign(company, BAO)


def test_who_started_the_case_decides_it_neither_as_a_signer_nor_when_it_is_handed_to_them(company: Company) -> None:
    instance = begin(company, task("work", "technician", BUTTONS), task("after"))
    mine = company.task("work").id
    for where in ("beside", "after"):
        with company.database.transaction() as session, pytest.raises(Invalid) as refused:
            signers.add(session, mine, "chen", where, ANNA, company.now, "because")
        assert set(refused.value.fields) == {"login"}
    add(company, ANNA, "before", "chen")  # an opinion decides nothing
    sign(company, CHEN)
    with company.database.transaction() as session:
        user_tasks.assign(session, mine, "chen", DONG, company.now)
    with pytest.raises(Forbidden):
        sign(company, CHEN)
    with company.database.transaction() as session:
        user_tasks.assign(session, mine, "anna", DONG, company.now)
    sign(company, ANNA)
    assert company.waiting(instance) == ["after"]


def test_who_started_the_case_does_not_decide_it_in_the_name_of_who_is_away(company: Company) -> None:
    begin(company, task("work", "", BUTTONS, assignee="anna"))
    with company.database.transaction() as session:
        proxies.appoint(session, "anna", "chen", "S1", company.now, company.now + timedelta(days=1), ANNA, company.now)
    with company.database.read() as session:
        stand_in = identity.actor_of(session, identity.get(session, "chen"), "page", company.now)
    with pytest.raises(Forbidden), company.database.transaction() as session:
        user_tasks.complete(session, company.task("work").id, {"decision": "approve"}, stand_in, company.now)


def test_who_started_the_case_does_not_give_the_second_of_two_signatures(company: Company) -> None:
    begin(company, task("work", "technician,customer_service", {**BUTTONS, "signatures": "two_people"}), task("after"))
    sign(company, ANNA)
    with pytest.raises(Forbidden):
        sign(company, CHEN)
    sign(company, BAO)
    assert company.waiting() == ["after"]


def test_who_only_gives_an_opinion_sends_nothing_back_and_who_decides_as_well_does(company: Company) -> None:
    instance = begin(company, task("first"), task("work", "technician", {**BUTTONS, "returnTo": "first,end"}))
    company.complete("first", BAO)
    add(company, ANNA, "before", "dong")
    mine = task_of(company, DONG)
    with company.database.read() as session:
        assert returning.targets(session, session.get_one(UserTask, mine)) == []
    for to in ("first", "end"):
        with pytest.raises(Forbidden), company.database.transaction() as session:
            returning.return_task(session, mine, to, "no", DONG, company.now)
    sign(company, DONG)
    add(company, ANNA, "beside", "emma")
    with company.database.transaction() as session:
        returning.return_task(session, task_of(company, EMMA), "first", "photographs are missing", EMMA, company.now)
    assert company.waiting(instance) == ["first"]


def test_who_did_the_other_half_or_is_excluded_is_not_asked_to_sign(company: Company) -> None:
    properties = {"differsFrom": "first", "excludes": "interested"}
    begin(company, task("first"), task("work", "technician", properties), interested="emma")
    company.complete("first", BAO)
    for login in ("bao", "emma"):
        with company.database.transaction() as session, pytest.raises(Invalid) as refused:
            signers.add(session, company.task("work").id, login, "before", ANNA, company.now, "because")
        assert set(refused.value.fields) == {"login"}
