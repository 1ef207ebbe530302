"""Going back over what was compensated, transactions, and activities that are done one after another: done, or refused by name."""

import pytest

from engine.bpmn.triggers import Complete, Withdraw
from engine.errors import Conflict
from tests.conformance.going_back import course, several, task, tasks

UNDO = '<intermediateThrowEvent id="t"><compensateEventDefinition{}/></intermediateThrowEvent>'
HANDLED = (
    '<boundaryEvent id="b{0}" attachedToRef="{0}"><compensateEventDefinition/></boundaryEvent>'
    '<userTask id="u{0}" isForCompensation="true"/><association id="as{0}" sourceRef="b{0}" targetRef="u{0}"/>'
)
COMPENSATED = (
    f'<startEvent id="s"/>{UNDO.format("")}{HANDLED.format("a")}{HANDLED.format("b")}\n{tasks("a b c d")}\ns -> a -> b -> t -> c -> d'
)


def test_nobody_goes_back_or_takes_back_while_something_is_compensated() -> None:
    run = course(COMPENSATED.replace(UNDO.format(""), UNDO.format(' waitForCompletion="false"')))
    token = run.wait("a").token
    run.do("a", "b")
    assert run.stands == "c ub"
    assert run.ways("c") == []
    with pytest.raises(Conflict, match="compensated at the moment"):
        run.workflow.advance(Withdraw(token), run.context)
    run.do("ub", "ua")
    assert run.ways("c") == ["a", "b"]


def test_behind_a_compensation_one_goes_back_and_what_was_compensated_stays_so() -> None:
    run = course(COMPENSATED).do("a", "b", "ub", "ua", "c")
    assert run.ways("d") == ["a", "b", "c"]
    run.go_back("d", "b")
    assert run.stands == "b"
    run.do("b")
    assert run.stands == "ub"  # what is done anew is compensated anew, and nothing twice
    assert run.do("ub").stands == "c"


def test_what_led_to_a_compensation_is_not_taken_back_unseen() -> None:
    run = course(COMPENSATED)
    run.do("a")
    token = run.wait("b").token
    run.do("b", "ub", "ua")
    acts = run.workflow.acts_after(token)
    assert acts is not None and ("compensation.begun", "t") in [(act.kind, act.activity_id) for act in acts]


def test_behind_a_cancelled_transaction_one_goes_back_to_before_it() -> None:
    run = course(f"""
    <startEvent id="s"/>{task("o")}{task("z")}
    <transaction id="tr"><startEvent id="i"/>{task("x")}{task("y")}{HANDLED.format("x")}
    <endEvent id="no"><cancelEventDefinition/></endEvent>
    i -> x -> y -> no
    </transaction><boundaryEvent id="off" attachedToRef="tr"><cancelEventDefinition/></boundaryEvent>
    s -> o -> tr -> z
    off -> z
    """).do("o", "x", "y")
    assert run.stands == "ux"
    run.do("ux")
    assert (run.stands, run.ways("z")) == ("z", ["o"])
    run.go_back("z", "o")
    assert run.do("o").stands == "x"


def test_one_goes_back_into_a_sequence_of_choices_and_out_of_it() -> None:
    run = course(f"""
    <startEvent id="s"/>{task("o")}{task("z")}
    <adHocSubProcess id="h" ordering="Sequential">{task("x")}{task("y")}</adHocSubProcess>
    s -> o -> h -> z
    """).do("o", "x")
    assert run.ways("y") == ["o"]
    token = run.wait("y").token
    run.do("y")
    run.take_back(token)
    assert run.stands == "y"
    run.go_back("y", "o")
    assert run.do("o").stands == "x y"


def test_what_has_ended_in_a_sequence_of_choices_let_others_begin_and_is_not_begun_again_beside_them() -> None:
    inner = f'<subProcess id="in"><startEvent id="i"/>{task("x")}\ni -> x\n</subProcess>'
    run = course(f"""
    <startEvent id="s"/>{task("o")}
    <adHocSubProcess id="h" ordering="Sequential">{inner}<serviceTask id="job" camunda:type="external" camunda:topic="t"/></adHocSubProcess>
    s -> o -> h
    """).do("o")
    assert run.stands == "x"
    token = run.wait("x").token
    run.do("x")
    assert run.stands == "job"
    assert "one activity after another" in (run.workflow.why_not_back(token) or "")
    with pytest.raises(Conflict, match="one activity after another"):
        run.workflow.advance(Withdraw(token), run.context)
    assert run.stands == "job"


def test_an_item_without_which_there_was_enough_is_not_opened_again() -> None:
    inner = f'<startEvent id="i"/>{task("x")}{task("y")}\ni -> x -> y\n'
    several_at_once = several(of=2, until="nrOfCompletedInstances &gt;= 1")
    run = course(f"""
    <startEvent id="s"/>{task("z")}
    <subProcess id="sub">{inner}{several_at_once}</subProcess>
    s -> sub -> z
    """)
    token = run.wait("x", 1).token
    run.apply(Complete(token, {}, "bao"))
    run.do("x")
    run.apply(Complete(run.wait("y", 1).token, {}, "anna"))
    assert run.stands == "z"
    with pytest.raises(Conflict, match="would end it again at once"):
        run.workflow.advance(Withdraw(token), run.context)
