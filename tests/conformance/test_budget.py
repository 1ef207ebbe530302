"""What one advance may cost: steps and seconds of the processor. What goes over rests where it is, and a retry goes on from there."""

from dataclasses import replace
from time import thread_time
from typing import Any

from engine.bpmn.triggers import Context, Retry, Start, Trigger
from engine.bpmn.workflow import Outcome, Workflow
from engine.clock import VirtualClock
from engine.db import Database
from engine.settings import Limits, Settings, from_environment
from tests.conformance.drive import MONDAY, bpmn, executable
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, chain, diagram, found_company, script
from tests.people import CHEN

ROUNDS = bpmn(
    """<startEvent id="s"/><exclusiveGateway id="in"/><scriptTask id="a"><script>n = n + 1
total = sum([each * each for each in range(2000)])</script></scriptTask>
    <exclusiveGateway id="x" default="on"/><userTask id="u"/>
    s -> in -> a -> x
    x -> in if n < rounds
    <sequenceFlow id="on" sourceRef="x" targetRef="u"/>"""
)
CONTEXT = Context(MONDAY)


def advance(workflow: Workflow, trigger: Trigger, **limits: Any) -> Outcome:
    return workflow.advance(trigger, replace(CONTEXT, **limits))


def test_a_process_that_computes_too_long_rests_with_a_failure_that_names_the_element() -> None:
    workflow = Workflow.begin(executable(ROUNDS), {"n": 0, "rounds": 1_000_000})
    began = thread_time()
    [failure] = advance(workflow, Start(), max_seconds=0.2).failures
    assert thread_time() - began < 2
    assert failure.kind == "limit" and failure.activity_id in ("in", "a", "x")
    assert "within 0.2 seconds of the processor" in failure.message
    assert 0 < workflow.variables["n"] < 2_000
    assert workflow.waits() == []


def test_a_retry_goes_on_where_the_time_ran_out() -> None:
    workflow = Workflow.begin(executable(ROUNDS), {"n": 0, "rounds": 3})
    outcome, ways = advance(workflow, Start(), max_seconds=0), []
    for _ in range(50):
        ways += [change.activity_id for change in outcome.changes if change.event == "entered"]
        if not outcome.failures:
            break
        workflow = Workflow.load(workflow.executable, workflow.dump())
        [token] = workflow.failed
        outcome = advance(workflow, Retry(token), max_seconds=0)
    assert ways == ["s", *["in", "a", "x"] * 3, "u"]
    assert [wait.activity_id for wait in workflow.waits()] == ["u"]
    assert workflow.variables["n"] == 3


def test_waiting_for_a_person_costs_nothing() -> None:
    workflow = Workflow.begin(executable(ROUNDS), {"n": 0, "rounds": 1})
    assert advance(workflow, Start()).failures == []
    assert [wait.activity_id for wait in workflow.waits()] == ["u"]


def test_the_seconds_are_a_setting(sqlite_url: str, clock: VirtualClock) -> None:
    assert from_environment({"STEWARD_LIMIT_SECONDS": "2.5", "STEWARD_LIMIT_STEPS": "7"}).limits == Limits(seconds=2.5, steps=7)
    company = found_company(Database(sqlite_url, Settings(limits=Limits(seconds=0))), clock)
    company.deploy(diagram(chain(START_EVENT, script("count", "n = 1"), END_EVENT)), ONE_TASK.replace(b'"order"', b'"other"'))
    company.start(actor=CHEN)
    [incident] = company.incidents()
    assert (incident.kind, incident.activity_id) == ("limit", "count")
    company.database.dispose()
