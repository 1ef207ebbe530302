"""Timers, BPMN 2.0.2 §10.5.5: dates, durations and cycles, never by the wall clock."""

from datetime import timedelta

import pytest

from engine.errors import DeploymentRefused
from tests.conformance.drive import MONDAY, Drive, bpmn


def catch(kind: str, text: str) -> bytes:
    timer = f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"
    return bpmn(f'<startEvent id="s"/><intermediateCatchEvent id="t">{timer}</intermediateCatchEvent><endEvent id="e"/>\ns -> t -> e')


def boundary(kind: str, text: str, interrupting: bool = True, properties: str = "") -> bytes:
    return bpmn(f"""
    <startEvent id="s"/><userTask id="a"/><userTask id="n"/><userTask id="late"/>
    <boundaryEvent id="t" attachedToRef="a" cancelActivity="{str(interrupting).lower()}">{properties}
      <timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition></boundaryEvent>
    s -> a -> n
    t -> late
    """)


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDuration", "PT1H", "2026-03-02T02:00:00+00:00"),
        ("timeDuration", " PT36H ", "2026-03-03T13:00:00+00:00"),
        ("timeDuration", "P1M", "2026-04-02T01:00:00+00:00"),
        ("timeDuration", "P2W", "2026-03-16T01:00:00+00:00"),
        ("timeDuration", "${wait}", "2026-03-02T01:30:00+00:00"),
        ("timeDuration", "duration('PT45M')", "2026-03-02T01:45:00+00:00"),
        ("timeDuration", "wait", "2026-03-02T01:30:00+00:00"),
        ("timeDate", "2026-03-09T09:00:00+08:00", "2026-03-09T09:00:00+08:00"),
        ("timeDate", "2026-03-09T09:00:00Z", "2026-03-09T09:00:00+00:00"),
        ("timeDate", "2026-03-09T09:00:00", "2026-03-09T09:00:00+08:00"),
        ("timeDate", "2026-03-09", "2026-03-09T00:00:00+08:00"),
        ("timeDate", "${now() + duration('P1D')}", "2026-03-03T01:00:00+00:00"),
        ("timeDate", "deadline", "2026-05-01T08:00:00+08:00"),
        ("timeCycle", "R3/PT10M", "2026-03-02T01:10:00+00:00"),
        ("timeCycle", "R/2026-03-05T09:00:00/P1D", "2026-03-05T09:00:00+08:00"),
        ("timeCycle", "R3/${wait}", "2026-03-02T01:30:00+00:00"),
    ],
)
def test_when_a_timer_is_due(kind: str, text: str, due: str) -> None:
    run = Drive(catch(kind, text), {"wait": "PT30M", "deadline": "2026-05-01T08:00"})
    assert run.wait("t").details["due_at"].isoformat() == due
    run.fire("t")
    assert run.done


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("timeDuration", "-PT1H"),
        ("timeDuration", "PT"),
        ("timeDuration", "P"),
        ("timeDuration", "1 hour"),
        ("timeDuration", ""),
        ("timeDate", "2026-13-01"),
        ("timeDate", "PT1H("),
        ("timeCycle", "R3/"),
        ("timeCycle", "R3/PT0S"),
        ("timeCycle", "R3/-PT10M"),
        ("timeCycle", "R0/PT10M"),
        ("timeCycle", "R3/PT10M/2020-01-01"),
        ("timeCycle", "0 25 * * MON"),
        ("timeCycle", "0 0 30 2 *"),
    ],
)
def test_a_timer_that_means_nothing_is_refused_at_deployment(kind: str, text: str) -> None:
    with pytest.raises(DeploymentRefused) as refusal:
        catch_and_run = catch(kind, text)
        Drive(catch_and_run)
    assert [problem.element for problem in refusal.value.problems] == ["t"]


@pytest.mark.parametrize("value", ["-PT1H", "soon", 5, None, "P99999999999D", ["PT1H"]])
def test_a_timer_whose_value_is_no_time_is_a_failure(value: object) -> None:
    run = Drive(catch("timeDuration", "${wait}"), {"wait": value})
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("t", "expression")]


def test_an_interrupting_boundary_timer_ends_the_task() -> None:
    run = Drive(boundary("timeDuration", "PT1H"))
    assert run.waiting == ["a", "t"]
    run.fire("t")
    assert run.waiting == ["late"]
    assert run.cancelled == ["a"]
    assert run.visits == ["s", "a", "t", "late"]


def test_a_boundary_timer_ends_with_its_task() -> None:
    run = Drive(boundary("timeDuration", "PT1H"))
    run.complete("a")
    assert run.waiting == ["n"]


def test_a_timer_that_does_not_interrupt_fires_once_beside_the_task() -> None:
    run = Drive(boundary("timeDuration", "PT1H", interrupting=False))
    run.fire("t")
    assert run.waiting == ["a", "late"]
    run.complete("a")
    assert run.waiting == ["late", "n"]


def test_a_cycle_keeps_its_token_and_ends_after_its_repetitions() -> None:
    run = Drive(boundary("timeCycle", "R3/PT10M", interrupting=False))
    token = run.wait("t").token
    for left in (3, 2, 1):
        wait = run.wait("t")
        assert (wait.token, wait.details["repeats_left"], wait.details["interval"]) == (token, left, "PT10M")
        assert wait.details["due_at"] == MONDAY + timedelta(minutes=10 * (4 - left))
        run.fire("t")
    assert run.waiting == ["a", "late", "late", "late"]


@pytest.mark.parametrize(("text", "hours"), [("R3/PT2H", 2), ("0 12 * * *", 3), ("0 0 12 ? * MON", 3), ("R/2026-03-02T10:30/PT1H", 1.5)])
def test_of_a_cycle_only_the_first_time_counts_for_what_is_over_then(text: str, hours: float) -> None:
    """Monday, nine in the morning at the site."""
    run = Drive(catch("timeCycle", text))
    assert run.wait("t").details["due_at"] == MONDAY + timedelta(hours=hours)
    assert run.wait("t").details["interval"] is None
    run.fire("t")
    assert run.done
    run = Drive(boundary("timeCycle", text))
    run.fire("t", late=timedelta(days=30))
    assert run.waiting == ["late"]


def test_cron_fires_again_and_again_beside_its_task() -> None:
    run = Drive(boundary("timeCycle", "0 9 * * MON", interrupting=False))
    for weeks in (1, 2, 3):
        assert run.wait("t").details["due_at"] == MONDAY + timedelta(weeks=weeks)
        run.fire("t")
    assert run.waiting.count("late") == 3


def test_a_cycle_may_end_at_a_moment() -> None:
    run = Drive(boundary("timeCycle", "R/PT1H/2026-03-02T12:00", interrupting=False))
    for hours in (1, 2, 3):
        assert run.wait("t").details["due_at"] == MONDAY + timedelta(hours=hours)
        run.fire("t")
    assert run.waiting == ["a", "late", "late", "late"]


def test_an_expression_may_give_cron() -> None:
    body = boundary("timeCycle", "${when}", interrupting=False)
    assert Drive(body, {"when": "0 12 * * *"}).wait("t").details["due_at"] == MONDAY + timedelta(hours=3)
    [failure] = Drive(body, {"when": "0 25 * * *"}).failures
    assert (failure.activity_id, failure.kind) == ("a", "expression")


def test_an_endless_cycle_goes_on_until_its_task_ends() -> None:
    run = Drive(boundary("timeCycle", "R/PT10M", interrupting=False))
    for _ in range(20):
        run.fire("t")
    assert run.wait("t").details["repeats_left"] is None
    run.complete("a")
    assert "t" not in run.waiting


@pytest.mark.parametrize(
    ("catch_up", "fired", "left", "due"),
    [("once", 1, 1, 50), ("all", 1, 4, 20), ("skip", 0, 1, 50)],
)
def test_firings_missed_are_caught_up_as_the_timer_says(catch_up: str, fired: int, left: int, due: int) -> None:
    """R5/PT10M, due after ten minutes, is fired half an hour late: three firings are over."""
    properties = (
        f'<extensionElements><camunda:properties><camunda:property name="steward:catchUp" value="{catch_up}"/>'
        "</camunda:properties></extensionElements>"
    )
    run = Drive(boundary("timeCycle", "R5/PT10M", interrupting=False, properties=properties))
    run.fire("t", late=timedelta(minutes=30))
    assert run.waiting.count("late") == fired
    assert run.wait("t").details["repeats_left"] == left
    assert run.wait("t").details["due_at"] == MONDAY + timedelta(minutes=due)


def test_a_last_firing_that_comes_too_late_is_left_out_when_the_timer_says_skip() -> None:
    properties = (
        '<extensionElements><camunda:properties><camunda:property name="steward:catchUp" value="skip"/>'
        "</camunda:properties></extensionElements>"
    )
    run = Drive(boundary("timeCycle", "R1/PT10M", interrupting=False, properties=properties))
    run.fire("t", late=timedelta(minutes=30))
    assert run.waiting == ["a"]


def test_the_timer_of_a_task_that_is_entered_again_starts_again() -> None:
    body = """
    <startEvent id="s"/><userTask id="a"/><userTask id="b"/><userTask id="late"/>
    <boundaryEvent id="t" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
    s -> a -> b -> a
    t -> late
    """
    run = Drive(bpmn(body))
    first = run.wait("t").token
    run.complete("a")
    run.now += timedelta(minutes=30)
    run.complete("b")
    assert run.wait("t").token != first
    assert run.wait("t").details["due_at"] == MONDAY + timedelta(minutes=90)


def test_a_boundary_timer_that_fails_keeps_the_task_from_starting() -> None:
    run = Drive(boundary("timeDuration", "${limit}"))
    assert run.waiting == []
    assert [failure.activity_id for failure in run.failures] == ["a"]
    run.set(limit="PT5M")
    run.retry()
    assert run.waiting == ["a", "t"]
