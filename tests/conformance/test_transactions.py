"""Transactions, BPMN 2.0.2 §10.3.5 and §13.5.5: cancelled, what was done in one is taken back; an error leaves it without."""

from tests.conformance.drive import Drive, bpmn
from tests.conformance.test_compensation import handled

NAMES = '<error id="x" errorCode="broken"/><message id="m" name="ping"/>'
BOUNDARIES = """
<boundaryEvent id="c" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent><userTask id="cancelled"/>
<boundaryEvent id="h" attachedToRef="tx"><errorEventDefinition errorRef="x"/></boundaryEvent><userTask id="hazard"/>
<userTask id="z"/>
s -> tx -> z
c -> cancelled
h -> hazard
"""
CANCEL = '<endEvent id="no"><cancelEventDefinition/></endEvent>'
INSIDE = f"""<startEvent id="i"/><userTask id="a"/><userTask id="b"/>{handled("a")}{handled("b")}<parallelGateway id="f"/><userTask id="u"/>
<exclusiveGateway id="g" default="good"/><endEvent id="ok"/>{CANCEL}<endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent>
i -> a -> b -> f -> u
<userTask id="ask"/>
f -> ask -> g
<sequenceFlow id="good" sourceRef="g" targetRef="ok"/>
g -> no if answer == "no"
g -> bad if answer == "bad"
"""


def transaction() -> Drive:
    run = Drive(bpmn(f'<startEvent id="s"/><transaction id="tx">{INSIDE}</transaction>{BOUNDARIES}', NAMES))
    run.complete("a")
    run.complete("b")
    assert run.waiting == ["u", "ask"]
    return run


def test_a_transaction_that_succeeds_is_a_subprocess() -> None:
    run = transaction()
    run.complete("ask", answer="yes")
    run.complete("u")
    assert run.waiting == ["z"]


def test_a_cancelled_transaction_ends_what_goes_on_takes_back_what_was_done_and_leaves_by_its_cancel_event() -> None:
    run = transaction()
    run.complete("ask", answer="no")
    assert run.cancelled == ["u"]
    assert run.waiting == ["ub"]
    run.complete("ub")
    assert run.waiting == ["ua"]
    run.complete("ua")
    assert run.visits[-7:] == ["no", "bb", "ub", "ba", "ua", "c", "cancelled"]
    assert run.cancelled == ["u", "tx"]
    assert run.waiting == ["cancelled"]


def test_a_hazard_leaves_the_transaction_without_taking_anything_back() -> None:
    run = transaction()
    run.complete("ask", answer="bad")
    assert run.waiting == ["hazard"]
    assert "ub" not in run.visits


def test_a_transaction_in_which_nothing_was_done_is_cancelled_at_once() -> None:
    run = Drive(bpmn(f'<startEvent id="s"/><transaction id="tx"><startEvent id="i"/>{CANCEL}\ni -> no\n</transaction>{BOUNDARIES}', NAMES))
    assert run.visits == ["s", "tx", "i", "no", "c", "cancelled"]


def test_what_was_done_in_a_subprocess_that_still_goes_on_is_taken_back_too() -> None:
    inside = f"""<startEvent id="i"/><parallelGateway id="f"/><subProcess id="p1"><startEvent id="j"/><userTask id="a"/><userTask id="b"/>
    {handled("a")}
    j -> a -> b
    </subProcess><userTask id="ask"/>{CANCEL}
    i -> f -> p1
    f -> ask -> no
    """
    run = Drive(bpmn(f'<startEvent id="s"/><transaction id="tx">{inside}</transaction>{BOUNDARIES}', NAMES))
    run.complete("a")
    run.complete("ask")
    assert run.waiting == ["ua"]
    assert run.cancelled == ["b", "p1"]
    run.complete("ua")
    assert run.waiting == ["cancelled"]


def test_a_cancel_end_event_may_stand_deeper_in_the_transaction() -> None:
    inside = f"""<startEvent id="i"/><userTask id="a"/>{handled("a", "task")}<subProcess id="p1"><startEvent id="j"/>{CANCEL}
    j -> no
    </subProcess>
    i -> a -> p1
    """
    run = Drive(bpmn(f'<startEvent id="s"/><transaction id="tx">{inside}</transaction>{BOUNDARIES}', NAMES))
    run.complete("a")
    assert run.waiting == ["cancelled"]
    assert run.visits[-5:] == ["no", "ba", "ua", "c", "cancelled"]


def test_an_error_of_a_handler_while_a_transaction_is_taken_back_is_a_hazard() -> None:
    handler = handled(
        "a", "subProcess", '<startEvent id="j"/><endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent>\nj -> bad\n'
    )
    inside = f'<startEvent id="i"/><userTask id="a"/>{handler}{CANCEL}\ni -> a -> no\n'
    run = Drive(bpmn(f'<startEvent id="s"/><transaction id="tx">{inside}</transaction>{BOUNDARIES}', NAMES))
    run.complete("a")
    assert run.waiting == ["hazard"]


def test_a_completed_transaction_can_be_taken_back_from_outside() -> None:
    inside = f'<startEvent id="i"/><userTask id="a"/>{handled("a")}\ni -> a\n'
    throw = '<intermediateThrowEvent id="t"><compensateEventDefinition activityRef="tx"/></intermediateThrowEvent>'
    run = Drive(bpmn(f'<startEvent id="s"/><transaction id="tx">{inside}</transaction>{throw}<userTask id="z"/>\ns -> tx -> t -> z'))
    run.complete("a")
    assert run.waiting == ["ua"]
    run.complete("ua")
    assert run.waiting == ["z"]
