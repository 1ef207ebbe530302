"""What people do with tasks."""

import json
import threading

import pytest
from sqlalchemy import select

from benchmarks.statement_log import listening
from engine import comments, instances, user_tasks
from engine.actors import Actor
from engine.errors import AlreadyClaimed, AlreadyCompleted, Conflict, Forbidden, Invalid, LimitExceeded, NotFound, Rejected
from engine.tables import Person, TaskParticipant
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, TWO_TASKS, Company, chain, diagram, script, task, timer
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, FANG, HUA


def claim(company: Company, actor: Actor, activity_id: str = "work") -> None:
    task_id = company.task(activity_id).id
    with company.database.transaction() as session:
        user_tasks.claim(session, task_id, actor, company.now)


def test_a_candidate_completes_without_claiming_first(company: Company) -> None:
    company.deploy(TWO_TASKS)
    instance = company.start()
    completion = company.complete("work", ANNA, {"price": 80})
    assert (completion.task.state, completion.task.completed_by, completion.task.assignee) == ("completed", "anna", "anna")
    assert company.waiting(instance) == ["check"]
    assert completion.incidents == []


def test_completing_a_task_twice_is_rejected_with_who_and_when(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    task_id = company.task("work").id
    company.complete("work", ANNA)
    with company.database.transaction() as session, pytest.raises(AlreadyCompleted, match="anna completed it at 2026-03-02T01:00:00Z"):
        user_tasks.complete(session, task_id, {}, BAO, company.now)


def test_somebody_elses_claimed_task_is_refused(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    claim(company, ANNA)
    with pytest.raises(AlreadyClaimed, match="anna"):
        company.complete("work", BAO)
    with pytest.raises(AlreadyClaimed, match="anna"):
        claim(company, BAO)


def test_claiming_again_changes_nothing(company: Company) -> None:
    company.deploy(ONE_TASK)
    instance = company.start()
    claim(company, ANNA)
    claim(company, ANNA)
    assert company.told(instance).count("user_task.claimed") == 1


def test_an_unclaimed_task_is_free_again(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    claim(company, ANNA)
    with company.database.transaction() as session:
        user_tasks.unclaim(session, company.task("work").id, ANNA, company.now)
    claim(company, BAO)
    assert company.task("work").assignee == "bao"


def test_a_supervisor_assigns_and_the_pool_no_longer_offers_the_task(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    with company.database.transaction() as session:
        user_tasks.assign(session, company.task("work").id, "bao", DONG, company.now, reason="nearest")
    with company.database.read() as session:
        assert set(session.scalars(select(TaskParticipant.claimed))) == {True}
    with pytest.raises(AlreadyClaimed):
        company.complete("work", ANNA)
    company.complete("work", BAO)


def test_only_people_of_the_site_can_be_given_a_task(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    for login in ("hua", "nobody"):
        with company.database.transaction() as session, pytest.raises(Invalid):
            user_tasks.assign(session, company.task("work").id, login, DONG, company.now)
    assert company.task("work").assignee is None


@pytest.mark.parametrize("actor", [CHEN, FANG, DONG])
def test_who_has_not_the_post_may_not_complete(company: Company, actor: Actor) -> None:
    company.deploy(ONE_TASK)
    company.start()
    with pytest.raises(Forbidden):
        company.complete("work", actor)
    assert company.waiting() == ["work"]


def test_another_sites_task_is_not_found(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    with pytest.raises(NotFound):
        company.complete("work", HUA)


def test_a_task_that_names_nobody_belongs_to_the_project_manager(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work", group=""), END_EVENT)))
    company.start()
    with pytest.raises(Forbidden):
        company.complete("work", ANNA)
    company.complete("work", EMMA)


def test_who_did_one_task_may_not_do_the_one_that_differs(company: Company) -> None:
    second = task("collect", "technician", {"differsFrom": "work"})
    company.deploy(diagram(chain(START_EVENT, task("work"), second, END_EVENT)))
    company.start()
    company.complete("work", ANNA)
    with pytest.raises(Forbidden, match="Work"):
        company.complete("collect", ANNA)
    company.complete("collect", BAO)


def test_what_a_person_did_is_kept_when_the_script_after_it_fails(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work"), script("price", "total = hours * 80"), task("check"), END_EVENT)))
    instance = company.start()
    completion = company.complete("work", ANNA, {"note": "done"})
    (incident,) = completion.incidents
    assert (incident.activity_id, incident.kind) == ("price", "script")
    assert "hours" in incident.message
    assert company.task_states(instance) == {"work": "completed"}
    assert company.instance(instance).incidents == 1


def test_names_that_python_uses_are_plain_data(company: Company) -> None:
    company.deploy(TWO_TASKS)
    instance = company.start()
    odd = {"typename": "x", "__builtins__": {"__class__": 1}, "self": None, "len": 3, "": "no name"}
    with pytest.raises(Invalid):
        company.complete("work", ANNA, odd)
    del odd[""]
    company.complete("work", ANNA, odd)
    assert company.variables(instance) == odd


def test_variables_over_the_limit_are_refused_and_change_nothing(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    with pytest.raises(Invalid) as refused:
        company.complete("work", ANNA, {"big": "x" * 1_000_001, "small": 1})
    assert set(refused.value.fields) == {"big"}
    with pytest.raises(LimitExceeded):
        company.complete("work", ANNA, {f"v{number}": 1 for number in range(10_001)})
    assert company.waiting() == ["work"]


def test_a_completion_takes_few_statements_and_one_commit(company: Company) -> None:
    """A task with a boundary timer and a clock before it, a task with a boundary timer after it."""
    properties = {"clock.work": "from=work.started; to=work.completed; limit=duration('PT1H')"}
    first, second = task("work"), task("check", "engineering_supervisor")
    late = timer("late", "work", "PT10M") + '<endEvent id="gone"/><sequenceFlow id="f" sourceRef="late" targetRef="gone"/>'
    later = timer("later", "check", "PT10M") + '<endEvent id="away"/><sequenceFlow id="g" sourceRef="later" targetRef="away"/>'
    company.deploy(diagram(chain(START_EVENT, first, second, END_EVENT) + late + later, properties=properties))
    company.start()
    task_id = company.task("work").id
    with listening(company.database) as log, company.database.transaction() as session:
        user_tasks.complete(session, task_id, {"note": "done"}, ANNA, company.now)
    assert 5 < len(log.statements) <= 15, log.statements
    assert log.commits == 1


def test_fifty_people_complete_one_task_and_one_succeeds(company: Company) -> None:
    company.deploy(TWO_TASKS)
    instance = company.start()
    people = [f"worker{number}" for number in range(50)]
    with company.database.transaction() as session:
        session.add_all(Person(login=login, name=login, created_at=company.now) for login in people)
    task_id, together = company.task("work").id, threading.Barrier(50)
    answers: list[str] = []

    def work(login: str) -> None:
        together.wait()
        try:
            with company.database.transaction() as session:
                user_tasks.complete(session, task_id, {"by": login}, Actor(login, "page", frozenset({("S1", "technician")})), company.now)
            answers.append("done")
        except Rejected as rejected:
            answers.append(f"{rejected.code}: {rejected}")

    threads = [threading.Thread(target=work, args=(login,)) for login in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = company.variables(instance)["by"]
    assert answers.count("done") == 1
    assert sum(f"already_completed: Expected an open task {task_id}, but {winner} completed it" in answer for answer in answers) == 49
    assert company.waiting(instance) == ["check"]
    assert company.told(instance).count("user_task.completed") == 1


def test_a_comment_is_kept_and_told(company: Company) -> None:
    company.deploy(ONE_TASK)
    instance = company.start()
    with company.database.transaction() as session:
        comments.add(session, company.task("work").id, "钥匙在物业", CHEN, company.now)
    with company.database.transaction() as session, pytest.raises(Invalid):
        comments.add(session, company.task("work").id, "  ", CHEN, company.now)
    assert company.told(instance)[-1] == "comment.added"


def test_a_task_of_a_suspended_instance_waits(company: Company) -> None:
    company.deploy(ONE_TASK)
    instance = company.start()
    with company.database.transaction() as session:
        instances.suspend(session, instance, "resident away", EMMA, company.now)
    with pytest.raises(Conflict):
        company.complete("work", ANNA)
    with company.database.transaction() as session:
        instances.resume(session, instance, "resident back", EMMA, company.now)
    company.complete("work", ANNA)


COMPONENT = {"type": "select", "id": "c1", "key": "technician", "label": "维修工", "properties": {"user": "technician"}, "values": []}
CHOOSES = json.dumps({"type": "default", "id": "choose", "components": [COMPONENT]}).encode()


def test_only_holders_of_the_post_can_be_chosen_in_a_form(company: Company) -> None:
    drawn = diagram(chain(START_EVENT, task("work", formRef="choose"), END_EVENT))
    company.deploy(drawn, **{"choose.form": CHOOSES})
    company.start()
    for login in ("hua", "dong", "nobody"):
        with pytest.raises(Invalid) as refused:
            company.complete("work", ANNA, {"technician": login})
        assert set(refused.value.fields) == {"technician"}
    company.complete("work", ANNA, {"technician": "bao"})


def test_a_form_may_offer_the_people_of_several_posts(company: Company) -> None:
    either = CHOOSES.replace(b'"technician"}', b'"technician, engineering_supervisor"}')
    company.deploy(diagram(chain(START_EVENT, task("work", formRef="choose"), END_EVENT)), **{"choose.form": either})
    company.start()
    with pytest.raises(Invalid):
        company.complete("work", ANNA, {"technician": "chen"})
    company.complete("work", ANNA, {"technician": "dong"})
