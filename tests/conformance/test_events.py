"""Messages, signals and errors, BPMN 2.0.2 §10.5.5 and §13.5."""

import pytest

from tests.conformance.drive import Drive, bpmn

NAMES = '<message id="m" name="ping"/><signal id="g" name="storm"/><error id="x" errorCode="broken"/><error id="y" errorCode="other"/>'
KINDS = {"message": '<messageEventDefinition messageRef="m"/>', "signal": '<signalEventDefinition signalRef="g"/>'}


def boundary(kind: str, interrupting: bool = True) -> bytes:
    body = f"""
    <startEvent id="s"/><userTask id="a"/><userTask id="n"/><userTask id="z"/>
    <boundaryEvent id="b" attachedToRef="a" cancelActivity="{str(interrupting).lower()}">{KINDS[kind]}</boundaryEvent>
    s -> a -> n
    b -> z
    """
    return bpmn(body, NAMES)


@pytest.mark.parametrize("kind", KINDS)
def test_an_intermediate_event_waits_for_a_message_or_signal(kind: str) -> None:
    run = Drive(bpmn(f'<startEvent id="s"/><intermediateCatchEvent id="c">{KINDS[kind]}</intermediateCatchEvent>\ns -> c', NAMES))
    assert [(wait.kind, wait.activity_id) for wait in run.waits()] == [(kind, "c")]
    run.deliver("c", level=3)
    assert run.done
    assert run.values == {"level": 3}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tag", ["intermediateThrowEvent", "endEvent"])
def test_a_throwing_event_throws_and_goes_on(kind: str, tag: str) -> None:
    run = Drive(bpmn(f'<startEvent id="s"/><{tag} id="t">{KINDS[kind]}</{tag}>\ns -> t', NAMES))
    assert [(thrown.kind, thrown.name) for thrown in run.thrown] == [(kind, "ping" if kind == "message" else "storm")]
    assert run.done
    assert run.visits == ["s", "t"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupting_boundary_event_ends_the_task(kind: str) -> None:
    run = Drive(boundary(kind))
    assert run.waiting == ["a", "b"]
    run.deliver("b", why="rain")
    assert run.waiting == ["z"]
    assert run.cancelled == ["a"]
    assert run.values == {"why": "rain"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_boundary_event_that_does_not_interrupt_happens_every_time(kind: str) -> None:
    run = Drive(boundary(kind, interrupting=False))
    for _ in range(3):
        run.deliver("b")
    assert run.waiting == ["a", "b", "z", "z", "z"]
    run.complete("a")
    assert run.waiting == ["z", "z", "z", "n"]


def test_a_message_name_may_show_a_variable() -> None:
    body = '<startEvent id="s"/><intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>\ns -> c'
    run = Drive(bpmn(body, '<message id="m" name="paid-${order}"/>'), {"order": 7})
    assert run.wait("c").details["name"] == "paid-7"


def test_a_message_starts_a_process_at_its_own_start_event() -> None:
    body = """
    <startEvent id="s"/><startEvent id="m1"><messageEventDefinition messageRef="m"/></startEvent><userTask id="a"/><userTask id="b"/>
    s -> a
    m1 -> b
    """
    assert Drive(bpmn(body, NAMES)).visits == ["s", "a"]
    assert Drive(bpmn(body, NAMES), {"x": 1}, start_event="m1").visits == ["m1", "b"]


def error_at(activity: str, *codes: str, rest: str = "") -> bytes:
    events = "".join(
        f'<boundaryEvent id="b{number}" attachedToRef="a"><errorEventDefinition {code} camunda:errorCodeVariable="code"/></boundaryEvent>'
        f'<userTask id="z{number}"/>\nb{number} -> z{number}\n'
        for number, code in enumerate(codes)
    )
    return bpmn(f'<startEvent id="s"/>{activity}<userTask id="n"/>\n{events}\ns -> a -> n\n{rest}', NAMES)


JOB = '<serviceTask id="a" camunda:type="external" camunda:topic="t"/>'
INNER = """<subProcess id="a"><startEvent id="i"/><userTask id="u"/><endEvent id="e"><errorEventDefinition errorRef="x"/></endEvent>
i -> u -> e
</subProcess>"""
BROKEN, OTHER, ANY = 'errorRef="x"', 'errorRef="y"', ""


@pytest.mark.parametrize(
    ("codes", "catcher"),
    [([BROKEN], "z0"), ([ANY], "z0"), ([ANY, BROKEN], "z1"), ([OTHER, BROKEN], "z1"), ([OTHER], None), ([], None)],
)
def test_the_error_of_a_job_is_caught_by_its_code(codes: list[str], catcher: str | None) -> None:
    run = Drive(error_at(JOB, *codes))
    run.fail("a", "broken", "the gateway is down")
    if catcher is None:
        assert run.waiting == []
        [failure] = run.failures
        assert (failure.activity_id, failure.kind) == ("a", "error")
        assert "the gateway is down" in failure.message
        run.retry()
        assert run.waiting == ["a"]
    else:
        assert run.waiting == [catcher]
        assert run.cancelled == ["a"]
        assert run.values == {"code": "broken"}


@pytest.mark.parametrize(("codes", "catcher"), [([BROKEN], "z0"), ([ANY], "z0"), ([OTHER], None)])
def test_an_error_end_event_is_caught_at_the_subprocess(codes: list[str], catcher: str | None) -> None:
    run = Drive(error_at(INNER, *codes))
    run.complete("u")
    if catcher is None:
        assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("e", "error")]
        assert run.visits == ["s", "a", "i", "u"]
    else:
        assert run.waiting == [catcher]
        assert run.visits == ["s", "a", "i", "u", "e", "b0", "z0"]
        assert run.cancelled == ["a"]


def test_an_error_ends_everything_else_in_the_subprocess() -> None:
    inner = """<subProcess id="a"><startEvent id="i"/><parallelGateway id="f"/><userTask id="u"/><userTask id="v"/>
    <endEvent id="e"><errorEventDefinition errorRef="x"/></endEvent>
    i -> f -> u -> e
    f -> v
    </subProcess>"""
    run = Drive(error_at(inner, BROKEN))
    run.complete("u")
    assert run.waiting == ["z0"]
    assert run.cancelled == ["v", "a"]


def test_an_error_passes_through_subprocesses_that_do_not_catch_it() -> None:
    inner = """<subProcess id="a"><subProcess id="b"><userTask id="u"/><endEvent id="e"><errorEventDefinition errorRef="x"/></endEvent>
    u -> e
    </subProcess></subProcess>"""
    run = Drive(error_at(inner, BROKEN))
    run.complete("u")
    assert run.waiting == ["z0"]


FAILING = '<scriptTask id="a"><script>x = 1 / 0</script></scriptTask>'


def test_a_technical_failure_is_not_caught_by_an_event_for_any_error() -> None:
    run = Drive(error_at(FAILING, ANY))
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("a", "script")]


def test_a_technical_failure_is_caught_by_an_event_that_names_its_kind() -> None:
    run = Drive(error_at(FAILING, 'errorRef="z"').replace(b"<process", b'<error id="z" errorCode="script"/><process'))
    assert run.failures == []
    assert run.waiting == ["z0"]
    assert run.visits == ["s", "a", "b0", "z0"]
