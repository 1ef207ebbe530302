"""Embedded and event subprocesses and call activities, BPMN 2.0.2 §13.3.4 and §13.5.4."""

import pytest

from tests.conformance.drive import Drive, bpmn

NAMES = '<message id="m" name="ping"/><signal id="g" name="storm"/><error id="x" errorCode="broken"/>'
NESTED = """
<startEvent id="s"/>
<subProcess id="p1"><startEvent id="i1"/>
  <subProcess id="p2"><startEvent id="i2"/><userTask id="u"/><endEvent id="e2"/>
  i2 -> u -> e2
  </subProcess><endEvent id="e1"/>
i1 -> p2 -> e1
</subProcess><userTask id="z"/>
<boundaryEvent id="b" attachedToRef="p1"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
<userTask id="late"/>
s -> p1 -> z
b -> late
"""


def test_a_subprocess_ends_when_nothing_is_left_in_it() -> None:
    run = Drive(bpmn(NESTED))
    assert run.visits == ["s", "p1", "i1", "p2", "i2", "u"]
    run.complete("u")
    assert run.visits == ["s", "p1", "i1", "p2", "i2", "u", "e2", "e1", "z"]
    assert run.waiting == ["z"]


def test_interrupting_a_subprocess_ends_all_within() -> None:
    run = Drive(bpmn(NESTED))
    run.fire("b")
    assert run.waiting == ["late"]
    assert run.cancelled == ["u", "p2", "p1"]


def test_an_empty_subprocess_and_one_without_start_and_end() -> None:
    body = (
        '<startEvent id="s"/><subProcess id="p1"/><subProcess id="p2"><userTask id="u"/></subProcess><endEvent id="e"/>\ns -> p1 -> p2 -> e'
    )
    run = Drive(bpmn(body))
    assert run.waiting == ["u"]
    run.complete("u")
    assert run.done


def test_a_terminate_end_event_ends_only_its_subprocess() -> None:
    body = """
    <startEvent id="s"/><subProcess id="p1"><parallelGateway id="f"/><userTask id="u"/><userTask id="v"/>
      <endEvent id="e"><terminateEventDefinition/></endEvent>
      f -> u -> e
      f -> v
    </subProcess><userTask id="z"/>
    s -> p1 -> z
    """
    run = Drive(bpmn(body))
    run.complete("u")
    assert run.waiting == ["z"]
    assert run.cancelled == ["v"]


def test_outer_steps_go_first_so_that_an_interruption_is_in_time() -> None:
    body = """
    <startEvent id="s"/><parallelGateway id="f"/><subProcess id="p1"><task id="i1"/><task id="i2"/>
      i1 -> i2
    </subProcess><task id="o1"/><endEvent id="e"><terminateEventDefinition/></endEvent>
    s -> f -> p1
    f -> o1 -> e
    """
    run = Drive(bpmn(body))
    assert run.visits == ["s", "f", "p1", "o1", "e"]
    assert run.cancelled == ["p1"]


def test_what_one_subprocess_ends_does_not_stop_another() -> None:
    body = """
    <startEvent id="s"/><parallelGateway id="f"/>
    <subProcess id="p1"><parallelGateway id="g"/><task id="a"/><task id="b"/><task id="c"/>
      <endEvent id="e"><terminateEventDefinition/></endEvent>
      g -> a -> e
      g -> b -> c
    </subProcess>
    <subProcess id="p2"><task id="i1"/><task id="i2"/><task id="i3"/><userTask id="u"/>
      i1 -> i2 -> i3 -> u
    </subProcess>
    s -> f -> p1
    f -> p2
    """
    run = Drive(bpmn(body))
    assert run.waiting == ["u"]


def test_a_subprocess_is_a_scope_even_without_inputs() -> None:
    run = Drive(bpmn('<startEvent id="s"/><subProcess id="p1"><userTask id="u"/></subProcess>\ns -> p1'), {"n": 1})
    scope = run.wait("u").scope
    run.set(scope, n=2)
    run.complete("u", n=3, m=4)
    assert run.values == {"n": 1, "m": 4}


def test_a_subprocess_has_variables_of_its_own_by_its_inputs() -> None:
    body = """
    <startEvent id="s"/><subProcess id="p1"><extensionElements><camunda:inputOutput>
      <camunda:inputParameter name="n">${n + 1}</camunda:inputParameter>
      <camunda:outputParameter name="result">${n * 10}</camunda:outputParameter>
    </camunda:inputOutput></extensionElements>
      <scriptTask id="c"><script>n = n + 1
free = n</script></scriptTask><userTask id="u"/>
      c -> u
    </subProcess><endEvent id="e"/>
    s -> p1 -> e
    """
    run = Drive(bpmn(body), {"n": 1})
    wait = run.wait("u")
    assert run.scopes[wait.scope] == {"n": 3}
    assert run.values == {"n": 1, "free": 3}
    run.complete("u", n=5)
    assert run.values == {"n": 1, "free": 3, "result": 50}
    assert list(run.scopes) == [""]


EVENTS = {
    "message": '<messageEventDefinition messageRef="m"/>',
    "signal": '<signalEventDefinition signalRef="g"/>',
    "timer": "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>",
}


def with_event_subprocess(definition: str, interrupting: bool, in_subprocess: bool = False) -> bytes:
    held = f"""<startEvent id="i"/><userTask id="a"/><endEvent id="e"/>
    i -> a -> e
    <subProcess id="es" triggeredByEvent="true"><startEvent id="es1" isInterrupting="{str(interrupting).lower()}">{definition}</startEvent>
      <userTask id="h"/>
      es1 -> h
    </subProcess>"""
    if in_subprocess:
        return bpmn(f'<startEvent id="s"/><subProcess id="p1">{held}\n</subProcess><userTask id="z"/>\ns -> p1 -> z', NAMES)
    return bpmn(held, NAMES)


def occur(run: Drive, kind: str) -> None:
    if kind == "timer":
        run.fire("es1")
    else:
        run.deliver("es1", why=kind)


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize("in_subprocess", [False, True])
def test_an_interrupting_event_subprocess_ends_its_scope(kind: str, in_subprocess: bool) -> None:
    run = Drive(with_event_subprocess(EVENTS[kind], True, in_subprocess))
    assert run.waiting == ["es1", "a"] or run.waiting == ["a", "es1"]
    occur(run, kind)
    assert run.values == ({} if kind == "timer" else {"why": kind})
    assert run.waiting == ["h"]
    assert run.cancelled == ["a"]
    run.complete("h")
    assert run.waiting == (["z"] if in_subprocess else [])
    assert run.done != in_subprocess


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize("in_subprocess", [False, True])
def test_an_event_subprocess_that_does_not_interrupt_runs_beside(kind: str, in_subprocess: bool) -> None:
    run = Drive(with_event_subprocess(EVENTS[kind], False, in_subprocess))
    occur(run, kind)
    if kind == "timer":
        assert sorted(run.waiting) == ["a", "h"]
    else:
        occur(run, kind)
        assert sorted(run.waiting) == ["a", "es1", "h", "h"]
    run.complete("a")
    assert "z" not in run.waiting
    while "h" in run.waiting:
        run.complete("h")
    assert run.waiting == (["z"] if in_subprocess else [])


def test_an_event_subprocess_that_was_not_needed_ends_with_its_scope() -> None:
    run = Drive(with_event_subprocess(EVENTS["message"], True))
    run.complete("a")
    assert run.done
    assert run.waiting == []


ERROR = """
<startEvent id="s"/><parallelGateway id="f"/><serviceTask id="j" camunda:type="external" camunda:topic="t"/><userTask id="v"/>
s -> f -> j
f -> v
<subProcess id="es" triggeredByEvent="true">
  <startEvent id="es1"><errorEventDefinition errorRef="x" camunda:errorMessageVariable="text"/></startEvent>
  <userTask id="h"/><endEvent id="again"><errorEventDefinition errorRef="x"/></endEvent>
  es1 -> h -> again
</subProcess>
"""


def test_an_event_subprocess_catches_the_errors_of_its_scope_but_not_its_own() -> None:
    run = Drive(bpmn(ERROR, NAMES))
    run.fail("j", "broken", "no signal")
    assert run.waiting == ["h"]
    assert sorted(run.cancelled) == ["j", "v"]
    assert run.values == {"text": "no signal"}
    run.complete("h")
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("again", "error")]


def test_an_interrupted_scope_catches_no_errors_any_more() -> None:
    """The error handler stands in the scope that the message has ended; what the message began is not its business."""
    body = """
    <startEvent id="s"/><userTask id="a"/>
    s -> a
    <subProcess id="es" triggeredByEvent="true"><startEvent id="es1"><messageEventDefinition messageRef="m"/></startEvent>
      <userTask id="h"/><endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent>
      es1 -> h -> bad
    </subProcess>
    <subProcess id="er" triggeredByEvent="true"><startEvent id="er1"><errorEventDefinition errorRef="x"/></startEvent><userTask id="r"/>
      er1 -> r
    </subProcess>
    """
    run = Drive(bpmn(body, NAMES))
    run.deliver("es1")
    run.complete("h")
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("bad", "error")]


def test_an_error_that_an_item_does_not_catch_reaches_the_boundary_of_all() -> None:
    """Each item has its own error handler; what that throws goes outwards, not to the handler of another item."""
    body = """
    <startEvent id="s"/><subProcess id="p1"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>
      </multiInstanceLoopCharacteristics><startEvent id="i"/><userTask id="u"/>
      <endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent>
      i -> u -> bad
      <subProcess id="er" triggeredByEvent="true"><startEvent id="er1"><errorEventDefinition errorRef="x"/></startEvent>
        <userTask id="r"/><endEvent id="worse"><errorEventDefinition errorRef="x"/></endEvent>
        er1 -> r -> worse
      </subProcess>
    </subProcess><boundaryEvent id="b" attachedToRef="p1"><errorEventDefinition errorRef="x"/></boundaryEvent><userTask id="z"/>
    s -> p1
    b -> z
    """
    run = Drive(bpmn(body, NAMES))
    run.complete("u")
    assert sorted(run.waiting) == ["r", "u"]
    run.complete("r")
    assert run.waiting == ["z"]


CALL = """
<startEvent id="s"/><callActivity id="c" calledElement="callback"><extensionElements>
  <camunda:in businessKey="${{number}}"/>{}
</extensionElements></callActivity><userTask id="z"/>
<boundaryEvent id="b" attachedToRef="c"><errorEventDefinition errorRef="x"/></boundaryEvent><userTask id="sorry"/>
s -> c -> z
b -> sorry
"""
MAPPED = """<camunda:in source="house" target="where"/><camunda:in sourceExpression="${n + 1}" target="n"/>
<camunda:out source="satisfied" target="happy"/><camunda:out sourceExpression="score * 2" target="score"/>"""


def test_a_call_passes_in_and_out_what_is_mapped() -> None:
    run = Drive(bpmn(CALL.format(MAPPED), NAMES), {"house": "A-12", "n": 1, "number": "WX-1"})
    wait = run.wait("c")
    assert wait.kind == "call"
    assert wait.details == {"called": "callback", "variables": {"where": "A-12", "n": 2}, "business_key": "WX-1"}
    run.complete("c", satisfied=True, score=4, secret="x")
    assert run.values == {"house": "A-12", "n": 1, "number": "WX-1", "happy": True, "score": 8}
    assert run.waiting == ["z"]


def test_the_outputs_of_a_call_see_what_it_gave() -> None:
    outputs = '<camunda:inputOutput><camunda:outputParameter name="half">${points / 2}</camunda:outputParameter></camunda:inputOutput>'
    run = Drive(bpmn(CALL.format('<camunda:out source="score" target="points"/>' + outputs), NAMES), {"number": 1})
    run.complete("c", score=4)
    assert run.values == {"number": 1, "points": 4, "half": 2}


def test_a_call_may_pass_everything() -> None:
    everything = '<camunda:in variables="all"/><camunda:out variables="all"/>'
    run = Drive(bpmn(CALL.format(everything), NAMES), {"n": 1, "number": "WX-1"})
    assert run.wait("c").details["variables"] == {"n": 1, "number": "WX-1"}
    run.complete("c", n=2, m=3)
    assert run.values == {"n": 2, "m": 3, "number": "WX-1"}


def test_what_a_called_process_gave_is_kept_when_the_mapping_fails() -> None:
    run = Drive(bpmn(CALL.format('<camunda:out sourceExpression="${score / parts}" target="score"/>'), NAMES), {"number": 1})
    run.complete("c", score=4, parts=0)
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("c", "expression")]
    assert run.waiting == []
    run.retry()
    assert len(run.failures) == 2


def test_the_error_of_a_called_process_is_caught_at_the_call() -> None:
    run = Drive(bpmn(CALL.format(""), NAMES), {"number": 1})
    run.fail("c", "broken")
    assert run.waiting == ["sorry"]
