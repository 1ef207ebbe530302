"""Going back out of and into subprocesses, events, calls and loops: nothing is lost, nothing is doubled, nothing grows."""

from collections import Counter

import pytest

from tests.conformance.drive import bpmn
from tests.conformance.going_back import PARALLEL, TIMER, WAY, Course, course, several, task, tasks

SUBPROCESS = (
    '<startEvent id="s"/>\n' + tasks("o d") + '<subProcess id="sub"><startEvent id="t"/><endEvent id="u"/>\n' + tasks("a b")
    + "\nt -> a -> b -> u\n</subProcess>\ns -> o -> sub -> d"
)  # fmt: skip


def test_out_of_a_subprocess_and_within_it() -> None:
    run = course(SUBPROCESS).do("o", "a")
    assert run.ways("b") == ["o", "a"]
    run.go_back("b", "a")
    assert run.stands == "a"
    run.do("a")
    run.go_back("b", "o")
    assert run.stands == "o"
    assert run.do("o", "a", "b").stands == "d"


def test_a_finished_subprocess_is_no_target_but_its_last_task_can_be_taken_back() -> None:
    run = course(SUBPROCESS).do("o", "a")
    token = run.wait("b").token
    run.do("b")
    assert run.ways("d") == ["o"]
    run.take_back(token)
    assert run.stands == "b"
    assert run.ways("b") == ["o", "a"]
    assert run.do("b").stands == "d"
    assert run.do("d").done


def test_items_that_are_subprocesses() -> None:
    inner = '<startEvent id="t"/>\n' + tasks("a b") + "\nt -> a -> b\n"
    run = course(f'<startEvent id="s"/>\n{tasks("o d")}<subProcess id="m">{several()}{inner}</subProcess>\ns -> o -> m -> d')
    run.do("o", "a", "a", "b")
    assert run.stands == "a b"
    run.go_back("b", "a")
    assert run.stands == "a a"
    run.do("a", "a", "b")
    token = run.wait("b").token
    run.do("b")
    assert run.stands == "d"
    run.take_back(token)
    assert run.stands == "b"
    assert run.do("b").stands == "d"


@pytest.mark.parametrize("interrupting", ["true", "false"])
def test_what_a_boundary_event_began_goes_with_the_task_before_it(interrupting: str) -> None:
    boundary = f'<boundaryEvent id="t" attachedToRef="b" cancelActivity="{interrupting}">{TIMER}</boundaryEvent>'
    run = course('<startEvent id="s"/>\n' + tasks("a b c late") + boundary + "\ns -> a -> b -> c\nt -> late").do("a")
    run.fire("t")
    assert run.stands == ("late" if interrupting == "true" else "b late")
    run.go_back("late", "a")
    assert run.stands == "a"
    assert run.do("a").stands == "b t"
    run.fire("t")
    assert run.do("late").stands == ("" if interrupting == "true" else "b")


def test_a_boundary_timer_begins_anew_with_its_task() -> None:
    boundary = f'<boundaryEvent id="t" attachedToRef="b">{TIMER}</boundaryEvent>'
    run = course('<startEvent id="s"/>\n' + tasks("a b c late") + boundary + "\ns -> a -> b -> c\nt -> late").do("a", "b")
    run.now = run.now.replace(day=9)
    run.go_back("c", "b")
    assert run.stands == "b t"
    assert run.wait("t").details["due_at"] == run.now.replace(day=10)


def test_what_an_event_interrupted_in_another_branch_comes_back_as_it_was() -> None:
    inner = '<startEvent id="t"/><parallelGateway id="f"/>\n' + tasks("a b c") + "\nt -> f -> a -> c\nf -> b\n"
    host = f'<subProcess id="sub">{inner}</subProcess><boundaryEvent id="x" attachedToRef="sub">{TIMER}</boundaryEvent>'
    run = course(f'<startEvent id="s"/>\n{host}{tasks("late after")}\ns -> sub -> after\nx -> late')
    token = run.wait("a").token
    run.do("a")
    run.fire("x")
    assert run.stands == "late"
    run.take_back(token)
    assert run.stands == "a b x"
    assert run.wait("x").details["due_at"] > run.now
    assert run.do("a", "b", "c").stands == "after"


EVENT_SUBPROCESS = (
    '<startEvent id="s"/><parallelGateway id="f"/>\n' + tasks("o a b c")
    + '<subProcess id="sub" triggeredByEvent="true"><startEvent id="x" isInterrupting="KIND">' + TIMER + "</startEvent>\n"
    + tasks("u w") + "\nx -> u -> w\n</subProcess>\ns -> o -> f -> a -> c\nf -> b"
)  # fmt: skip


def test_back_out_of_an_event_subprocess_to_what_it_interrupted() -> None:
    run = course(EVENT_SUBPROCESS.replace("KIND", "true")).do("o", "a")
    run.fire("x")
    assert run.stands == "u"
    run.do("u")
    assert run.ways("w") == ["o", "a", "u"]
    run.go_back("w", "a")
    assert run.stands == "a b x"
    run.do("a")
    run.fire("x")
    assert run.stands == "u"
    run.go_back("u", "o")
    assert run.stands == "o x"
    assert run.do("o", "a", "b", "c").done


def test_an_event_subprocess_beside_the_course_does_not_descend_from_it() -> None:
    run = course(EVENT_SUBPROCESS.replace("KIND", "false")).do("o")
    run.fire("x")
    assert run.stands == "a b u"
    run.do("u")
    assert run.ways("w") == ["u"]
    run.do("a")
    run.go_back("c", "o")
    assert run.stands == "o w"
    run.go_back("w", "u")
    assert run.stands == "o u"


def test_an_end_that_stopped_other_branches_is_taken_back_with_its_task() -> None:
    body = '<startEvent id="s"/><parallelGateway id="f"/><endEvent id="stop"><terminateEventDefinition/></endEvent>\n' + tasks("a b c")
    run = course(
        f'<startEvent id="r"/>\n<subProcess id="sub">{body}\ns -> f -> a -> stop\nf -> b -> c\n</subProcess>{task("z")}\nr -> sub -> z'
    )
    run.do("b")
    token = run.wait("a").token
    run.do("a")
    assert run.stands == "z"
    run.take_back(token)
    assert run.stands == "a c"
    assert run.ways("c") == ["b"]
    assert run.do("c", "a").stands == "z"


def test_called_processes_and_jobs_go_and_come_again() -> None:
    called = '<callActivity id="call" calledElement="other"/><serviceTask id="job" camunda:type="external" camunda:topic="t"/>'
    body = '<startEvent id="s"/><parallelGateway id="f"/>\n' + tasks("a b") + called + "\ns -> a -> f -> call\nf -> job\nf -> b"
    run = course(body).do("a")
    before = {wait.token for wait in run.waits()}
    run.go_back("b", "a")
    assert run.stands == "a"
    assert run.do("a").stands == "b call job"
    assert not before & {wait.token for wait in run.waits()}


def test_an_ad_hoc_subprocess_goes_on_after_a_way_back_into_it() -> None:
    inside = tasks("a b c") + "\na -> c\n<completionCondition>enough</completionCondition>"
    run = Course(bpmn(f'<startEvent id="s"/><adHocSubProcess id="x">{inside}</adHocSubProcess>{task("z")}\ns -> x -> z'), {"enough": False})
    run.do("a")
    run.go_back("c", "a")
    assert run.stands == "a b"
    token = run.wait("a").token
    run.complete("a", "anna", enough=True)
    assert run.stands == "z"
    run.take_back(token)
    assert run.stands == "a b"
    run.complete("a", "anna", enough=True)
    assert run.stands == "z"


def test_quantities_of_tokens_come_back() -> None:
    body = '<startEvent id="s"/><parallelGateway id="f"/>\n' + tasks("a b d") + task("c").replace('id="c"', 'id="c" startQuantity="2"')
    run = course(body + "\ns -> f -> a -> c -> d\nf -> b -> c").do("a", "b", "c")
    assert run.stands == "d"
    run.go_back("d", "c")
    assert run.stands == "c"
    run.go_back("c", "b")
    assert run.stands == "b"
    assert run.do("b").stands == "c"


def test_a_failed_step_after_the_task_is_taken_away_with_it() -> None:
    run = course('<startEvent id="s"/><scriptTask id="x"><script>y = 1 / n</script></scriptTask>\n' + tasks("a b") + "\ns -> a -> x -> b")
    token = run.wait("a").token
    run.complete("a", "anna", n=0)
    assert list(run.failed.values()) == ["x"]
    run.take_back(token)
    assert run.stands == "a"
    assert run.failed == {}
    run.complete("a", "anna", n=1)
    assert run.stands == "b"


def test_who_did_what_is_forgotten_as_far_as_it_is_undone() -> None:
    run = course('<startEvent id="s"/>\n' + tasks("a b c") + "\ns -> a -> b -> c").do("a", "b")
    run.go_back("c", "b")
    assert run.workflow.performers == {"a": "who did a"}
    run.complete("b", "another")
    run.go_back("c", "a")
    assert run.workflow.performers == {}


def test_a_signature_that_is_undone_counts_for_nothing() -> None:
    several_ = several(of=2)
    body = '<startEvent id="s"/>\n' + tasks("a z") + task("m", several_) + task("k", several_) + "\ns -> a -> m -> k -> z"
    run = course(body).do("a")
    run.complete("m", "anna")
    token = run.wait("m").token
    run.complete("m", "bao")
    run.complete("k", "chen")
    assert {name: sorted(who) for name, who in run.workflow._instance.signed.items()} == {"m": ["anna", "bao"], "k": ["chen"]}
    run.go_back("k", "m")
    assert run.workflow._instance.signed == {}
    run.complete("m", "anna")
    token = run.wait("m").token
    run.complete("m", "bao")
    run.take_back(token)
    assert {name: sorted(who) for name, who in run.workflow._instance.signed.items()} == {"m": ["anna"]}


def test_variables_keep_their_values() -> None:
    run = course('<startEvent id="s"/>\n' + tasks("a b") + "\ns -> a -> b")
    run.complete("a", "anna", price=5)
    run.go_back("b", "a")
    assert run.values == {"price": 5}


LOOP = (
    '<startEvent id="s"/><exclusiveGateway id="m"/><exclusiveGateway id="x"/><endEvent id="e"/>\n'
    + tasks("a b c")
    + ("\ns -> m -> a -> b -> c -> x\nx -> m if again\nx -> e if not again")
)


def test_in_a_loop_the_last_round_counts() -> None:
    run = Course(bpmn(LOOP), {"again": True}).do("a", "b", "c", "a")
    assert run.ways("b") == ["a", "c"]
    run.go_back("b", "a")
    assert run.stands == "a"
    run.do("a", "b")
    run.go_back("c", "a")
    assert run.stands == "a"
    run.set(again=False)
    assert run.do("a", "b", "c").done


def test_a_loop_of_many_rounds_stays_as_small_as_it_was() -> None:
    run = Course(bpmn(LOOP), {"again": True})
    sizes = []
    for _ in range(60):
        run.do("a", "b", "c")
        sizes.append(len(run.state))
    assert max(sizes[30:]) <= max(sizes[2:8]) + 8  # the numbers grow longer


def test_a_loop_with_branches_and_subprocesses_stays_small_too() -> None:
    inner = '<startEvent id="t"/>\n' + task("a") + "\nt -> a\n"
    body = '<startEvent id="s"/><exclusiveGateway id="m"/><parallelGateway id="f"/><parallelGateway id="j"/><exclusiveGateway id="x"/>'
    signing = task("c", several(of=2))
    flows = "\ns -> m -> f -> sub -> j -> c -> x\nf -> b -> j\nx -> m if True\n"
    run = course(f'{body}<subProcess id="sub">{inner}</subProcess>{task("b")}{signing}{flows}')
    sizes = []
    for _ in range(40):
        run.do("a", "b", "c", "c")
        sizes.append(len(run.state))
    assert max(sizes[20:]) <= max(sizes[2:8]) + 16


def test_a_task_that_is_begun_again_and_again_beside_the_course_does_not_pile_up() -> None:
    cycle = "<timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition>"
    boundary = f'<boundaryEvent id="t" attachedToRef="a" cancelActivity="false">{cycle}</boundaryEvent>'
    run = course('<startEvent id="s"/>\n' + tasks("a b") + boundary + "\ns -> a\nt -> b")
    sizes = []
    for _ in range(60):
        run.fire("t")
        run.do("b")
        sizes.append(len(run.state))
    assert sizes[-1] <= sizes[30] + 60


def test_a_process_without_ways_back_writes_nothing_down() -> None:
    with_ways, without = bpmn(PARALLEL), bpmn(PARALLEL.replace(WAY, ""))
    runs = [Course(content).do("o", "a", "b") for content in (with_ways, without)]
    assert [len(run.state) > 0 and run.state[2] for run in runs] == [2, 1]
    assert runs[1].workflow.ways_from(runs[1].wait("c").token) == []


def test_what_was_done_after_a_task_is_told() -> None:
    catch = f'<intermediateCatchEvent id="t">{TIMER}</intermediateCatchEvent>'
    run = course('<startEvent id="s"/><parallelGateway id="f"/>\n' + tasks("a b") + catch + "\ns -> a -> f -> b\nf -> t")
    token = run.wait("a").token
    run.do("a")
    assert run.workflow.acts_after(token) == []
    run.fire("t")
    assert [(act.kind, act.activity_id) for act in run.workflow.acts_after(token)] == [("timer.fired", "t")]


def test_a_task_that_was_done_after_it_and_taken_back_is_forgotten() -> None:
    run = course('<startEvent id="s"/>\n' + tasks("a b c") + "\ns -> a -> b -> c")
    first = run.wait("a").token
    run.do("a")
    second = run.wait("b").token
    run.do("b")
    assert [(act.activity_id, act.performer) for act in run.workflow.acts_after(first)] == [("b", "who did b")]
    run.take_back(second)
    assert run.workflow.acts_after(first) == []
    assert Counter(run.waiting) == Counter("b")
