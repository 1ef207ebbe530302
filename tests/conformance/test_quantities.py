"""Activities that take or give several tokens, BPMN 2.0.2 §10.3 (table 10.3) and §13.3.2."""

from tests.conformance.drive import Drive, bpmn


def test_an_activity_may_give_several_tokens() -> None:
    run = Drive(bpmn('<startEvent id="s"/><task id="a" completionQuantity="3"/><userTask id="b"/>\ns -> a -> b'))
    assert run.visits == ["s", "a", "b", "b", "b"]
    assert run.waiting == ["b", "b", "b"]


GATHER = """<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>
<userTask id="d" startQuantity="2"/><endEvent id="e"/>
s -> f -> a -> d -> e
f -> b -> d
f -> c -> d
"""


def test_an_activity_may_wait_for_several_tokens_whatever_way_they_come() -> None:
    run = Drive(bpmn(GATHER))
    run.complete("a")
    assert run.waiting == ["b", "c"]
    run.complete("c")
    assert run.visits == ["s", "f", "a", "b", "c", "d"]
    assert run.waiting == ["b", "d"]
    run.complete("d")
    assert not run.done


def test_where_not_enough_tokens_can_come_it_is_a_deadlock() -> None:
    run = Drive(bpmn(GATHER))
    for activity in ("a", "c", "d", "b"):
        run.complete(activity)
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("d", "deadlock")]
    assert run.visits.count("d") == 1


def test_tokens_that_one_activity_gives_are_gathered_by_the_next() -> None:
    body = '<startEvent id="s"/><task id="a" completionQuantity="4"/><task id="b" startQuantity="2"/><userTask id="c"/>\ns -> a -> b -> c'
    assert Drive(bpmn(body)).visits == ["s", "a", "b", "b", "c", "c"]


def test_a_step_that_fails_after_gathering_needs_no_more_tokens() -> None:
    body = """<startEvent id="s"/><task id="a" completionQuantity="2"/><scriptTask id="b" startQuantity="2"><script>x = 1 / zero</script>
    </scriptTask><userTask id="c"/>
    s -> a -> b -> c
    """
    run = Drive(bpmn(body), {"zero": 0})
    assert [failure.activity_id for failure in run.failures] == ["b"]
    run.set(zero=1)
    run.retry()
    assert run.waiting == ["c"]


def test_what_waits_for_more_tokens_ends_with_its_scope() -> None:
    body = """<startEvent id="s"/><subProcess id="p1"><startEvent id="i"/><parallelGateway id="f"/><task id="a"/><userTask id="b"/>
    <userTask id="c" startQuantity="2"/>
    i -> f -> a -> c
    f -> b -> c
    </subProcess><boundaryEvent id="t" attachedToRef="p1"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>
    </boundaryEvent><userTask id="z"/>
    s -> p1
    t -> z
    """
    run = Drive(bpmn(body))
    assert run.waiting == ["t", "b"]
    run.fire("t")
    assert run.waiting == ["z"]
    assert run.cancelled == ["b", "p1"]
