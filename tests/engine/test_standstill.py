"""A case that cannot be moved at all becomes one incident, costs nobody anything, and goes on once it is repaired."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import history, instances, messages, retries, standstill, user_tasks
from engine.errors import Unusable
from engine.jobs import Work
from engine.tables import Message
from tests.damage import DAMAGES, Damage
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, script, task, timer
from tests.people import ANNA, CHEN, EMMA

ORDER = diagram(
    chain(START_EVENT, task("work"), task("check", "technician"), END_EVENT)
    + timer("late", "work", "PT1H")
    + '<sequenceFlow id="late_to" sourceRef="late" targetRef="told"/>'
    + script("told", "late = True")
)
PAID = diagram(chain(START_EVENT, '<serviceTask id="pay" camunda:type="external" camunda:topic="pay"/>', task("work"), END_EVENT))
HEARS = f'<intermediateCatchEvent id="hear">{extensions({"correlationKey": "house"})}<messageEventDefinition messageRef="m"/>'
HEARD = diagram(chain(START_EVENT, f"{HEARS}</intermediateCatchEvent>", task("work"), END_EVENT), before='<message id="m" name="told"/>')

each_damage = pytest.mark.parametrize(("damage", "kind"), DAMAGES.values(), ids=DAMAGES)


def two(company: Company, content: bytes, kind: str = "state") -> tuple[int, int]:
    """The case that will be damaged, and another one. Each has its own definition."""
    company.deploy(content, content.replace(b'"order"', b'"other"'))
    poisoned = company.start(variables={"house": "A"})
    if kind == "state":
        company.start(variables={"house": "C"})  # its state may come to stand where the other's stood
    return poisoned, company.start("other", variables={"house": "B"})


def retry(company: Company) -> None:
    [incident] = company.incidents()
    with company.database.transaction() as session:
        retries.retry(session, incident.id, EMMA, company.now)


def is_told_once(company: Company, instance: int, kind: str) -> None:
    [incident] = company.incidents()
    assert (incident.instance_id, incident.kind, incident.activity_id) == (instance, kind, "order")
    assert incident.message.startswith(f"Expected a {kind} by which")
    assert company.told(instance).count("incident.opened") == 1
    assert company.instance(instance).incidents == 1


@each_damage
def test_completing_its_task_is_refused_and_changes_nothing(company: Company, damage: Damage, kind: str) -> None:
    poisoned, sound = two(company, ORDER, kind)
    repair = damage(company, poisoned)
    for _ in range(2):
        with pytest.raises(Unusable) as unusable:
            company.complete("work", ANNA, {"fixed": True}, poisoned)
        standstill.report(company.database, unusable.value, company.now)
    is_told_once(company, poisoned, kind)
    assert company.waiting(poisoned) == ["work"]
    company.complete("work", ANNA, instance=sound)
    assert company.waiting(sound) == ["check"]

    with pytest.raises(Unusable):
        retry(company)
    assert len(company.incidents()) == 1
    repair()
    retry(company)
    assert company.incidents() == []
    company.complete("work", ANNA, {"fixed": True}, poisoned)
    company.complete("check", ANNA, instance=poisoned)
    assert company.instance(poisoned).state == "completed"
    with company.database.read() as session:
        assert list(history.verify(session)) == []


@each_damage
def test_its_timer_stands_still_and_fires_after_the_repair(company: Company, damage: Damage, kind: str) -> None:
    poisoned, sound = two(company, ORDER, kind)
    repair = damage(company, poisoned)
    company.pass_time(hours=2)
    is_told_once(company, poisoned, kind)
    assert company.variables(sound) == {"house": "B", "late": True}
    assert company.work() == 0  # nothing of it is due any more: the worker does not come back to it
    repair()
    retry(company)
    company.work()
    assert company.variables(poisoned) == {"house": "A", "late": True}
    assert company.told(poisoned).count("timer.fired") == 1


@each_damage
def test_its_job_stands_still_and_is_done_after_the_repair(company: Company, damage: Damage, kind: str) -> None:
    poisoned, sound = two(company, PAID, kind)
    repair = damage(company, poisoned)
    keys = []

    def pay(work: Work) -> dict[str, bool]:
        keys.append(work.idempotency_key)
        return {"paid": True}

    company.work(pay=pay)
    is_told_once(company, poisoned, kind)
    assert company.waiting(sound) == ["work"]
    asked = len(keys)
    for _ in range(3):
        company.clock.advance(timedelta(hours=1))
        assert company.work(pay=pay) == 0
    assert len(keys) == asked
    repair()
    retry(company)
    company.work(pay=pay)
    assert len(set(keys)) == (3 if kind == "state" else 2)  # what was paid for while the case stood still is asked for under the same key
    assert company.variables(poisoned) == {"house": "A", "paid": True}


@each_damage
def test_its_message_is_kept_and_arrives_after_the_repair(company: Company, damage: Damage, kind: str) -> None:
    poisoned, sound = two(company, HEARD, kind)
    repair = damage(company, poisoned)
    with company.database.transaction() as session:
        for house in ("A", "B"):
            messages.publish(session, "told", "S1", house, {"heard": True}, CHEN, company.now)
    is_told_once(company, poisoned, kind)
    assert company.waiting(sound) == ["work"]
    assert company.work() == 0
    with company.database.read() as session:
        assert messages.stored_for_somebody(session, company.now, 10) == []
    repair()
    retry(company)
    company.work()
    assert company.waiting(poisoned) == ["work"]
    with company.database.read() as session:
        assert session.scalars(select(Message.state)).all() == ["delivered", "delivered"]


@each_damage
def test_it_can_be_cancelled(company: Company, damage: Damage, kind: str) -> None:
    poisoned, _ = two(company, ORDER, kind)
    damage(company, poisoned)
    company.pass_time(hours=2)
    is_told_once(company, poisoned, kind)
    with company.database.transaction() as session:
        instances.cancel(session, poisoned, "beyond repair", EMMA, company.now)
    assert (company.instance(poisoned).state, company.instance(poisoned).incidents) == ("cancelled", 0)
    assert company.open_tasks(poisoned) == []


def test_who_goes_on_with_a_repaired_case_needs_no_retry(company: Company) -> None:
    poisoned, _ = two(company, ORDER)
    damage, _kind = DAMAGES["spoilt state"]
    repair = damage(company, poisoned)
    company.pass_time(hours=2)
    repair()
    with company.database.transaction() as session:
        user_tasks.complete(session, company.task("work", poisoned).id, {}, ANNA, company.now)
    assert company.incidents() == []
    assert company.waiting(poisoned) == ["check"]


def test_a_case_that_stands_still_may_be_suspended_and_resumed(company: Company) -> None:
    poisoned, _ = two(company, ORDER)
    damage, kind = DAMAGES["spoilt state"]
    repair = damage(company, poisoned)
    company.pass_time(hours=2)
    for act in (instances.suspend, instances.resume):
        with company.database.transaction() as session:
            act(session, poisoned, "to look at it", EMMA, company.now)
    company.work()
    is_told_once(company, poisoned, kind)
    repair()
    retry(company)
    company.work()
    assert company.variables(poisoned) == {"house": "A", "late": True}
