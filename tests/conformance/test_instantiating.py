"""Processes without a start event that something waits to begin, BPMN 2.0.2 §10.3.3 and §10.6.6: receive tasks and event-based gateways."""

import pytest

from engine.errors import Conflict
from tests.conformance.drive import Drive, bpmn

NAMES = '<message id="m" name="ping"/><message id="n" name="pong"/><signal id="g" name="storm"/>'
RECEIVE = '<receiveTask id="r" messageRef="m" instantiate="true"/><userTask id="a"/>\nr -> a'


def gateway(kind: str = "Exclusive") -> bytes:
    return bpmn(
        f"""
    <eventBasedGateway id="g1" instantiate="true" eventGatewayType="{kind}"/>
    <intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
    <receiveTask id="r" messageRef="n"/><userTask id="a"/><userTask id="b"/>
    <sequenceFlow id="f1" sourceRef="g1" targetRef="c"/>
    <sequenceFlow id="f2" sourceRef="g1" targetRef="r"/>
    c -> a
    r -> b
    """,
        NAMES,
    )


def test_a_receive_task_starts_the_process_by_its_message() -> None:
    run = Drive(bpmn(RECEIVE, NAMES), {"level": 3}, start_event="r")
    assert run.visits == ["r", "a"]
    assert run.left == ["r"]
    assert run.waiting == ["a"]
    assert run.values == {"level": 3}


def test_nobody_can_start_it_without_the_message() -> None:
    with pytest.raises(Conflict):
        Drive(bpmn(RECEIVE, NAMES))


@pytest.mark.parametrize(("event", "task", "flow"), [("c", "a", "f1"), ("r", "b", "f2")])
def test_the_first_event_behind_a_gateway_starts_the_process_and_decides_its_way(event: str, task: str, flow: str) -> None:
    run = Drive(gateway(), start_event=event)
    assert run.visits == ["g1", event, task]
    assert run.flows[0] == flow
    assert run.waiting == [task]


def test_behind_a_parallel_gateway_the_other_events_are_waited_for() -> None:
    run = Drive(gateway("Parallel"), start_event="c")
    assert run.visits == ["g1", "c", "r", "a"] or run.visits == ["g1", "c", "a", "r"]
    assert sorted(run.waiting) == ["a", "r"]
    run.deliver("r")
    assert sorted(run.waiting) == ["a", "b"]
    run.complete("a")
    run.complete("b")
    assert run.done


def test_the_event_subprocesses_of_such_a_process_listen_as_well() -> None:
    body = f"""{RECEIVE}
    <subProcess id="es" triggeredByEvent="true"><startEvent id="es1"><signalEventDefinition signalRef="g"/></startEvent><userTask id="h"/>
      es1 -> h
    </subProcess>"""
    run = Drive(bpmn(body, NAMES), start_event="r")
    assert sorted(run.waiting) == ["a", "es1"]
    run.deliver("es1")
    assert run.waiting == ["h"]


def test_a_failing_output_of_what_started_the_process_is_a_failure_that_can_be_retried() -> None:
    outputs = '<extensionElements><camunda:inputOutput><camunda:outputParameter name="y">${1 / x}</camunda:outputParameter>'
    body = RECEIVE.replace('instantiate="true"/>', f'instantiate="true">{outputs}</camunda:inputOutput></extensionElements></receiveTask>')
    run = Drive(bpmn(body, NAMES), {"x": 0}, start_event="r")
    assert [failure.activity_id for failure in run.failures] == ["r"]
    run.set(x=2)
    run.retry()
    assert run.visits == ["r", "a"]
    assert run.values == {"x": 2, "y": 0.5}


def test_such_a_task_may_stand_beside_a_start_event() -> None:
    body = RECEIVE + '\n<startEvent id="s"/>\ns -> a'
    assert Drive(bpmn(body, NAMES)).visits == ["s", "a"]
    assert Drive(bpmn(body, NAMES), start_event="r").visits == ["r", "a"]
