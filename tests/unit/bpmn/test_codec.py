"""Stored states: small, checked, and only for the definition that made them."""

import pytest

from engine.bpmn import codec, compaction
from engine.bpmn.codec import CHECK, MAGIC
from engine.bpmn.workflow import StateCorrupt, Workflow
from tests.conformance.drive import Drive, bpmn, executable

BODY = '<startEvent id="s"/><userTask id="a"/>\ns -> a'


def test_every_changed_byte_is_noticed() -> None:
    run = Drive(bpmn(BODY), {"house": "A-12"})
    for position in range(len(run.state)):
        changed = bytearray(run.state)
        changed[position] ^= 1
        with pytest.raises(StateCorrupt):
            Workflow.load(run.executable, bytes(changed))


@pytest.mark.parametrize("length", [0, 1, len(MAGIC) + 1, len(MAGIC) + 1 + CHECK])
def test_a_state_cut_short_is_noticed(length: int) -> None:
    run = Drive(bpmn(BODY))
    with pytest.raises(StateCorrupt):
        Workflow.load(run.executable, run.state[:length])


def test_the_state_of_another_definition_is_refused() -> None:
    run = Drive(bpmn(BODY))
    other = executable(bpmn(BODY.replace("userTask", "manualTask")))
    with pytest.raises(StateCorrupt, match="Expected a state of definition"):
        Workflow.load(other, run.state)


def test_a_moved_shape_does_not_make_another_definition() -> None:
    diagram = '<b:BPMNDiagram xmlns:b="http://www.omg.org/spec/BPMN/20100524/DI" id="d{}"/></definitions>'
    first, second = (executable(bpmn(BODY).replace(b"</definitions>", diagram.format(number).encode())) for number in (1, 2))
    assert first.fingerprint == second.fingerprint


def test_a_finished_instance_is_stored_too() -> None:
    run = Drive(bpmn(BODY))
    run.complete("a", x=1)
    loaded = Workflow.load(run.executable, run.state)
    assert loaded.is_completed
    assert loaded.variables == {"x": 1}


def test_a_small_state_is_small() -> None:
    assert len(Drive(bpmn(BODY)).state) < 400


def test_a_boundary_event_that_outlived_its_multi_instance_is_forgotten() -> None:
    """Release 0.1.0 stored such states: the listener's owner is no more."""
    several = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    boundary = f'<boundaryEvent id="b" attachedToRef="a">{timer}</boundaryEvent>'
    run = Drive(
        bpmn(
            f'<startEvent id="s"/><parallelGateway id="f"/><userTask id="a">{several}</userTask>{boundary}<userTask id="z"/>'
            "\ns -> f -> a\nf -> z"
        )
    )
    instance = codec.load(run.executable, run.state)
    body = next(token for token in instance.all_tokens() if token.task_spec.name == "a" and token.item is None)
    for item in body.within():
        compaction.splice(item)
    compaction.splice(body)
    loaded = Workflow.load(run.executable, codec.dump(instance, run.executable.fingerprint))
    assert [wait.activity_id for wait in loaded.waits()] == ["z"]
