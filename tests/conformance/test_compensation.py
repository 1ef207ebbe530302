"""Compensation, BPMN 2.0.2 §10.6 and §13.5.5: what was completed is taken back, the youngest first, each completion once."""

import pytest

from tests.conformance.drive import Drive, bpmn

NAMES = '<message id="m" name="ping"/><error id="x" errorCode="broken"/>'
UNDO_ALL = '<intermediateThrowEvent id="t"><compensateEventDefinition/></intermediateThrowEvent>'
END_UNDO = '<endEvent id="t"><compensateEventDefinition/></endEvent>'


def undo(activity: str, more: str = "") -> str:
    return f'<intermediateThrowEvent id="t"><compensateEventDefinition activityRef="{activity}" {more}/></intermediateThrowEvent>'


def handled(host: str, handler: str = "userTask", inside: str = "") -> str:
    """A compensation event at an activity, and what takes it back: `u` and the activity's id."""
    event = f'<boundaryEvent id="b{host}" attachedToRef="{host}"><compensateEventDefinition/></boundaryEvent>'
    activity = f'<{handler} id="u{host}" isForCompensation="true">{inside}</{handler}>'
    return f'{event}{activity}<association id="as{host}" sourceRef="b{host}" targetRef="u{host}"/>'


def row(throw: str) -> bytes:
    """a, b, then what undoes; c comes behind it, and d was never reached."""
    return bpmn(f"""
    <startEvent id="s"/><userTask id="a"/><userTask id="b"/>{throw}<userTask id="c"/><userTask id="d"/>
    {handled("a")}{handled("b")}{handled("d")}
    s -> a -> b -> t -> c -> d
    """)


def test_all_that_was_completed_is_taken_back_the_youngest_first() -> None:
    run = Drive(row(UNDO_ALL))
    run.complete("a")
    run.complete("b")
    assert run.visits == ["s", "a", "b", "t", "bb", "ub"]
    assert run.waiting == ["ub"]
    run.complete("ub")
    assert run.waiting == ["ua"]
    run.complete("ua")
    assert run.visits == ["s", "a", "b", "t", "bb", "ub", "ba", "ua", "c"]
    assert run.left[-4:] == ["ub", "ba", "ua", "t"]
    assert run.waiting == ["c"]


def test_only_the_activity_that_is_named_is_taken_back() -> None:
    run = Drive(row(undo("a")))
    run.complete("a")
    run.complete("b")
    assert run.waiting == ["ua"]
    run.complete("ua")
    assert run.waiting == ["c"]


def test_what_was_not_completed_is_not_taken_back() -> None:
    run = Drive(row(undo("d")))
    run.complete("a")
    run.complete("b")
    assert run.waiting == ["c"]
    assert run.visits == ["s", "a", "b", "t", "c"]


def test_an_event_that_does_not_wait_goes_on_at_once() -> None:
    run = Drive(row(undo("a", 'waitForCompletion="false"')))
    run.complete("a")
    run.complete("b")
    assert run.waiting == ["ua", "c"] or run.waiting == ["c", "ua"]
    run.complete("c")
    run.complete("d")
    assert not run.done
    run.complete("ua")
    assert run.done


def test_an_end_event_takes_back_and_then_ends() -> None:
    run = Drive(bpmn(f'<startEvent id="s"/><userTask id="a"/>{handled("a")}{END_UNDO}\ns -> a -> t'))
    run.complete("a")
    assert run.waiting == ["ua"]
    assert not run.done
    run.complete("ua")
    assert run.done


def test_what_is_taken_back_once_is_not_taken_back_again() -> None:
    body = f"""
    <startEvent id="s"/><userTask id="a"/>{handled("a", "task")}
    <intermediateThrowEvent id="t1"><compensateEventDefinition/></intermediateThrowEvent>
    <intermediateThrowEvent id="t2"><compensateEventDefinition/></intermediateThrowEvent>
    s -> a -> t1 -> t2
    """
    run = Drive(bpmn(body))
    run.complete("a")
    assert run.visits == ["s", "a", "t1", "ba", "ua", "t2"]


def test_each_round_of_a_loop_is_taken_back() -> None:
    body = f"""
    <startEvent id="s"/><scriptTask id="a"><script>n = n + 1</script></scriptTask><exclusiveGateway id="g" default="on"/>{UNDO_ALL}
    {handled("a", "scriptTask", "<script>n = n - 1</script>")}
    s -> a -> g
    g -> a if n < 3
    <sequenceFlow id="on" sourceRef="g" targetRef="t"/>
    """
    run = Drive(bpmn(body), {"n": 0})
    assert run.visits.count("ua") == 3
    assert run.values == {"n": 0}
    assert run.done


def test_each_item_of_a_multi_instance_is_taken_back_with_its_own_variables() -> None:
    inside = '<multiInstanceLoopCharacteristics isSequential="true" camunda:collection="${[1, 2, 3]}" camunda:elementVariable="each"/>'
    body = f"""
    <startEvent id="s"/><subProcess id="a">{inside}<scriptTask id="i"><script>made = made + [each]</script></scriptTask></subProcess>
    {handled("a", "scriptTask", "<script>back = back + [each]</script>")}{UNDO_ALL}
    s -> a -> t
    """
    run = Drive(bpmn(body), {"made": [], "back": []})
    assert run.values == {"made": [1, 2, 3], "back": [3, 2, 1]}


def test_items_of_two_repetitions_are_taken_back_in_the_order_in_which_they_were_done() -> None:
    def several(name: str) -> str:
        loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
        return f'<userTask id="{name}">{loop}</userTask>{handled(name)}'

    body = f"""<startEvent id="s"/><parallelGateway id="f"/>{several("a")}{several("b")}<parallelGateway id="j"/>{UNDO_ALL}
    s -> f -> a -> j -> t
    f -> b -> j
    """
    run = Drive(bpmn(body))
    for activity in ("a", "b", "b", "a"):
        run.complete(activity)
    taken_back = []
    while not run.done:
        taken_back += run.waiting
        run.complete(run.waiting[0])
    assert taken_back == ["ua", "ub", "ub", "ua"]


def test_a_repetition_that_is_interrupted_is_not_completed() -> None:
    body = f"""
    <startEvent id="s"/><userTask id="a"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>
    </multiInstanceLoopCharacteristics></userTask><boundaryEvent id="m1" attachedToRef="a"><messageEventDefinition messageRef="m"/>
    </boundaryEvent>{handled("a")}{UNDO_ALL}<userTask id="z"/>
    s -> a
    m1 -> t -> z
    """
    run = Drive(bpmn(body, NAMES))
    run.complete("a")
    run.deliver("m1")
    assert run.waiting == ["z"]


NESTED = f"""<subProcess id="p1"><extensionElements><camunda:inputOutput>
<camunda:inputParameter name="price">${{1}}</camunda:inputParameter></camunda:inputOutput></extensionElements>
<startEvent id="i"/><userTask id="a"/><scriptTask id="k"><script>price = price * 10</script></scriptTask>
<userTask id="b"/>{handled("a", "scriptTask", "<script>found = [price, free]</script>")}{handled("b")}
i -> a -> k -> b
</subProcess>"""


def test_a_completed_subprocess_is_taken_back_from_inside_with_its_variables_of_then() -> None:
    body = f'<startEvent id="s"/>{NESTED}<scriptTask id="n"><script>free = 7</script></scriptTask>{UNDO_ALL}<userTask id="z"/>'
    body += "\ns -> p1 -> n -> t -> z"
    run = Drive(bpmn(body), {"free": 1, "found": None})
    run.complete("a")
    run.complete("b")
    assert run.waiting == ["ub"]
    assert run.scopes[run.wait("ub").scope]["price"] == 10
    run.complete("ub")
    assert run.values == {"free": 7, "found": [10, 7]}
    assert run.visits[-5:] == ["bb", "ub", "ba", "ua", "z"]


def test_a_handler_of_the_subprocess_itself_stands_for_all_that_is_in_it() -> None:
    body = f'<startEvent id="s"/>{NESTED}{handled("p1")}{UNDO_ALL}<userTask id="z"/>\ns -> p1 -> t -> z'
    run = Drive(bpmn(body))
    run.complete("a")
    run.complete("b")
    assert run.waiting == ["up1"]
    assert "ub" not in run.visits
    run.complete("up1")
    assert run.waiting == ["z"]


def test_a_subprocess_that_goes_on_is_not_taken_back_from_outside() -> None:
    body = f"""
    <startEvent id="s"/><parallelGateway id="f"/>{NESTED}<userTask id="x"/>{UNDO_ALL}<userTask id="z"/>
    s -> f -> p1
    f -> x -> t -> z
    """
    run = Drive(bpmn(body))
    run.complete("a")
    run.complete("x")
    assert sorted(run.waiting) == ["b", "z"]


def test_an_event_in_a_subprocess_takes_back_only_what_is_there() -> None:
    body = f"""
    <startEvent id="s"/><userTask id="o"/>{handled("o")}<subProcess id="p1"><startEvent id="i"/><userTask id="a"/>{handled("a")}{UNDO_ALL}
    i -> a -> t
    </subProcess><userTask id="z"/>
    s -> o -> p1 -> z
    """
    run = Drive(bpmn(body))
    run.complete("o")
    run.complete("a")
    assert run.waiting == ["ua"]
    run.complete("ua")
    assert run.waiting == ["z"]


def test_what_was_taken_back_inside_is_not_taken_back_from_outside() -> None:
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><startEvent id="i"/><userTask id="a"/>{handled("a")}{UNDO_ALL}
    i -> a -> t
    </subProcess><intermediateThrowEvent id="t2"><compensateEventDefinition/></intermediateThrowEvent><userTask id="z"/>
    s -> p1 -> t2 -> z
    """
    run = Drive(bpmn(body))
    run.complete("a")
    run.complete("ua")
    assert run.waiting == ["z"]


WHITE_BOX = f"""<subProcess id="p1"><startEvent id="i"/><scriptTask id="k"><script>note = "then"</script></scriptTask><userTask id="a"/>
{handled("a")}
i -> k -> a
<subProcess id="es" triggeredByEvent="true"><startEvent id="es1"><compensateEventDefinition/></startEvent><userTask id="h"/>
  <intermediateThrowEvent id="again"><compensateEventDefinition/></intermediateThrowEvent><userTask id="h2"/>
  es1 -> h -> again -> h2
</subProcess></subProcess>"""


def test_a_compensation_event_subprocess_takes_its_subprocess_back_and_may_ask_the_handlers_within() -> None:
    run = Drive(bpmn(f'<startEvent id="s"/>{WHITE_BOX}{UNDO_ALL}<userTask id="z"/>\ns -> p1 -> t -> z'))
    run.complete("a")
    assert run.visits[-3:] == ["es", "es1", "h"]
    assert run.waiting == ["h"]
    run.complete("h")
    assert run.waiting == ["ua"]
    run.complete("ua")
    assert run.waiting == ["h2"]
    run.complete("h2")
    assert run.waiting == ["z"]


def test_a_compensation_event_subprocess_does_nothing_while_its_subprocess_goes_on() -> None:
    run = Drive(bpmn(f'<startEvent id="s"/>{WHITE_BOX}\ns -> p1'))
    assert run.waiting == ["a"]
    run.complete("a")
    assert run.done
    assert "es" not in run.visits


def test_an_error_handler_of_a_scope_takes_back_what_the_scope_has_done() -> None:
    body = f"""
    <startEvent id="s"/><userTask id="a"/>{handled("a")}<endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent>
    s -> a -> bad
    <subProcess id="es" triggeredByEvent="true"><startEvent id="es1"><errorEventDefinition errorRef="x"/></startEvent>{UNDO_ALL}
      es1 -> t
    </subProcess>
    """
    run = Drive(bpmn(body, NAMES))
    run.complete("a")
    assert run.waiting == ["ua"]
    run.complete("ua")
    assert run.done


@pytest.mark.parametrize(
    ("tag", "inside"),
    [
        ("subProcess", '<userTask id="inner"/>'),
        ("userTask", "<multiInstanceLoopCharacteristics><loopCardinality>1</loopCardinality></multiInstanceLoopCharacteristics>"),
    ],
)
def test_a_handler_may_be_any_activity(tag: str, inside: str) -> None:
    run = Drive(bpmn(f'<startEvent id="s"/><userTask id="a"/>{handled("a", tag, inside)}{UNDO_ALL}<userTask id="z"/>\ns -> a -> t -> z'))
    run.complete("a")
    [waiting] = run.waiting
    assert waiting in ("inner", "ua")
    run.complete(waiting)
    assert run.waiting == ["z"]


def test_a_handler_that_fails_keeps_the_rest_waiting_until_it_is_retried() -> None:
    body = (
        f'<startEvent id="s"/><userTask id="a"/>{handled("a", "scriptTask", "<script>x = 1 / zero</script>")}{UNDO_ALL}<userTask id="z"/>'
    )
    body += "\ns -> a -> t -> z"
    run = Drive(bpmn(body), {"zero": 0})
    run.complete("a")
    assert [failure.activity_id for failure in run.failures] == ["ua"]
    run.set(zero=1)
    run.retry()
    assert run.waiting == ["z"]


def test_an_outer_boundary_ends_the_undoing_with_its_subprocess() -> None:
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><startEvent id="i"/><userTask id="a"/>{handled("a")}{UNDO_ALL}
    i -> a -> t
    </subProcess><boundaryEvent id="m1" attachedToRef="p1"><messageEventDefinition messageRef="m"/></boundaryEvent><userTask id="z"/>
    s -> p1
    m1 -> z
    """
    run = Drive(bpmn(body, NAMES))
    run.complete("a")
    run.deliver("m1")
    assert run.waiting == ["z"]
    assert run.cancelled == ["ua", "t", "p1"] or run.cancelled == ["t", "ua", "p1"]


def test_the_association_may_be_drawn_either_way() -> None:
    body = f'<startEvent id="s"/><userTask id="a"/>{handled("a")}{UNDO_ALL}\ns -> a -> t'
    turned = body.replace('sourceRef="ba" targetRef="ua"', 'sourceRef="ua" targetRef="ba"')
    assert turned != body
    run = Drive(bpmn(turned))
    run.complete("a")
    assert run.waiting == ["ua"]
