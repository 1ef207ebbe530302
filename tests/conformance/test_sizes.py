"""Long, wide and endless processes: linear in time, and no larger than where they stand."""

import re
import sys
import time
from collections.abc import Callable

import pytest

from engine.bpmn.workflow import Complete, Context, Start, Workflow
from tests.conformance.drive import MONDAY, Drive, bpmn, executable

LOOP = """
<startEvent id="s"/><exclusiveGateway id="m"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>
<boundaryEvent id="t" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
<exclusiveGateway id="g" default="out"/><endEvent id="e"/>
s -> m -> a -> b -> c -> g
g -> m if again
t -> b
<sequenceFlow id="out" sourceRef="g" targetRef="e"/>
"""


def seconds(work: Callable[[], object]) -> float:
    """Of this process, so that a busy machine does not count."""
    started = time.process_time()
    work()
    return time.process_time() - started


def calls(work: Callable[[], object]) -> int:
    """How many Python functions were called: the same on a busy machine."""
    count = 0

    def profiler(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(profiler)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_ten_thousand_rounds_cost_and_weigh_as_much_as_ten() -> None:
    definition = executable(bpmn(LOOP))
    context = Context(MONDAY)
    workflow = Workflow.begin(definition, {"again": True})
    workflow.advance(Start(), context)

    def rounds(count: int) -> None:
        for _ in range(count * 3):
            token = next(wait.token for wait in workflow.waits() if wait.kind == "user_task")
            workflow.advance(Complete(token, {"again": True}), context)

    rounds(10)
    weight, cost = len(workflow.dump()), calls(lambda: rounds(100))
    rounds(9_000)
    assert len(workflow.dump()) <= weight * 1.2
    assert calls(lambda: rounds(100)) <= cost * 1.01


def test_rounds_from_which_there_are_ways_back_cost_and_weigh_as_much_as_the_first_ones() -> None:
    ways = (
        '<extensionElements><camunda:properties><camunda:property name="steward:returnTo" value="earlier"/></camunda:properties>'
        "</extensionElements></userTask>"
    )
    body = re.sub(r'<userTask id="(.)"/>', rf'<userTask id="\1">{ways}', LOOP)
    workflow, context = Workflow.begin(executable(bpmn(body)), {"again": True}), Context(MONDAY)
    workflow.advance(Start(), context)

    def rounds(count: int) -> None:
        for _ in range(count * 3):
            token = next(wait.token for wait in workflow.waits() if wait.kind == "user_task")
            workflow.advance(Complete(token, {"again": True}, "anna"), context)

    rounds(10)
    weight, cost = len(workflow.dump()), calls(lambda: rounds(100))
    rounds(2_000)
    assert len(workflow.dump()) <= weight * 1.2
    assert calls(lambda: rounds(100)) <= cost * 1.01
    token = next(wait.token for wait in workflow.waits() if wait.kind == "user_task")
    assert [way.activity_id for way in workflow.ways_from(token)] == ["b", "c"]


def test_a_thousand_tasks_in_a_row() -> None:
    names = [f"t{number}" for number in range(1_000)]
    body = '<startEvent id="s"/>' + "".join(f'<task id="{name}"/>' for name in names) + "\n" + " -> ".join(["s", *names])
    run = Drive(bpmn(body))
    assert run.done
    assert run.visits == ["s", *names]


@pytest.mark.parametrize("gateway", ["parallelGateway", "inclusiveGateway"])
def test_a_split_into_five_hundred(gateway: str) -> None:
    names = [f"t{number}" for number in range(500)]
    body = f'<startEvent id="s"/><{gateway} id="f"/><{gateway} id="j"/><userTask id="z"/>'
    body += "".join(f'<userTask id="{name}"/>' for name in names) + "\ns -> f\nj -> z\n" + "\n".join(f"f -> {name} -> j" for name in names)
    definition, context = executable(bpmn(body)), Context(MONDAY)
    workflow = Workflow.begin(definition, {})

    def run() -> None:
        workflow.advance(Start(), context)
        for wait in workflow.waits():
            workflow.advance(Complete(wait.token), context)

    assert seconds(run) < 2
    assert [wait.activity_id for wait in workflow.waits()] == ["z"]


def test_a_thousand_instances_of_a_task() -> None:
    body = """<startEvent id="s"/><userTask id="a"><multiInstanceLoopCharacteristics><loopCardinality>1000</loopCardinality>
    </multiInstanceLoopCharacteristics></userTask>
    s -> a"""
    definition, context = executable(bpmn(body)), Context(MONDAY)
    workflow = Workflow.begin(definition, {})

    def run() -> None:
        workflow.advance(Start(), context)
        for wait in workflow.waits():
            workflow.advance(Complete(wait.token), context)

    assert seconds(run) < 1
    assert workflow.is_completed


def test_subprocesses_thirty_deep() -> None:
    body = '<userTask id="u"/>'
    for number in range(30):
        body = f'<subProcess id="p{number}">{body}</subProcess>'
    run = Drive(bpmn(body))
    run.complete("u")
    assert run.done
