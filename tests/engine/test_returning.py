"""Sending a task back, taking one's own task back, and taking a whole case back."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.statement_log import listening
from engine import identity, instances, returning, scenarios, timers, user_tasks, withdrawing
from engine.actors import Actor
from engine.errors import AlreadyClaimed, AlreadyCompleted, Conflict, Forbidden, Invalid, NotFound, Rejected
from engine.tables import Draft, Number, TaskReturn, Timer, UserTask
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task, timer
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, FANG, GUO, HUA, OPERATOR

BACK = {"returnTo": "earlier, end", "withdraw": "allowed"}
ORDER = diagram(
    chain(
        START_EVENT, task("fill_in", "customer_service", BACK), task("work", "technician", BACK),
        task("check", "engineering_supervisor", BACK), END_EVENT,
    ),
    properties={"withdraw": "allowed", "numberSeries": "WX"},
)  # fmt: skip
FORK, JOIN = '<parallelGateway id="fork"/>', '<parallelGateway id="join"/>'
BRANCHES = diagram(
    chain(START_EVENT, FORK, task("work", properties=BACK), JOIN, task("check", "engineering_supervisor", BACK), END_EVENT)
    + task("clean", "technician", BACK)
    + '<sequenceFlow id="f1" sourceRef="fork" targetRef="clean"/><sequenceFlow id="f2" sourceRef="clean" targetRef="join"/>'
)


def send_back(company: Company, activity: str, to: str, actor: Actor, reason: str = "photographs are missing") -> returning.Returned:
    task_id = company.task(activity).id
    with company.database.transaction() as session:
        returned = returning.return_task(session, task_id, to, reason, actor, company.now)
        session.flush()
        session.expunge_all()
        return returned


def take_back(company: Company, task_id: int, actor: Actor) -> UserTask:
    with company.database.transaction() as session:
        taken = withdrawing.withdraw(session, task_id, actor, company.now)
        session.flush()
        session.expunge_all()
        return taken


def done(company: Company, *acts: tuple[str, Actor]) -> list[int]:
    """The ids of the tasks that these people have completed."""
    return [company.complete(activity, actor).task.id for activity, actor in acts]


def ways(company: Company, activity: str) -> list[tuple[str, str, str | None]]:
    with company.database.read() as session:
        found = returning.targets(session, session.get_one(UserTask, company.task(activity).id))
        return [(target.to, target.name, target.performer) for target in found]


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


def test_a_person_takes_their_own_task_back_and_has_it_again_as_they_left_it(company: Company) -> None:
    form = b'{"type": "default", "components": [{"type": "textfield", "key": "note", "label": "Note", "id": "n"}]}'
    filled = task("work", "technician", BACK, formRef="note")
    content = diagram(chain(START_EVENT, filled, task("check", "engineering_supervisor"), END_EVENT))
    company.deploy(**{"order.bpmn": content, "note.form": form})
    instance = company.start()
    task_id = company.complete("work", ANNA, {"note": "tap replaced"}).task.id
    taken = take_back(company, task_id, ANNA)
    assert company.waiting(instance) == ["work"]
    assert (taken.state, taken.assignee, taken.id != task_id) == ("claimed", "anna", True)
    with company.database.read() as session:
        assert session.get_one(Draft, (taken.id, "anna")).payload == {"note": "tap replaced"}
        assert session.get_one(UserTask, task_id).state == "completed"
    assert "user_task.withdrawn" in company.told(instance)
    done(company, ("work", ANNA), ("check", DONG))
    assert company.instance(instance).state == "completed"


def test_what_has_been_acted_on_stays(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start()
    first, second = done(company, ("fill_in", CHEN), ("work", ANNA))
    with pytest.raises(Conflict, match="anna has completed Work"):
        take_back(company, first, CHEN)
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("check").id, DONG, company.now)
    with pytest.raises(Conflict, match="dong has taken Check"):
        take_back(company, second, ANNA)
    assert company.waiting(instance) == ["check"]


def test_what_was_taken_back_after_it_does_not_hold_it(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start()
    first, second = done(company, ("fill_in", CHEN), ("work", ANNA))
    again = take_back(company, second, ANNA)
    with pytest.raises(Conflict, match="anna has taken Work"):
        take_back(company, first, CHEN)
    with company.database.transaction() as session:
        user_tasks.unclaim(session, again.id, ANNA, company.now)
    take_back(company, first, CHEN)
    assert company.waiting(instance) == ["fill_in"]


def test_a_timer_or_a_job_after_it_holds_a_task(company: Company) -> None:
    late = timer("late", "check", "PT1H") + '<endEvent id="gone"/><sequenceFlow id="f" sourceRef="late" targetRef="gone"/>'
    company.deploy(diagram(chain(START_EVENT, task("work", properties=BACK), task("check", "engineering_supervisor"), END_EVENT) + late))
    company.start()
    [task_id] = done(company, ("work", ANNA))
    company.pass_time(hours=2)
    with pytest.raises(Conflict, match=r"timer\.fired"):
        take_back(company, task_id, ANNA)


def test_a_called_process_in_which_somebody_works_holds_a_task(company: Company) -> None:
    called = diagram(chain(START_EVENT, task("inside"), END_EVENT), key="child")
    call = '<callActivity id="call" calledElement="child"/>'
    company.deploy(called, diagram(chain(START_EVENT, task("work", properties=BACK), call, END_EVENT)))
    company.start()
    [task_id] = done(company, ("work", ANNA))
    company.work()
    task_id = take_back(company, task_id, ANNA).id
    company.work()
    assert company.waiting() == ["work"]
    [task_id] = done(company, ("work", ANNA))
    company.work()
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("inside").id, BAO, company.now)
    with pytest.raises(Conflict, match="called"):
        take_back(company, task_id, ANNA)


@pytest.mark.parametrize("actor", [BAO, DONG, EMMA, OPERATOR])
def test_nobody_takes_back_what_somebody_else_did(company: Company, actor: Actor) -> None:
    company.deploy(ORDER)
    company.start()
    [task_id] = done(company, ("fill_in", CHEN))
    with pytest.raises(Forbidden):
        take_back(company, task_id, actor)


def test_a_task_is_taken_back_only_where_the_diagram_allows_it_and_while_the_case_runs(company: Company) -> None:
    ways_back = {"returnTo": "earlier"}
    company.deploy(diagram(chain(START_EVENT, task("work", properties=ways_back), task("check", properties=BACK), END_EVENT)))
    company.start()
    work, check = done(company, ("work", ANNA), ("check", ANNA))
    with pytest.raises(Forbidden, match="diagram"):
        take_back(company, work, ANNA)
    with pytest.raises(Conflict, match="completed"):
        take_back(company, check, ANNA)


# The whole case


def test_who_began_a_case_takes_all_of_it_back_with_a_reason(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start(actor=CHEN)
    with company.database.transaction() as session, pytest.raises(Invalid):
        withdrawing.withdraw_case(session, instance, " ", CHEN, company.now)
    with company.database.transaction() as session, pytest.raises(Forbidden):
        withdrawing.withdraw_case(session, instance, "not needed", ANNA, company.now)
    with company.database.transaction() as session:
        withdrawing.withdraw_case(session, instance, "not needed", CHEN, company.now)
    ended = company.instance(instance)
    assert (ended.state, company.waiting(instance)) == ("cancelled", [])
    assert company.events(instance)[-1].type == "instance.withdrawn"
    with company.database.read() as session:
        assert session.get_one(Number, ended.number).state == "void"
    with company.database.transaction() as session, pytest.raises(Conflict):
        withdrawing.withdraw_case(session, instance, "again", CHEN, company.now)


def test_a_case_whose_process_does_not_say_so_is_not_taken_back(company: Company) -> None:
    company.deploy(BRANCHES)
    instance = company.start(actor=CHEN)
    with company.database.transaction() as session, pytest.raises(Forbidden, match="supervisor"):
        withdrawing.withdraw_case(session, instance, "not needed", CHEN, company.now)


# At once

Act = Callable[[Session], Any]


def together(company: Company, *acts: Act) -> list[Any]:
    """What each act gave or raised, when all begin at once."""
    outcomes: list[Any] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def work(place: int, act: Act) -> None:
        gate.wait()
        try:
            with company.database.transaction() as session:
                act(session)
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=work, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_two_people_do_different_things_to_one_task_and_one_wins(company: Company) -> None:
    company.deploy(ORDER)
    for _ in range(8):
        instance = company.start()
        done(company, ("fill_in", CHEN))
        task_id = company.task("work", instance).id
        acts: list[Act] = [
            lambda session, task_id=task_id: user_tasks.complete(session, task_id, {}, ANNA, company.now),
            lambda session, task_id=task_id: returning.return_task(session, task_id, "fill_in", "no", BAO, company.now),
            lambda session, task_id=task_id: returning.return_task(session, task_id, "end", "no", ANNA, company.now),
        ]
        random.shuffle(acts)
        outcomes = together(company, *acts)
        assert sum(outcome is None for outcome in outcomes) == 1
        assert all(isinstance(outcome, AlreadyCompleted | Conflict) for outcome in outcomes if outcome is not None)
        assert company.waiting(instance) in (["check"], ["fill_in"], [])
        if company.instance(instance).state == "running":
            with company.database.transaction() as session:
                instances.cancel(session, instance, "next", EMMA, company.now)


def test_a_task_is_sent_back_in_the_instant_in_which_its_timer_fires(company: Company) -> None:
    late = timer("late", "work", "PT1H", interrupting=True) + task("overdue", properties=BACK)
    ways_out = '<sequenceFlow id="f" sourceRef="late" targetRef="overdue"/><sequenceFlow id="g" sourceRef="overdue" targetRef="end"/>'
    tasks = (task("fill_in", "customer_service", BACK), script("count", "rounds = rounds + 1"), task("work", properties=BACK))
    company.deploy(diagram(chain(START_EVENT, *tasks, END_EVENT) + late + ways_out))
    for number in range(8):
        instance = company.start(variables={"rounds": 0})
        done(company, ("fill_in", CHEN))
        company.clock.advance(timedelta(hours=2))
        task_id = company.task("work", instance).id
        with company.database.read() as session:
            due = session.scalars(select(Timer.id).where(Timer.instance_id == instance)).one()
        back, fired = together(
            company,
            lambda session, task_id=task_id: returning.return_task(session, task_id, "fill_in", "no", ANNA, company.now),
            lambda session, due=due: timers.fire(session, due, company.now),
        )
        assert fired is None
        assert back is None or isinstance(back, AlreadyCompleted | Conflict)
        assert company.waiting(instance) == (["fill_in"] if back is None else ["overdue"]), number
        if back is not None:
            send_back(company, "overdue", "fill_in", ANNA)
        done(company, ("fill_in", CHEN), ("work", ANNA))
        assert company.instance(instance).state == "completed"
        assert company.variables(instance)["rounds"] == 2


# In scenarios

STORY = """
name: There and back
steps:
- start: {as: customer_service}
- complete: fill_in
  as: customer_service
- withdraw: fill_in
  as: customer_service
- complete: fill_in
  as: customer_service
- return: work
  to: nowhere
  as: technician
  refused: conflict
- return: work
  to: fill_in
  reason: the house number is missing
  as: technician
- expect: {waiting: [fill_in]}
- withdraw_case: entered twice
  as: customer_service
"""


def test_scenarios_go_back_too(tmp_path: Path) -> None:
    folder = tmp_path / "order"
    (folder / "scenarios").mkdir(parents=True)
    (folder / "scenarios" / "back.yaml").write_text(STORY, encoding="utf-8")
    report = scenarios.run([folder], {"order/order.bpmn": ORDER})
    assert [result.failure for result in report.results] == [None]
