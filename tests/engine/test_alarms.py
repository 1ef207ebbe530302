"""What follows a clock: who is at work is warned, who is named is told of the breach, and the diagram may catch it as an escalation."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from engine import channels, identity, instances, proxies, retries, user_tasks
from engine.tables import Instance, Job, Notice
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, CHEN, EMMA, OPERATOR

LATE = '<escalation id="x" escalationCode="late"/>'
CLOCK = "from=work.started; to=work.completed; limit=duration('PT1H'); warn=0.5; tell=project_manager,chen"
ESCALATING = f"{CLOCK}; escalate=late"


def caught(interrupting: bool) -> str:
    """An event subprocess that catches the escalation and asks a supervisor to chase."""
    definition = '<escalationEventDefinition escalationRef="x"/>'
    start = f'<startEvent id="was_late" isInterrupting="{str(interrupting).lower()}">{definition}</startEvent>'
    inside = chain(start, task("chase", "project_manager"), '<endEvent id="chased"/>')
    return f'<subProcess id="breached" triggeredByEvent="true">{inside}</subProcess>'


def measured(clock: str, more: str = "", key: str = "order") -> bytes:
    return diagram(chain(START_EVENT, task("work"), END_EVENT) + more, key=key, before=LATE, properties={"clock.repair": clock})


def notices(company: Company) -> list[tuple[str, str]]:
    with company.database.read() as session:
        return [(one.recipient, f"{one.kind} {one.text}") for one in session.scalars(select(Notice).order_by(Notice.id))]


def told_of(company: Company, text: str) -> list[str]:
    return [to for to, said in notices(company) if text in said]


BREACH, WARNING = "clock_breached Work", "clock_warned Work"


def test_a_warning_reaches_those_who_may_take_the_task_and_a_breach_those_whom_the_diagram_names(company: Company) -> None:
    company.deploy(measured(CLOCK))
    instance = company.start()
    company.pass_time(minutes=30)
    assert (told_of(company, WARNING), told_of(company, BREACH)) == (["technician"], [])
    company.pass_time(minutes=30)
    assert told_of(company, BREACH) == ["project_manager", "chen"]
    assert company.told(instance).count("notice.sent") == 2
    company.pass_time(days=1)
    assert len(notices(company)) == 3


def test_a_warning_reaches_whoever_has_the_task(company: Company) -> None:
    company.deploy(measured(CLOCK.replace("work.started", "start.completed")))
    instance = company.start()
    company.pass_time(minutes=5)
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("work", instance).id, ANNA, company.now)
    company.pass_time(minutes=25)
    assert told_of(company, WARNING) == ["anna"]


def test_each_reads_of_a_clock_in_their_own_language_whatever_post_they_are_told_by(company: Company) -> None:
    company.database.settings = replace(company.database.settings, smtp_host="mail.example.com")
    company.deploy(measured(CLOCK))
    with company.database.transaction() as session:
        identity.change_person(session, "emma", OPERATOR, company.now, language="en")
        for actor in (EMMA, CHEN):
            channels.choose(session, actor, "email", f"{actor.login}@example.com", company.now)
    company.start()
    company.pass_time(hours=1)
    with company.database.read() as session:
        jobs = session.scalars(select(Job).where(Job.topic == channels.TOPIC).order_by(Job.id))
        said = {job.payload["variables"]["login"]: job.payload["variables"]["text"] for job in jobs}
    assert said == {"emma": "[Late] #1: “Work” is over its time limit", "chen": "【已超时限】#1 “Work”已超过时限"}


def test_who_stands_in_for_somebody_who_is_away_is_warned_and_told_of_the_breach_as_well(company: Company) -> None:
    company.deploy(measured(CLOCK))
    with company.database.transaction() as session:
        for away, proxy in (("anna", "dong"), ("emma", "bao"), ("chen", "guo")):
            proxies.appoint(session, away, proxy, "S1", company.now, company.now + timedelta(minutes=45), OPERATOR, company.now)
    company.start()
    company.pass_time(minutes=30)
    assert told_of(company, WARNING) == ["technician", "dong"]
    company.pass_time(minutes=30)
    assert told_of(company, BREACH) == ["project_manager", "chen"]  # nobody stands in any more
    with company.database.transaction() as session:
        proxies.appoint(session, "emma", "bao", "S1", company.now, company.now + timedelta(hours=9), OPERATOR, company.now)
    company.start()
    company.pass_time(hours=1)
    assert told_of(company, BREACH)[2:] == ["project_manager", "chen", "bao"]


def test_who_is_told_may_be_reckoned(company: Company) -> None:
    company.deploy(measured(CLOCK.replace("project_manager,chen", "${[boss, case.starter]}")))
    company.start(variables={"boss": "emma"})
    company.pass_time(hours=1)
    assert told_of(company, BREACH) == ["emma", "chen"]


def test_a_breach_starts_the_event_subprocess_that_catches_it_beside_the_work(company: Company) -> None:
    company.deploy(measured(ESCALATING, caught(interrupting=False)))
    instance = company.start()
    company.pass_time(minutes=59)
    assert company.waiting() == ["work"]
    company.pass_time(minutes=1)
    assert sorted(company.waiting()) == ["chase", "work"]
    assert "clock.escalated" in company.told(instance)
    company.complete("chase", EMMA)
    company.complete("work", ANNA)
    assert company.instance(instance).state == "completed"


def test_a_breach_may_end_the_work(company: Company) -> None:
    company.deploy(measured(ESCALATING, caught(interrupting=True)))
    instance = company.start()
    company.pass_time(hours=1)
    assert company.waiting() == ["chase"]
    company.complete("chase", EMMA)
    assert company.instance(instance).state == "completed"


def test_a_breach_that_is_seen_only_when_the_clock_stops_is_told_and_escalates_all_the_same(company: Company) -> None:
    body = chain(START_EVENT, task("work"), task("check", "engineering_supervisor"), END_EVENT) + caught(interrupting=False)
    company.deploy(diagram(body, before=LATE, properties={"clock.repair": ESCALATING}))
    company.start()
    company.clock.advance(timedelta(hours=2))
    company.complete("work", ANNA)
    company.work()
    assert sorted(company.waiting()) == ["chase", "check"]
    assert told_of(company, BREACH) == ["project_manager", "chen"]


def test_a_case_that_has_ended_is_told_of_and_not_moved(company: Company) -> None:
    company.deploy(measured(ESCALATING, caught(interrupting=False)))
    instance = company.start()
    company.clock.advance(timedelta(hours=2))
    company.complete("work", ANNA)
    company.work()
    assert (company.instance(instance).state, company.waiting(), company.incidents()) == ("completed", [], [])
    assert told_of(company, BREACH) == ["project_manager", "chen"]


def test_a_clock_that_asks_for_nothing_leaves_no_job(company: Company) -> None:
    company.deploy(measured("from=work.started; to=work.completed; limit=duration('PT1H'); kpi=B09"))
    company.start()
    company.pass_time(hours=2)
    with company.database.read() as session:
        assert session.scalars(select(Job)).all() == []
    assert notices(company) == []


def test_who_is_told_cannot_be_reckoned_it_is_an_incident_and_told_when_put_right(company: Company) -> None:
    company.deploy(measured(CLOCK.replace("project_manager,chen", "${boss}")))
    instance = company.start()
    for _ in range(4):  # its tries, each later than the one before
        company.pass_time(hours=1)
    [incident] = company.incidents()
    assert (incident.kind, incident.activity_id) == ("job", "clock.repair")
    with company.database.transaction() as session:
        instances.set_variables(session, instance, {"boss": "emma"}, "named", EMMA, company.now)
    with company.database.transaction() as session:
        retries.retry(session, incident.id, EMMA, company.now)
    company.work()
    assert told_of(company, BREACH) == ["emma"]


def test_two_breaches_of_one_clock_are_two_escalations(company: Company) -> None:
    body = chain(START_EVENT, task("work"), '<exclusiveGateway id="again" default="again_end"/>', END_EVENT)
    back = '<sequenceFlow id="back" sourceRef="again" targetRef="work"><conditionExpression>not good</conditionExpression></sequenceFlow>'
    company.deploy(diagram(body + back + caught(interrupting=False), before=LATE, properties={"clock.repair": ESCALATING}))
    company.start()
    company.pass_time(hours=1)
    company.complete("work", ANNA, {"good": False})
    company.pass_time(hours=1)
    assert sorted(company.waiting()) == ["chase", "chase", "work"]


def test_a_suspended_case_is_chased_when_it_goes_on(company: Company) -> None:
    company.deploy(measured(ESCALATING, caught(interrupting=False)))
    instance = company.start()
    with company.database.transaction() as session:
        instances.suspend(session, instance, "waiting for the owner", EMMA, company.now)
    company.pass_time(hours=2)
    assert company.waiting() == ["work"]
    with company.database.transaction() as session:
        instances.resume(session, instance, "back", EMMA, company.now)
    company.work()
    assert sorted(company.waiting()) == ["chase", "work"]
    with company.database.read() as session:
        assert session.get_one(Instance, instance).state == "running"
    assert CHEN.login in told_of(company, BREACH)
