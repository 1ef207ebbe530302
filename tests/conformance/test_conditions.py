"""Conditional events, BPMN 2.0.2 §10.5.5 and §10.5.6: they happen when their condition becomes true, and again when it has been false."""

import pytest

from tests.conformance.drive import Drive, bpmn

WHEN = "<conditionalEventDefinition><condition>level &gt; 3</condition></conditionalEventDefinition>"
CATCH = f'<startEvent id="s"/><intermediateCatchEvent id="c">{WHEN}</intermediateCatchEvent><endEvent id="e"/>\ns -> c -> e'


def boundary(interrupting: bool) -> bytes:
    return bpmn(f"""
    <startEvent id="s"/><userTask id="a"/><userTask id="n"/><userTask id="z"/>
    <boundaryEvent id="b" attachedToRef="a" cancelActivity="{str(interrupting).lower()}">{WHEN}</boundaryEvent>
    s -> a -> n
    b -> z
    """)


def test_an_intermediate_event_waits_until_its_condition_holds() -> None:
    run = Drive(bpmn(CATCH), {"level": 1})
    assert [(wait.activity_id, wait.kind) for wait in run.waits()] == [("c", "condition")]
    run.set(level=2)
    assert run.waiting == ["c"]
    run.set(level=4)
    assert run.visits == ["s", "c", "e"]
    assert run.done


def test_a_condition_that_holds_already_is_not_waited_for() -> None:
    assert Drive(bpmn(CATCH), {"level": 5}).done


def test_a_condition_does_not_hold_before_its_variables_are_there() -> None:
    run = Drive(bpmn(CATCH))
    assert run.waiting == ["c"]
    run.set(level=5)
    assert run.done


def test_a_condition_that_cannot_be_computed_is_a_failure_and_asked_again_by_retry() -> None:
    run = Drive(bpmn(CATCH), {"level": "high"})
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("c", "expression")]
    assert run.waiting == []
    run.set(level=5)
    assert not run.done
    run.retry()
    assert run.done


def test_an_interrupting_condition_ends_the_task() -> None:
    run = Drive(boundary(interrupting=True), {"level": 1})
    assert run.waiting == ["a", "b"]
    run.set(level=4)
    assert run.waiting == ["z"]
    assert run.cancelled == ["a"]
    assert run.visits == ["s", "a", "b", "z"]


def test_a_condition_that_does_not_interrupt_happens_each_time_it_becomes_true() -> None:
    run = Drive(boundary(interrupting=False), {"level": 1})
    for level, times in ((4, 1), (5, 1), (2, 1), (9, 2), (0, 2), (4, 3)):
        run.set(level=level)
        assert run.waiting.count("z") == times, level
    run.complete("a")
    assert run.waiting == ["z", "z", "z", "n"]


def test_a_script_in_another_branch_is_noticed_before_the_next_step() -> None:
    body = f"""
    <startEvent id="s"/><parallelGateway id="f"/><userTask id="u"/><scriptTask id="up"><script>level = 4</script></scriptTask>
    <scriptTask id="down"><script>level = 1</script></scriptTask><userTask id="a"/><userTask id="z"/>
    <boundaryEvent id="b" attachedToRef="a">{WHEN}</boundaryEvent>
    s -> f -> u -> up -> down
    f -> a
    b -> z
    """
    run = Drive(bpmn(body), {"level": 1})
    run.complete("u")
    assert run.visits[-4:] == ["up", "b", "down", "z"]
    assert run.waiting == ["z"]


@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_an_event_subprocess_starts_by_a_condition(interrupting: bool, nested: bool) -> None:
    held = f"""<startEvent id="i"/><userTask id="a"/>
    i -> a
    <subProcess id="es" triggeredByEvent="true"><startEvent id="es1" isInterrupting="{str(interrupting).lower()}">{WHEN}</startEvent>
      <userTask id="h"/>
      es1 -> h
    </subProcess>"""
    inside = f'<startEvent id="s"/><subProcess id="p1">{held}\n</subProcess>\ns -> p1'
    run = Drive(bpmn(inside if nested else held), {"level": 1})
    run.set(level=4)
    assert sorted(run.waiting) == (["h"] if interrupting else ["a", "es1", "h"])
    run.set(level=1)
    run.set(level=4)
    assert run.waiting.count("h") == (1 if interrupting else 2)
    while not run.done:
        run.complete(next(activity for activity in run.waiting if activity != "es1"))


def test_the_condition_of_a_scope_sees_its_own_variables() -> None:
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><extensionElements><camunda:inputOutput>
      <camunda:inputParameter name="level">${{1}}</camunda:inputParameter></camunda:inputOutput></extensionElements>
      <intermediateCatchEvent id="c">{WHEN}</intermediateCatchEvent><userTask id="u"/>
      c -> u
    </subProcess>
    s -> p1
    """
    run = Drive(bpmn(body), {"level": 9})
    assert run.waiting == ["c"]
    run.set(run.wait("c").scope, level=4)
    assert run.waiting == ["u"]


def test_behind_an_event_gateway_a_condition_may_decide() -> None:
    body = f"""
    <startEvent id="s"/><eventBasedGateway id="g"/><intermediateCatchEvent id="c">{WHEN}</intermediateCatchEvent>
    <intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>
    <userTask id="a"/><userTask id="z"/>
    s -> g -> c -> a
    g -> t -> z
    """
    run = Drive(bpmn(body), {"level": 1})
    assert run.waiting == ["c", "t"]
    run.set(level=4)
    assert run.waiting == ["a"]
    assert run.visits == ["s", "g", "c", "a"]


def test_each_item_of_a_multi_instance_has_its_own_condition() -> None:
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><extensionElements><camunda:inputOutput>
      <camunda:inputParameter name="level">${{start}}</camunda:inputParameter></camunda:inputOutput></extensionElements>
      <multiInstanceLoopCharacteristics camunda:collection="${{[1, 5, 2]}}" camunda:elementVariable="start"/>
      <intermediateCatchEvent id="c">{WHEN}</intermediateCatchEvent><userTask id="u"/>
      c -> u
    </subProcess>
    s -> p1
    """
    assert sorted(Drive(bpmn(body)).waiting) == ["c", "c", "u"]


def test_an_outer_boundary_ends_what_waits_for_a_condition() -> None:
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><intermediateCatchEvent id="c">{WHEN}</intermediateCatchEvent></subProcess>
    <boundaryEvent id="t" attachedToRef="p1"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
    <userTask id="z"/>
    s -> p1
    t -> z
    """
    run = Drive(bpmn(body), {"level": 1})
    run.fire("t")
    run.set(level=9)
    assert run.waiting == ["z"]


def test_a_condition_that_two_events_wait_for_lets_the_outer_one_happen_first() -> None:
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><intermediateCatchEvent id="c">{WHEN}</intermediateCatchEvent><userTask id="u"/>
      c -> u
    </subProcess><boundaryEvent id="b" attachedToRef="p1">{WHEN}</boundaryEvent><userTask id="z"/>
    s -> p1
    b -> z
    """
    run = Drive(bpmn(body), {"level": 1})
    run.set(level=4)
    assert run.waiting == ["z"]
    assert "u" not in run.visits


def test_a_condition_on_a_repetition_sees_how_much_of_it_is_done() -> None:
    when = "<conditionalEventDefinition><condition>nrOfCompletedInstances == 2</condition></conditionalEventDefinition>"
    body = f"""<startEvent id="s"/><userTask id="a"><multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality>
    </multiInstanceLoopCharacteristics></userTask><boundaryEvent id="b" attachedToRef="a" cancelActivity="false">{when}</boundaryEvent>
    <userTask id="z"/>
    s -> a
    b -> z
    """
    run = Drive(bpmn(body))
    run.complete("a")
    assert "z" not in run.waiting
    run.complete("a")
    assert sorted(run.waiting) == ["a", "b", "z"]


def test_a_thousand_conditions_are_not_asked_after_every_step() -> None:
    def asked(count: int) -> int:
        """How often a condition is computed while so many items begin to wait."""
        calls: list[int] = []
        when = "<conditionalEventDefinition><condition>today() and level &gt; 3</condition></conditionalEventDefinition>"
        several = f"<multiInstanceLoopCharacteristics><loopCardinality>{count}</loopCardinality></multiInstanceLoopCharacteristics>"
        inside = f'{several}<intermediateCatchEvent id="c">{when}</intermediateCatchEvent>'
        body = f'<startEvent id="s"/><subProcess id="p1">{inside}</subProcess>\ns -> p1'
        Drive(bpmn(body), {"level": 1}, functions={"today": lambda: calls.append(1) or True})
        return len(calls)

    assert asked(300) == 10 * asked(30)
