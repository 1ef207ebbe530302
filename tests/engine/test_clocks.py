"""SLA clocks: what was promised is measured, warned about and marked."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.actors import Actor
from engine.tables import KpiPoint, SlaClock
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, CHEN, DONG

START_AND_TWO = chain(START_EVENT, task("work"), task("check", "engineering_supervisor"), END_EVENT)


def measured(clock: str, **more: str) -> bytes:
    return diagram(START_AND_TWO, properties={"clock.repair": clock} | more)


def the_clock(company: Company) -> SlaClock:
    with company.database.read() as session:
        clock = session.scalars(select(SlaClock).order_by(SlaClock.id.desc()).limit(1)).one()
        session.expunge_all()
        return clock


def kpi_points(company: Company) -> list[str]:
    with company.database.read() as session:
        return list(session.scalars(select(KpiPoint.code)))


def test_a_clock_stops_in_time(company: Company) -> None:
    company.deploy(measured("from=work.started; to=work.completed; limit=duration('PT1H')"))
    instance = company.start()
    company.pass_time(minutes=40)
    company.complete("work", ANNA)
    clock = the_clock(company)
    assert (clock.state, clock.used_seconds, clock.breached_at) == ("stopped", 2400, None)
    assert company.told(instance)[-1] == "clock.stopped"


def test_a_clock_warns_before_its_limit_and_marks_the_breach_with_a_point(company: Company) -> None:
    company.deploy(measured("from=work.started; to=check.completed; limit=duration('PT1H'); warn=0.5; kpi=B09"))
    instance = company.start()
    due = company.now + timedelta(hours=1)
    company.pass_time(minutes=30)
    assert company.told(instance)[-1] == "clock.warned"
    company.pass_time(minutes=30)
    assert company.told(instance)[-1] == "clock.breached"
    company.pass_time(days=1)
    assert company.told(instance).count("clock.breached") == 1
    assert (the_clock(company).breached_at, kpi_points(company)) == (due, ["B09"])


def test_a_clock_that_stops_too_late_is_a_breach_even_if_nobody_looked(company: Company) -> None:
    company.deploy(measured("from=work.started; to=work.completed; limit=duration('PT1H'); kpi=B09"))
    instance = company.start()
    company.clock.advance(timedelta(hours=2))
    company.complete("work", ANNA)
    assert company.told(instance)[-2:] == ["clock.breached", "clock.stopped"]
    assert kpi_points(company) == ["B09"]


def test_a_late_entry_counts_from_when_it_happened(company: Company) -> None:
    company.deploy(measured("from=start.started; to=start.completed; limit=duration('PT3M')"))
    instance = company.start(occurred_at=company.now - timedelta(minutes=10))
    assert company.told(instance)[-2:] == ["clock.breached", "clock.stopped"]
    assert the_clock(company).used_seconds == 600


def test_a_pause_stops_the_clock_but_never_a_kpi(company: Company) -> None:
    for kpi, used in (("", 60 * 20), ("; kpi=B09", 60 * 50)):
        company.deploy(measured(f"from=start.completed; to=check.completed; limit=duration('PT1H'); pause=work{kpi}"))
        instance = company.start()
        company.pass_time(minutes=30)
        company.complete("work", ANNA, instance=instance)
        company.pass_time(minutes=20)
        company.complete("check", DONG, instance=instance)
        assert the_clock(company).used_seconds == used


@pytest.mark.parametrize("order", [("fetch", "work"), ("work", "fetch")])
def test_a_clock_that_starts_while_its_pause_is_at_work_stands_at_once(company: Company, order: tuple[str, str]) -> None:
    flows = [("start", "fork"), *(("fork", one) for one in order), ("fetch", "join"), ("work", "join"), ("join", "end")]
    drawn = "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in flows)
    gates = '<parallelGateway id="fork"/><parallelGateway id="join"/>'
    clock = "from=work.started; to=work.completed; limit=duration('PT8H'); pause=fetch"
    company.deploy(
        diagram(START_EVENT + gates + task("fetch") + task("work") + END_EVENT + drawn, properties={"clock.order": clock}),
    )
    company.start()
    company.pass_time(hours=10)
    company.complete("fetch", ANNA)
    company.pass_time(hours=7)
    assert (the_clock(company).state, the_clock(company).breached_at) == ("running", None)
    company.pass_time(hours=1)
    assert the_clock(company).breached_at == company.now


def test_a_clock_that_is_over_when_it_pauses_is_a_breach(company: Company) -> None:
    company.deploy(measured("from=start.completed; to=check.completed; limit=duration('PT1H'); pause=check"))
    instance = company.start()
    company.clock.advance(timedelta(hours=2))
    company.complete("work", ANNA, instance=instance)
    company.complete("check", DONG, instance=instance)
    assert the_clock(company).breached_at == the_clock(company).started_at + timedelta(hours=1)


def test_a_clock_stands_until_the_last_of_its_pauses_is_over(company: Company) -> None:
    split, join = '<parallelGateway id="split"/>', '<parallelGateway id="join"/>'
    ways = "".join(
        f'{task(name)}<sequenceFlow id="to_{name}" sourceRef="split" targetRef="{name}"/>'
        f'<sequenceFlow id="from_{name}" sourceRef="{name}" targetRef="join"/>'
        for name in ("ask", "fetch")
    )
    clock = "from=start.completed; to=check.completed; limit=duration('PT5H'); pause=ask, fetch"
    parts = chain(START_EVENT, split) + ways + chain(join, task("check"), END_EVENT)
    company.deploy(diagram(parts, properties={"clock.repair": clock}))
    company.start()
    for name in ("ask", "fetch", "check"):
        company.pass_time(minutes=10)
        company.complete(name, ANNA)
    assert the_clock(company).used_seconds == 600


def test_a_limit_beyond_the_end_of_time_is_an_incident(company: Company) -> None:
    for time, limit in (("running", "P9999999D"), ("working", "P99999D")):
        company.deploy(measured(f"from=work.completed; to=check.completed; limit=duration('{limit}'); time={time}"))
        instance = company.start()
        company.complete("work", ANNA, instance=instance)
        assert company.waiting(instance) == ["check"]
        assert company.instance(instance).incidents == 1


def test_working_time_leaves_out_nights_and_holidays(company: Company) -> None:
    company.deploy(measured("from=work.started; to=work.completed; limit=duration('PT8H'); time=working"))
    company.clock.advance(timedelta(hours=7))  # Monday, four in the afternoon: the site works until six
    company.start()
    assert the_clock(company).due_at == company.now + timedelta(hours=24.5)  # two hours today, three before noon, three after half past one


def test_the_limit_may_be_a_figure_of_the_site(company: Company) -> None:
    company.deploy(measured("from=work.started; to=work.completed; limit=site('repair_limit', 'PT10M')"))
    company.start()
    assert the_clock(company).limit_seconds == 600


def test_a_limit_that_is_null_means_no_clock_in_this_case(company: Company) -> None:
    company.deploy(measured("from=work.started; to=work.completed; limit=None if large_work else duration('P3D')"))
    company.start(variables={"large_work": True})
    with company.database.read() as session:
        assert session.scalars(select(SlaClock)).all() == []
    company.start(variables={"large_work": False})
    assert the_clock(company).limit_seconds == 3 * 24 * 3600


def test_a_limit_that_cannot_be_reckoned_is_an_incident_and_the_work_goes_on(company: Company) -> None:
    company.deploy(measured("from=work.started; to=work.completed; limit=missing_figure"))
    instance = company.start()
    (incident,) = company.incidents()
    assert (incident.activity_id, incident.kind) == ("clock.repair", "clock")
    company.complete("work", ANNA, instance=instance)
    assert company.waiting(instance) == ["check"]


def test_clocks_end_with_their_case(company: Company) -> None:
    company.deploy(measured("from=work.started; to=never.completed; limit=duration('P9D')".replace("never", "start")))
    company.start()
    company.complete("work", ANNA)
    company.complete("check", DONG)
    assert the_clock(company).state == "stopped"


def test_title_and_first_responder_come_from_the_diagram(company: Company) -> None:
    company.deploy(diagram(START_AND_TWO, properties={"title": "报修 ${house}", "firstResponder": "heard_by"}))
    instance = company.instance(company.start(variables={"house": "A-12", "heard_by": "dong"}, actor=CHEN))
    assert (instance.title, instance.first_responder) == ("报修 A-12", "dong")


def test_a_case_that_nobody_heard_gets_its_first_responder_once_somebody_is_named(company: Company) -> None:
    company.deploy(diagram(START_AND_TWO, properties={"firstResponder": "heard_by if has('heard_by') else None"}))
    instance = company.start(actor=Actor.system("cli"))
    assert company.instance(instance).first_responder is None
    company.complete("work", ANNA, {"heard_by": "anna"})
    assert company.instance(instance).first_responder == "anna"
    company.complete("check", DONG, {"heard_by": "dong"})
    assert company.instance(instance).first_responder == "anna"
