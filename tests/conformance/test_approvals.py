"""`steward:approval` and `steward:buttons`: all, any, in order, a share; every step also with the state stored and loaded."""

import pytest

from engine.errors import Invalid
from tests.conformance.drive import Drive, bpmn

FIVE = {"people": ["anna", "bao", "chen", "dong", "emma"]}


def approval(rule: str, more: str = "", sequential: bool = False, inner: str = "") -> bytes:
    properties = f'<camunda:property name="steward:approval" value="{rule}"/>' + "".join(
        f'<camunda:property name="steward:{name}" value="{value}"/>'
        for name, _, value in (each.partition("=") for each in more.split("&") if each)
    )
    return bpmn(f"""
    <startEvent id="s"/>
    <userTask id="a" camunda:assignee="${{person}}">
      <extensionElements><camunda:properties>{properties}</camunda:properties>{inner}</extensionElements>
      <multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"
        camunda:collection="people" camunda:elementVariable="person"/>
    </userTask>
    <userTask id="z"/>
    s -> a -> z
    """)


def votes(run: Drive) -> list[tuple[str, str]]:
    return [(vote["who"], vote["decision"]) for vote in run.values["a_votes"]]


def test_all_must_approve() -> None:
    run = Drive(approval("all"), FIVE)
    assert run.asked == FIVE["people"]
    for person in FIVE["people"]:
        assert run.waiting != ["z"]
        run.decide(person)
    assert run.waiting == ["z"]
    assert run.values["a_decision"] == "approve"
    assert votes(run) == [(person, "approve") for person in FIVE["people"]]


def test_one_refusal_ends_all_and_the_votes_given_are_kept() -> None:
    run = Drive(approval("all"), FIVE)
    run.decide("chen")
    run.decide("anna", "reject", "too dear")
    assert run.waiting == ["z"]
    assert (run.values["a_decision"], run.values["a_reason"]) == ("reject", "too dear")
    assert votes(run) == [("chen", "approve"), ("anna", "reject")]
    assert run.cancelled == ["a"] * 3


@pytest.mark.parametrize(("decision", "reason"), [("approve", None), ("reject", "no")])
def test_the_first_decides_any(decision: str, reason: str | None) -> None:
    run = Drive(approval("any"), FIVE)
    run.decide("dong", decision, reason)
    assert run.waiting == ["z"]
    assert (run.values["a_decision"], run.values["a_reason"]) == (decision, reason)
    assert votes(run) == [("dong", decision)]


@pytest.mark.parametrize("sequential", [True, False])
def test_sequence_asks_one_after_another_whatever_the_loop_says(sequential: bool) -> None:
    run = Drive(approval("sequence", sequential=sequential), FIVE)
    for person in FIVE["people"]:
        assert run.asked == [person]
        run.decide(person)
    assert (run.waiting, run.values["a_decision"]) == (["z"], "approve")


def test_one_refusal_ends_a_sequence() -> None:
    run = Drive(approval("sequence"), FIVE)
    run.decide("anna")
    run.decide("bao", "reject", "no")
    assert (run.waiting, run.values["a_decision"]) == (["z"], "reject")


def test_a_share_is_reached_and_the_rest_is_taken_away() -> None:
    run = Drive(approval("share:0.6"), FIVE)
    run.decide("anna", "reject", "no")
    run.decide("bao")
    run.decide("chen")
    assert run.asked == ["dong", "emma"]
    run.decide("dong")
    assert (run.waiting, run.values["a_decision"], run.values["a_reason"]) == (["z"], "approve", None)


def test_a_share_ends_when_it_can_no_longer_be_reached() -> None:
    run = Drive(approval("share:0.6"), FIVE)
    run.decide("anna", "reject", "first")
    run.decide("bao", "reject", "second")
    assert run.waiting != ["z"]
    run.decide("chen", "reject", "third")
    assert (run.waiting, run.values["a_decision"], run.values["a_reason"]) == (["z"], "reject", "third")


@pytest.mark.parametrize(("share", "people", "needed"), [("0.5", 4, 2), ("0.5", 5, 3), ("1", 3, 3), ("0.34", 3, 2), ("0.1", 10, 1)])
def test_a_share_is_reckoned_exactly(share: str, people: int, needed: int) -> None:
    run = Drive(approval(f"share:{share}"), {"people": [f"p{number}" for number in range(people)]})
    for number in range(needed):
        assert "z" not in run.waiting
        run.decide(f"p{number}")
    assert run.waiting == ["z"]


def test_what_is_no_button_is_refused_and_changes_nothing() -> None:
    run = Drive(approval("all"), FIVE)
    for decision, reason, field in ((None, None, "decision"), ("maybe", None, "decision"), ("reject", " ", "reason")):
        with pytest.raises(Invalid) as refused:
            run.decide("anna", decision, reason)
        assert set(refused.value.fields) == {field}
    assert run.asked == FIVE["people"]


def test_buttons_of_the_diagram_take_the_place_of_the_usual_ones() -> None:
    run = Drive(approval("share:0.5", "buttons=yes=可以; with_care=小心; never=不行!refuse"), FIVE)
    run.decide("anna", "never")
    run.decide("bao", "with_care")
    run.decide("chen", "with_care", "wet")
    run.decide("dong", "yes")
    assert (run.values["a_decision"], run.values["a_reason"]) == ("with_care", "wet")


def test_one_alone_decides_by_buttons_and_the_condition_behind_sees_it() -> None:
    buttons = (
        '<camunda:properties><camunda:property name="steward:buttons" value="approve=同意; reject=不同意!reason"/></camunda:properties>'
    )
    run = Drive(
        bpmn(f"""
        <startEvent id="s"/><userTask id="a" camunda:assignee="anna"><extensionElements>{buttons}</extensionElements></userTask>
        <exclusiveGateway id="g" default="d"/><userTask id="yes"/><userTask id="no"/>
        <sequenceFlow id="d" sourceRef="g" targetRef="yes"/>
        s -> a -> g
        g -> no if a_decision == "reject"
        """)
    )
    run.decide("anna", "reject", "too late", price=3)
    assert run.waiting == ["no"]
    assert run.values == {"price": 3, "a_decision": "reject", "a_reason": "too late"}


def test_each_round_of_a_subprocess_has_its_own_decision() -> None:
    run = Drive(
        bpmn("""
        <startEvent id="s"/>
        <subProcess id="sub">
          <multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="person"/>
          <startEvent id="i"/>
          <userTask id="a" camunda:assignee="${person}"><extensionElements><camunda:properties>
            <camunda:property name="steward:buttons" value="approve=同意; reject=不同意"/>
          </camunda:properties></extensionElements></userTask>
          <userTask id="said" camunda:assignee="${person + a_decision}"/>
          i -> a -> said
        </subProcess>
        s -> sub
        """),
        {"people": ["anna", "bao"]},
    )
    run.decide("anna", "approve")
    run.decide("bao", "reject")
    assert run.asked == ["annaapprove", "baoreject"]
    assert "a_decision" not in run.values


def test_the_mapping_of_each_item_sees_what_its_person_said() -> None:
    kept = (
        '<camunda:inputOutput><camunda:outputParameter name="said">${said + [a_decision]}</camunda:outputParameter></camunda:inputOutput>'
    )
    run = Drive(approval("share:1", inner=kept), {"people": ["anna", "bao"], "said": []})
    run.decide("bao")
    run.decide("anna", "reject", "no")
    assert run.values["said"] == ["approve", "reject"]


@pytest.mark.parametrize(
    ("rule", "decision", "waiting"), [("pass", "approve", ["z"]), ("refuse", "reject", ["z"]), ("manager", None, ["a"])]
)
def test_an_approval_by_nobody_does_what_the_diagram_says(rule: str, decision: str | None, waiting: list[str]) -> None:
    run = Drive(
        approval("all", f"whenNobody={rule}"), {"people": []}, staff={"": frozenset({"emma"}), "project_manager": frozenset({"emma"})}
    )
    assert (run.waiting, run.values.get("a_decision")) == (waiting, decision)
    assert run.outcomes[0].told[0].data["rule"] == "whenNobody"
    if waiting == ["a"]:
        assert run.asked == [None]  # a task that names nobody is the project manager's
