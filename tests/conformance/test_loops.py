"""Standard loops, BPMN 2.0.2 §10.3.9 and §13.3.6: a round after another while a condition holds."""

import pytest

from tests.conformance.drive import Drive, bpmn

CONDITION = "<loopCondition>{}</loopCondition>"


def looped(tag: str, loop: str, attributes: str = "", inner: str = "", extra: str = "", around: str = "") -> bytes:
    """s → a → z, where `a` has the loop."""
    characteristics = f"<standardLoopCharacteristics {attributes}>{loop}</standardLoopCharacteristics>"
    return bpmn(f'<startEvent id="s"/><{tag} id="a" {extra}>{inner}{characteristics}</{tag}><userTask id="z"/>\ns -> a -> z', around)


def test_a_loop_that_is_tested_after_does_at_least_one_round() -> None:
    run = Drive(looped("userTask", CONDITION.format("${again}")))
    assert run.waiting == ["a"]
    run.complete("a", again=True)
    assert run.waiting == ["a"]
    run.complete("a", again=False)
    assert run.waiting == ["z"]
    assert run.visits == ["s", "a", "a", "z"]
    assert run.left == ["s", "a", "a"]


@pytest.mark.parametrize(("again", "rounds"), [(False, 0), (True, 1)])
def test_a_loop_that_is_tested_before_may_do_no_round(again: bool, rounds: int) -> None:
    run = Drive(looped("userTask", CONDITION.format("again"), 'testBefore="true"'), {"again": again})
    for _ in range(rounds):
        run.complete("a", again=False)
    assert run.waiting == ["z"]
    assert run.visits == ["s", "a", "z"]  # passed by like a multi-instance of nothing


@pytest.mark.parametrize("before", ["true", "false"])
def test_a_maximum_ends_the_loop_whatever_the_condition_says(before: str) -> None:
    run = Drive(looped("userTask", CONDITION.format("True"), f'testBefore="{before}" loopMaximum="2"'))
    run.complete("a")
    run.complete("a")
    assert run.waiting == ["z"]


def test_a_maximum_alone_says_how_often() -> None:
    run = Drive(looped("scriptTask", "", 'loopMaximum="3"', "<script>line = line + loopCounter</script>"), {"line": 10})
    assert run.waiting == ["z"]
    assert run.values == {"line": 13}  # 0 + 1 + 2


def test_the_condition_knows_how_many_rounds_were_done() -> None:
    run = Drive(looped("scriptTask", CONDITION.format("loopCounter &lt; 4"), "", "<script>n = n + 1</script>"), {"n": 0})
    assert run.values == {"n": 4}


@pytest.mark.parametrize(
    ("tag", "inner", "extra"),
    [
        ("task", "", ""),
        ("manualTask", "", ""),
        ("serviceTask", "", 'camunda:type="external" camunda:topic="t"'),
        ("receiveTask", "", 'messageRef="m"'),
        ("sendTask", "", 'messageRef="m"'),
        ("businessRuleTask", "", 'camunda:decisionRef="d" camunda:resultVariable="r"'),
        ("callActivity", "", 'calledElement="other"'),
        ("subProcess", '<userTask id="u"/>', ""),
    ],
)
def test_every_activity_may_loop(tag: str, inner: str, extra: str) -> None:
    class Decision:
        def evaluate(self, variables: object, functions: object, deadline: float | None) -> int:
            return 1

    run = Drive(looped(tag, "", 'loopMaximum="3"', inner, extra, '<message id="m" name="m"/>'), decisions={"d": Decision()})
    while run.waiting != ["z"]:
        [wait] = run.waits()
        run.deliver("a") if wait.kind == "message" else run.complete(wait.activity_id)
    assert run.visits.count("a") == 3
    assert len(run.thrown) == (3 if tag == "sendTask" else 0)


def test_a_looping_subprocess_has_a_new_scope_every_round() -> None:
    inner = '<scriptTask id="c"><script>seen = seen + [n]</script></scriptTask><userTask id="u"/>\nc -> u\n'
    mapped = """<extensionElements><camunda:inputOutput><camunda:inputParameter name="n">${loopCounter * 10}</camunda:inputParameter>
    </camunda:inputOutput></extensionElements>"""
    run = Drive(looped("subProcess", "", 'loopMaximum="2"', mapped + inner), {"seen": []})
    run.complete("u", n=99)
    run.complete("u")
    assert run.values == {"seen": [0, 10]}


def test_a_boundary_event_belongs_to_all_rounds() -> None:
    body = """
    <startEvent id="s"/><userTask id="z"/><userTask id="late"/>
    <userTask id="a"><standardLoopCharacteristics loopMaximum="9"/></userTask>
    <boundaryEvent id="n" attachedToRef="a" cancelActivity="false"><signalEventDefinition signalRef="g"/></boundaryEvent>
    <boundaryEvent id="b" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
    s -> a -> z
    b -> late
    """
    run = Drive(bpmn(body, '<signal id="g" name="g"/>'))
    due = run.wait("b").details["due_at"]
    run.deliver("n")
    run.complete("a")
    run.deliver("n")
    assert run.wait("b").details["due_at"] == due
    assert run.visits.count("n") == 2
    run.fire("b")
    assert run.waiting == ["late"]
    assert run.cancelled == ["a"]


def test_an_error_in_a_round_ends_the_loop() -> None:
    inner = '<startEvent id="i"/><endEvent id="e"><errorEventDefinition errorRef="bad"/></endEvent>\ni -> e\n'
    characteristics = '<standardLoopCharacteristics loopMaximum="9"/>'
    body = f"""<startEvent id="s"/><subProcess id="a">{inner}{characteristics}</subProcess><userTask id="z"/>
    <boundaryEvent id="b" attachedToRef="a"><errorEventDefinition errorRef="bad"/></boundaryEvent>
    s -> a
    b -> z"""
    run = Drive(bpmn(body, '<error id="bad" errorCode="bad"/>'))
    assert run.waiting == ["z"]
    assert run.visits.count("a") == 1


def test_a_condition_that_fails_after_a_round_is_asked_again() -> None:
    run = Drive(looped("userTask", CONDITION.format("${enough}")))
    run.complete("a")
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("a", "expression")]
    assert run.waiting == []
    run.set(enough=True)
    run.retry()
    assert run.waiting == ["a"]


def test_a_condition_that_fails_before_the_first_round_leaves_the_loop_unbegun() -> None:
    run = Drive(looped("userTask", CONDITION.format("${enough}"), 'testBefore="true"'))
    assert run.failed and run.waiting == []
    run.set(enough=False)
    run.retry()
    assert run.waiting == ["z"]


def test_a_round_that_fails_is_retried_alone() -> None:
    run = Drive(looped("scriptTask", "", 'loopMaximum="3"', "<script>n = n + add[loopCounter]</script>"), {"n": 0, "add": [1]})
    assert run.failed
    run.set(add=[1, 2, 3])
    run.retry()
    assert run.values["n"] == 6


def test_an_endless_loop_of_scripts_ends_at_the_limit() -> None:
    run = Drive(looped("scriptTask", CONDITION.format("True"), "", "<script>n = 1</script>"), max_steps=200)
    assert [failure.kind for failure in run.failures] == ["limit"]


def test_a_loop_within_a_multi_instance_counts_for_itself() -> None:
    inner = '<userTask id="u"><standardLoopCharacteristics loopMaximum="2"/></userTask>'
    several = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    run = Drive(bpmn(f'<startEvent id="s"/><subProcess id="a">{inner}{several}</subProcess><userTask id="z"/>\ns -> a -> z'))
    for expected in (["u", "u"], ["u", "u"], ["u", "u"], ["u"]):  # the oldest first: each has had one round after two
        assert run.waiting == expected
        run.complete("u")
    assert run.waiting == ["z"]


@pytest.mark.parametrize(
    "repeating",
    [
        '<standardLoopCharacteristics loopMaximum="2"/>',
        "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
        '<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>',
    ],
)
@pytest.mark.parametrize(("tag", "inside"), [("userTask", ""), ("subProcess", '<userTask id="u"/>')])
def test_boundary_events_end_with_what_repeats(tag: str, inside: str, repeating: str) -> None:
    body = f"""
    <startEvent id="s"/><userTask id="z"/><{tag} id="a">{inside}{repeating}</{tag}>
    <boundaryEvent id="b" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
    s -> a -> z
    """
    run = Drive(bpmn(body))
    for _ in range(2):
        assert run.waiting.count("b") == 1
        run.complete(next(wait.activity_id for wait in run.waits() if wait.kind == "user_task"))
    assert run.waiting == ["z"]
