"""Moving the tokens of a case by hand: who may, what the outside sees of it, and what history tells."""

import threading
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.statement_log import listening
from engine import modifying, user_tasks
from engine.actors import Actor
from engine.errors import Conflict, Forbidden, Invalid, NotFound, Rejected, Unusable
from engine.history import verify
from engine.tables import Instance, Job, Timer
from tests.engine.going_back import BRANCHES, ORDER, done, send_back
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task, timer
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, FANG, HUA, OPERATOR

STUCK = diagram(chain(START_EVENT, task("work"), script("reckon", "price = cost * 2"), task("check", "engineering_supervisor"), END_EVENT))
WITH_A_DEADLINE = diagram(
    chain(START_EVENT, task("work"), task("check", "engineering_supervisor"), END_EVENT)
    + timer("late", "work", "PT1H")
    + timer("later", "check", "PT2H")
    + '<sequenceFlow id="f1" sourceRef="late" targetRef="told"/><sequenceFlow id="f2" sourceRef="later" targetRef="told"/>'
    + '<endEvent id="told"/>'
)


def modify(company: Company, instance: int, cancel: str = "", start: str = "", actor: Actor = EMMA, **more: Any) -> Instance:
    with company.database.transaction() as session:
        reason = more.pop("reason", "the part is not to be had")
        found = modifying.modify(session, instance, reason, actor, company.now, cancel.split(), start.split(), **more)
        session.flush()
        session.expunge_all()
        return found


def timers(company: Company) -> list[str]:
    with company.database.read() as session:
        return list(session.scalars(select(Timer.activity_id).order_by(Timer.id)))


def test_a_stuck_case_goes_on_behind_what_failed_and_its_incident_is_resolved(company: Company) -> None:
    company.deploy(STUCK)
    instance = company.start()
    done(company, ("work", ANNA))
    assert company.instance(instance).incidents == 1
    modify(company, instance, "reckon", "check", variables={"price": 90})
    assert company.waiting(instance) == ["check"]
    assert company.instance(instance).incidents == 0
    assert company.variables(instance)["price"] == 90
    done(company, ("check", DONG))
    assert company.instance(instance).state == "completed"


def test_history_tells_who_moved_it_why_and_from_where_to_where(company: Company) -> None:
    company.deploy(BRANCHES)
    instance = company.start()
    modify(company, instance, "work", "check", variables={"price": 1})
    event = next(line for line in company.events(instance) if line.type == "instance.modified")
    assert (event.actor, event.data) == (
        "emma",
        {
            "reason": "the part is not to be had",
            "ended": ["work"],
            "begun": ["check"],
            "before": ["work", "clean"],
            "after": ["clean", "check"],
            "variables": {"price": [None, 1]},
            "path": [["work", "cancelled"], ["check", "entered"]],
        },
    )
    with company.database.read() as session:
        assert list(verify(session, instance)) == []


def test_the_task_that_ends_is_gone_and_the_other_branch_keeps_its_own(company: Company) -> None:
    company.deploy(BRANCHES)
    instance = company.start()
    kept = company.task("clean").id
    modify(company, instance, "work", "work")
    assert company.task("clean").id == kept
    assert len(company.open_tasks(instance)) == 2
    done(company, ("work", ANNA), ("clean", BAO), ("check", DONG))
    assert company.instance(instance).state == "completed"


def test_deadlines_end_with_what_ends_and_run_for_what_begins(company: Company) -> None:
    company.deploy(WITH_A_DEADLINE)
    instance = company.start()
    assert timers(company) == ["late"]
    modify(company, instance, "work", "check")
    assert timers(company) == ["later"]
    company.pass_time(hours=3)
    assert [line.activity for line in company.events(instance) if line.type == "timer.fired"] == ["later"]


def test_a_called_process_ends_with_its_call_and_another_begins_with_a_new_one(company: Company) -> None:
    call = '<callActivity id="call" calledElement="child"/>'
    child = diagram(chain(START_EVENT, task("inside"), END_EVENT), key="child")
    company.deploy(child, diagram(chain(START_EVENT, task("work"), call, task("check"), END_EVENT)))
    instance = company.start()
    modify(company, instance, "work", "call")
    company.work()
    assert company.waiting() == ["inside"]
    modify(company, instance, "call", "check")
    company.work()
    assert company.waiting() == ["check"]
    done(company, ("check", ANNA))
    assert company.instance(instance).state == "completed"


def test_a_job_that_is_passed_over_is_not_done(company: Company) -> None:
    service = '<serviceTask id="pay" camunda:type="external" camunda:topic="pay"/>'
    company.deploy(diagram(chain(START_EVENT, service, task("check"), END_EVENT)))
    instance = company.start()
    modify(company, instance, "pay", "check")
    with company.database.read() as session:
        assert session.scalars(select(Job).where(Job.topic == "pay")).all() == []
    assert company.waiting(instance) == ["check"]


def test_who_has_a_task_by_a_move_can_send_it_back_along_the_way_that_it_came(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start()
    done(company, ("fill_in", CHEN))
    modify(company, instance, "work", "check")
    send_back(company, "check", "fill_in", DONG)
    assert company.task("fill_in").assignee == "chen"
    done(company, ("fill_in", CHEN), ("work", BAO), ("check", DONG))
    assert company.instance(instance).state == "completed"


@pytest.mark.parametrize(("actor", "refusal"), [(ANNA, Forbidden), (DONG, Forbidden), (FANG, Forbidden), (HUA, NotFound)])
def test_only_who_may_operate_the_case_moves_it_or_sees_how(company: Company, actor: Actor, refusal: type[Rejected]) -> None:
    company.deploy(ORDER)
    instance = company.start()
    before = company.told(instance)
    with pytest.raises(refusal):
        modify(company, instance, "fill_in", "work", actor)
    with company.database.read() as session, pytest.raises(refusal):
        modifying.choices(session, instance, actor)
    assert company.told(instance) == before


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_move_needs_a_reason(company: Company, reason: str) -> None:
    company.deploy(ORDER)
    instance = company.start()
    with pytest.raises(Invalid):
        modify(company, instance, "fill_in", "work", reason=reason)
    assert company.waiting(instance) == ["fill_in"]


def test_what_cannot_be_moved_is_refused_and_nothing_has_happened(company: Company) -> None:
    company.deploy(BRANCHES)
    instance = company.start()
    before = company.told(instance)
    for cancel, start, refusal in (
        ("work clean", "", Conflict),
        ("work", "join", Conflict),
        ("check", "work", Conflict),
        ("work", "nowhere", NotFound),
        ("", "", Invalid),
    ):
        with pytest.raises(refusal):
            modify(company, instance, cancel, start)
    with pytest.raises(Invalid, match="within the limits"):
        modify(company, instance, "work", "check", variables={"notes": "x" * 2_000_000})
    assert company.told(instance) == before
    assert company.waiting(instance) == ["work", "clean"]


def test_a_case_that_has_ended_or_is_suspended_is_not_moved(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start()
    done(company, ("fill_in", CHEN), ("work", BAO), ("check", DONG))
    with pytest.raises(Conflict, match="is completed"):
        modify(company, instance, "check", "work")
    with company.database.read() as session:
        assert modifying.choices(session, instance, EMMA).tokens == []


def test_a_case_whose_state_is_spoilt_is_not_moved(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start()
    company.spoil(instance)
    with pytest.raises(Unusable):
        modify(company, instance, "fill_in", "work")
    with company.database.read() as session, pytest.raises(Unusable):
        modifying.choices(session, instance, EMMA)


def test_whoever_looked_before_the_case_moved_looks_again(company: Company) -> None:
    company.deploy(BRANCHES)
    instance = company.start()
    with company.database.read() as session:
        seen = modifying.choices(session, instance, EMMA)
    assert [(place.activity_id, name) for place, name in seen.tokens] == [("work", "Work"), ("clean", "Clean")]
    assert [activity for activity, _ in seen.activities] == ["fork", "work", "check", "end", "clean"]
    done(company, ("work", ANNA))
    with pytest.raises(Conflict, match="look again"):
        modify(company, instance, "", "work", moves=seen.moves)
    assert company.waiting(instance) == ["clean"]


@pytest.mark.parametrize("moves", [None, 1])
def test_of_two_who_move_the_same_token_at_once_one_is_told(company: Company, moves: int | None) -> None:
    company.deploy(ORDER)
    instance = company.start()
    together, answers = threading.Barrier(2), list[str]()

    def move() -> None:
        together.wait()
        try:
            modify(company, instance, "fill_in", "work", moves=moves)
            answers.append("moved")
        except Conflict:
            answers.append("told")

    people = [threading.Thread(target=move) for _ in range(2)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert sorted(answers) == ["moved", "told"]
    assert company.waiting(instance) == ["work"]


def test_a_move_while_a_person_completes_the_task_leaves_one_token(company: Company) -> None:
    company.deploy(ORDER)
    instance = company.start()
    together, answers, opened = threading.Barrier(2), list[str](), company.task("fill_in").id

    def complete() -> None:
        with company.database.transaction() as session:
            user_tasks.complete(session, opened, {}, CHEN, company.now)

    def race(name: str, act: Any) -> None:
        together.wait()
        try:
            act()
            answers.append(name)
        except Rejected:
            pass

    acts = {"moved": lambda: modify(company, instance, "fill_in", "check"), "done": complete}
    people = [threading.Thread(target=race, args=each) for each in acts.items()]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert answers in (["moved"], ["done"])
    assert company.waiting(instance) == (["check"] if answers == ["moved"] else ["work"])


def test_a_move_takes_few_statements_and_one_commit(company: Company) -> None:
    company.deploy(BRANCHES)
    instance = company.start()
    with listening(company.database) as log, company.database.transaction() as session:
        modifying.modify(session, instance, "lost", OPERATOR, company.now, ["work", "clean"], ["check"])
    assert 5 < len(log.statements) <= 15, (len(log.statements), log.statements)
    assert log.commits == 1
