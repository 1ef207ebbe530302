"""Several definitions in one event, BPMN 2.0.2 §10.5.5: any of them is enough, or, in parallel, all of them are needed."""

import pytest

from tests.conformance.drive import Drive, bpmn

NAMES = (
    '<message id="m" name="ping"/><signal id="g" name="storm"/><error id="x" errorCode="broken"/><escalation id="y" escalationCode="late"/>'
)
BOTH = '<messageEventDefinition messageRef="m"/><signalEventDefinition signalRef="g"/>'
TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"


def occur(run: Drive, kind: str) -> None:
    """What is waited for at the event `c`, by its kind."""
    wait = next(wait for wait in run.waits() if wait.kind == kind and wait.activity_id == "c")
    number = [each for each in run.waits() if each.activity_id == "c"].index(wait)
    run.fire("c", number=number) if kind == "timer" else run.deliver("c", number, why=kind)


def catch(parallel: bool) -> bytes:
    event = f'<intermediateCatchEvent id="c" parallelMultiple="{str(parallel).lower()}">{BOTH}{TIMER}</intermediateCatchEvent>'
    return bpmn(f'<startEvent id="s"/>{event}<endEvent id="e"/>\ns -> c -> e', NAMES)


@pytest.mark.parametrize("kind", ["message", "signal", "timer"])
def test_the_first_of_several_definitions_is_enough(kind: str) -> None:
    run = Drive(catch(parallel=False))
    assert [(wait.activity_id, wait.kind) for wait in run.waits()] == [("c", "message"), ("c", "signal"), ("c", "timer")]
    occur(run, kind)
    assert run.done
    assert run.visits == ["s", "c", "e"]


@pytest.mark.parametrize("order", [["message", "signal", "timer"], ["timer", "message", "signal"]])
def test_in_parallel_all_definitions_are_needed(order: list[str]) -> None:
    run = Drive(catch(parallel=True))
    for kind in order:
        assert not run.done
        occur(run, kind)
    assert run.done
    assert run.visits == ["s", "c", "e"]
    assert run.values["why"] == [kind for kind in order if kind != "timer"][-1]


def boundary(interrupting: bool, parallel: bool = False) -> bytes:
    attributes = f'cancelActivity="{str(interrupting).lower()}" parallelMultiple="{str(parallel).lower()}"'
    return bpmn(
        f"""<startEvent id="s"/><userTask id="a"/><userTask id="z"/>
    <boundaryEvent id="c" attachedToRef="a" {attributes}>{BOTH}</boundaryEvent>
    s -> a
    c -> z
    """,
        NAMES,
    )


def test_a_boundary_event_with_several_definitions_interrupts_by_any() -> None:
    for kind in ("message", "signal"):
        run = Drive(boundary(interrupting=True))
        occur(run, kind)
        assert run.waiting == ["z"]
        assert run.visits == ["s", "a", "c", "z"]


def test_a_boundary_event_with_several_definitions_happens_for_each_and_each_time() -> None:
    run = Drive(boundary(interrupting=False))
    for kind in ("message", "signal", "message"):
        occur(run, kind)
    assert run.waiting.count("z") == 3
    assert run.waiting.count("c") == 2


def test_a_parallel_boundary_event_interrupts_when_all_have_come() -> None:
    run = Drive(boundary(interrupting=True, parallel=True))
    occur(run, "message")
    assert run.waiting == ["a", "c"]
    occur(run, "signal")
    assert run.waiting == ["z"]


@pytest.mark.parametrize(("kind", "waiting"), [("message", ["h"]), ("signal", ["h"])])
def test_an_event_subprocess_starts_by_any_of_its_definitions(kind: str, waiting: list[str]) -> None:
    body = f"""<startEvent id="i"/><userTask id="a"/>
    i -> a
    <subProcess id="es" triggeredByEvent="true"><startEvent id="c">{BOTH}</startEvent><userTask id="h"/>
      c -> h
    </subProcess>"""
    run = Drive(bpmn(body, NAMES))
    occur(run, kind)
    assert run.waiting == waiting
    assert run.visits == ["i", "a", "es", "c", "h"]


def test_a_boundary_event_catches_an_escalation_or_a_message() -> None:
    body = """<startEvent id="s"/><subProcess id="p1"><userTask id="a"/>
    <endEvent id="e"><escalationEventDefinition escalationRef="y"/></endEvent>
    a -> e
    </subProcess><userTask id="z"/>
    <boundaryEvent id="c" attachedToRef="p1"><escalationEventDefinition escalationRef="y"/><messageEventDefinition messageRef="m"/>
    </boundaryEvent>
    s -> p1
    c -> z
    """
    for act in (lambda run: run.complete("a"), lambda run: run.deliver("c")):
        run = Drive(bpmn(body, NAMES))
        act(run)
        assert run.waiting == ["z"]


@pytest.mark.parametrize("tag", ["intermediateThrowEvent", "endEvent"])
def test_an_event_throws_all_that_it_names(tag: str) -> None:
    body = f'<startEvent id="s"/><{tag} id="t">{BOTH}<escalationEventDefinition escalationRef="y"/></{tag}>\ns -> t'
    run = Drive(bpmn(body, NAMES))
    assert [(thrown.kind, thrown.name) for thrown in run.thrown] == [("message", "ping"), ("signal", "storm"), ("escalation", "late")]
    assert run.done


def test_behind_an_event_gateway_any_definition_decides() -> None:
    body = f"""<startEvent id="s"/><eventBasedGateway id="g"/><intermediateCatchEvent id="c">{BOTH}</intermediateCatchEvent>
    <intermediateCatchEvent id="t">{TIMER}</intermediateCatchEvent><userTask id="a"/><userTask id="z"/>
    s -> g -> c -> a
    g -> t -> z
    """
    run = Drive(bpmn(body, NAMES))
    occur(run, "signal")
    assert run.waiting == ["a"]
    assert run.visits == ["s", "g", "c", "a"]


SHARED = (
    '<messageEventDefinition id="dm" messageRef="m"/><timerEventDefinition id="dt"><timeDuration>PT1H</timeDuration></timerEventDefinition>'
)


@pytest.mark.parametrize("kind", ["message", "timer"])
def test_events_may_share_the_definitions_of_the_file(kind: str) -> None:
    event = '<intermediateCatchEvent id="c"><eventDefinitionRef>dm</eventDefinitionRef><eventDefinitionRef>tns:dt</eventDefinitionRef>'
    body = f'<startEvent id="s"/>{event}</intermediateCatchEvent><intermediateThrowEvent id="t"><eventDefinitionRef>dm</eventDefinitionRef>'
    run = Drive(bpmn(body + "</intermediateThrowEvent>\ns -> c -> t", NAMES + SHARED))
    occur(run, kind)
    assert run.visits == ["s", "c", "t"]
    assert [thrown.name for thrown in run.thrown] == ["ping"]
    assert run.done
