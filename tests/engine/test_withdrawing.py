"""Taking one's own task back, taking a whole case back, and several who do different things at once."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import definitions, instances, returning, scenarios, signers, timers, user_tasks, withdrawing
from engine.actors import Actor
from engine.errors import AlreadyCompleted, Conflict, Forbidden, Invalid
from engine.tables import Draft, Instance, Number, Timer, UserTask
from tests.engine.going_back import BACK, BRANCHES, ORDER, done, send_back, take_back
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task, timer
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, OPERATOR


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


def test_who_is_asked_for_an_opinion_before_holds_what_it_is_about(company: Company) -> None:
    company.deploy(ORDER)
    company.start()
    [first] = done(company, ("fill_in", CHEN))
    with company.database.transaction() as session:
        signers.add(session, company.task("work").id, "dong", "before", ANNA, company.now, "is it urgent?")
    with pytest.raises(Conflict, match="something has happened since"):
        take_back(company, first, CHEN)
    assert [one.assignee for one in company.open_tasks()] == ["dong"]


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


def test_a_case_is_taken_back_until_the_task_that_the_diagram_names_is_done(company: Company) -> None:
    nodes = chain(START_EVENT, task("work"), task("check"), task("tidy"), END_EVENT)
    company.deploy(diagram(nodes, properties={"withdraw": "until: check"}))
    first, second = company.start(actor=CHEN), company.start(actor=CHEN)
    for one in (first, second):
        company.complete("work", ANNA, instance=one)
    company.complete("check", ANNA, instance=second)
    with company.database.transaction() as session:
        process = definitions.load(session, company.instance(first).definition_id).process
        may = [withdrawing.may_withdraw_case(session, session.get_one(Instance, one), process, CHEN) for one in (first, second)]
        withdrawing.withdraw_case(session, first, "not needed", CHEN, company.now)
    assert may == [True, False] and company.instance(first).state == "cancelled"
    with company.database.transaction() as session, pytest.raises(Conflict, match="Check is done"):
        withdrawing.withdraw_case(session, second, "not needed", CHEN, company.now)


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
