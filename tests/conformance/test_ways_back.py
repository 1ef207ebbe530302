"""Going back to a completed task: what came of it goes, what that had consumed comes back, everything else stays. Drawn case by case."""

from itertools import permutations

import pytest

from engine.bpmn.triggers import Return
from engine.errors import Conflict
from tests.conformance.drive import bpmn
from tests.conformance.going_back import PARALLEL, Course, course, several, task, tasks


def test_back_to_the_task_before() -> None:
    run = course('<startEvent id="s"/>\n' + tasks("a b c") + "\ns -> a -> b -> c").do("a", "b")
    assert run.ways("c") == ["a", "b"]
    run.go_back("c", "b")
    assert run.stands == "b"
    assert run.do("b").stands == "c"


def test_back_over_two_tasks_and_on_to_the_end() -> None:
    run = course('<startEvent id="s"/><endEvent id="e"/>\n' + tasks("a b c") + "\ns -> a -> b -> c -> e").do("a", "b")
    run.go_back("c", "a")
    assert run.stands == "a"
    assert run.cancelled == ["c"]
    assert run.do("a", "b", "c").done


def test_a_task_that_was_not_done_before_is_no_way_back() -> None:
    run = course('<startEvent id="s"/>\n' + tasks("a b") + "\ns -> a -> b")
    assert run.ways("a") == []
    with pytest.raises(Conflict):
        run.workflow.advance(Return(run.wait("a").token, 1), run.context)


def test_the_other_branch_stays_where_it_is() -> None:
    run = course(PARALLEL).do("o", "a")
    assert run.stands == "b c"
    waits = run.wait("b")
    run.go_back("c", "a")
    assert run.stands == "a b"
    assert run.wait("b") == waits
    assert run.do("b", "a", "c").stands == "d"


def test_a_task_of_the_other_branch_is_no_way_back() -> None:
    run = course(PARALLEL).do("o", "a", "b")
    assert run.ways("c") == ["o", "a"]


def test_behind_a_join_what_had_come_by_the_other_branch_waits_at_it_again() -> None:
    run = course(PARALLEL).do("o", "a", "b", "c")
    assert run.stands == "d"
    assert run.ways("d") == ["o", "a", "b", "c"]
    run.go_back("d", "a")
    assert run.stands == "a"
    assert run.do("a").stands == "c"
    assert run.do("c").stands == "d"
    run.go_back("d", "b")
    assert run.stands == "b"
    assert run.do("b").stands == "d"


def test_back_to_before_the_fork_takes_all_branches_away() -> None:
    run = course(PARALLEL).do("o", "a")
    run.go_back("c", "o")
    assert run.stands == "o"
    assert run.do("o").stands == "a b"
    run.do("b", "a")
    run.go_back("c", "o")
    assert run.stands == "o"
    assert run.do("o", "a", "b", "c").stands == "d"


def test_two_returns_behind_a_join_do_not_double_what_comes_back() -> None:
    run = course(PARALLEL).do("o", "a", "b", "c")
    run.go_back("d", "a")
    run.do("a", "c")
    run.go_back("d", "c")
    assert run.stands == "c"
    run.do("c")
    run.go_back("d", "b")
    assert run.stands == "b"
    assert run.do("b").stands == "d"


NESTED = (
    '<startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/><parallelGateway id="g"/><parallelGateway id="k"/>\n'
    + tasks("a b c d x")
    + "\ns -> f -> a -> g -> b -> k -> x -> j -> d\ng -> c -> k\nf -> y -> j\n"
    + task("y")
)


def test_forks_within_forks() -> None:
    run = course(NESTED).do("a", "b", "c")
    assert run.stands == "x y"
    run.go_back("x", "b")
    assert run.stands == "b y"
    run.do("y", "b", "x")
    assert run.stands == "d"
    run.go_back("d", "a")
    assert run.stands == "a"
    assert run.do("a", "c", "b", "x").stands == "d"
    run.go_back("d", "y")
    assert run.stands == "y"


INCLUSIVE = (
    '<startEvent id="s"/><inclusiveGateway id="f"/><inclusiveGateway id="j"/><exclusiveGateway id="x"/><endEvent id="e"/>\n'
    + tasks("a b c d")
    + "\ns -> f\nf -> a if True\nf -> b if True\nf -> c if False\na -> j -> d\nb -> x\nx -> j if stop == 0\nx -> e if stop == 1\nc -> j"
)


def test_an_inclusive_join_waits_again_for_what_it_had_joined() -> None:
    run = Course(bpmn(INCLUSIVE), {"stop": 0}).do("a", "b")
    assert run.stands == "d"
    run.go_back("d", "b")
    assert run.stands == "b"
    assert run.do("b").stands == "d"


def test_an_inclusive_join_that_opened_because_a_branch_ended_elsewhere_waits_for_that_branch_again() -> None:
    run = Course(bpmn(INCLUSIVE), {"stop": 1}).do("a")
    assert run.stands == "b"
    token = run.wait("b").token
    run.do("b")
    assert run.stands == "d"
    run.take_back(token)
    assert run.stands == "b"
    run.set(stop=0)
    assert run.do("b").stands == "d"
    assert run.do("d").done


def test_an_inclusive_join_that_opened_because_a_branch_went_elsewhere_waits_for_it_again() -> None:
    body = '<startEvent id="s"/><inclusiveGateway id="f"/><inclusiveGateway id="j"/><exclusiveGateway id="x"/>\n' + tasks("a b c d away")
    run = Course(bpmn(body + "\ns -> f -> a -> x\nx -> j if back\nx -> away if not back\nf -> b -> j -> d"), {"back": False})
    token = run.wait("a").token
    run.do("b", "a")
    assert run.stands == "away d"
    run.take_back(token)
    assert run.stands == "a"
    run.set(back=True)
    assert run.do("a").stands == "d"


def test_branches_that_merge_without_a_join_go_back_each_by_itself() -> None:
    body = '<startEvent id="s"/><parallelGateway id="f"/><exclusiveGateway id="m"/>\n' + tasks("a b c d")
    run = course(body + "\ns -> f -> a -> m -> c -> d\nf -> b -> m").do("a", "b")
    assert run.stands == "c c"
    run.do("c", "c")
    assert run.stands == "d d"
    assert (run.ways("d"), run.ways("d", 1)) == (["a", "c"], ["b", "c"])
    run.go_back("d", "c")
    assert run.stands == "c d"
    run.go_back("d", "b")
    assert run.stands == "b c"
    assert run.do("b", "c", "c", "d", "d").done


@pytest.mark.parametrize("sequential", [False, True])
def test_the_way_back_from_one_signer_takes_the_whole_signing_away(sequential: bool) -> None:
    run = course('<startEvent id="s"/>\n' + task("a") + task("m", several(sequential)) + task("z") + "\ns -> a -> m -> z").do("a", "m")
    run.go_back("m", "a")
    assert run.stands == "a"
    assert len(run.do("a").waiting) == (1 if sequential else 3)
    assert run.do("m", "m", "m").stands == "z"


@pytest.mark.parametrize("sequential", [False, True])
def test_the_way_back_to_a_signing_opens_all_of_it(sequential: bool) -> None:
    run = course('<startEvent id="s"/>\n' + task("a") + task("m", several(sequential)) + task("z") + "\ns -> a -> m -> z")
    run.do("a", "m", "m", "m")
    assert run.ways("z") == ["a", "m"]
    run.go_back("z", "m")
    assert len(run.waiting) == (1 if sequential else 3)
    assert run.do("m", "m", "m").stands == "z"
    run.go_back("z", "m")
    run.do("m", "m", "m")
    run.go_back("z", "a")
    assert run.stands == "a"


@pytest.mark.parametrize("sequential", [False, True])
def test_one_signer_takes_a_signature_back(sequential: bool) -> None:
    run = course('<startEvent id="s"/>\n' + task("m", several(sequential)) + task("z") + "\ns -> m -> z").do("m")
    token = run.wait("m").token
    run.do("m")
    run.take_back(token)
    [body] = [scope for scope in run.scopes.values() if "nrOfInstances" in scope]
    assert (body["nrOfCompletedInstances"], body["nrOfActiveInstances"]) == ((1, 1) if sequential else (1, 2))
    again = run.waits()[-1]
    assert again.details["variables"]["loopCounter"] == 1
    assert run.do("m", "m").stands == "z"


@pytest.mark.parametrize("sequential", [False, True])
def test_the_last_signer_takes_the_signature_back(sequential: bool) -> None:
    run = course('<startEvent id="s"/>\n' + task("m", several(sequential)) + task("z") + "\ns -> m -> z").do("m", "m")
    token = run.wait("m").token
    run.do("m")
    assert run.stands == "z"
    run.take_back(token)
    assert run.stands == "m"
    assert run.do("m").stands == "z"


def test_the_signature_that_was_enough_is_taken_back_and_the_others_sign_again() -> None:
    signing = task("m", several(until="nrOfCompletedInstances &gt;= 2"))
    run = course('<startEvent id="s"/>\n' + signing + task("z") + "\ns -> m -> z").do("m")
    token = run.wait("m").token
    run.do("m")
    assert run.stands == "z"
    run.take_back(token)
    assert run.stands == "m m"
    assert {wait.details["variables"]["loopCounter"] for wait in run.waits()} == {1, 2}
    assert run.do("m").stands == "z"


def test_a_loop_goes_back_to_its_beginning_and_one_round_back() -> None:
    loop = '<standardLoopCharacteristics loopMaximum="3"><loopCondition>True</loopCondition></standardLoopCharacteristics>'
    run = course('<startEvent id="s"/>\n' + task("a") + task("m", loop) + task("z") + "\ns -> a -> m -> z").do("a", "m")
    token = run.wait("m").token
    run.do("m")
    run.take_back(token)
    assert run.do("m", "m").stands == "z"
    run.go_back("z", "m")
    assert run.do("m", "m").stands == "m"
    assert run.do("m").stands == "z"
    run.go_back("z", "a")
    assert run.stands == "a"


ALIKE = (
    '<startEvent id="s"/><parallelGateway id="f"/><exclusiveGateway id="m"/><parallelGateway id="j"/>\n'
    + tasks("a b c d e")
    + "\ns -> f -> a -> m -> j -> d -> e\nf -> b -> m\nf -> c -> j"
)


@pytest.mark.parametrize("order", list(permutations("abc")), ids="".join)
@pytest.mark.parametrize("undone", ["a", "b"])
def test_a_token_that_was_one_too_many_takes_the_place_of_one_that_is_undone(order: tuple[str, ...], undone: str) -> None:
    run = course(ALIKE)
    tokens = {each: run.wait(each).token for each in order}
    assert run.do(*order).stands == "d"
    run.take_back(tokens[undone])
    assert run.stands == f"{undone} d"
    assert run.do(undone).stands == "d"
    assert run.do("d", "e").stands == ""
    assert not run.done, "one token stays at the join"


def test_what_came_of_a_token_is_undone_with_it_though_another_takes_its_place() -> None:
    run = course(ALIKE)
    token = run.wait("a").token
    run.do("a", "b", "c", "d")
    run.take_back(token)
    assert run.stands == "a d"


def test_enough_tokens_that_come_together_anew_begin_an_activity() -> None:
    body = (
        '<startEvent id="s"/><parallelGateway id="f"/>\n' + tasks("a b c") + task("d").replace("<userTask ", '<userTask startQuantity="2" ')
    )
    run = course(body + "\ns -> f -> a -> d\nf -> b -> d\nf -> c -> d")
    token = run.wait("b").token
    assert run.do("a", "b", "c").stands == "d"
    run.take_back(token)
    assert run.stands == "b d"
