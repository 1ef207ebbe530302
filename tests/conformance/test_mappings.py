"""Input and output mappings (camunda:inputOutput) and the scopes of variables, as in Camunda 7."""

import pytest

from tests.conformance.drive import Drive, bpmn


def mapped(inputs: str = "", outputs: str = "", task: str = '<userTask id="a">{}</userTask>', before: str = "") -> bytes:
    parameters = "".join(
        f'<camunda:inputParameter name="{pair.split("=", 1)[0]}">{pair.split("=", 1)[1]}</camunda:inputParameter>'
        for pair in inputs.split(";")
        if pair
    )
    parameters += "".join(
        f'<camunda:outputParameter name="{pair.split("=", 1)[0]}">{pair.split("=", 1)[1]}</camunda:outputParameter>'
        for pair in outputs.split(";")
        if pair
    )
    extension = f"<extensionElements><camunda:inputOutput>{parameters}</camunda:inputOutput></extensionElements>"
    return bpmn(f'<startEvent id="s"/>{task.format(extension)}<userTask id="z"/>{before}\ns -> a -> z')


def test_inputs_are_seen_only_within_their_activity() -> None:
    run = Drive(mapped("house=${code};copy=${house}!;plain=text"), {"code": "A-12"})
    wait = run.wait("a")
    assert wait.details["variables"] == {"house": "A-12", "copy": "A-12!", "plain": "text"}
    assert run.scopes[wait.scope] == wait.details["variables"]
    run.complete("a", note="ok")
    assert run.values == {"code": "A-12", "note": "ok"}


def test_results_go_to_the_scope_that_has_the_name() -> None:
    run = Drive(mapped("house=${code}"), {"code": "A-12"})
    run.complete("a", house="B-1", code="C-3")
    assert run.values == {"code": "C-3"}


def test_outputs_see_inputs_and_results_and_leave_the_activity_beside_its_results() -> None:
    run = Drive(mapped("n=${n + 1}", "result=${answer * n};fixed=yes"), {"n": 1})
    run.complete("a", answer=21)
    assert run.values == {"n": 1, "answer": 21, "result": 42, "fixed": "yes"}


@pytest.mark.parametrize("task", ['<scriptTask id="a">{}<script>answer = 21</script></scriptTask>'])
def test_the_outputs_of_a_script_see_its_names(task: str) -> None:
    run = Drive(mapped("n=${n + 1}", "result=${answer * n}", task), {"n": 1})
    assert run.values == {"n": 1, "answer": 21, "result": 42}


def test_a_script_that_assigns_an_input_changes_only_the_input() -> None:
    run = Drive(mapped("n=${n + 1}", "", '<scriptTask id="a">{}<script>n = n * 10\nm = n</script></scriptTask>'), {"n": 1})
    assert run.values == {"n": 1, "m": 20}


def test_lists_and_maps_are_mapped_value_by_value() -> None:
    extension = """<extensionElements><camunda:inputOutput><camunda:inputParameter name="x"><camunda:map>
    <camunda:entry key="a">${n}</camunda:entry>
    <camunda:entry key="b"><camunda:list><camunda:value>1</camunda:value><camunda:value>${n}</camunda:value></camunda:list></camunda:entry>
    </camunda:map></camunda:inputParameter><camunda:inputParameter name="none"/></camunda:inputOutput></extensionElements>"""
    run = Drive(bpmn(f'<startEvent id="s"/><userTask id="a">{extension}</userTask>\ns -> a'), {"n": 2})
    assert run.wait("a").details["variables"] == {"x": {"a": 2, "b": ["1", 2]}, "none": None}


def test_dates_and_durations_are_kept_as_text() -> None:
    run = Drive(mapped("later=${now() + duration('PT1H')};span=${duration('PT90M')}"))
    assert run.wait("a").details["variables"] == {"later": "2026-03-02T02:00:00+00:00", "span": "PT1H30M"}


def test_an_input_that_fails_rests_before_the_activity() -> None:
    run = Drive(mapped("x=${missing}"))
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("a", "expression")]
    assert run.visits == ["s"]
    run.set(missing=1)
    run.retry()
    assert run.waiting == ["a"]


def test_an_output_that_fails_keeps_what_the_person_did() -> None:
    run = Drive(mapped("", "x=${missing}"))
    outcome = run.complete("a", "anna", answer=1)
    assert [(change.activity_id, change.event) for change in outcome.changes] == [("a", "left")]
    assert [failure.activity_id for failure in run.failures] == ["a"]
    assert run.waiting == []
    run.set(missing=2)
    run.retry()
    assert run.waiting == ["z"]
    assert run.values == {"answer": 1, "missing": 2, "x": 2}


def test_the_case_can_be_read_everywhere_and_is_no_variable() -> None:
    run = Drive(mapped("title=${case.number} 号"))
    assert run.wait("a").details["variables"] == {"title": "WX-1 号"}
    assert run.values == {}
