"""Ad-hoc subprocesses, BPMN 2.0.2 §10.3.5 and §13.3.5: any order, one at a time or not, until it is enough."""

import pytest

from engine.bpmn.workflow import Complete
from engine.errors import Conflict
from tests.conformance.drive import Drive, bpmn

TASKS = '<userTask id="a"/><userTask id="b"/><userTask id="c"/>'
JOB = 'camunda:type="external" camunda:topic="t"'


def ad_hoc(inside: str, attributes: str = "", condition: str = "", around: str = "") -> bytes:
    """s → x → z, where x is the ad-hoc subprocess."""
    enough = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    body = f'<startEvent id="s"/><adHocSubProcess id="x" {attributes}>{inside}\n{enough}</adHocSubProcess><userTask id="z"/>{around}'
    return bpmn(f"{body}\ns -> x -> z", '<signal id="g" name="g"/><error id="bad" errorCode="bad"/>')


@pytest.mark.parametrize("ordering", ["Parallel", "Sequential"])
@pytest.mark.parametrize("order", ["abc", "cab", "bca"])
def test_its_tasks_are_done_in_any_order(order: str, ordering: str) -> None:
    run = Drive(ad_hoc(TASKS, f'ordering="{ordering}"'))
    assert run.visits == ["s", "x", "a", "b", "c"]
    for number, task in enumerate(order):
        assert set(run.waiting) == set(order[number:])
        run.complete(task)
    assert run.waiting == ["z"]
    assert run.left == ["s", *order, "x"]
    assert run.cancelled == []


def test_when_it_is_enough_what_is_open_is_cancelled() -> None:
    run = Drive(ad_hoc(TASKS, "", "${found}"), {"found": False})
    run.complete("b")
    assert run.waiting == ["a", "c"]
    run.complete("c", found=True)
    assert run.waiting == ["z"]
    assert run.cancelled == ["a"]


def test_what_has_begun_is_waited_for_when_nothing_shall_be_cancelled() -> None:
    inside = f'{TASKS}<userTask id="d"/>\na -> d\n'
    run = Drive(ad_hoc(inside, 'cancelRemainingInstances="false"', "${found}"))
    run.complete("a", found=True)
    assert run.waiting == ["b", "c"]  # d is not begun any more
    run.complete("c")
    run.complete("b", found=False)
    assert run.waiting == ["z"]
    assert run.cancelled == []
    assert "d" not in run.visits


def test_nothing_has_begun_beside_the_one_task_of_a_sequence() -> None:
    run = Drive(ad_hoc(TASKS, 'ordering="Sequential" cancelRemainingInstances="false"', "${found}"))
    run.complete("b", found=True)
    assert run.waiting == ["z"]


def test_what_a_flow_leads_to_comes_after() -> None:
    run = Drive(ad_hoc(f'{TASKS}<userTask id="d"/>\na -> d\n'))
    assert run.waiting == ["a", "b", "c"]
    run.complete("a")
    assert run.waiting == ["b", "c", "d"]


def test_gateways_and_events_may_stand_within() -> None:
    inside = """<userTask id="a"/><userTask id="b"/><exclusiveGateway id="g" default="no"/><userTask id="d"/>
    <intermediateCatchEvent id="e"><signalEventDefinition signalRef="g"/></intermediateCatchEvent><parallelGateway id="j"/>
    <userTask id="last"/><task id="nothing"/>
    a -> e -> g
    g -> d if more
    <sequenceFlow id="no" sourceRef="g" targetRef="nothing"/>
    d -> j -> last
    b -> j
    """
    run = Drive(ad_hoc(inside))
    run.complete("b")
    run.complete("a", more=True)
    run.deliver("e")
    assert run.waiting == ["d"]
    run.complete("d")
    assert run.waiting == ["last"]
    run.complete("last")
    assert run.waiting == ["z"]


def test_what_is_not_enough_is_offered_again() -> None:
    run = Drive(ad_hoc('<userTask id="a"/><userTask id="b"/>', "", "${solved}"), {"solved": False})
    run.complete("a")
    run.complete("b")
    assert run.waiting == ["a", "b"]
    run.complete("b", solved=True)
    assert run.waiting == ["z"]
    assert run.visits == ["s", "x", "a", "b", "a", "b", "z"]


def test_when_nobody_can_do_more_it_stands_still_with_a_reason() -> None:
    run = Drive(ad_hoc('<scriptTask id="a"><script>n = n + 1</script></scriptTask>', "", "${n > 5}".replace(">", "&gt;")), {"n": 0})
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("x", "deadlock")]
    run.set(n=6)
    run.retry()
    assert run.waiting == ["z"]


def test_a_condition_that_fails_is_asked_again_and_keeps_what_was_done() -> None:
    run = Drive(ad_hoc(TASKS, "", "${enough}"))
    run.complete("a", note="x")
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("x", "expression")]
    assert run.waiting == ["b", "c"]
    run.complete("b")
    run.set(enough=True)
    run.retry()
    assert run.waiting == ["z"]
    assert run.values == {"note": "x", "enough": True}


AUTOMATIC = f"""<userTask id="a"/><serviceTask id="j1" {JOB}/><scriptTask id="c"><script>done = True</script></scriptTask>
<serviceTask id="j2" {JOB}/><userTask id="b"/>
"""


def test_what_no_person_chooses_begins_at_once_side_by_side() -> None:
    run = Drive(ad_hoc(AUTOMATIC))
    assert run.waiting == ["a", "j1", "j2", "b"]
    assert run.values == {"done": True}


def test_in_a_sequence_what_no_person_chooses_goes_one_by_one() -> None:
    run = Drive(ad_hoc(AUTOMATIC, 'ordering="Sequential"'))
    assert run.waiting == ["a", "j1"]
    assert run.values == {}
    run.complete("j1")
    assert run.values == {"done": True}
    assert run.waiting == ["a", "j2"]
    run.complete("j2")
    assert run.waiting == ["a", "b"]
    run.complete("b")
    run.complete("a")
    assert run.waiting == ["z"]
    assert run.cancelled == []


def test_in_a_sequence_no_person_does_a_task_while_something_else_is_at_work() -> None:
    run = Drive(ad_hoc(f'<userTask id="a"/><userTask id="b"/><serviceTask id="j" {JOB}/>\na -> j\n', 'ordering="Sequential"'))
    run.complete("a")
    assert run.waiting == ["b", "j"]
    with pytest.raises(Conflict, match="one after another, but j is being done"):
        run.apply(Complete(run.wait("b").token, {"lost": True}, "anna"))
    assert run.values == {}
    run.complete("j")
    run.complete("b")
    assert run.waiting == ["z"]


def test_in_a_sequence_all_that_was_held_back_has_another_chance() -> None:
    inside = f'<serviceTask id="j1" {JOB}/><userTask id="a"/><serviceTask id="j2" {JOB}/><userTask id="b"/>\nj1 -> b\n'
    run = Drive(ad_hoc(inside, 'ordering="Sequential"'))
    assert run.waiting == ["j1"]
    run.complete("j1")
    assert run.waiting == ["a", "j2"]
    run.complete("j2")
    assert set(run.waiting) == {"a", "b"}


def test_in_a_sequence_a_step_that_failed_holds_up_the_others() -> None:
    inside = '<scriptTask id="c"><script>n = 1 / d</script></scriptTask><serviceTask id="j" ' + JOB + "/>"
    run = Drive(ad_hoc(inside, 'ordering="Sequential"'), {"d": 0})
    assert run.waiting == []
    run.set(d=1)
    run.retry()
    assert run.waiting == ["j"]


def test_one_of_many_in_a_row_is_cancelled_with_the_rest() -> None:
    around = (
        '<boundaryEvent id="t" attachedToRef="x"><signalEventDefinition signalRef="g"/></boundaryEvent><userTask id="late"/>\nt -> late\n'
    )
    run = Drive(ad_hoc(AUTOMATIC, 'ordering="Sequential"', around=around))
    run.deliver("t")
    assert run.waiting == ["late"]
    assert sorted(run.cancelled) == ["a", "j1", "x"]  # the others had not begun


def test_an_error_within_goes_to_the_boundary() -> None:
    around = (
        '<boundaryEvent id="t" attachedToRef="x"><errorEventDefinition errorRef="bad"/></boundaryEvent><userTask id="late"/>\nt -> late\n'
    )
    run = Drive(ad_hoc(f'<userTask id="a"/><serviceTask id="j" {JOB}/>', around=around))
    run.fail("j", "bad")
    assert run.waiting == ["late"]


def test_an_event_subprocess_may_take_over() -> None:
    event = """<subProcess id="ev" triggeredByEvent="true"><startEvent id="es"><signalEventDefinition signalRef="g"/></startEvent>
    <userTask id="eu"/>
    es -> eu
    </subProcess>"""
    run = Drive(ad_hoc(TASKS + event, "", "${found}"), {"found": False})
    run.deliver("es")
    assert run.waiting == ["eu"]
    run.complete("eu")
    assert run.waiting == ["z"]


def test_what_is_interrupted_between_two_activities_is_told_as_cancelled() -> None:
    condition = "<conditionalEventDefinition><condition>found</condition></conditionalEventDefinition>"
    around = f"""<boundaryEvent id="t" attachedToRef="x">{condition}</boundaryEvent><userTask id="late"/>
    t -> late
    """
    inside = '<userTask id="a"/><userTask id="b"/><scriptTask id="c"><script>found = True</script></scriptTask>\na -> c\n'
    run = Drive(ad_hoc(inside, around=around), {"found": False})
    run.complete("a")
    assert run.waiting == ["late"]
    assert sorted(run.cancelled) == ["b", "x"]


def test_its_variables_and_outputs_are_those_of_a_subprocess() -> None:
    mapped = """<extensionElements><camunda:inputOutput><camunda:inputParameter name="n">5</camunda:inputParameter>
    <camunda:outputParameter name="total">${n}</camunda:outputParameter></camunda:inputOutput></extensionElements>"""
    run = Drive(ad_hoc(mapped + TASKS, "", "${n == 7}"))
    run.complete("c", n=7)
    assert run.waiting == ["z"]
    assert run.values == {"total": 7}


@pytest.mark.parametrize(
    "repeating",
    [
        '<standardLoopCharacteristics loopMaximum="2"/>',
        "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
    ],
)
@pytest.mark.parametrize("ordering", ["Parallel", "Sequential"])
def test_it_may_repeat_as_a_whole(repeating: str, ordering: str) -> None:
    run = Drive(ad_hoc(f'<userTask id="a"/><userTask id="b"/>{repeating}', f'ordering="{ordering}"', "${enough}"), {"enough": True})
    run.complete("a")
    run.complete("b")
    assert run.waiting == ["z"]
    assert run.visits.count("x") == 2


def test_tasks_within_may_repeat() -> None:
    several = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    run = Drive(ad_hoc(f'<userTask id="a">{several}</userTask><userTask id="b"/>'))
    assert run.waiting == ["a", "a", "b"] or run.waiting == ["b", "a", "a"]
    for task in ("a", "b", "a"):
        run.complete(task)
    assert run.waiting == ["z"]


def test_one_within_another() -> None:
    inner = '<adHocSubProcess id="y" ordering="Sequential"><userTask id="a"/><userTask id="b"/></adHocSubProcess><userTask id="c"/>'
    run = Drive(ad_hoc(inner))
    for task in ("b", "c", "a"):
        run.complete(task)
    assert run.waiting == ["z"]
