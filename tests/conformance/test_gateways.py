"""Gateways, BPMN 2.0.2 §10.6 and §13.4, and the gateways that several flows imply."""

import pytest

from tests.conformance.drive import Drive, bpmn

CHOICE = """
<startEvent id="s"/><exclusiveGateway id="g" {}/><task id="a"/><task id="b"/><task id="c"/>
s -> g
<sequenceFlow id="fa" sourceRef="g" targetRef="a"><conditionExpression>${{n > 10}}</conditionExpression></sequenceFlow>
<sequenceFlow id="fb" sourceRef="g" targetRef="b"><conditionExpression>n > 5</conditionExpression></sequenceFlow>
<sequenceFlow id="fc" sourceRef="g" targetRef="c">{}</sequenceFlow>
""".replace("n > ", "n &gt; ")


@pytest.mark.parametrize(("n", "way"), [(11, "a"), (6, "b"), (1, "c")])
def test_an_exclusive_gateway_takes_the_first_flow_that_holds_else_the_default(n: int, way: str) -> None:
    run = Drive(bpmn(CHOICE.format('default="fc"', "")), {"n": n})
    assert run.visits == ["s", "g", way]
    assert f"f{way}" in run.flows


@pytest.mark.parametrize("condition", ["approved && n > 5", "${!approved || n > 50}", "n > 5 and not approved", "approved ? n > 5 : false"])
def test_the_text_false_takes_no_way_without_a_word(condition: str) -> None:
    """A choice list gives texts: read as a condition, "false" would have counted as yes."""
    written = condition.replace("&", "&amp;").replace(">", "&gt;")
    flow = f'<sequenceFlow id="f" sourceRef="g" targetRef="a"><conditionExpression>{written}</conditionExpression></sequenceFlow>'
    model = bpmn(f"""<startEvent id="s"/><exclusiveGateway id="g" default="d"/><task id="a"/><task id="b"/>
    s -> g
    {flow}<sequenceFlow id="d" sourceRef="g" targetRef="b"/>""")
    run = Drive(model, {"approved": "false", "n": 9})
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("g", "expression")]
    assert "found the text 'false'" in run.failures[0].message
    assert Drive(model, {"approved": False, "n": 9}).done


def test_a_default_flow_comes_last_wherever_it_stands() -> None:
    body = """<startEvent id="s"/><exclusiveGateway id="g" default="fb"/><task id="a"/><task id="b"/>
    s -> g
    <sequenceFlow id="fb" sourceRef="g" targetRef="b"/>
    g -> a if True"""
    assert Drive(bpmn(body)).visits == ["s", "g", "a"]


def test_the_condition_of_a_default_flow_is_not_asked() -> None:
    run = Drive(bpmn(CHOICE.format('default="fc"', "<conditionExpression>nonsense</conditionExpression>")), {"n": 1})
    assert run.visits == ["s", "g", "c"]


def test_an_exclusive_gateway_where_nothing_holds_is_a_failure() -> None:
    run = Drive(bpmn(CHOICE.format("", "<conditionExpression>n &lt; 0</conditionExpression>")), {"n": 1})
    assert run.visits == ["s"]
    [failure] = run.failures
    assert (failure.activity_id, failure.kind) == ("g", "expression")
    run.set(n=7)
    run.retry()
    assert run.visits == ["s", "g", "b"]


@pytest.mark.parametrize("value", ["'false'", "unknown", "1 / 0"])
def test_a_condition_that_is_neither_true_nor_false_is_a_failure(value: str) -> None:
    run = Drive(bpmn(f'<startEvent id="s"/><exclusiveGateway id="g"/><task id="a"/>\ns -> g\ng -> a if {value}'))
    assert [failure.activity_id for failure in run.failures] == ["g"]


BOTH = """
<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><parallelGateway id="j"/><userTask id="z"/>
s -> f -> a -> j -> z
f -> b -> j
"""


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_parallel_join_waits_for_both_branches_and_keeps_what_both_wrote(order: tuple[str, str]) -> None:
    run = Drive(bpmn(BOTH), {"satisfied": None})
    assert run.waiting == ["a", "b"]
    first, second = order
    run.complete(first, satisfied=False)
    assert run.waiting == [second]
    run.complete(second, other=1)
    assert run.waiting == ["z"]
    assert run.values == {"satisfied": False, "other": 1}
    assert run.visits.count("j") == 1


def test_a_parallel_join_counts_tokens_by_flow() -> None:
    """Two tokens on one flow do not open it; the second of them stays for the next round."""
    body = """
    <startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>
    <exclusiveGateway id="m"/><parallelGateway id="j"/><userTask id="z"/>
    s -> f -> a -> m -> j -> z
    f -> b -> m
    f -> c -> j
    """
    run = Drive(bpmn(body))
    run.complete("a")
    run.complete("b")
    assert run.waiting == ["c"]
    run.complete("c")
    assert run.waiting == ["z"]
    run.complete("z")
    assert not run.done  # one token still waits at the join, and nothing will ever come
    assert run.waiting == []
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("j", "deadlock")]


def test_a_join_that_nothing_can_reach_any_more_is_named() -> None:
    body = """
    <startEvent id="s"/><subProcess id="p1"><exclusiveGateway id="x"/><task id="a"/><task id="b"/><parallelGateway id="j"/>
      x -> a if True
      x -> b if False
      a -> j
      b -> j
    </subProcess><userTask id="late"/>
    <boundaryEvent id="t" attachedToRef="p1"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
    s -> p1
    t -> late
    """
    run = Drive(bpmn(body))
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("j", "deadlock")]
    run.retry()
    assert len(run.failures) == 2
    run.fire("t")
    assert run.waiting == ["late"]


def test_a_parallel_join_in_a_loop_works_every_round() -> None:
    body = """
    <startEvent id="s"/><exclusiveGateway id="m"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><parallelGateway id="j"/>
    <exclusiveGateway id="g" default="out"/><endEvent id="e"/>
    s -> m -> f -> a -> j -> g
    f -> b -> j
    g -> m if again
    <sequenceFlow id="out" sourceRef="g" targetRef="e"/>
    """
    run = Drive(bpmn(body))
    for again in (True, True, False):
        run.complete("b", again=again)
        run.complete("a")
    assert run.done
    assert run.visits.count("j") == 3


def test_two_flows_between_the_same_nodes_are_two_flows() -> None:
    run = Drive(bpmn('<parallelGateway id="f"/><parallelGateway id="j"/><userTask id="z"/>\nf -> j -> z\nf -> j'))
    assert run.waiting == ["z"]


SOME = """
<startEvent id="s"/><inclusiveGateway id="f" {}/><userTask id="a"/><userTask id="b"/><userTask id="c"/>
<inclusiveGateway id="j"/><userTask id="z"/>
s -> f
f -> a if x
f -> b if y
<sequenceFlow id="d" sourceRef="f" targetRef="c"/>
a -> j -> z
b -> j
c -> j
"""


@pytest.mark.parametrize(("x", "y", "ways"), [(1, 1, ["a", "b"]), (1, 0, ["a"]), (0, 1, ["b"]), (0, 0, ["c"])])
def test_an_inclusive_gateway_takes_all_that_hold_and_joins_just_those(x: int, y: int, ways: list[str]) -> None:
    run = Drive(bpmn(SOME.format('default="d"')), {"x": x, "y": y})
    assert run.waiting == ways
    for way in ways:
        assert "z" not in run.visits
        run.complete(way)
    assert run.waiting == ["z"]
    assert run.visits.count("j") == 1


def test_an_inclusive_join_in_a_loop_works_every_round() -> None:
    body = """
    <startEvent id="s"/><exclusiveGateway id="m"/><inclusiveGateway id="f"/><userTask id="a"/><userTask id="b"/><inclusiveGateway id="j"/>
    <exclusiveGateway id="g" default="out"/><endEvent id="e"/>
    s -> m -> f
    f -> a if True
    f -> b if both
    a -> j -> g
    b -> j
    g -> m if again
    <sequenceFlow id="out" sourceRef="g" targetRef="e"/>
    """
    run = Drive(bpmn(body), {"both": True})
    run.complete("a", again=True)
    assert run.waiting == ["b"]
    run.complete("b", both=False)
    assert run.waiting == ["a"]
    run.complete("a", again=False)
    assert run.done


def test_an_inclusive_join_waits_for_a_token_that_can_still_come() -> None:
    """The branch over c leads to the join only if its gateway says so: until then the join waits."""
    body = """
    <startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="c"/><exclusiveGateway id="g" default="out"/>
    <inclusiveGateway id="j"/><userTask id="z"/><endEvent id="e"/>
    s -> f -> a -> j -> z
    f -> c -> g
    g -> j if joins
    <sequenceFlow id="out" sourceRef="g" targetRef="e"/>
    """
    run = Drive(bpmn(body))
    run.complete("a")
    assert run.waiting == ["c"]
    run.complete("c", joins=False)
    assert run.waiting == ["z"]


def test_an_inclusive_join_does_not_wait_for_a_token_that_comes_by_a_flow_it_has() -> None:
    """Both tokens can only come by one flow, so that neither waits for the other (§13.4.3)."""
    body = """
    <startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><exclusiveGateway id="m"/><userTask id="never"/>
    <inclusiveGateway id="j"/><userTask id="z"/>
    s -> f -> a -> m -> j -> z
    f -> b -> m
    never -> j
    """
    run = Drive(bpmn(body))
    run.complete("a")
    assert run.waiting == ["b", "z"]


def test_a_condition_that_fails_behind_an_inclusive_join_is_tried_again_without_the_branches() -> None:
    body = """
    <startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><inclusiveGateway id="j"/><userTask id="z"/>
    s -> f -> a -> j
    f -> b -> j
    j -> z if missing
    """
    run = Drive(bpmn(body))
    run.complete("a")
    run.complete("b")
    assert [failure.activity_id for failure in run.failures] == ["j"]
    run.set(missing=True)
    run.retry()
    assert run.waiting == ["z"]


EVENTS = """
<startEvent id="s"/><eventBasedGateway id="g"/><userTask id="y"/><userTask id="z"/>
<intermediateCatchEvent id="m"><messageEventDefinition messageRef="paid"/></intermediateCatchEvent>
<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>
s -> g -> m -> y
g -> t -> z
"""


def test_the_first_event_behind_an_event_based_gateway_decides() -> None:
    run = Drive(bpmn(EVENTS, '<message id="paid" name="paid"/>'))
    assert run.waiting == ["m", "t"]
    run.deliver("m", amount=5)
    assert run.waiting == ["y"]
    assert run.values == {"amount": 5}
    assert run.visits == ["s", "g", "m", "y"]
    run = Drive(bpmn(EVENTS, '<message id="paid" name="paid"/>'))
    run.fire("t")
    assert run.waiting == ["z"]


def test_several_flows_out_of_a_task_are_taken_all() -> None:
    run = Drive(bpmn('<startEvent id="s"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>\ns -> a -> b\na -> c'))
    run.complete("a")
    assert run.waiting == ["b", "c"]
    assert run.visits == ["s", "a", "b", "c"]
    assert run.flows == ["flow-s-a", "flow-a-b", "flow-a-c"]


def test_several_flows_into_a_task_start_it_once_for_each_token() -> None:
    body = '<startEvent id="s"/><parallelGateway id="f"/><task id="a"/><task id="b"/><userTask id="z"/>\ns -> f -> a -> z\nf -> b -> z'
    run = Drive(bpmn(body))
    assert run.waiting == ["z", "z"]


CONDITIONAL = """
<startEvent id="s"/><userTask id="a" {}/><userTask id="b"/><userTask id="c"/><userTask id="d"/>
s -> a
a -> b if x
a -> c if y
<sequenceFlow id="d1" sourceRef="a" targetRef="d"/>
"""


@pytest.mark.parametrize(("x", "ways"), [(True, ["b"]), (False, ["d"])])
def test_conditional_flows_out_of_a_task_with_a_default(x: bool, ways: list[str]) -> None:
    run = Drive(bpmn(CONDITIONAL.format('default="d1"')))
    run.complete("a", x=x, y=False)
    assert run.waiting == ways


def test_an_unconditional_flow_beside_conditional_ones_is_always_taken() -> None:
    run = Drive(bpmn(CONDITIONAL.format("")))
    run.complete("a", x=False, y=True)
    assert run.waiting == ["c", "d"]


def test_a_condition_that_fails_behind_a_task_keeps_what_the_person_did() -> None:
    run = Drive(bpmn('<startEvent id="s"/><userTask id="a"/><userTask id="b"/>\ns -> a\na -> b if missing'))
    run.complete("a", "anna", done=True)
    assert run.values == {"done": True}
    [failure] = run.failures
    assert failure.activity_id == "a"
    assert run.waiting == []
    run.set(missing=True)
    run.retry()
    assert run.waiting == ["b"]
    assert run.visits == ["s", "a", "b"]


def test_nodes_that_nothing_leads_to_are_started_when_there_is_no_start_event() -> None:
    run = Drive(bpmn('<userTask id="a"/><userTask id="b"/><endEvent id="e"/>\na -> e'))
    assert run.waiting == ["a", "b"]
    assert run.visits == ["a", "b"]


def test_links_jump() -> None:
    body = """
    <startEvent id="s"/><intermediateThrowEvent id="from" name="x"><linkEventDefinition name="x"/></intermediateThrowEvent>
    <intermediateCatchEvent id="to"><linkEventDefinition name="x"/></intermediateCatchEvent><userTask id="z"/>
    s -> from
    to -> z
    """
    run = Drive(bpmn(body))
    assert run.visits == ["s", "from", "to", "z"]


def test_a_terminate_end_event_ends_its_process() -> None:
    body = """
    <startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><endEvent id="e"><terminateEventDefinition/></endEvent>
    s -> f -> a -> e
    f -> b
    """
    run = Drive(bpmn(body))
    run.complete("a")
    assert run.done
    assert run.cancelled == ["b"]
