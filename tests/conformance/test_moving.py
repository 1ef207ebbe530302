"""Tokens moved by hand: some end, others begin, and nothing else changes; every step also with the state stored and loaded."""

import pytest

from engine.bpmn.triggers import Move
from engine.errors import Conflict, Invalid, NotFound
from tests.conformance.drive import Drive, bpmn
from tests.conformance.going_back import PARALLEL, TIMER, Course, course, several, task, tasks
from tests.conformance.test_approvals import FIVE, approval
from tests.conformance.test_compensation import UNDO_ALL, row
from tests.conformance.test_signers import one_task

ROW = '<startEvent id="s"/><endEvent id="e"/>\n' + tasks("a b c") + "\ns -> a -> b -> c -> e"
DEADLINE = '<boundaryEvent id="late_{0}" attachedToRef="{0}">' + TIMER + "</boundaryEvent>"
NESTED = f"""
<startEvent id="s"/>{task("o")}{task("z")}
<subProcess id="sub"><startEvent id="is"/>{task("x")}{task("y")}
is -> x -> y
</subProcess>{DEADLINE.format("sub")}{task("late")}
s -> o -> sub -> z
late_sub -> late
"""


def move(run: Drive, ended: str = "", begun: str = "", **variables: object) -> None:
    run.apply(Move(tuple(ended.split()), tuple(begun.split()), variables))


def nested(body: str = NESTED) -> Course:
    """The flows of the subprocess are lines of their own in `bpmn`."""
    return Course(bpmn(body))


def refused(run: Drive, ended: str = "", begun: str = "", match: str = "", error: type[Exception] = Conflict) -> None:
    """Nothing has changed afterwards: the state is the same to the byte."""
    before = run.state
    workflow = run.workflow if isinstance(run, Course) else run._live
    with pytest.raises(error, match=match):
        workflow.advance(Move(tuple(ended.split()), tuple(begun.split())), run.context)
    assert workflow.dump() == before


def test_a_token_moves_forward() -> None:
    run = course(ROW)
    move(run, "a", "c")
    assert (run.stands, run.cancelled, run.visits) == ("c", ["a"], ["s", "a", "c"])
    assert run.do("c").done


def test_a_token_moves_backward() -> None:
    run = course(ROW).do("a", "b")
    move(run, "c", "a")
    assert run.stands == "a"
    assert run.do("a", "b", "c").done


def test_the_same_activity_begins_anew() -> None:
    run = course(ROW)
    before = run.wait("a").token
    move(run, "a", "a")
    assert run.stands == "a"
    assert run.wait("a").token != before


def test_variables_are_there_before_what_begins() -> None:
    run = Drive(bpmn('<startEvent id="s"/><userTask id="a"/><userTask id="b" camunda:assignee="${who}"/>\ns -> a -> b'))
    move(run, "a", "b", who="anna")
    assert (run.asked, run.values["who"]) == (["anna"], "anna")


def test_the_other_branch_stays_where_it_is_and_the_join_still_waits_for_both() -> None:
    run = course(PARALLEL).do("o")
    kept = run.wait("b")
    move(run, "a", "c")
    assert (run.stands, run.wait("b")) == ("b c", kept)
    assert run.do("c").stands == "b"
    assert run.do("b").stands == "d"


def test_two_branches_become_one_token_behind_their_join() -> None:
    run = course(PARALLEL).do("o")
    move(run, "a b", "d")
    assert run.stands == "d"
    assert run.do("d").done


def test_one_token_becomes_two() -> None:
    run = course(PARALLEL)
    move(run, "o", "a b")
    assert run.do("a", "b", "c").stands == "d"


def test_what_had_come_to_a_join_can_be_ended_too() -> None:
    run = course(PARALLEL).do("o", "b")
    move(run, "j", "b")
    assert run.stands == "a b"
    assert run.do("a", "b", "c").stands == "d"


def test_a_join_that_nobody_could_reach_any_more_goes_on_when_somebody_can() -> None:
    run = course(PARALLEL).do("o", "b")
    move(run, "a")
    assert [failure.kind for failure in run.failures] == ["deadlock"]
    move(run, begun="c")
    assert (run.stands, dict(run.failed)) == ("c", {})
    assert run.do("c").stands == "d"


def test_what_failed_ends_and_its_failure_with_it() -> None:
    run = Drive(bpmn('<startEvent id="s"/><scriptTask id="a"><script>x = 1 / 0</script></scriptTask><userTask id="b"/>\ns -> a -> b'))
    assert list(run.failed.values()) == ["a"]
    move(run, "a", "b")
    assert (run.waiting, dict(run.failed)) == (["b"], {})


def test_deadlines_end_and_begin_with_their_activities() -> None:
    run = course(
        f'<startEvent id="s"/>{task("a")}{task("b")}{task("z")}{DEADLINE.format("a")}{DEADLINE.format("b")}'
        "\ns -> a -> b\nlate_a -> z\nlate_b -> z"
    )
    assert run.stands == "a late_a"
    move(run, "a", "b")
    assert run.stands == "b late_b"
    run.fire("late_b")
    assert run.stands == "z"


def test_a_timer_that_is_waited_for_can_be_passed_over() -> None:
    run = Drive(bpmn(f'<startEvent id="s"/><intermediateCatchEvent id="t">{TIMER}</intermediateCatchEvent><userTask id="a"/>\ns -> t -> a'))
    move(run, "t", "a")
    assert run.waiting == ["a"]


def test_into_a_subprocess_it_begins_with_its_deadline_and_not_at_its_start() -> None:
    run = nested()
    move(run, "o", "y")
    assert run.stands == "late_sub y"
    assert run.visits == ["s", "o", "sub", "y"]
    assert run.do("y").stands == "z"


def test_out_of_a_subprocess_that_is_left_empty_it_ends_with_its_deadline() -> None:
    run = nested().do("o")
    move(run, "x", "z")
    assert (run.stands, run.cancelled) == ("z", ["x", "sub"])


def test_within_a_subprocess_it_and_its_deadline_stay() -> None:
    run = nested().do("o")
    kept = run.wait("late_sub")
    move(run, "x", "y")
    assert (run.stands, run.wait("late_sub")) == ("late_sub y", kept)


def test_a_whole_subprocess_ends_and_begins_anew_in_its_midst() -> None:
    run = nested().do("o")
    before = run.wait("late_sub").token
    move(run, "sub", "y")
    assert run.stands == "late_sub y"
    assert run.wait("late_sub").token != before


def test_a_step_into_a_subprocess_that_fails_is_tried_again_where_it_was_to_go() -> None:
    mapped = '<camunda:inputParameter name="q">${missing}</camunda:inputParameter>'
    inputs = f"<extensionElements><camunda:inputOutput>{mapped}</camunda:inputOutput></extensionElements>"
    run = nested(NESTED.replace('<subProcess id="sub">', '<subProcess id="sub">' + inputs))
    move(run, "o", "y")
    assert list(run.failed.values()) == ["sub"]
    run.set(missing=1)
    run.retry()
    assert run.stands == "late_sub y"


def test_an_open_approval_ends_as_a_whole_and_its_votes_count_for_nothing() -> None:
    run = Drive(approval("share:0.9"), FIVE)
    run.decide("anna")
    move(run, "a", "z")
    assert (run.waiting, run.cancelled) == (["z"], ["a"] * 4)
    assert "a_votes" not in run.values


def test_an_approval_can_begin_anew_by_everybody() -> None:
    run = Drive(approval("share:0.9"), FIVE)
    run.decide("anna")
    move(run, "a", "a")
    assert run.asked == FIVE["people"]
    for person in FIVE["people"]:
        run.decide(person)
    assert (run.waiting, len(run.values["a_votes"])) == (["z"], 5)


def test_one_vote_of_an_approval_is_not_moved() -> None:
    run = Drive(approval("all"), FIVE)
    refused(run, run.task_of("bao").token, "z", match="part of a repetition: end the whole of a")


def test_an_added_signer_is_taken_away_and_not_moved() -> None:
    run = Drive(one_task())
    run.add_signer("anna", "before", "bao")
    refused(run, run.task_of("bao").token, "z", match="take the signer away")
    move(run, "a", "z")
    assert run.waiting == ["z"]


def test_nothing_is_moved_within_a_repetition_but_the_whole_is() -> None:
    inside = NESTED.replace("</subProcess>", several() + "</subProcess>")
    run = nested(inside).do("o")
    refused(run, "x", "z", match="end the whole of sub")
    refused(run, "", "y", match="begin with the whole of sub")
    move(run, "sub", "sub")
    assert run.waiting.count("x") == 3


def test_what_only_listens_is_not_moved_by_itself() -> None:
    run = nested().do("o")
    refused(run, run.wait("late_sub").token, "z", match="only listens for sub")
    refused(run, "late_sub", "z", match="none stands there")


@pytest.mark.parametrize("begun", ["late_sub", "s", "is"])
def test_nothing_begins_where_only_events_begin(begun: str) -> None:
    refused(nested(), "o", begun, match="by no flow")


def test_nothing_begins_before_a_join() -> None:
    refused(course(PARALLEL).do("o"), "a", "j", match="begin with what comes after it")


def test_nothing_is_moved_that_takes_back_what_was_done() -> None:
    run = Drive(row(UNDO_ALL))
    run.complete("a")
    run.complete("b")
    for named in ("ub", "t"):
        refused(run, named, "c", match="takes back what has been done")
    refused(run, "", "ua", match="by no flow")
    run.complete("ub")
    run.complete("ua")
    assert run.waiting == ["c"]


def test_nothing_is_moved_within_an_ad_hoc_subprocess_but_the_whole_is() -> None:
    ad_hoc = '<adHocSubProcess id="h"><userTask id="x"/><userTask id="y"/></adHocSubProcess>'
    run = Drive(bpmn(f'<startEvent id="s"/>{ad_hoc}<userTask id="z"/>\ns -> h -> z'))
    refused(run, "x", "", match="end the whole of h")
    refused(run, "", "y", match="begin with the whole of h")
    move(run, "h", "z")
    assert run.waiting == ["z"]


def test_who_waits_for_one_of_several_events_ends_with_all_of_them() -> None:
    events = "".join(f'<intermediateCatchEvent id="{name}">{TIMER}</intermediateCatchEvent>' for name in ("t1", "t2"))
    run = Drive(bpmn(f'<startEvent id="s"/><eventBasedGateway id="g"/>{events}<userTask id="z"/>\ns -> g -> t1 -> z\ng -> t2 -> z'))
    refused(run, run.wait("t1").token, "z", match="only listens for g")
    move(run, "g", "z")
    assert run.waiting == ["z"]


def test_a_subprocess_that_is_there_twice_takes_nothing_more() -> None:
    run = nested()
    move(run, "o", "sub")
    move(run, "", "sub")
    assert run.waiting.count("x") == 2
    refused(run, "", "y", match="there 2 times")
    move(run, run.wait("x").token)
    assert run.stands == "late_sub x"


def test_nobody_moves_nothing_all_or_what_is_not_there() -> None:
    run = course(ROW)
    refused(run, match="nothing is named", error=Invalid)
    refused(run, "a", match="cancel the case instead")
    refused(run, "b", "c", match="none stands there")
    refused(run, "a", "nowhere", match="there is none with the id", error=NotFound)
    refused(run, "a", "b b", match="named twice", error=Invalid)


def test_a_subprocess_and_what_is_in_it_do_not_begin_both() -> None:
    refused(nested(), "o", "sub y", match="begin by itself as well")


def test_from_where_it_was_moved_the_ways_back_are_those_from_where_it_stood() -> None:
    run = course(PARALLEL).do("o", "a")
    move(run, "c b", "d")
    assert run.ways("d") == ["o", "a"]
    run.go_back("d", "a")
    assert run.stands == "a b"  # what the move had ended in the other branch is there again
    assert run.do("a", "b", "c").stands == "d"


def test_what_was_done_before_a_move_is_not_taken_back_unseen() -> None:
    run = course(ROW)
    token = run.wait("a").token
    run.do("a")
    move(run, "b", "c")
    acts = run.workflow.acts_after(token)
    assert acts is not None
    assert [(act.kind, act.activity_id) for act in acts] == [("token.moved", "b")]


def test_it_is_told_where_tokens_stand_and_where_they_can_go() -> None:
    run = nested().do("o")
    assert [(place.activity_id, place.why_not) for place in run.workflow.places()] == [("sub", None), ("x", None)]
    assert sorted(run.workflow.beginnings()) == ["late", "o", "sub", "x", "y", "z"]
