"""Added signers: before me, after me, beside me, and taken away again; every step also with the state stored and loaded."""

import pytest

from engine.bpmn.workflow import Cancel
from engine.errors import Conflict, Invalid
from tests.conformance.drive import Drive, bpmn
from tests.conformance.test_approvals import approval, votes

BUTTONS = "approve=同意; reject=不同意"


def one_task(*, buttons: bool = True, signatures: str = "none", attributes: str = 'camunda:assignee="anna"', more: str = "") -> bytes:
    named = {"signatures": signatures, **({"buttons": BUTTONS} if buttons else {})}
    rows = "".join(f'<camunda:property name="steward:{name}" value="{value}"/>' for name, value in named.items())
    inside = f"<extensionElements><camunda:properties>{rows}</camunda:properties></extensionElements>"
    return bpmn(f"""
    <startEvent id="s"/><userTask id="a" {attributes}>{inside}</userTask>{more}<userTask id="z"/>
    s -> a -> z
    """)


def test_before_me_the_added_one_acts_first_and_then_the_task_comes_back() -> None:
    run = Drive(one_task())
    mine = run.task_of("anna").token
    run.add_signer("anna", "before", "bao")
    assert run.asked == ["bao"]
    assert run.task_of("bao").details["signer"] == {"login": "bao", "by": "anna", "where": "before", "reason": "because"}
    run.decide("bao", "reject", "careful")
    assert (run.asked, run.task_of("anna").token) == (["anna"], mine)
    run.decide("anna")
    assert run.waiting == ["z"]
    # Who signs before advises: the decision is mine.
    assert (run.values["a_decision"], votes(run)) == ("approve", [("bao", "reject"), ("anna", "approve")])
    assert (run.visits.count("a"), run.left.count("a")) == (1, 1)


def test_after_me_the_added_one_acts_before_the_process_goes_on() -> None:
    run = Drive(one_task())
    run.add_signer("anna", "after", "bao")
    run.add_signer("anna", "after", "chen")
    assert run.asked == ["anna"]
    run.decide("anna", "approve", None, price=3)
    assert (run.asked, run.left.count("a"), run.values["price"]) == (["bao"], 0, 3)
    run.decide("bao")
    assert run.asked == ["chen"]
    run.decide("chen")
    assert (run.waiting, run.values["a_decision"], len(run.values["a_votes"])) == (["z"], "approve", 3)


@pytest.mark.parametrize("who", ["anna", "bao"])
def test_a_refusal_by_me_or_after_me_is_the_result_and_ends_it(who: str) -> None:
    run = Drive(one_task())
    run.add_signer("anna", "after", "bao")
    run.add_signer("anna", "after", "chen")
    if who == "bao":
        run.decide("anna")
    run.decide(who, "reject", "no")
    assert (run.waiting, run.values["a_decision"], run.values["a_reason"]) == (["z"], "reject", "no")


@pytest.mark.parametrize("first", ["anna", "bao"])
def test_beside_me_both_must_act_in_whatever_order(first: str) -> None:
    run = Drive(one_task(buttons=False))
    run.add_signer("anna", "beside", "bao")
    assert run.asked == ["anna", "bao"]
    run.decide(first, None)
    assert run.waiting == ["a"]
    run.decide("bao" if first == "anna" else "anna", None)
    assert run.waiting == ["z"]
    assert {vote["who"] for vote in run.values["a_votes"]} == {"anna", "bao"}


def test_a_refusal_beside_me_ends_my_task_too() -> None:
    run = Drive(one_task())
    run.add_signer("anna", "beside", "bao")
    run.decide("bao", "reject", "no")
    assert (run.waiting, run.values["a_decision"]) == (["z"], "reject")


def test_added_ones_add_others_in_turn() -> None:
    run = Drive(one_task())
    run.add_signer("anna", "beside", "bao")
    run.add_signer("bao", "before", "chen")
    run.add_signer("chen", "beside", "dong")
    assert run.asked == ["anna", "chen", "dong"]
    run.decide("chen")
    assert run.asked == ["anna", "dong"]
    run.decide("dong", "reject", "hm")  # advises bao, with chen
    assert run.asked == ["anna", "bao"]
    run.add_signer("bao", "after", "emma")
    run.decide("anna")
    run.decide("bao")
    assert (run.asked, run.waiting) == (["emma"], ["a"])
    run.decide("emma")
    assert (run.waiting, run.values["a_decision"], len(run.values["a_votes"])) == (["z"], "approve", 5)


@pytest.mark.parametrize("where", ["before", "after", "beside"])
def test_who_was_added_can_be_taken_away(where: str) -> None:
    run = Drive(one_task())
    run.add_signer("anna", where, "bao")
    run.remove_signer("bao")
    assert run.asked == ["anna"]
    run.decide("anna")
    assert (run.waiting, [vote["who"] for vote in run.values.get("a_votes", [{"who": "anna"}])]) == (["z"], ["anna"])


@pytest.mark.parametrize("where", ["after", "beside"])
def test_taking_away_the_last_one_for_whom_the_task_waits_lets_it_go_on(where: str) -> None:
    run = Drive(one_task())
    run.add_signer("anna", where, "bao")
    run.decide("anna")
    assert run.asked == ["bao"]
    run.remove_signer("bao")
    assert run.waiting == ["z"]


def test_who_signs_already_is_not_added_again_and_where_must_be_known() -> None:
    run = Drive(one_task())
    run.add_signer("anna", "after", "bao")
    for login in ("anna", "bao"):
        with pytest.raises(Conflict):
            run.add_signer("anna", "beside", login)
    with pytest.raises(Invalid):
        run.add_signer("anna", "above", "chen")
    assert run.asked == ["anna"]


def test_a_refused_completion_leaves_everybody_where_they_were() -> None:
    run = Drive(one_task())
    run.add_signer("anna", "beside", "bao")
    run.add_signer("bao", "before", "chen")
    for person in ("anna", "chen"):
        with pytest.raises(Invalid):
            run.decide(person, "perhaps")
    assert run.asked == ["anna", "chen"]


def test_all_waits_for_added_ones_too() -> None:
    run = Drive(approval("all"), {"people": ["anna", "bao"]})
    run.add_signer("anna", "after", "chen")
    run.add_signer("bao", "beside", "dong")
    run.decide("anna")
    run.decide("bao")
    assert run.asked == ["dong", "chen"] or run.asked == ["chen", "dong"]
    run.decide("dong")
    run.decide("chen")
    assert (run.waiting, run.values["a_decision"], len(run.values["a_votes"])) == (["z"], "approve", 4)


@pytest.mark.parametrize("where", ["after", "beside"])
def test_one_refusal_of_an_added_one_ends_all(where: str) -> None:
    run = Drive(approval("all"), {"people": ["anna", "bao"]})
    run.add_signer("anna", where, "chen")
    run.decide("anna")
    run.decide("chen", "reject", "no")
    assert (run.waiting, run.values["a_decision"]) == (["z"], "reject")


def test_a_vote_beside_counts_towards_a_share() -> None:
    run = Drive(approval("share:0.5"), {"people": ["anna", "bao"]})
    run.add_signer("anna", "beside", "chen")
    run.add_signer("anna", "beside", "dong")
    run.decide("chen")
    assert "z" not in run.waiting  # one of four
    run.decide("anna")
    assert (run.waiting, run.values["a_decision"]) == (["z"], "approve")  # two of four


def test_a_share_counts_no_longer_who_was_taken_away() -> None:
    run = Drive(approval("share:0.6"), {"people": ["anna", "bao"]})
    run.add_signer("anna", "beside", "chen")
    run.decide("anna")
    run.decide("bao", "reject", "no")
    assert run.asked == ["chen"]  # one of three for, one against
    run.remove_signer("chen")
    assert (run.waiting, run.values["a_decision"]) == (["z"], "reject")  # one of two


def test_a_share_waits_for_who_signs_after_before_it_counts() -> None:
    run = Drive(approval("share:0.5"), {"people": ["anna", "bao"]})
    run.add_signer("anna", "after", "chen")
    run.decide("anna")
    assert run.asked == ["bao", "chen"]
    run.decide("chen", "reject", "no")
    assert run.asked == ["bao"]
    run.decide("bao")
    assert (run.waiting, run.values["a_decision"]) == (["z"], "approve")


def test_any_is_decided_by_the_first_position_not_by_who_advises() -> None:
    run = Drive(approval("any"), {"people": ["anna", "bao"]})
    run.add_signer("anna", "before", "chen")
    run.decide("chen", "reject", "no")
    assert run.asked == ["anna", "bao"]
    run.decide("bao")
    assert (run.waiting, run.values["a_decision"]) == (["z"], "approve")


def test_a_sequence_goes_to_the_next_when_the_added_ones_have_signed() -> None:
    run = Drive(approval("sequence"), {"people": ["anna", "bao"]})
    run.add_signer("anna", "after", "chen")
    run.add_signer("anna", "beside", "dong")
    run.decide("anna")
    assert set(run.asked) == {"chen", "dong"}
    run.decide("chen")
    run.decide("dong")
    assert run.asked == ["bao"]
    run.decide("bao")
    assert run.waiting == ["z"]


def test_it_works_in_parallel_branches_and_subprocesses() -> None:
    properties = f'<camunda:properties><camunda:property name="steward:buttons" value="{BUTTONS}"/></camunda:properties>'
    run = Drive(
        bpmn(f"""
        <startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/><userTask id="other" camunda:assignee="emma"/>
        <subProcess id="sub"><startEvent id="i"/>
          <userTask id="a" camunda:assignee="anna"><extensionElements>{properties}</extensionElements></userTask>
          <userTask id="inner" camunda:assignee="dong"/>
          i -> a -> inner
        </subProcess>
        <userTask id="z"/>
        s -> f -> sub -> j -> z
        f -> other -> j
        """)
    )
    run.add_signer("anna", "before", "bao")
    run.complete("other")
    run.decide("bao")
    run.add_signer("anna", "after", "chen")
    run.decide("anna")
    assert run.asked == ["chen"]
    run.decide("chen")
    assert (run.asked, run.scopes[run.wait("inner").scope]["a_decision"]) == (["dong"], "approve")
    run.complete("inner")
    assert run.waiting == ["z"]


def test_what_interrupts_the_task_takes_the_added_ones_with_it() -> None:
    hour = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    late = f'<boundaryEvent id="b" attachedToRef="a">{hour}</boundaryEvent>'
    run = Drive(one_task(more=late + '<userTask id="gone"/>\nb -> gone\n'))
    run.add_signer("anna", "before", "bao")
    run.fire("b")
    assert run.waiting == ["gone"]
    assert run.cancelled == ["a"]


def test_cancelling_the_instance_leaves_nobody() -> None:
    run = Drive(approval("all"), {"people": ["anna", "bao"]})
    run.add_signer("anna", "beside", "chen")
    run.apply(Cancel())
    assert (run.waits(), run.done) == ([], True)


def test_two_people_sign_and_the_second_is_another_candidate() -> None:
    run = Drive(one_task(buttons=False, signatures="two_people", attributes='camunda:candidateUsers="anna,bao,chen"'))
    run.complete("a", "anna")
    [second] = run.waits()
    assert (second.details["candidate_users"], second.details["not"]) == (["bao", "chen"], ["anna"])
    run.complete("a", "chen")
    assert run.waiting == ["z"]
    assert [vote["who"] for vote in run.values["a_votes"]] == ["anna", "chen"]


def test_two_people_of_whom_one_refuses() -> None:
    run = Drive(one_task(signatures="two_people", attributes='camunda:candidateGroups="finance"'))
    run.complete_as("anna", "approve")
    run.complete_as("bao", "reject")
    assert (run.waiting, run.values["a_decision"]) == (["z"], "reject")


def test_the_second_of_two_people_is_the_managers_where_nobody_else_holds_the_post() -> None:
    staff = {"": frozenset({"anna", "emma"}), "finance": frozenset({"anna"}), "project_manager": frozenset({"emma"})}
    run = Drive(one_task(signatures="two_people", attributes='camunda:candidateGroups="finance"'), staff=staff)
    run.complete_as("anna", "approve")
    assert run.wait("a").details["candidate_groups"] == ["finance", "project_manager"]
    assert run.outcomes[-1].told[0].data["rule"] == "whenNobody"


STAFF = {
    "": frozenset({"anna", "bao", "emma", "gao"}),
    "finance": frozenset({"anna"}),
    "project_manager": frozenset({"emma"}),
    "company_manager": frozenset({"gao"}),
}


def odd(assignee: str, starter: str | None = None, **named: str) -> Drive:
    rows = "".join(f'<camunda:property name="steward:{name}" value="{value}"/>' for name, value in {"buttons": BUTTONS, **named}.items())
    inside = f"<extensionElements><camunda:properties>{rows}</camunda:properties></extensionElements>"
    return Drive(
        bpmn(f"""
        <startEvent id="s"/><userTask id="first" camunda:assignee="bao"><extensionElements><camunda:properties>
        <camunda:property name="steward:buttons" value="{BUTTONS}"/></camunda:properties></extensionElements></userTask>
        <userTask id="a" {assignee}>{inside}</userTask><userTask id="z"/>
        s -> first -> a -> z
        """),
        staff=STAFF,
        starter=starter,
    )


def rules(run: Drive) -> list[tuple[str, str]]:
    return [(told.data["rule"], told.type) for outcome in run.outcomes for told in outcome.told]


@pytest.mark.parametrize(
    ("who", "named", "groups", "decision"),
    [
        ('camunda:candidateGroups="buyer"', {}, ["buyer", "project_manager"], None),
        ('camunda:assignee="gone"', {}, ["project_manager"], None),
        ('camunda:assignee="gone"', {"whenNobody": "group:finance"}, ["finance"], None),
        ('camunda:candidateGroups="buyer"', {"whenNobody": "pass"}, None, "approve"),
        ('camunda:candidateGroups="buyer"', {"whenNobody": "refuse"}, None, "reject"),
    ],
)
def test_when_nobody_can_do_it(who: str, named: dict[str, str], groups: list[str] | None, decision: str | None) -> None:
    run = odd(who, **named)
    run.decide("bao")
    assert rules(run) == [("whenNobody", "user_task.settled" if decision else "user_task.redirected")]
    assert run.values.get("a_decision") == decision
    assert run.waiting == (["z"] if decision else ["a"])
    if groups:
        assert run.wait("a").details["candidate_groups"] == groups


@pytest.mark.parametrize(("rule", "decision"), [("pass", "approve"), ("refuse", "reject"), ("manager", None), (None, None)])
def test_when_the_same_person_approved_before(rule: str | None, decision: str | None) -> None:
    run = odd('camunda:assignee="bao"', **({} if rule is None else {"whenSame": rule}))
    run.decide("bao")
    assert run.values.get("a_decision") == decision
    if rule == "manager":
        assert run.wait("a").details["candidate_groups"] == ["project_manager"]
    if rule is None:
        assert run.asked == ["bao"]


def test_who_refused_before_has_not_approved() -> None:
    run = odd('camunda:assignee="bao"', whenSame="pass")
    run.decide("bao", "reject")
    assert run.asked == ["bao"]


def test_who_started_it_does_not_approve_it_alone() -> None:
    run = odd('camunda:candidateGroups="finance"', starter="anna")
    run.decide("bao")
    assert (run.wait("a").details["candidate_groups"], rules(run)) == (["project_manager"], [("whenInitiator", "user_task.redirected")])
    run = odd('camunda:candidateGroups="project_manager"', starter="emma")
    run.decide("bao")
    assert run.wait("a").details["candidate_groups"] == ["company_manager"]
    run = odd('camunda:candidateGroups="finance,project_manager"', starter="anna")
    run.decide("bao")
    assert (run.wait("a").details["not"], rules(run)) == (["anna"], [])
    run = odd('camunda:candidateGroups="finance"', starter="anna", whenInitiator="pass")
    run.decide("bao")
    assert (run.waiting, run.values["a_decision"]) == (["z"], "approve")
