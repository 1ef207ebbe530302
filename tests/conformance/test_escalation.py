"""Escalations, BPMN 2.0.2 §10.5.1 and §10.5.6: they go outwards to whoever is to be told, and the work goes on unless it is interrupted."""

import pytest

from engine.bpmn.triggers import Alarm, Escalate
from tests.conformance.drive import Drive, bpmn

NAMES = '<escalation id="x" escalationCode="late"/><escalation id="y" escalationCode="other"/><message id="m" name="ping"/>'
LATE, OTHER, ANY = 'escalationRef="x"', 'escalationRef="y"', ""
THROW = '<intermediateThrowEvent id="t"><escalationEventDefinition escalationRef="x"/></intermediateThrowEvent>'
END = '<endEvent id="t"><escalationEventDefinition escalationRef="x"/></endEvent>'


def boundary(name: str, code: str, interrupting: bool, host: str = "p1") -> str:
    definition = f'<escalationEventDefinition {code} camunda:escalationCodeVariable="code"/>'
    return (
        f'<boundaryEvent id="{name}" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}">{definition}</boundaryEvent>'
        f'<userTask id="z{name}"/>\n{name} -> z{name}'
    )


def throwing(*boundaries: str) -> bytes:
    """A subprocess whose task is followed by a throw, and whose other task goes on."""
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><userTask id="a"/>{THROW}<userTask id="b"/><userTask id="c"/>
    a -> t -> b
    </subProcess><userTask id="n"/>
    s -> p1 -> n
    """
    return bpmn(body + "\n".join(boundaries), NAMES)


def test_an_escalation_that_does_not_interrupt_lets_the_work_go_on() -> None:
    run = Drive(throwing(boundary("e", LATE, interrupting=False)))
    run.complete("a")
    assert run.visits == ["s", "p1", "a", "c", "t", "e", "ze", "b"]
    assert sorted(run.waiting) == ["b", "c", "ze"]
    assert run.values == {"code": "late"}
    run.complete("b")
    run.complete("c")
    assert run.waiting == ["ze", "n"]


def test_an_interrupting_escalation_ends_the_subprocess_with_all_in_it() -> None:
    run = Drive(throwing(boundary("e", LATE, interrupting=True)))
    run.complete("a")
    assert run.visits == ["s", "p1", "a", "c", "t", "e", "ze"]
    assert run.cancelled == ["c", "p1"]
    assert run.left[-2:] == ["t", "e"]
    assert run.waiting == ["ze"]


@pytest.mark.parametrize(
    ("codes", "catcher"), [([LATE], "e0"), ([ANY], "e0"), ([ANY, LATE], "e1"), ([OTHER, LATE], "e1"), ([OTHER], None), ([], None)]
)
def test_an_escalation_finds_the_event_of_its_code_before_one_for_all(codes: list[str], catcher: str | None) -> None:
    run = Drive(throwing(*(boundary(f"e{number}", code, False) for number, code in enumerate(codes))))
    run.complete("a")
    assert [visit for visit in run.visits if visit.startswith("e")] == ([catcher] if catcher else [])
    assert [(thrown.kind, thrown.name) for thrown in run.thrown] == ([] if catcher else [("escalation", "late")])
    assert "b" in run.waiting
    assert run.failures == []


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_end_event_escalates_and_ends_its_own_way_only(interrupting: bool) -> None:
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><userTask id="a"/>{END}<userTask id="c"/>
    a -> t
    </subProcess><userTask id="n"/>
    s -> p1 -> n
    {boundary("e", LATE, interrupting)}
    """
    run = Drive(bpmn(body, NAMES))
    run.complete("a")
    assert run.waiting == (["ze"] if interrupting else ["c", "ze"])
    assert run.cancelled == (["c", "p1"] if interrupting else [])


def test_an_escalation_passes_through_scopes_that_do_not_catch_it_to_the_nearest_that_does() -> None:
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><subProcess id="p2"><subProcess id="p3">{THROW}<userTask id="b"/>
    t -> b
    </subProcess></subProcess>
    {boundary("inner", LATE, False, "p2")}
    </subProcess>
    s -> p1
    {boundary("outer", LATE, False)}
    """
    run = Drive(bpmn(body, NAMES))
    assert [visit for visit in run.visits if visit in ("inner", "outer")] == ["inner"]
    assert sorted(run.waiting) == ["b", "zinner"]


def test_an_escalation_that_comes_again_is_caught_again() -> None:
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><startEvent id="i"/><userTask id="a"/>{THROW}
    i -> a -> t -> a
    </subProcess>
    s -> p1
    {boundary("e", LATE, False)}
    """
    run = Drive(bpmn(body, NAMES))
    for _ in range(3):
        run.complete("a")
    assert run.waiting.count("ze") == 3
    assert "a" in run.waiting


def handled(interrupting: bool, inside: str = "") -> bytes:
    """The process itself has an event subprocess for escalations."""
    return bpmn(
        f"""
    <startEvent id="s"/><userTask id="a"/>{THROW}<userTask id="b"/>
    s -> a -> t -> b
    <subProcess id="es" triggeredByEvent="true"><startEvent id="es1" isInterrupting="{str(interrupting).lower()}">
      <escalationEventDefinition escalationRef="x"/></startEvent><userTask id="h"/>{inside}
      es1 -> h{" -> again" if inside else ""}
    </subProcess>""",
        NAMES,
    )


def test_an_event_subprocess_takes_an_escalation_of_its_scope() -> None:
    run = Drive(handled(interrupting=False))
    run.complete("a")
    assert sorted(run.waiting) == ["b", "h"]
    run = Drive(handled(interrupting=True))
    run.complete("a")
    assert run.visits == ["s", "a", "t", "es", "es1", "h"]
    assert run.waiting == ["h"]
    run.complete("h")
    assert run.done


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_event_subprocess_does_not_take_what_it_throws_itself(interrupting: bool) -> None:
    run = Drive(handled(interrupting, '<endEvent id="again"><escalationEventDefinition escalationRef="x"/></endEvent>'))
    run.complete("a")
    run.complete("h")
    assert run.visits.count("es") == 1
    assert [thrown.activity_id for thrown in run.thrown] == ["again"]


def test_a_called_process_escalates_to_its_call() -> None:
    body = f"""
    <startEvent id="s"/><callActivity id="p1" calledElement="other"/><userTask id="n"/>
    s -> p1 -> n
    {boundary("soft", LATE, False)}
    {boundary("hard", OTHER, True)}
    """
    run = Drive(bpmn(body, NAMES))
    run.apply(Escalate(run.wait("p1").token, "late"))
    assert run.waiting == ["p1", "zsoft"]
    run.apply(Escalate(run.wait("p1").token, "unknown"))
    assert [thrown.name for thrown in run.thrown] == ["unknown"]
    run.apply(Escalate(run.wait("p1").token, "other"))
    assert run.waiting == ["zsoft", "zhard"]
    assert run.cancelled == ["p1"]


def test_an_escalation_of_one_item_reaches_the_boundary_of_all() -> None:
    def items(interrupting: bool) -> Drive:
        body = f"""
        <startEvent id="s"/><subProcess id="p1"><multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality>
          </multiInstanceLoopCharacteristics><userTask id="a"/>{END}
          a -> t
        </subProcess><userTask id="n"/>
        s -> p1 -> n
        {boundary("e", LATE, interrupting)}
        """
        run = Drive(bpmn(body, NAMES))
        run.complete("a")
        return run

    assert items(interrupting=False).waiting == ["a", "a", "ze"]
    assert items(interrupting=True).waiting == ["ze"]


def test_what_the_outer_boundary_ends_hears_no_escalation_any_more() -> None:
    """The message ends the subprocess; its throw, which would come after, does not happen."""
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><userTask id="a"/>{THROW}
    a -> t
    </subProcess><boundaryEvent id="m1" attachedToRef="p1"><messageEventDefinition messageRef="m"/></boundaryEvent><userTask id="z"/>
    s -> p1
    m1 -> z
    {boundary("e", LATE, False)}
    """
    run = Drive(bpmn(body, NAMES))
    run.deliver("m1")
    assert run.waiting == ["z"]
    assert "e" not in run.visits


def of_the_process(code: str, interrupting: bool) -> bytes:
    """A process with a task inside a subprocess, and an event subprocess beside it that catches escalations of the process."""
    start = f'<startEvent id="e" isInterrupting="{str(interrupting).lower()}"><escalationEventDefinition {code}/></startEvent>'
    body = f"""
    <startEvent id="s"/><subProcess id="p1"><userTask id="a"/></subProcess>
    s -> p1
    <subProcess id="q" triggeredByEvent="true">{start}<userTask id="z"/>
    e -> z
    </subProcess>
    """
    return bpmn(body + boundary("b", ANY, interrupting=True), NAMES)


@pytest.mark.parametrize("code", [LATE, ANY])
def test_the_process_itself_escalates_by_a_clock_and_nothing_within_it_catches(code: str) -> None:
    run = Drive(of_the_process(code, interrupting=False))
    run.apply(Alarm("late"))
    assert (run.visits, run.waiting, run.thrown) == (["s", "p1", "a", "q", "e", "z"], ["a", "z"], [])
    run.apply(Alarm("late"))
    assert sorted(run.waiting) == ["a", "z", "z"]


def test_an_escalation_of_the_process_that_interrupts_ends_what_goes_on_in_it_and_comes_once() -> None:
    run = Drive(of_the_process(LATE, interrupting=True))
    run.apply(Alarm("late"))
    assert (run.waiting, run.cancelled) == (["z"], ["a", "p1"])
    run.apply(Alarm("late"))
    assert (run.waiting, [thrown.name for thrown in run.thrown]) == (["z"], ["late"])


def test_an_escalation_of_the_process_that_nothing_catches_is_for_the_caller() -> None:
    run = Drive(of_the_process(OTHER, interrupting=True))
    run.apply(Alarm("late"))
    assert (run.waiting, [(thrown.kind, thrown.name) for thrown in run.thrown]) == (["a"], [("escalation", "late")])
