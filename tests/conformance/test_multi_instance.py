"""Multi-instance activities, BPMN 2.0.2 §13.3.7, with Camunda 7's attributes."""

from collections.abc import Mapping

import pytest

from tests.conformance.drive import Drive, bpmn


def repeated(tag: str, loop: str, sequential: bool, inner: str = "", extra: str = "") -> bytes:
    body = f"""
    <startEvent id="s"/><{tag} id="a" {extra}>{inner}
    <multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}" {loop}</multiInstanceLoopCharacteristics></{tag}>
    <userTask id="z"/>
    s -> a -> z
    """
    return bpmn(body)


OVER = 'camunda:collection="people" camunda:elementVariable="person">'
PEOPLE = {"people": ["anna", "ben", "carl"]}
ASSIGNED = 'camunda:assignee="${person}"'


def test_parallel_items_wait_at_once_each_with_its_own_element() -> None:
    run = Drive(repeated("userTask", OVER, False, extra=ASSIGNED), PEOPLE)
    assert [wait.details["assignee"] for wait in run.waits()] == ["anna", "ben", "carl"]
    assert [wait.details["variables"] for wait in run.waits()] == [
        {"loopCounter": number, "person": person} for number, person in enumerate(PEOPLE["people"])
    ]
    run.complete("a", "ben")
    run.complete("a")
    assert run.waiting == ["a"]
    run.complete("a")
    assert run.waiting == ["z"]
    assert run.left == ["s", "a", "a", "a"]
    assert run.values == PEOPLE


def test_sequential_items_come_one_after_another() -> None:
    run = Drive(repeated("userTask", OVER, True, extra=ASSIGNED), PEOPLE)
    for person in PEOPLE["people"]:
        [wait] = run.waits()
        assert wait.details["assignee"] == person
        run.complete("a")
    assert run.waiting == ["z"]


@pytest.mark.parametrize("sequential", [True, False])
def test_the_counters_can_be_seen(sequential: bool) -> None:
    condition = "><completionCondition>${nrOfCompletedInstances / nrOfInstances >= 0.6}</completionCondition>".replace(">=", "&gt;=")
    run = Drive(repeated("userTask", OVER[:-1] + condition, sequential, extra=ASSIGNED), PEOPLE)
    body = next(scope for scope in run.scopes.values() if "nrOfInstances" in scope)
    assert body == {"nrOfInstances": 3, "nrOfActiveInstances": 1 if sequential else 3, "nrOfCompletedInstances": 0}
    run.complete("a")
    body = next(scope for scope in run.scopes.values() if "nrOfInstances" in scope)
    assert body == {"nrOfInstances": 3, "nrOfActiveInstances": 1 if sequential else 2, "nrOfCompletedInstances": 1}
    assert run.waiting.count("a") == (1 if sequential else 2)
    run.complete("a")
    assert run.waiting == ["z"]
    assert run.cancelled == ([] if sequential else ["a"])


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize(("cardinality", "count"), [("3", 3), ("${n}", 2), ("0", 0)])
def test_a_cardinality_says_how_often(sequential: bool, cardinality: str, count: int) -> None:
    run = Drive(repeated("userTask", f"><loopCardinality>{cardinality}</loopCardinality>", sequential), {"n": 2})
    for _ in range(count):
        assert "a" in run.waiting
        run.complete("a")
    assert run.waiting == ["z"]
    assert run.visits.count("a") == max(count, 1)


@pytest.mark.parametrize("value", [None, "anna", 5, {"a": 1}])
def test_repeating_over_something_that_is_no_list_is_a_failure(value: object) -> None:
    run = Drive(repeated("userTask", OVER, False), {"people": value})
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("a", "expression")]
    assert run.waiting == []


def test_too_many_items_are_a_failure() -> None:
    run = Drive(repeated("userTask", "><loopCardinality>5001</loopCardinality>", False))
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("a", "limit")]


@pytest.mark.parametrize("sequential", [True, False])
def test_a_subprocess_repeats_with_a_scope_for_each_item(sequential: bool) -> None:
    inner = (
        '<scriptTask id="c"><script>person = person + "!"</script></scriptTask><userTask id="u" camunda:assignee="${person}"/>\nc -> u\n'
    )
    run = Drive(repeated("subProcess", OVER, sequential, inner), PEOPLE)
    seen = []
    while "u" in run.waiting:
        seen.append(run.wait("u").details["assignee"])
        run.complete("u")
    assert seen == ["anna!", "ben!", "carl!"]
    assert run.waiting == ["z"]


def test_a_call_repeats() -> None:
    passed = (
        """<extensionElements><camunda:in source="person" target="who"/><camunda:out source="told" target="told"/></extensionElements>"""
    )
    run = Drive(repeated("callActivity", OVER, False, passed, 'calledElement="tell"'), PEOPLE)
    assert [wait.details["variables"] for wait in run.waits()] == [{"who": person} for person in PEOPLE["people"]]
    for number in range(3):
        run.complete("a", told=number)
    assert run.waiting == ["z"]
    assert run.values["told"] == 2


def test_a_script_repeats() -> None:
    run = Drive(repeated("scriptTask", OVER, True, "<script>line = line + person[0]</script>"), {**PEOPLE, "line": ""})
    assert run.values["line"] == "abc"


def test_a_boundary_event_interrupts_all_items() -> None:
    body = f"""
    <startEvent id="s"/><userTask id="z"/>
    <userTask id="a"><multiInstanceLoopCharacteristics {OVER}</multiInstanceLoopCharacteristics></userTask>
    <boundaryEvent id="b" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
    s -> a
    b -> z
    """
    run = Drive(bpmn(body), PEOPLE)
    assert run.waiting.count("b") == 1
    run.complete("a")
    run.fire("b")
    assert run.waiting == ["z"]
    assert run.cancelled == ["a", "a"]


def test_the_error_of_one_item_ends_all() -> None:
    body = f"""
    <startEvent id="s"/><serviceTask id="a" camunda:type="external" camunda:topic="t">
    <multiInstanceLoopCharacteristics {OVER}</multiInstanceLoopCharacteristics></serviceTask><userTask id="z"/>
    <boundaryEvent id="b" attachedToRef="a"><errorEventDefinition/></boundaryEvent>
    s -> a
    b -> z
    """
    run = Drive(bpmn(body), PEOPLE)
    run.fail("a", "any")
    assert run.waiting == ["z"]


def test_a_condition_that_fails_keeps_what_was_completed() -> None:
    loop = OVER[:-1] + "><completionCondition>${enough}</completionCondition>"
    run = Drive(repeated("userTask", loop, False), PEOPLE)
    run.complete("a")
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("a", "expression")]
    assert run.waiting == ["a", "a"]
    run.set(enough=True)
    run.retry()
    assert run.waiting == ["z"]


def test_an_item_that_fails_is_retried_alone() -> None:
    run = Drive(
        repeated("userTask", OVER, False, extra='camunda:assignee="${names[person]}"'), {**PEOPLE, "names": {"anna": "a", "ben": "b"}}
    )
    assert run.waiting == ["a", "a"]
    run.set(names={"anna": "a", "ben": "b", "carl": "c"})
    run.retry()
    assert run.waiting == ["a", "a", "a"]


KINDS = [
    ("task", "", "", "at once"),
    ("scriptTask", "<script>last = loopCounter</script>", "", "at once"),
    ("businessRuleTask", "", 'camunda:decisionRef="d" camunda:resultVariable="r"', "at once"),
    ("sendTask", "", 'messageRef="m"', "at once"),
    ("manualTask", "", "", "user_task"),
    ("serviceTask", "", 'camunda:type="external" camunda:topic="t"', "job"),
    ("receiveTask", "", 'messageRef="m"', "message"),
]


class Ruling:
    def evaluate(self, variables: Mapping[str, object], functions: object, deadline: float | None) -> object:
        return variables["person"]


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize(("tag", "inner", "extra", "kind"), KINDS, ids=[kind[0] for kind in KINDS])
def test_every_activity_may_repeat(tag: str, inner: str, extra: str, kind: str, sequential: bool) -> None:
    content = repeated(tag, OVER, sequential, inner, extra).replace(b"<process", b'<message id="m" name="m"/><process', 1)
    run = Drive(content, PEOPLE, decisions={"d": Ruling()})
    left = 0 if kind == "at once" else 3
    while left:
        assert [wait.kind for wait in run.waits()] == [kind] * (1 if sequential else left)
        run.deliver("a") if kind == "message" else run.complete("a")
        left -= 1
    assert run.waiting == ["z"]
    assert run.visits == ["s", "a", "a", "a", "z"]
    assert run.left == ["s", "a", "a", "a"]


def test_each_item_sends_its_inputs_and_nothing_else() -> None:
    mapped = """<extensionElements><camunda:inputOutput><camunda:inputParameter name="to">${person}</camunda:inputParameter>
    </camunda:inputOutput></extensionElements>"""
    content = repeated("sendTask", OVER, False, mapped, 'messageRef="m"').replace(b"<process", b'<message id="m" name="m"/><process', 1)
    assert [thrown.payload for thrown in Drive(content, PEOPLE).thrown] == [{"to": person} for person in PEOPLE["people"]]


def test_each_item_waits_for_the_message_with_its_own_key() -> None:
    key = """<extensionElements><camunda:properties><camunda:property name="steward:correlationKey" value="person"/>
    </camunda:properties></extensionElements>"""
    content = repeated("receiveTask", OVER, False, key, 'messageRef="m"').replace(b"<process", b'<message id="m" name="m"/><process', 1)
    run = Drive(content, PEOPLE)
    assert [wait.details["correlation_key"] for wait in run.waits()] == PEOPLE["people"]
