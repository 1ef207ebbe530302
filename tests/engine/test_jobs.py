"""Automatic work: done after the commit, tried again, and an incident at last; called processes and notices."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from engine import instances, jobs, retries
from engine.errors import Conflict, Forbidden, NotFound, StewardError
from engine.jobs import BpmnError, Work
from engine.tables import Instance, Job, Notice
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, extensions, script, task
from tests.people import ANNA, CHEN, EMMA, FANG, HUA


def service(topic: str, inputs: str = "", **attributes: str) -> str:
    mapping = f"<camunda:inputOutput>{inputs}</camunda:inputOutput>" if inputs else ""
    retry = f"<camunda:failedJobRetryTimeCycle>{attributes['retries']}</camunda:failedJobRetryTimeCycle>" if "retries" in attributes else ""
    return f'<serviceTask id="call" camunda:type="external" camunda:topic="{topic}">{extensions(None, mapping + retry)}</serviceTask>'


def parameter(name: str, value: str) -> str:
    return f'<camunda:inputParameter name="{name}">{value}</camunda:inputParameter>'


def the_job(company: Company) -> Job:
    with company.database.read() as session:
        job = session.scalars(select(Job)).one()
        session.expunge_all()
        return job


def test_a_handler_gets_the_inputs_and_its_results_become_variables(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, service("price", parameter("hours", "${hours * 2}")), task("check"), END_EVENT)))
    instance = company.start(variables={"hours": 2})
    given: list[Work] = []

    def price(work: Work) -> Mapping[str, Any]:
        given.append(work)
        return {"total": work.variables["hours"] * 80}

    company.work(price=price)
    assert (given[0].variables, given[0].site) == ({"hours": 4}, "S1")
    assert company.variables(instance) == {"hours": 2, "total": 320}
    assert company.waiting(instance) == ["check"]


def test_a_failing_job_is_tried_again_later_and_ends_as_an_incident(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, service("price", retries="R3/PT5M"), task("check"), END_EVENT)))
    instance = company.start()
    keys: list[str] = []

    def fails(work: Work) -> Mapping[str, Any]:
        keys.append(work.idempotency_key)
        raise StewardError("the price service is away")

    for tries in (1, 2, 3):
        company.work(price=fails)
        assert len(keys) == tries
        assert len(company.incidents()) == (1 if tries == 3 else 0)
        company.clock.advance(timedelta(minutes=5))
    company.work(price=fails)
    assert len(keys) == 3
    assert len(set(keys)) == 1
    (incident,) = company.incidents()
    assert (incident.activity_id, incident.kind) == ("call", "job")
    assert "the price service is away" in incident.message
    with company.database.transaction() as session:
        retries.retry(session, incident.id, EMMA, company.now)
    company.work(price=lambda work: {})
    assert company.waiting(instance) == ["check"]
    assert company.incidents() == []
    assert company.instance(instance).incidents == 0


def test_a_topic_that_nobody_serves_becomes_an_incident_not_a_loop(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, service("unknown", retries="R1/PT1M"), END_EVENT)))
    company.start()
    company.work()
    assert "unknown" in company.incidents()[0].message


def test_a_handlers_bpmn_error_takes_the_boundary(company: Company) -> None:
    boundary = '<boundaryEvent id="refused" attachedToRef="call"><errorEventDefinition errorRef="e"/></boundaryEvent>' + task("explain")
    flows = '<sequenceFlow id="x" sourceRef="refused" targetRef="explain"/>'
    before = '<error id="e" errorCode="REFUSED"/>'
    company.deploy(diagram(chain(START_EVENT, service("price"), END_EVENT) + boundary + flows, before=before))
    instance = company.start()

    def refuses(work: Work) -> Mapping[str, Any]:
        raise BpmnError("REFUSED", "too expensive")

    company.work(price=refuses)
    assert company.waiting(instance) == ["explain"]


def test_a_notice_is_sent_once(company: Company) -> None:
    inputs = parameter("to", "engineering_supervisor") + parameter("text", "迟了 ${case.number}")
    properties = {"numberSeries": "WX"}
    company.deploy(diagram(chain(START_EVENT, service("notify", inputs), END_EVENT), properties=properties))
    company.start()
    company.work()
    company.work()
    with company.database.read() as session:
        notice = session.scalars(select(Notice)).one()
        assert (notice.recipient, notice.text) == ("engineering_supervisor", "迟了 WX-S1-202603-0001")


CALLER = diagram(
    chain(
        START_EVENT,
        '<callActivity id="ask" calledElement="callback">'
        + extensions(None, '<camunda:in source="house" target="where"/><camunda:out source="verdict" target="answer"/>')
        + "</callActivity>",
        task("after"),
        END_EVENT,
    ),
    properties={"numberSeries": "WX"},
)
CALLED = diagram(chain(START_EVENT, task("telephone", "customer_service"), END_EVENT), key="callback", name="Callback")


def called_by(company: Company, parent: int) -> Instance:
    with company.database.read() as session:
        child = session.scalars(select(Instance).where(Instance.parent_id == parent)).one()
        session.expunge_all()
        return child


def test_a_called_process_is_an_instance_of_its_own_and_gives_its_results_back(company: Company) -> None:
    company.deploy(CALLED, CALLER)
    parent = company.start(variables={"house": "A-12", "secret": 1})
    company.work()
    child = called_by(company, parent)
    assert (child.number, child.root_id, child.first_responder) == ("WX-S1-202603-0001", parent, "chen")
    assert company.variables(child.id) == {"where": "A-12"}
    company.complete("telephone", CHEN, {"verdict": "satisfied", "note": "x"})
    company.work()
    assert company.waiting(parent) == ["after"]
    assert company.variables(parent) == {"house": "A-12", "secret": 1, "answer": "satisfied"}


def test_a_cancelled_caller_takes_what_it_called_with_it(company: Company) -> None:
    company.deploy(CALLED, CALLER)
    parent = company.start(variables={"house": "A-12"})
    company.work()
    with company.database.transaction() as session:
        instances.cancel(session, parent, "entered twice", EMMA, company.now)
    company.work()
    assert called_by(company, parent).state == "cancelled"
    assert company.open_tasks() == []


ERROR = '<error id="e" errorCode="UNREACHABLE"/>'
FAILS = diagram(
    chain(START_EVENT, task("telephone", "customer_service"), '<endEvent id="gone"><errorEventDefinition errorRef="e"/></endEvent>'),
    key="callback",
    before=ERROR,
)


def test_an_error_of_a_called_process_goes_on_in_its_caller(company: Company) -> None:
    boundary = '<boundaryEvent id="nobody" attachedToRef="ask"><errorEventDefinition errorRef="e"/></boundaryEvent>' + task("visit")
    call = '<callActivity id="ask" calledElement="callback"/>'
    flow = '<sequenceFlow id="x" sourceRef="nobody" targetRef="visit"/>'
    company.deploy(FAILS, diagram(chain(START_EVENT, call, END_EVENT) + boundary + flow, before=ERROR))
    parent = company.start()
    company.work()
    company.complete("telephone", CHEN)
    company.work()
    child = called_by(company, parent)
    assert (child.state, child.incidents) == ("cancelled", 0)
    assert company.waiting(parent) == ["visit"]
    assert company.incidents() == []


def test_an_escalation_of_a_called_process_is_told_to_its_caller_and_both_go_on(company: Company) -> None:
    late = '<escalation id="x" escalationCode="late"/>'
    tell = '<intermediateThrowEvent id="tell"><escalationEventDefinition escalationRef="x"/></intermediateThrowEvent>'
    called = diagram(chain(START_EVENT, task("telephone"), tell, task("again"), END_EVENT), key="callback", before=late)
    boundary = '<boundaryEvent id="told" attachedToRef="ask" cancelActivity="false"><escalationEventDefinition escalationRef="x"/>'
    flow = "</boundaryEvent>" + task("hurry") + '<sequenceFlow id="f" sourceRef="told" targetRef="hurry"/>'
    call = '<callActivity id="ask" calledElement="callback"/>'
    company.deploy(called, diagram(chain(START_EVENT, call, END_EVENT) + boundary + flow, before=late))
    parent = company.start()
    company.work()
    company.complete("telephone", ANNA)
    company.work()
    assert sorted(company.waiting()) == ["again", "hurry"]
    assert "escalation.thrown" in company.told(called_by(company, parent).id)
    assert "call.escalated" in company.told(parent)
    company.complete("again", ANNA)
    company.complete("hurry", ANNA)
    company.work()
    assert company.instance(parent).state == "completed"


def test_an_error_that_the_caller_does_not_catch_is_an_incident_of_the_caller(company: Company) -> None:
    company.deploy(FAILS, diagram(chain(START_EVENT, '<callActivity id="ask" calledElement="callback"/>', END_EVENT)))
    parent = company.start()
    company.work()
    company.complete("telephone", CHEN)
    company.work()
    (incident,) = company.incidents()
    assert (incident.instance_id, incident.activity_id, incident.kind) == (parent, "ask", "error")
    assert "UNREACHABLE" in incident.message


def test_calls_do_not_nest_without_end(company: Company) -> None:
    itself = diagram(chain(START_EVENT, '<callActivity id="again" calledElement="order"/>', END_EVENT))
    company.deploy(itself)
    company.start()
    for _ in range(5):
        company.pass_time(hours=1)
    with company.database.read() as session:
        depths = session.scalars(select(Instance.depth)).all()
    assert max(depths) == 50
    assert "50 deep" in company.incidents()[0].message


def test_a_failed_step_is_retried_after_its_cause_is_mended(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work"), script("price", "total = hours * 80"), task("check"), END_EVENT)))
    instance = company.start()
    (incident,) = company.complete("work", ANNA).incidents
    with company.database.transaction() as session:
        retries.retry(session, incident.id, EMMA, company.now)
    assert len(company.incidents()) == 1
    with company.database.transaction() as session:
        instances.set_variables(session, instance, {"hours": 2}, "forgotten on the order", EMMA, company.now)
        retries.retry(session, incident.id, EMMA, company.now)
    assert company.incidents() == []
    assert company.waiting(instance) == ["check"]
    with company.database.transaction() as session, pytest.raises(Conflict):
        retries.retry(session, incident.id, EMMA, company.now)


def test_only_who_operates_retries(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work"), script("price", "total = hours * 80"), END_EVENT)))
    company.start()
    (incident,) = company.complete("work", ANNA).incidents
    for actor, refusal in ((ANNA, Forbidden), (FANG, Forbidden), (HUA, NotFound)):
        with company.database.transaction() as session, pytest.raises(refusal):
            retries.retry(session, incident.id, actor, company.now)


def test_a_job_whose_instance_is_gone_is_no_ones_problem(company: Company) -> None:
    company.deploy(ONE_TASK)
    assert jobs.run(company.database, 4711, company.now) is False


def test_a_busy_database_is_no_failure_of_the_job(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """One try is all that the diagram allows: the database's trouble must not use it up."""
    company.deploy(diagram(chain(START_EVENT, service("notify", parameter("to", "technician"), retries="R1/PT1M"), END_EVENT)))
    instance = company.start()
    job = the_job(company)

    def busy(*_given: Any, **_named: Any) -> None:
        raise OperationalError("update", None, Exception("database is locked"))

    with monkeypatch.context() as patched:
        patched.setattr("engine.notices.send", busy)
        assert jobs.run(company.database, job.id, company.now) is False
    assert (the_job(company).attempts, company.incidents()) == (0, [])
    company.work()
    assert company.instance(instance).state == "completed"


def test_a_database_error_of_a_handlers_own_is_its_failure(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, service("price", retries="R1/PT1M"), END_EVENT)))
    company.start()

    def away(_work: Work) -> Mapping[str, Any]:
        raise OperationalError("select", None, Exception("the price database is away"))

    company.work(price=away)
    assert "price database" in company.incidents()[0].message
