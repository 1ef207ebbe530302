"""Sending a task back: who may, to where, and what stays as it was."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from benchmarks.statement_log import listening
from engine import identity, returning, user_tasks, withdrawing
from engine.actors import Actor
from engine.errors import AlreadyClaimed, Conflict, Forbidden, Invalid, NotFound, Rejected
from engine.tables import Number, TaskReturn, Timer
from tests.engine.going_back import BACK, BRANCHES, FORK, ORDER, done, send_back, ways
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task, timer
from tests.people import ANNA, BAO, CHEN, DONG, FANG, GUO, HUA, OPERATOR


def test_a_task_goes_back_to_who_did_it_before_with_the_reason(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start()
    done(company, ("fill_in", CHEN), ("work", BAO))
    returned = send_back(company, "check", "work", DONG)
    assert company.waiting(instance) == ["work"]
    again = company.task("work")
    assert (again.state, again.assignee) == ("claimed", "bao")
    assert [each.id for each in returned.tasks] == [again.id]
    with company.database.read() as session:
        told = session.get_one(TaskReturn, again.id)
        assert (told.by, told.origin, told.reason) == ("dong", "Check", "photographs are missing")
    with pytest.raises(AlreadyClaimed):
        company.complete("work", ANNA)
    done(company, ("work", BAO), ("check", DONG))
    assert company.instance(instance).state == "completed"


def test_history_tells_who_sent_it_back_where_and_why(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start()
    done(company, ("fill_in", CHEN), ("work", BAO))
    send_back(company, "check", "work", DONG)
    returned, created = company.events(instance)[-2:]
    assert (returned.type, returned.actor, returned.activity) == ("user_task.returned", "dong", "check")
    assert returned.data is not None
    assert (returned.data["to"], returned.data["reason"]) == ("work", "photographs are missing")
    assert returned.data["path"] == [["check", "cancelled"], ["work", "entered"]]
    assert created.data is not None
    assert (created.type, created.data["assignee"]) == ("user_task.created", "bao")


def test_the_ways_back_are_those_that_the_case_has_gone(company: Company) -> None:
    company.deploy(ORDER)
    company.start()
    assert ways(company, "fill_in") == [("end", "", None)]
    done(company, ("fill_in", CHEN))
    assert ways(company, "work") == [("initiator", "Fill_In", "chen"), ("fill_in", "Fill_In", "chen"), ("end", "", None)]


def test_a_task_goes_back_to_who_began_the_case_whoever_did_its_first_task(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("sort", "technician", BACK), task("check", "engineering_supervisor", BACK), END_EVENT)))
    instance = company.start(actor=CHEN)
    done(company, ("sort", BAO))
    send_back(company, "check", "initiator", DONG)
    assert company.task("sort").assignee == "chen"
    done(company, ("sort", CHEN), ("check", DONG))
    assert company.instance(instance).state == "completed"


def test_a_decision_goes_back_to_its_pool_and_not_to_who_began_the_case(company: Company) -> None:
    decided = {**BACK, "buttons": "approve=同意; reject=不同意!reason"}
    company.deploy(
        diagram(chain(START_EVENT, task("sort", "customer_service,technician", decided), task("check", properties=BACK), END_EVENT))
    )
    company.start(actor=CHEN)
    company.complete("sort", BAO, {"decision": "approve"})
    send_back(company, "check", "initiator", ANNA)
    assert company.task("sort").assignee is None
    company.complete("sort", BAO, {"decision": "approve"})
    assert company.waiting() == ["check"]


def test_sending_to_the_end_ends_the_case_and_voids_its_number(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start()
    done(company, ("fill_in", CHEN))
    send_back(company, "work", "end", ANNA, "a second report of the same tap")
    ended = company.instance(instance)
    assert ended.state == "cancelled"
    assert company.waiting(instance) == []
    assert "user_task.returned" in company.told(instance)
    with company.database.read() as session:
        assert session.get_one(Number, ended.number).state == "void"


def test_who_has_left_gets_nothing_back_and_the_pool_does(company: Company) -> None:
    company.deploy(ORDER)
    company.start()
    done(company, ("fill_in", CHEN), ("work", BAO))
    with company.database.transaction() as session:
        identity.disable(session, "bao", OPERATOR, company.now)
    send_back(company, "check", "work", DONG)
    assert company.task("work").state == "ready"
    done(company, ("work", ANNA))


@pytest.mark.parametrize(("actor", "refusal"), [(ANNA, Forbidden), (FANG, Forbidden), (GUO, Forbidden), (HUA, NotFound)])
def test_only_who_may_do_the_task_sends_it_back(company: Company, actor: Actor, refusal: type[Rejected]) -> None:
    company.deploy(ORDER)
    instance = company.start()
    done(company, ("fill_in", CHEN), ("work", BAO))
    with pytest.raises(refusal):
        send_back(company, "check", "work", actor)
    assert company.waiting(instance) == ["check"]


def test_a_task_that_somebody_else_holds_is_not_sent_back(company: Company) -> None:
    company.deploy(ORDER)
    company.start()
    done(company, ("fill_in", CHEN))
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("work").id, BAO, company.now)
    with pytest.raises(AlreadyClaimed):
        send_back(company, "work", "fill_in", ANNA)


@pytest.mark.parametrize("to", ["check", "work", "nowhere", "", "start"])
def test_a_target_that_is_none_is_refused_and_nothing_happens(company: Company, to: str) -> None:
    company.deploy(ORDER)
    instance = company.start()
    done(company, ("fill_in", CHEN))
    before = company.told(instance)
    with pytest.raises(Conflict, match="initiator, fill_in, end"):
        send_back(company, "work", to, ANNA)
    assert company.told(instance) == before
    assert company.waiting(instance) == ["work"]


def test_a_diagram_that_names_no_way_back_has_none(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work", properties={"withdraw": "allowed"}), task("check", "technician"), END_EVENT)))
    company.start()
    done(company, ("work", ANNA))
    assert ways(company, "check") == []
    with pytest.raises(Conflict):
        send_back(company, "check", "work", BAO)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_return_needs_a_reason(company: Company, reason: str) -> None:
    company.deploy(ORDER)
    company.start()
    done(company, ("fill_in", CHEN))
    with pytest.raises(Invalid):
        send_back(company, "work", "fill_in", ANNA, reason)


def test_the_other_branch_keeps_its_task_and_what_waited_at_the_join_waits_again(company: Company) -> None:
    company.deploy(BRANCHES)
    instance = company.start()
    clean = company.task("clean").id
    done(company, ("work", ANNA), ("clean", BAO))
    assert company.waiting(instance) == ["check"]
    send_back(company, "check", "work", DONG)
    assert company.waiting(instance) == ["work"]
    assert company.task_states(instance)["clean"] == "completed"
    done(company, ("work", ANNA), ("check", DONG))
    assert company.instance(instance).state == "completed"
    other = company.start()
    done(company, ("work", ANNA))
    taken = company.task("clean", other).id
    assert taken != clean
    assert company.waiting(other) == ["clean"]


def test_one_signer_sends_the_whole_signing_back(company: Company) -> None:
    signing = task("sign", "technician", BACK).replace(
        "</userTask>",
        "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></userTask>",
    )
    company.deploy(
        diagram(chain(START_EVENT, task("fill_in", "customer_service", BACK), signing, task("check", properties=BACK), END_EVENT))
    )
    instance = company.start()
    done(company, ("fill_in", CHEN), ("sign", ANNA))
    send_back(company, "sign", "fill_in", BAO)
    assert company.waiting(instance) == ["fill_in"]
    done(company, ("fill_in", CHEN), ("sign", ANNA), ("sign", BAO), ("sign", ANNA))
    returned = send_back(company, "check", "sign", BAO)
    assert [task.state for task in returned.tasks] == ["ready"] * 3
    with company.database.read() as session:
        assert len(session.scalars(select(TaskReturn)).all()) == 4
    done(company, ("sign", ANNA), ("sign", BAO), ("sign", ANNA), ("check", ANNA))
    assert company.instance(instance).state == "completed"


def test_timers_and_called_processes_of_what_goes_back_are_gone(company: Company) -> None:
    call = '<callActivity id="call" calledElement="child"/>'
    company.deploy(
        diagram(chain(START_EVENT, task("inside"), END_EVENT), key="child"),
        diagram(
            chain(START_EVENT, task("fill_in", "customer_service", BACK), FORK, task("work", properties=BACK), END_EVENT)
            + call + '<sequenceFlow id="f1" sourceRef="fork" targetRef="call"/><endEvent id="gone"/>'
            + timer("late", "work", "PT1H", interrupting=True) + '<sequenceFlow id="f2" sourceRef="late" targetRef="gone"/>'
        ),
    )  # fmt: skip
    instance = company.start()
    done(company, ("fill_in", CHEN))
    company.work()
    assert company.waiting() == ["work", "inside"]
    send_back(company, "work", "fill_in", ANNA)
    company.work()
    assert company.waiting() == ["fill_in"]
    with company.database.read() as session:
        assert session.scalars(select(Timer)).all() == []
    done(company, ("fill_in", CHEN))
    company.work()
    assert sorted(company.waiting()) == ["inside", "work"]
    done(company, ("inside", ANNA))
    company.work()
    done(company, ("work", ANNA))
    assert company.instance(instance).state == "completed"


def test_a_clock_goes_on_when_its_task_is_sent_back(company: Company) -> None:
    clock = {"clock.repair": "from=fill_in.completed; to=check.completed; limit=duration('PT4H')"}
    tasks = (task("fill_in", "customer_service", BACK), task("check", properties=BACK))
    company.deploy(diagram(chain(START_EVENT, *tasks, END_EVENT), properties=clock))
    instance = company.start()
    done(company, ("fill_in", CHEN))
    send_back(company, "check", "fill_in", ANNA)
    company.clock.advance(timedelta(hours=3))
    done(company, ("fill_in", CHEN))
    company.pass_time(hours=2)
    assert company.told(instance).count("clock.started") == 1
    assert "clock.breached" in company.told(instance)


def test_a_return_and_a_withdrawal_take_few_statements_and_one_commit(company: Company) -> None:
    company.deploy(BRANCHES)
    company.start()
    work, _ = done(company, ("work", ANNA), ("clean", BAO))
    check = company.task("check").id
    with listening(company.database) as log, company.database.transaction() as session:
        returning.return_task(session, check, "work", "not done", DONG, company.now)
    assert 5 < len(log.statements) <= 15, (len(log.statements), log.statements)
    assert log.commits == 1
    [work] = done(company, ("work", ANNA))
    with listening(company.database) as log, company.database.transaction() as session:
        withdrawing.withdraw(session, work, ANNA, company.now)
    assert 5 < len(log.statements) <= 15, (len(log.statements), log.statements)
    assert log.commits == 1


# Taking back
