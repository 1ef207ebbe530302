"""Sequential ad-hoc subprocesses: nobody takes, is given or does a second activity while somebody has one in hand."""

import threading
from collections.abc import Callable

import pytest

from engine import user_tasks
from engine.actors import Actor
from engine.errors import Conflict
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, DONG

Act = Callable[..., object]


def ad_hoc(*inside: str, ordering: str = "Sequential", after: str = "") -> bytes:
    attributes = f'id="x" ordering="{ordering}"'
    return diagram(chain(START_EVENT, f"<adHocSubProcess {attributes}>{''.join(inside)}{after}</adHocSubProcess>", END_EVENT))


def do(company: Company, act: Act, activity_id: str, *more: object) -> None:
    task_id = company.task(activity_id).id
    with company.database.transaction() as session:
        act(session, task_id, *more, company.now)


def test_nobody_takes_a_second_task_while_somebody_has_one(company: Company) -> None:
    company.deploy(ad_hoc(task("roof"), task("pump")))
    instance = company.start()
    do(company, user_tasks.claim, "roof", ANNA)
    for actor in (ANNA, BAO):
        with pytest.raises(Conflict, match="anna has taken Roof"):
            do(company, user_tasks.claim, "pump", actor)
        with pytest.raises(Conflict, match="anna has taken Roof"):
            company.complete("pump", actor)
    with pytest.raises(Conflict, match="anna has taken Roof"):
        do(company, user_tasks.assign, "pump", "bao", DONG)
    assert company.task_states(instance) == {"roof": "claimed", "pump": "ready"}


def test_the_next_one_is_free_when_the_first_is_done_or_put_back(company: Company) -> None:
    company.deploy(ad_hoc(task("roof"), task("pump"), task("garden")))
    instance = company.start()
    do(company, user_tasks.claim, "roof", ANNA)
    do(company, user_tasks.unclaim, "roof", ANNA)
    do(company, user_tasks.claim, "pump", BAO)
    company.complete("pump", BAO)
    company.complete("roof", ANNA)
    company.complete("garden", BAO)
    assert company.instance(instance).state == "completed"


def test_of_two_at_once_one_takes_and_the_other_is_told_who_has(company: Company) -> None:
    company.deploy(ad_hoc(task("roof"), task("pump")))
    company.start()
    together, answers = threading.Barrier(2), []

    def take(actor: Actor, activity_id: str) -> None:
        together.wait()
        try:
            do(company, user_tasks.claim, activity_id, actor)
            answers.append("taken")
        except Conflict as refused:
            answers.append(str(refused))

    people = [threading.Thread(target=take, args=args) for args in ((ANNA, "roof"), (BAO, "pump"))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(answer == "taken" for answer in answers) == [False, True]
    assert sorted(one.state for one in company.open_tasks()) == ["claimed", "ready"]


def test_what_the_diagram_gives_to_people_is_done_one_by_one_in_any_order(company: Company) -> None:
    company.deploy(ad_hoc(task("roof", assignee="anna"), task("pump", assignee="bao")))
    instance = company.start()
    company.complete("pump", BAO)
    company.complete("roof", ANNA)
    assert company.instance(instance).state == "completed"


def test_in_parallel_and_in_another_case_everybody_takes_what_they_like(company: Company) -> None:
    company.deploy(ad_hoc(task("roof"), task("pump"), ordering="Parallel"))
    company.start()
    do(company, user_tasks.claim, "roof", ANNA)
    do(company, user_tasks.claim, "pump", BAO)
    company.deploy(ad_hoc(task("roof"), task("pump")))
    first, second = company.start(), company.start()
    for case, activity_id, actor in ((first, "roof", ANNA), (second, "pump", BAO)):
        with company.database.transaction() as session:
            user_tasks.claim(session, company.task(activity_id, case).id, actor, company.now)
    assert company.task_states(second) == {"roof": "ready", "pump": "claimed"}


def test_when_it_is_enough_what_somebody_has_in_hand_is_waited_for_or_cancelled(company: Company) -> None:
    for cancels, states in (("false", {"roof": "claimed", "pump": "completed"}), ("true", {"roof": "cancelled", "pump": "completed"})):
        enough = "<completionCondition>found</completionCondition>"
        inside = ad_hoc(task("roof"), task("pump"), ordering="Parallel", after=enough)
        company.deploy(inside.replace(b'ordering="Parallel"', f'cancelRemainingInstances="{cancels}"'.encode()))
        instance = company.start(variables={"found": False})
        with company.database.transaction() as session:
            user_tasks.claim(session, company.task("roof", instance).id, ANNA, company.now)
        company.complete("pump", BAO, {"found": True}, instance)
        assert company.task_states(instance) == states
        if cancels == "false":
            assert company.instance(instance).state == "running"
            company.complete("roof", ANNA, None, instance)
        assert company.instance(instance).state == "completed"
