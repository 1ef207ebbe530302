"""Rules about the courses that a token can take: joins that wait for ever, work done twice, loops without a way out."""

import time

import pytest

from tests.reference.test_damaged_diagrams import time_limit
from tests.unit.bpmn.diagrams import bpmn, found, properties

KINDS = {"xor": "exclusiveGateway", "and": "parallelGateway", "or": "inclusiveGateway", "event": "eventBasedGateway"}


def drawn(*ways: str, extra: str = "") -> bytes:
    """`fork.and > a` draws a flow from a parallel gateway to a task; `s` starts, `e` ends, `?` behind the arrow is a condition."""
    nodes: dict[str, str] = {}
    flows: list[str] = []
    for number, way in enumerate(ways):
        ends = [end.strip() for end in way.replace("?", "").split(">")]
        for name in ends:
            nodes.setdefault(name.partition(".")[0], name.partition(".")[2] or ("" if name not in ("s", "e") else name))
        source, target = (end.partition(".")[0] for end in ends)
        condition = "<conditionExpression>x</conditionExpression>" if "?" in way else ""
        flows.append(f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}">{condition}</sequenceFlow>')
    tags = {"s": "startEvent", "e": "endEvent", "": "userTask", **KINDS}
    drawing = "".join(f'<{tags[kind]} id="{name}"/>\n' for name, kind in nodes.items() if kind != "outside")
    return bpmn(drawing + "\n".join(flows) + extra)


def warned(content: bytes, rule: str) -> set[str]:
    return {problem.element for problem in found(content, rule)}


GOOD = {
    "a parallel block": ["s > f.and", "f > a", "f > b", "a > j.and", "b > j", "j > e"],
    "an exclusive block": ["s > f.xor", "f > ?a", "f > b", "a > j.xor", "b > j", "j > e"],
    "an inclusive block": ["s > f.or", "f > ?a", "f > ?b", "a > j.or", "b > j", "j > e"],
    "a parallel fork joined by an inclusive gateway": ["s > f.and", "f > a", "f > b", "a > j.or", "b > j", "j > e"],
    "an exclusive fork joined by an inclusive gateway": ["s > f.xor", "f > ?a", "f > b", "a > j.or", "b > j", "j > e"],
    "a parallel fork that is never joined": ["s > f.and", "f > a", "f > b", "a > e", "b > e"],
    "blocks within blocks": ["s > f.and", "f > x.xor", "x > ?a", "x > b", "a > y.xor", "b > y", "f > c", "y > j.and", "c > j", "j > e"],
    "a loop around a task": ["s > m.xor", "m > a", "a > g.xor", "g > ?m", "g > e"],
    "a loop within one branch": ["s > f.and", "f > m.xor", "m > a", "a > g.xor", "g > ?m", "g > j.and", "f > b", "b > j", "j > e"],
    "a parallel block within a loop": ["s > m.xor", "m > f.and", "f > a", "f > b", "a > j.and", "b > j", "j > g.xor", "g > ?m", "g > e"],
    "an event-based choice": ["s > w.event", "w > a", "w > b", "a > m.xor", "b > m", "m > e"],
    "a task with a condition on one way": ["s > a", "a > ?b", "a > ?c", "b > m.xor", "c > m", "m > e"],
    "a join of one": ["s > j.and", "j > a", "a > e"],
}  # fmt: skip


@pytest.mark.parametrize("ways", GOOD.values(), ids=GOOD)
def test_what_is_joined_by_its_own_kind_is_not_warned_about(ways: list[str]) -> None:
    content = drawn(*ways)
    assert [warned(content, rule) for rule in ("deadlock", "done-twice", "endless-loop")] == [set(), set(), set()]


DEADLOCKS = {
    "an exclusive fork, a parallel join": ["s > f.xor", "f > ?a", "f > b", "a > j.and", "b > j", "j > e"],
    "an inclusive fork, a parallel join": ["s > f.or", "f > ?a", "f > ?b", "a > j.and", "b > j", "j > e"],
    "an event-based fork, a parallel join": ["s > w.event", "w > a", "w > b", "a > j.and", "b > j", "j > e"],
    "a way out of a parallel branch": ["s > f.and", "f > x.xor", "x > ?e", "x > j.and", "f > b", "b > j", "j > e"],
    "a loop that begins with a join": ["s > j.and", "j > a", "a > g.xor", "g > ?j", "g > e"],
    "two choices that need not agree": ["s > f.and", "f > x.xor", "f > y.xor", "x > ?j.and", "x > e", "y > ?j", "y > e", "j > a", "a > e"],
}  # fmt: skip


@pytest.mark.parametrize("ways", DEADLOCKS.values(), ids=DEADLOCKS)
def test_a_join_that_may_wait_for_ever_is_warned_about(ways: list[str]) -> None:
    assert warned(drawn(*ways), "deadlock") == {"j"}


TWICE = {
    "a parallel fork, an exclusive merge": ["s > f.and", "f > a", "f > b", "a > m.xor", "b > m", "m > c", "c > e"],
    "an inclusive fork, an exclusive merge": ["s > f.or", "f > ?a", "f > ?b", "a > m.xor", "b > m", "m > c", "c > e"],
    "a parallel fork into one task": ["s > f.and", "f > a", "f > b", "a > m", "b > m", "m > e"],
    "two flows out of a task into one": ["s > f", "f > a", "f > b", "a > m.xor", "b > m", "m > c", "c > e"],
    "branches of different length": ["s > f.and", "f > a", "a > b", "b > m.xor", "f > m", "m > c", "c > e"],
}  # fmt: skip


@pytest.mark.parametrize("ways", TWICE.values(), ids=TWICE)
def test_parallel_ways_that_meet_without_a_join_are_warned_about(ways: list[str]) -> None:
    assert warned(drawn(*ways), "done-twice") == {"m"}


def test_what_several_tokens_begin_is_not_done_twice() -> None:
    content = drawn(*TWICE["a parallel fork into one task"])
    assert warned(content.replace(b'id="m"', b'id="m" startQuantity="2"'), "done-twice") == set()


def test_the_warnings_say_what_to_do() -> None:
    [deadlock] = found(drawn(*DEADLOCKS["an exclusive fork, a parallel join"]), "deadlock")
    assert deadlock.severity == "warning"
    assert "none may come from 'a', 'b': it would wait for ever. Join with the kind of gateway that forks" in deadlock.message
    [twice] = found(drawn(*TWICE["a parallel fork, an exclusive merge"]), "done-twice")
    assert "Join them with a parallel gateway before" in twice.message


def test_an_interrupting_event_is_another_way_and_one_beside_it_a_course_of_its_own() -> None:
    ways = ["s > f.and", "f > a", "f > b", "a > j.and", "b > j", "j > e"]
    event = '<boundaryEvent id="t" attachedToRef="a" {}/><sequenceFlow id="out" sourceRef="t" targetRef="{}"/>'
    assert warned(drawn(*ways, extra=event.format("", "e")), "deadlock") == {"j"}
    assert warned(drawn(*ways, extra=event.format('cancelActivity="false"', "e")), "deadlock") == set()
    assert warned(drawn(*ways[:4], "t.outside > j", "j > e", extra=event.format('cancelActivity="false"', "e")), "deadlock") == {"j"}


def test_a_terminate_end_event_leaves_no_join_waiting() -> None:
    stop = '<endEvent id="stop"><terminateEventDefinition/></endEvent><sequenceFlow id="out" sourceRef="x" targetRef="stop"/>'
    ways = ["s > f.and", "f > x.xor", "x > ?j.and", "f > b", "b > j", "j > e"]
    assert warned(drawn(*ways, extra=stop), "deadlock") == set()


def test_each_subprocess_is_looked_at_by_itself() -> None:
    nodes = '<startEvent id="s1"/><exclusiveGateway id="f"/><task id="a"/><task id="b"/><parallelGateway id="j"/><endEvent id="e1"/>'
    ends = [("s1", "f"), ("f", "a"), ("f", "b"), ("a", "j"), ("b", "j"), ("j", "e1")]
    flows = "".join(f'<sequenceFlow id="i{n}" sourceRef="{source}" targetRef="{target}"/>' for n, (source, target) in enumerate(ends))
    inner = f'<subProcess id="sub">{nodes}{flows}</subProcess>'
    content = bpmn('<startEvent id="s"/>' + inner + '<endEvent id="e"/><sequenceFlow id="o1" sourceRef="s" targetRef="sub"/>'
                   '<sequenceFlow id="o2" sourceRef="sub" targetRef="e"/>')  # fmt: skip
    assert warned(content, "deadlock") == {"j"}


def test_of_very_many_courses_some_are_looked_at_in_bounded_time() -> None:
    ways = ["s > f.and"]
    for number in range(60):
        ways += [f"f > x{number}.xor", f"x{number} > ?a{number}", f"x{number} > b{number}", f"a{number} > j.and"]
    began = time.process_time()
    assert warned(drawn(*ways, "j > e"), "deadlock") == {"j"}
    assert time.process_time() - began < 5


def test_many_choices_side_by_side_are_no_trouble_when_each_is_merged() -> None:
    ways = ["s > f.and"]
    for number in range(60):
        ways += [f"f > x{number}.xor", f"x{number} > ?a{number}", f"x{number} > b{number}", f"a{number} > m{number}.xor",
                 f"b{number} > m{number}", f"m{number} > j.and"]  # fmt: skip
    assert warned(drawn(*ways, "j > e"), "deadlock") == set()
    assert warned(drawn(*[way for way in ways if way != "m7 > j.and"], "m7 > g.xor", "g > ?j", "g > e", "j > e"), "deadlock") == {"j"}


@pytest.mark.parametrize(
    ("ways", "circle"),
    [
        (["s > a", "a > b", "b > a"], {"a"}),
        (["s > a", "a > a"], {"a"}),
        (["s > f.xor", "f > ?e", "f > a", "a > b", "b > g.xor", "g > ?a", "g > b"], {"a"}),
    ],
)
def test_a_loop_that_nothing_leaves_is_warned_about_once(ways: list[str], circle: set[str]) -> None:
    assert warned(drawn(*ways), "endless-loop") == circle


def test_a_loop_that_an_event_ends_is_not_warned_about() -> None:
    event = '<boundaryEvent id="t" attachedToRef="a"/><sequenceFlow id="out" sourceRef="t" targetRef="e"/><endEvent id="e"/>'
    assert warned(drawn("s > a", "a > b", "b > a", extra=event), "endless-loop") == set()
    stop = "s > f.and", "f > a", "a > b", "b > a", "f > stop.outside"
    assert warned(drawn(*stop, extra='<endEvent id="stop"><terminateEventDefinition/></endEvent>'), "endless-loop") == set()


ERRORS = '<error id="E" errorCode="no_part"/><error id="F" errorCode="other"/><error id="T" errorCode="script"/>'


def caught(inside: str, reference: str = "E", kind: str = "error") -> set[str]:
    """What is warned about when an event on a subprocess with this inside catches an error or escalation."""
    event = f'<boundaryEvent id="b" attachedToRef="sub"><{kind}EventDefinition {kind}Ref="{reference}"/></boundaryEvent>'
    escalation = '<escalation id="E" escalationCode="late"/>' if kind == "escalation" else ERRORS
    return warned(bpmn(f'<subProcess id="sub">{inside}</subProcess>{event}', around=escalation), "never-fires")


@pytest.mark.parametrize(
    ("inside", "fires"),
    [
        ('<task id="t"/>', False),
        ('<endEvent id="x"><errorEventDefinition errorRef="F"/></endEvent>', False),
        ('<endEvent id="x"><errorEventDefinition errorRef="E"/></endEvent>', True),
        ('<subProcess id="deep"><endEvent id="x"><errorEventDefinition errorRef="E"/></endEvent></subProcess>', True),
        ('<callActivity id="c" calledElement="other"/>', True),
        ('<serviceTask id="c"/>', True),
        ('<scriptTask id="c"><script>a = 1</script></scriptTask>', False),
    ],
)
def test_an_error_event_needs_something_that_throws_its_error(inside: str, fires: bool) -> None:
    assert caught(inside) == (set() if fires else {"b"})


def test_an_error_event_for_failed_computations_always_may_fire() -> None:
    assert caught('<task id="t"/>', reference="T") == set()
    script = '<scriptTask id="sub"><script>a = 1</script></scriptTask>'
    for reference, expected in (("T", set()), ("E", {"b"})):
        event = f'<boundaryEvent id="b" attachedToRef="sub"><errorEventDefinition errorRef="{reference}"/></boundaryEvent>'
        assert warned(bpmn(script + event, around=ERRORS), "never-fires") == expected


def test_an_escalation_event_needs_something_that_escalates() -> None:
    assert caught('<task id="t"/>', kind="escalation") == {"b"}
    thrown = '<intermediateThrowEvent id="x"><escalationEventDefinition escalationRef="E"/></intermediateThrowEvent>'
    assert caught(thrown, kind="escalation") == set()


def test_an_event_subprocess_listens_to_what_is_around_it() -> None:
    def around(inside: str) -> set[str]:
        start = '<startEvent id="s"><errorEventDefinition errorRef="E"/></startEvent>'
        return warned(bpmn(f'{inside}<subProcess id="ev" triggeredByEvent="true">{start}</subProcess>', around=ERRORS), "never-fires")

    assert around('<task id="t"/>') == {"s"}
    assert around('<endEvent id="x"><errorEventDefinition errorRef="E"/></endEvent>') == set()


def subprocess(*codes: str) -> bytes:
    """A subprocess that may raise an error, with an error event for each code; `*` catches all."""
    inside = '<endEvent id="x"><errorEventDefinition errorRef="E"/></endEvent>'
    references = ["" if code == "*" else f' errorRef="{code}"' for code in codes]
    events = "".join(
        f'<boundaryEvent id="b{number}" attachedToRef="sub"><errorEventDefinition{reference}/></boundaryEvent>'
        for number, reference in enumerate(references)
    )
    return bpmn(f'<subProcess id="sub">{inside}</subProcess>{events}', around=ERRORS)


def test_of_two_events_for_the_same_error_the_second_never_happens() -> None:
    assert warned(subprocess("E", "F", "*"), "rival") == set()
    assert warned(subprocess("E", "F", "E"), "rival") == {"b2"}
    assert warned(subprocess("*", "E", "*"), "rival") == {"b2"}


def test_of_two_branches_of_a_gateway_for_the_same_message_the_second_never_happens() -> None:
    def choice(second: str, key: str = "") -> set[str]:
        keyed = f'<extensionElements><camunda:properties><camunda:property name="steward:correlationKey" value="{key}"/>'
        more = f"{keyed}</camunda:properties></extensionElements>" if key else ""
        events = f'''<intermediateCatchEvent id="a"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
        <receiveTask id="b" messageRef="{second}">{more}</receiveTask>'''
        ways = "".join(f'<sequenceFlow id="to_{name}" sourceRef="g" targetRef="{name}"/>' for name in "ab")
        messages = '<message id="m" name="paid"/><message id="n" name="refused"/>'
        return warned(bpmn(f'<eventBasedGateway id="g"/>{events}{ways}', around=messages), "rival")

    assert choice("n") == set()
    assert choice("m") == {"b"}
    assert choice("m", key="number") == set()


def test_a_signal_reaches_two_event_subprocesses_and_a_message_only_one() -> None:
    def within(kind: str) -> set[str]:
        start = f'<startEvent id="{{0}}" isInterrupting="false"><{kind}EventDefinition {kind}Ref="r"/></startEvent>'
        both = "".join(f'<subProcess id="ev_{name}" triggeredByEvent="true">{start.format(name)}</subProcess>' for name in "ab")
        return warned(bpmn(both, around=f'<{kind} id="r" name="rain"/>'), "rival")

    assert within("signal") == set()
    assert within("message") == {"b"}


@pytest.mark.parametrize(
    ("host", "event", "late"),
    [
        ("script", "timer", True),
        ("script", "error", False),
        ("script", "compensate", False),
        ("task", "error", True),
        ("user", "timer", False),
    ],
)
def test_no_time_passes_while_a_script_runs(host: str, event: str, late: bool) -> None:
    hosts = {"script": '<scriptTask id="h"><script>a = 1</script></scriptTask>', "task": '<task id="h"/>', "user": '<userTask id="h"/>'}
    content = f'{hosts[host]}<boundaryEvent id="b" attachedToRef="h"><{event}EventDefinition/></boundaryEvent>'
    problems = [problem for problem in found(bpmn(content), "boundary") if "takes time" in problem.message]
    assert [problem.element for problem in problems] == (["b"] if late else [])


def test_a_drawing_as_wide_as_a_file_may_be_is_looked_at_soon() -> None:
    ways = ["s > f.and", "j.and > e"]
    for number in range(1_000):
        ways += [f"f > x{number}.xor", f"x{number} > ?a{number}", f"x{number} > m{number}.xor", f"a{number} > m{number}", f"m{number} > j"]
    content = drawn(*ways)
    began = time.process_time()
    assert warned(content, "deadlock") == set()
    assert time.process_time() - began < 5


def test_a_circle_without_a_way_out_beside_a_join_is_gone_round_once() -> None:
    with time_limit():
        ways = ("s > f.and", "f.and > a", "a > b", "b > a", "f.and > c", "f.and > d", "c > j.and", "d > j.and", "j.and > e")
        assert warned(drawn(*ways), "endless-loop")


def test_a_drawing_in_which_everything_leads_to_everything_is_looked_at_soon() -> None:
    nodes = range(70)
    ways = ["s > t0", *(f"t{a} > t{b}" for a in nodes for b in nodes if a != b)]
    content = drawn(*ways)
    began = time.process_time()
    assert warned(content, "unreachable") == set()
    assert time.process_time() - began < 5


def test_very_many_error_events_on_one_activity_are_looked_at_soon() -> None:
    numbers = range(2_500)
    events = [f'<boundaryEvent id="b{n}" attachedToRef="u"><errorEventDefinition errorRef="x{n}"/></boundaryEvent>' for n in numbers]
    content = bpmn(
        '<startEvent id="s"/><userTask id="u"/>' + "".join(events), "".join(f'<error id="x{n}" errorCode="c{n}"/>' for n in numbers)
    )
    began = time.process_time()
    assert len(warned(content, "never-fires")) == len(numbers)
    assert time.process_time() - began < 5


def test_very_many_named_ways_back_are_looked_at_soon() -> None:
    numbers = range(1_000)
    tasks = [f'<userTask id="t{n}">{properties(returnTo="t0,t1,t2") if n > 2 else ""}</userTask>' for n in numbers]
    flows = [f'<sequenceFlow id="f{n}" sourceRef="t{n}" targetRef="t{n + 1}"/>' for n in numbers[:-1]]
    began = time.process_time()
    assert warned(bpmn("".join(tasks + flows)), "ways-back") == set()
    assert time.process_time() - began < 5
