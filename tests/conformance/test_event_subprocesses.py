"""Event subprocesses of every kind, BPMN 2.0.2 §13.5.4: in the process, nested, in items, in each other; again and again; cut short."""

import pytest

from tests.conformance.drive import Drive, bpmn

NAMES = (
    '<message id="m" name="ping"/><message id="stop" name="stop"/><signal id="g" name="storm"/>'
    '<error id="x" errorCode="broken"/><escalation id="e" escalationCode="late"/>'
)
EVENTS = {
    "message": '<messageEventDefinition messageRef="m"/>',
    "signal": '<signalEventDefinition signalRef="g"/>',
    "timer": "<timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition>",
    "conditional": "<conditionalEventDefinition><condition>level &gt; 3</condition></conditionalEventDefinition>",
    "escalation": '<escalationEventDefinition escalationRef="e"/>',
    "error": '<errorEventDefinition errorRef="x"/>',
}
REPEATING = [kind for kind in EVENTS if kind != "error"]  # an error always interrupts


def handler(kind: str, interrupting: bool, name: str = "es", inside: str = "") -> str:
    return f"""<subProcess id="{name}" triggeredByEvent="true">
      <startEvent id="{name}1" isInterrupting="{str(interrupting).lower()}">{EVENTS[kind]}</startEvent><userTask id="{name}h"/>{inside}
      {name}1 -> {name}h
    </subProcess>"""


# The task `a` goes on until it says what happened; `u` is always there beside it.
SCOPE = """<startEvent id="i"/><parallelGateway id="f"/><userTask id="a"/><exclusiveGateway id="g1" default="again"/><userTask id="u"/>
<intermediateThrowEvent id="te"><escalationEventDefinition escalationRef="e"/></intermediateThrowEvent>
<endEvent id="tx"><errorEventDefinition errorRef="x"/></endEvent>
i -> f -> a -> g1
f -> u
<sequenceFlow id="again" sourceRef="g1" targetRef="a"/>
g1 -> te -> a if what == "escalation"
g1 -> tx if what == "error"
"""
SCOPE = SCOPE.replace(
    'g1 -> te -> a if what == "escalation"',
    '<sequenceFlow id="tef" sourceRef="g1" targetRef="te"><conditionExpression>what == "escalation"</conditionExpression></sequenceFlow>'
    "\nte -> a",
)


def occur(run: Drive, kind: str, activity: str = "es1") -> None:
    if kind == "timer":
        run.fire(activity)
    elif kind == "conditional":
        run.set(level=1)
        run.set(level=4)
    elif kind in ("message", "signal"):
        run.deliver(activity)
    else:
        run.complete("a", what=kind)


def scoped(kind: str, interrupting: bool, place: str) -> Drive:
    held = SCOPE + handler(kind, interrupting)
    stop = """<boundaryEvent id="b" attachedToRef="p1"><messageEventDefinition messageRef="stop"/></boundaryEvent><userTask id="z"/>
    s -> p1
    b -> z
    """
    several = "<multiInstanceLoopCharacteristics><loopCardinality>1</loopCardinality></multiInstanceLoopCharacteristics>"
    bodies = {
        "process": held,
        "subprocess": f'<startEvent id="s"/><subProcess id="p1">{held}\n</subProcess>{stop}',
        "item": f'<startEvent id="s"/><subProcess id="p1">{several}{held}\n</subProcess>{stop}',
        "deep": f'<startEvent id="s"/><subProcess id="p1"><subProcess id="p2">{held}\n</subProcess></subProcess>{stop}',
    }
    return Drive(bpmn(bodies[place], NAMES), {"level": 0, "what": ""})


PLACES = ["process", "subprocess", "item", "deep"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", EVENTS)
def test_one_that_interrupts_takes_the_place_of_what_goes_on(kind: str, place: str) -> None:
    run = scoped(kind, True, place)
    occur(run, kind)
    assert [each for each in run.waiting if each != "b"] == ["esh"]
    assert "u" in run.cancelled
    run.complete("esh")
    assert run.done


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", REPEATING)
def test_one_that_does_not_interrupt_starts_each_time_beside_it(kind: str, place: str) -> None:
    run = scoped(kind, False, place)
    for times in (1, 2, 3):
        occur(run, kind)
        assert run.waiting.count("esh") == times
        assert {"a", "u"} <= set(run.waiting)
    assert run.cancelled == []


@pytest.mark.parametrize("place", ["subprocess", "item", "deep"])
@pytest.mark.parametrize("kind", EVENTS)
def test_an_outer_boundary_ends_the_scope_with_its_event_subprocess(kind: str, place: str) -> None:
    run = scoped(kind, kind == "error", place)
    occur(run, kind)
    assert "esh" in run.waiting
    run.deliver("b")
    assert run.waiting == ["z"]
    assert "esh" in run.cancelled


@pytest.mark.parametrize("kind", ["message", "signal", "timer", "conditional"])
def test_the_scope_lasts_as_long_as_what_it_began(kind: str) -> None:
    body = f'<startEvent id="i"/><userTask id="a"/>\ni -> a\n{handler(kind, False)}'
    run = Drive(bpmn(body, NAMES), {"level": 0})
    occur(run, kind)
    run.complete("a")
    assert not run.done
    assert run.waiting.count("esh") == 1
    run.complete("esh")
    assert run.done


@pytest.mark.parametrize("kind", ["message", "signal", "timer", "conditional"])
def test_an_event_subprocess_may_have_one_of_its_own(kind: str) -> None:
    body = f'<startEvent id="i"/><userTask id="a"/>\ni -> a\n{handler("message", False, "es", handler(kind, True, "in"))}'
    run = Drive(bpmn(body, NAMES), {"level": 0})
    assert "in1" not in run.waiting
    run.deliver("es1")
    occur(run, kind, "in1")
    assert sorted(each for each in run.waiting if each != "es1") == ["a", "inh"]
    run.complete("inh")
    run.complete("a")
    assert run.done


def test_each_item_has_its_own_event_subprocess() -> None:
    several = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    inside = f'<startEvent id="i"/><userTask id="a"/>\ni -> a\n{handler("message", True)}'
    run = Drive(bpmn(f'<startEvent id="s"/><subProcess id="p1">{several}{inside}\n</subProcess><userTask id="z"/>\ns -> p1 -> z', NAMES))
    run.deliver("es1", 1)
    assert sorted(run.waiting) == ["a", "es1", "esh"]
    run.complete("a")
    run.complete("esh")
    assert run.waiting == ["z"]


def test_what_interrupted_the_scope_is_not_interrupted_by_another_event_of_it() -> None:
    run = Drive(bpmn(SCOPE + handler("message", True) + handler("signal", True, "et"), NAMES), {"what": ""})
    run.deliver("es1")
    assert run.waiting == ["esh"]


def test_an_error_within_one_that_does_not_interrupt_reaches_the_error_handler_of_the_scope() -> None:
    bad = '<endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent>\nesh -> bad\n'
    run = Drive(bpmn(SCOPE + handler("message", False, "es", bad) + handler("error", True, "er"), NAMES), {"what": ""})
    run.deliver("es1")
    run.complete("esh")
    assert run.waiting == ["erh"]
    assert {"a", "u", "es"} <= set(run.cancelled)
