"""Nobody waits for ever for anybody else, and what was read before waiting for a lock is read again."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from engine import definitions, history, instances, jobs, messages, runner, timers, user_tasks, waits, worker
from engine.actors import Actor
from engine.clock import VirtualClock
from engine.db import Database
from engine.errors import Forbidden
from engine.jobs import Work
from engine.settings import Limits, Settings
from engine.tables import Instance, Job, Message, Timer
from tests.factories import (
    END_EVENT,
    ONE_TASK,
    START_EVENT,
    TWO_TASKS,
    Company,
    chain,
    diagram,
    extensions,
    found_company,
    script,
    task,
    timer,
)
from tests.people import ANNA, CHEN, EMMA, OPERATOR

PATIENCE = 5.0  # seconds; PostgreSQL itself looks for a deadlock after one

CALLER = diagram(chain(START_EVENT, '<callActivity id="ask" calledElement="callback"/>', task("after"), END_EVENT))
CALLED = diagram(chain(START_EVENT, task("telephone", "customer_service"), END_EVENT), key="callback")
SERVICE = '<serviceTask id="pay" camunda:type="external" camunda:topic="pay"/>'
AFTER_THE_TIMER = '<sequenceFlow id="f" sourceRef="late" targetRef="ended"/><endEvent id="ended"/>'


@pytest.fixture
def office(postgresql_url: str, clock: VirtualClock) -> Iterator[Company]:
    """On the database on which transactions run side by side."""
    company = found_company(Database(postgresql_url), clock)
    yield company
    company.database.dispose()


def beside(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def jobs_of(company: Company, topic: str) -> list[int]:
    with company.database.read() as session:
        return list(session.scalars(select(Job.id).where(Job.topic == topic).order_by(Job.id)))


def test_a_called_process_ends_while_its_caller_is_held(office: Company) -> None:
    office.deploy(CALLER, CALLED)
    caller = office.start()
    office.work()
    with office.database.transaction() as session:
        runner.lock(session, caller)
        ending = beside(lambda: office.complete("telephone", CHEN))
        ending.join(PATIENCE)
        assert not ending.is_alive()
    office.work()
    assert office.waiting(caller) == ["after"]


def test_a_caller_is_cancelled_while_what_it_called_is_held(office: Company) -> None:
    office.deploy(CALLER, CALLED)
    caller = office.start()
    office.work()
    with office.database.read() as session:
        child = session.scalars(select(Instance.id).where(Instance.parent_id == caller)).one()

    def cancel() -> None:
        with office.database.transaction() as session:
            instances.cancel(session, caller, "called it off", EMMA, office.now)

    with office.database.transaction() as session:
        runner.lock(session, child)
        cancelling = beside(cancel)
        cancelling.join(PATIENCE)
        assert not cancelling.is_alive()
    office.work()
    assert office.instance(child).state == "cancelled"


def test_who_sends_a_message_is_not_held_while_it_arrives(office: Company) -> None:
    message = '<message id="m" name="told"/>'
    sends = '<intermediateThrowEvent id="tell"><messageEventDefinition messageRef="m"/></intermediateThrowEvent>'
    waits_for = '<intermediateCatchEvent id="hear"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    office.deploy(
        diagram(chain(START_EVENT, sends, task("work"), END_EVENT), before=message),
        diagram(chain(START_EVENT, waits_for, task("heard"), END_EVENT), key="other", before=message),
    )
    other = office.start("other")
    sender = office.start()
    [job] = jobs_of(office, waits.THROW)
    with office.database.transaction() as session:
        runner.lock(session, sender)
        sending = beside(lambda: jobs.run(office.database, job, office.now))
        sending.join(PATIENCE)
        assert not sending.is_alive()
    assert office.waiting(other) == ["heard"]


def test_verifying_while_people_work_finds_no_fault(office: Company) -> None:
    office.deploy(TWO_TASKS)
    order = office.start()
    with office.database.read() as session:
        before = history.lines(session, history.instance_chain(order))
        office.complete("work", ANNA)
        assert history.lines(session, history.instance_chain(order)) == before
        assert list(history.verify(session)) == []


def test_a_handler_that_fails_after_its_task_was_taken_away_is_nobodys_problem(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, SERVICE, END_EVENT) + timer("late", "pay", "PT1H", interrupting=True) + AFTER_THE_TIMER))
    instance = company.start()

    def cancelled_meanwhile(work: Work) -> dict[str, str]:
        with company.database.transaction() as session:
            instances.cancel(session, instance, "called it off", EMMA, company.now)
        raise RuntimeError("nobody answers")

    company.work(pay=cancelled_meanwhile)
    assert (company.instance(instance).state, company.instance(instance).incidents) == ("cancelled", 0)


def test_a_database_that_is_busy_for_a_moment_costs_no_timer(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    company.deploy(
        diagram(chain(START_EVENT, task("work"), END_EVENT) + timer("late", "work", "PT1H", interrupting=True) + AFTER_THE_TIMER)
    )
    instance = company.start()
    company.clock.advance(timedelta(hours=1))

    def locked(*_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(timers, "fire", locked)
        company.work()
    company.work()
    assert company.instance(instance).state == "completed"
    assert company.told(instance).count("incident.opened") == 0


def test_a_message_that_cannot_be_handed_on_stops_no_other(company: Company) -> None:
    message = '<message id="m" name="told"/>'
    definition = '<messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    hears = f'<intermediateCatchEvent id="hear">{extensions({"correlationKey": "house"})}{definition}'
    company.deploy(diagram(chain(START_EVENT, task("first"), hears, task("heard"), END_EVENT), before=message))
    spoilt, sound = company.start(variables={"house": "A"}), company.start(variables={"house": "B"})
    with company.database.transaction() as session:
        for house in ("A", "B"):
            messages.publish(session, "told", "S1", house, {}, CHEN, company.now)
    for instance in (spoilt, sound):
        company.complete("first", ANNA, instance=instance)
    company.spoil(spoilt)
    company.work()
    assert company.waiting(sound) == ["heard"]
    with company.database.read() as session:
        assert session.scalars(select(Message.state).order_by(Message.id)).all() == ["stored", "delivered"]
        assert messages.stored_for_somebody(session, company.now, 10) == []  # before that case has been repaired
    assert [(one.instance_id, one.kind) for one in company.incidents()] == [(spoilt, "state")]


def test_jobs_that_arrive_for_a_suspended_instance_wait_with_it(company: Company) -> None:
    company.deploy(CALLER, CALLED)
    caller = company.start()
    company.work()
    with company.database.transaction() as session:
        instances.suspend(session, caller, "a question", EMMA, company.now)
    company.complete("telephone", CHEN)
    company.pass_time(days=1)
    assert company.instance(caller).incidents == 0
    with company.database.transaction() as session:
        instances.resume(session, caller, "answered", EMMA, company.now)
    company.work()
    assert company.waiting(caller) == ["after"]


def test_the_incident_of_a_job_ends_with_the_work_that_it_was_about(company: Company) -> None:
    boundary = timer("late", "pay", "PT1H", interrupting=True) + '<sequenceFlow id="f" sourceRef="late" targetRef="by_hand"/>'
    by_hand = task("by_hand") + '<sequenceFlow id="g" sourceRef="by_hand" targetRef="ended"/><endEvent id="ended"/>'
    company.deploy(diagram(chain(START_EVENT, SERVICE, END_EVENT) + boundary + by_hand))
    instance = company.start()
    for _ in range(4):
        company.pass_time(minutes=11)
    assert company.instance(instance).incidents == 1
    company.pass_time(hours=1)
    assert company.waiting(instance) == ["by_hand"]
    assert (company.instance(instance).incidents, company.incidents()) == (0, [])


def test_a_process_that_goes_round_in_jobs_does_not_keep_the_person_waiting(company: Company) -> None:
    there, back = '<sequenceFlow id="a" sourceRef="gate" targetRef="pay"/>', '<sequenceFlow id="b" sourceRef="pay" targetRef="gate"/>'
    gate = '<exclusiveGateway id="gate" default="a"/>' + there
    out = '<sequenceFlow id="c" sourceRef="gate" targetRef="end"><conditionExpression>is_done</conditionExpression></sequenceFlow>'
    begin = START_EVENT + '<sequenceFlow id="s" sourceRef="start" targetRef="gate"/>'
    company.deploy(diagram(begin + gate + SERVICE + back + out + END_EVENT))
    instance = company.start(variables={"is_done": False})
    ran = worker.run_jobs_of(company.database, instance, company.clock, {"pay": lambda work: {}})
    assert ran == worker.AT_ONCE


def test_the_limit_of_steps_is_a_setting(sqlite_url: str, clock: VirtualClock) -> None:
    company = found_company(Database(sqlite_url, Settings(limits=Limits(steps=3))), clock)
    company.deploy(diagram(chain(START_EVENT, *(script(f"s{number}", "x = 1") for number in range(5)), task("work"), END_EVENT)))
    company.start()
    assert [incident.kind for incident in company.incidents()] == ["limit"]
    company.database.dispose()


def test_a_definition_that_was_rolled_back_is_never_run(sqlite_url: str, clock: VirtualClock) -> None:
    company = found_company(Database(sqlite_url), clock)
    with pytest.raises(RuntimeError), company.database.transaction() as session:
        definitions.deploy(session, {"a.bpmn": TWO_TASKS.replace(b'"work"', b'"wrong"')}, OPERATOR, company.now)
        instances.start(session, "order", "S1", CHEN, company.now)
        raise RuntimeError("power cut")
    company.deploy(ONE_TASK)
    assert company.waiting(company.start()) == ["work"]
    company.database.dispose()


def test_a_timer_put_aside_twice_is_one_incident(company: Company) -> None:
    company.deploy(
        diagram(chain(START_EVENT, task("work"), END_EVENT) + timer("late", "work", "PT1H", interrupting=True) + AFTER_THE_TIMER)
    )
    instance = company.start()
    with company.database.read() as session:
        late = session.scalars(select(Timer.id)).one()
    company.clock.advance(timedelta(hours=1))
    for _ in range(2):
        with company.database.transaction() as session:
            timers.put_aside(session, late, "cannot be moved", company.now)
    assert company.instance(instance).incidents == 1


def test_who_only_audits_by_now_keeps_no_say_over_a_task(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    held = company.task("work").id
    with company.database.transaction() as session:
        user_tasks.claim(session, held, ANNA, company.now)
    auditing = Actor("anna", "page", frozenset({("S1", "auditor")}))
    for act in (
        lambda session: user_tasks.unclaim(session, held, auditing, company.now),
        lambda session: user_tasks.assign(session, held, "bao", auditing, company.now),
    ):
        with pytest.raises(Forbidden), company.database.transaction() as session:
            act(session)
