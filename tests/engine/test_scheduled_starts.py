"""Processes that the clock or a signal starts: at which site, when, by which version, and once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from engine import housekeeping, messages, scheduled_starts, sites, worker
from engine.actors import Actor
from engine.db import Database
from engine.errors import DeploymentRefused, Forbidden
from engine.tables import DefinitionResource, EndedSession, Instance, Schedule
from tests.factories import END_EVENT, ONE_TASK, Company, chain, diagram, extensions, task
from tests.people import ANNA, CHEN


def timed(kind: str, text: str, catch_up: str | None = None, name: str = "Order", **properties: str) -> bytes:
    """A process that a timer starts."""
    rule = extensions({"catchUp": catch_up}) if catch_up else ""
    start = f'<startEvent id="begin">{rule}<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition></startEvent>'
    return diagram(chain(start, task("look"), END_EVENT), name=name, properties=properties)


def started(company: Company, site: str | None = None) -> list[Instance]:
    with company.database.read() as session:
        found = list(session.scalars(select(Instance).order_by(Instance.id)))
        session.expunge_all()
    return [each for each in found if site in (None, each.site)]


def test_the_clock_starts_the_process_at_every_site(company: Company) -> None:
    company.deploy(timed("timeCycle", "R/PT1H"))
    company.pass_time(minutes=59)
    assert started(company) == []
    company.pass_time(minutes=1)
    assert sorted(each.site for each in started(company)) == ["S1", "S2"]
    company.pass_time(hours=1)
    assert len(started(company, "S1")) == 2
    assert company.waiting() == ["look"] * 4


def test_a_process_may_name_the_sites_at_which_the_clock_starts_it(company: Company) -> None:
    company.deploy(timed("timeCycle", "R/PT1H", sites="S2"))
    company.pass_time(hours=1)
    assert [each.site for each in started(company)] == ["S2"]


def test_what_the_clock_starts_happened_when_it_was_due(company: Company) -> None:
    company.deploy(timed("timeDuration", "PT1H", sites="S1"))
    due = company.now + timedelta(hours=1)
    company.pass_time(hours=3)
    [instance] = started(company)
    assert (instance.occurred_at, instance.started_at, instance.starter) == (due, company.now, None)


@pytest.mark.parametrize(("kind", "text"), [("timeDuration", "PT1H"), ("timeDate", "2099-01-01T09:00"), ("timeCycle", "R2/PT1H")])
def test_each_kind_of_timer_starts_as_often_as_it_says(company: Company, kind: str, text: str) -> None:
    company.deploy(timed(kind, text, sites="S1"))
    company.clock.advance(datetime(2099, 1, 2, tzinfo=UTC) - company.now if kind == "timeDate" else timedelta(hours=1))
    company.work()
    assert len(started(company)) == 1
    for _ in range(3):
        company.pass_time(hours=1)
    assert len(started(company)) == (2 if kind == "timeCycle" else 1)


def test_cron_goes_by_the_clock_of_each_site(company: Company) -> None:
    with company.database.transaction() as session:
        sites.add(session, "B1", "Berlin", Actor.system(), company.now, zone="Europe/Berlin")
    company.deploy(timed("timeCycle", "0 9 * * *"))
    company.pass_time(days=2)
    assert {each.occurred_at.hour for each in started(company, "S1")} == {1}
    assert {each.occurred_at.hour for each in started(company, "B1")} <= {7, 8}


@pytest.mark.parametrize(("catch_up", "count"), [(None, 1), ("all", 5), ("skip", 0)])
def test_missed_starts_are_caught_up_as_the_timer_says(company: Company, catch_up: str | None, count: int) -> None:
    company.deploy(timed("timeCycle", "R/PT1H", catch_up, sites="S1"))
    company.pass_time(hours=5)
    assert len(started(company)) == count
    company.pass_time(hours=1)
    assert len(started(company)) == count + 1


def test_a_date_before_the_deployment_starts_nothing(company: Company) -> None:
    company.deploy(timed("timeDate", "2020-01-01"))
    company.pass_time(days=1)
    assert started(company) == []


def test_a_cycle_that_began_before_the_deployment_goes_on_from_now(company: Company) -> None:
    company.deploy(timed("timeCycle", "R/2020-01-01T09:00/P1D", sites="S1"))
    company.work()
    assert started(company) == []
    company.pass_time(days=1)
    [instance] = started(company)
    assert (instance.occurred_at.hour, instance.occurred_at.minute) == (1, 0)


def test_a_new_version_takes_over_and_goes_on_in_step(company: Company) -> None:
    company.deploy(timed("timeCycle", "R/PT1H", sites="S1"))
    company.pass_time(minutes=40)
    company.deploy(timed("timeCycle", "R/PT1H", name="Other", sites="S1"))
    company.pass_time(minutes=20)
    assert [each.version for each in started(company)] == [2]


def test_a_new_version_with_another_time_begins_anew(company: Company) -> None:
    company.deploy(timed("timeCycle", "R/PT1H", sites="S1"))
    company.pass_time(minutes=40)
    company.deploy(timed("timeCycle", "R/PT2H", sites="S1"))
    company.pass_time(minutes=119)
    assert started(company) == []
    company.pass_time(minutes=1)
    assert [each.version for each in started(company)] == [2]


def test_a_new_version_without_a_timer_is_started_by_the_clock_no_more(company: Company) -> None:
    company.deploy(timed("timeCycle", "R/PT1H"))
    company.deploy(diagram(chain('<startEvent id="begin"/>', task("look"), END_EVENT)))
    company.pass_time(hours=2)
    assert started(company) == []


def test_a_site_that_is_added_later_has_its_starts_too(company: Company) -> None:
    company.deploy(timed("timeCycle", "R/PT1H"))
    with company.database.transaction() as session:
        sites.add(session, "S9", "New", Actor.system(), company.now)
        housekeeping.sweep(session, company.now)
    company.pass_time(hours=1)
    assert sorted(each.site for each in started(company)) == ["S1", "S2", "S9"]


def test_to_look_for_sites_that_were_added_compiles_nothing(company: Company) -> None:
    """It is done every ten minutes, in the turn of the one who writes: what never runs in a server is not made for it."""
    company.deploy(timed("timeCycle", "R/PT1H"))
    company.deploy(ONE_TASK.replace(b'"order"', b'"repair"'))
    again = Company(Database(company.database.url), company.clock)
    with again.database.transaction() as session:
        housekeeping.sweep(session, company.now)
    assert again.database.keep.get("definitions", {}) == {}
    again.database.dispose()


def test_a_process_that_cannot_be_run_any_more_keeps_nobody_from_tidying_up(company: Company) -> None:
    [definition] = company.deploy(timed("timeCycle", "R/PT1H")).created
    with company.database.transaction() as session:
        sites.add(session, "S9", "New", Actor.system(), company.now)
        broken = update(DefinitionResource).where(
            DefinitionResource.definition_id == definition.id, DefinitionResource.kind == "normalised"
        )
        session.execute(broken.values(content=b"<nothing/>"))
        session.add(EndedSession(hash="old", until=company.now - timedelta(days=1)))
    again = Company(Database(company.database.url), company.clock)
    with again.database.transaction() as session:
        housekeeping.sweep(session, company.now)
        assert session.scalars(select(EndedSession)).all() == []
    again.database.dispose()


def test_a_figure_of_the_site_may_say_when(company: Company) -> None:
    with company.database.transaction() as session:
        sites.set_variable(session, "S2", "round", "PT2H", Actor.system(), company.now)
    company.deploy(timed("timeDuration", "${site('round', 'PT1H')}"))
    company.pass_time(hours=1)
    assert [each.site for each in started(company)] == ["S1"]
    company.pass_time(hours=1)
    assert [each.site for each in started(company)] == ["S1", "S2"]


def test_a_time_that_cannot_be_computed_refuses_the_deployment(company: Company) -> None:
    with pytest.raises(DeploymentRefused):
        company.deploy(timed("timeDuration", "${site('nothing')}"))
    assert started(company) == []


def test_a_timer_start_can_ask_for_no_variables(company: Company) -> None:
    with pytest.raises(DeploymentRefused) as refusal:
        company.deploy(timed("timeDuration", "${limit}"))
    assert [problem.rule for problem in refusal.value.problems if problem.severity == "error"] == ["timer"]


def test_two_workers_start_a_process_once(company: Company) -> None:
    company.deploy(timed("timeCycle", "R/PT1H", sites="S1"))
    company.clock.advance(timedelta(hours=1))
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait()
        worker.run_due(company.database, company.clock)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started(company)) == 1


def test_a_start_that_cannot_be_done_is_told_and_stops_no_other(company: Company) -> None:
    company.deploy(timed("timeCycle", "R/PT1H", sites="S1"), timed("timeCycle", "R/PT1H", sites="S1").replace(b'id="order"', b'id="other"'))
    with company.database.transaction() as session:
        first = session.scalars(select(Schedule).order_by(Schedule.id)).first()
        assert first is not None
        broken = first.key
        first.activity_id = "gone"
    company.pass_time(hours=1)
    assert [each.key for each in started(company)] == [key for key in ("order", "other") if key != broken]
    with company.database.read() as session:
        assert scheduled_starts.due(session, company.now, 10) == []


def test_what_the_clock_starts_can_be_started_by_hand(company: Company) -> None:
    company.deploy(timed("timeCycle", "0 9 * * MON"))
    assert company.waiting(company.start()) == ["look"]


SIGNAL = '<signal id="g" name="storm"/>'
WATCH = diagram(chain('<startEvent id="begin"><signalEventDefinition signalRef="g"/></startEvent>', task("look"), END_EVENT), before=SIGNAL)


def broadcast(company: Company, actor: Actor = CHEN, site: str = "S1") -> None:
    with company.database.transaction() as session:
        messages.broadcast(session, "storm", site, {"wind": 9}, actor, company.now)


def test_a_signal_starts_every_process_that_waits_for_it_at_its_site(company: Company) -> None:
    company.deploy(WATCH, WATCH.replace(b'id="order"', b'id="other"'))
    broadcast(company)
    assert [(each.key, each.site) for each in started(company)] == [("order", "S1"), ("other", "S1")]
    assert company.variables(started(company)[0].id) == {"wind": 9}
    broadcast(company)
    assert len(started(company)) == 4


def test_a_signal_starts_the_newest_version(company: Company) -> None:
    company.deploy(WATCH)
    company.deploy(WATCH.replace(b"Look", b"Look again"))
    broadcast(company)
    assert [each.version for each in started(company)] == [2]


def test_a_signal_of_a_person_starts_no_more_than_the_person_may(company: Company) -> None:
    company.deploy(WATCH.replace(b"<process ", b'<process camunda:candidateStarterGroups="butler" '))
    with pytest.raises(Forbidden):
        broadcast(company, ANNA)
    broadcast(company, Actor.system())
    assert len(started(company)) == 1


def test_a_signal_that_a_process_throws_starts_others(company: Company) -> None:
    end = '<endEvent id="end"><signalEventDefinition signalRef="g"/></endEvent>'
    company.deploy(WATCH, diagram(chain('<startEvent id="start"/>', end), key="weather", before=SIGNAL))
    company.start("weather")
    company.work()
    assert [each.key for each in started(company)] == ["weather", "order"]
