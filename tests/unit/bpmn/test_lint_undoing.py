"""Lint of compensation and transactions: what is taken back, by whom, and how a cancelled transaction is left."""

import pytest

from tests.unit.bpmn.diagrams import bpmn, chain, found

USER = '<userTask id="a"/>'
EVENT = '<boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
HANDLER = '<userTask id="u" isForCompensation="true"/>'
LINE = '<association id="l" sourceRef="b" targetRef="u"/>'
UNDO = '<intermediateThrowEvent id="t"><compensateEventDefinition/></intermediateThrowEvent>'


def undoing(more: str = EVENT + HANDLER + LINE, throw: str = UNDO) -> bytes:
    return bpmn(chain(USER, throw) + more)


def errors(content: bytes, rule: str) -> list[str]:
    return [problem.element for problem in found(content, rule) if problem.severity == "error"]


def test_an_activity_with_a_handler_is_fine() -> None:
    for rule in ("compensation", "unsupported", "boundary", "unreachable", "start", "flow"):
        assert not found(undoing(), rule), rule


@pytest.mark.parametrize(
    ("more", "element"),
    [
        (EVENT + HANDLER, "b"),
        (EVENT + LINE + '<userTask id="u"/>', "u"),
        (EVENT + HANDLER + LINE + '<userTask id="w" isForCompensation="true"/><association sourceRef="b" targetRef="w"/>', "b"),
        (EVENT + HANDLER + LINE + '<sequenceFlow id="f" sourceRef="b" targetRef="t"/>', "b"),
        (EVENT + HANDLER + LINE + '<sequenceFlow id="f" sourceRef="u" targetRef="t"/>', "u"),
        (EVENT + LINE + f'<subProcess id="p"><startEvent id="i"/>{HANDLER}</subProcess>', "u"),
    ],
)
def test_a_compensation_event_leads_to_one_handler_beside_it(more: str, element: str) -> None:
    assert errors(undoing(more), "compensation") == [element]


def test_an_event_undoes_what_it_can_see() -> None:
    def named(activity: str) -> bytes:
        return undoing(throw=f'<endEvent id="t"><compensateEventDefinition activityRef="{activity}"/></endEvent>')

    assert not found(named("a"), "compensation")
    assert errors(named("gone"), "compensation") == ["t"]
    assert errors(named("start"), "compensation") == ["t"]


def test_an_event_that_can_undo_nothing_is_a_warning() -> None:
    [problem] = found(undoing(more=""), "compensation")
    assert (problem.element, problem.severity) == ("t", "warning")


def test_a_handler_that_nothing_leads_to_is_a_warning() -> None:
    assert [problem.element for problem in found(bpmn(chain(USER) + HANDLER), "unreachable")] == ["u"]


def test_only_a_subprocess_has_a_compensation_event_subprocess() -> None:
    inside = '<subProcess id="es" triggeredByEvent="true"><startEvent id="s1"><compensateEventDefinition/></startEvent></subProcess>'
    assert errors(bpmn(chain(USER) + inside), "unsupported") == ["s1"]
    assert not errors(bpmn(chain(f'<subProcess id="p"><startEvent id="i"/>{inside}</subProcess>')), "unsupported")


NO = '<endEvent id="no"><cancelEventDefinition/></endEvent>'
WAY_OUT = '<boundaryEvent id="c" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent>'


def transaction(boundary: str = WAY_OUT, inside: str = NO, attributes: str = "") -> bytes:
    return bpmn(chain(f'<transaction id="tx" {attributes}><task id="i"/>{inside}</transaction>') + boundary)


def test_a_transaction_that_can_be_cancelled_has_a_way_out() -> None:
    assert not errors(transaction(), "compensation")
    assert not errors(transaction(), "unsupported")
    assert errors(transaction(boundary=""), "compensation") == ["tx"]
    assert not errors(transaction(boundary="", inside=""), "compensation")


def test_a_cancel_event_that_nothing_can_cause_is_a_warning() -> None:
    assert [(each.element, each.severity) for each in found(transaction(inside=""), "compensation")] == [("c", "warning")]


def test_only_transactions_are_cancelled() -> None:
    assert errors(bpmn(chain(USER) + NO), "unsupported") == ["no"]
    assert errors(bpmn(chain(USER) + WAY_OUT.replace("tx", "a")), "unsupported") == ["c"]


def test_a_transaction_of_another_method_and_one_that_repeats_are_refused() -> None:
    assert errors(transaction(attributes='method="##Image"'), "unsupported") == ["tx"]
    assert not errors(transaction(attributes='method="##Compensate"'), "unsupported")
    again = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    assert errors(transaction(inside=NO + again), "unsupported") == ["tx"]
