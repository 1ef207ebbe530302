"""What a former release has stored loads in this one, stands where it stood, and goes on as it would have gone on."""

from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from engine.bpmn.codec import WITH_PAST
from engine.bpmn.parser import read_xml
from engine.bpmn.triggers import StateCorrupt
from engine.bpmn.workflow import Workflow
from tests.samples.plays import Record, Sample, context, samples, seen, told, trigger
from tests.samples.stories import STORIES

SAMPLES = list(samples())


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_an_instance_of_a_former_release_goes_on_from_every_rest(sample: Sample) -> None:
    executable = sample.compile()
    for number, rest in enumerate(sample.rests):
        workflow = Workflow.load(executable, sample.state(number))
        _stands_as_stored(seen(workflow), rest)
        for following in sample.rests[number + 1 :]:
            now = datetime.fromisoformat(following["now"])
            outcome = workflow.advance(trigger(following["did"], workflow, now), context(now, sample.max_steps))
            assert told(outcome) == following["outcome"]
            _goes_on_alike(seen(workflow), following)
            workflow = Workflow.load(executable, workflow.dump())
        assert workflow.is_completed


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_what_a_former_release_has_normalised_is_not_normalised_again(sample: Sample) -> None:
    assert read_xml(sample.compile().normalised, "p").xpath("//@id") == read_xml(sample.recorded["normalised"].encode(), "p").xpath("//@id")


def test_the_state_of_one_sample_loads_with_no_other() -> None:
    with pytest.raises(StateCorrupt, match="Expected a state of definition"):
        Workflow.load(SAMPLES[0].compile(), SAMPLES[1].state(0))


def test_every_story_of_the_first_release_is_kept() -> None:
    kept = {sample.name for sample in SAMPLES if sample.release == "0.1.0"}
    assert len(kept) == 29
    assert kept <= {story.name for story in STORIES}


def test_states_that_know_what_was_done_are_kept() -> None:
    """The second format of the codec, of processes in which tasks are sent back or taken back."""
    second = {sample.name for sample in SAMPLES if {sample.state(number)[2] for number in range(len(sample.rests))} == {WITH_PAST}}
    assert {"sent_back_over_a_join", "sent_back_into_what_was_interrupted", "an_approval_with_signers_sent_back", "moved_by_hand"} <= second


def _stands_as_stored(found: Record, rest: Record) -> None:
    """Everything to the letter, the numbers of tokens as well: the rows of tasks and timers name them. Later releases may tell more."""
    assert found["scopes"] == rest["scopes"]
    assert found["performers"] == rest["performers"]
    assert found["failed"] == rest["failed"]
    assert found["completed"] == rest["completed"]
    assert len(found["waits"]) == len(rest["waits"])
    for wait, kept in zip(found["waits"], rest["waits"], strict=True):
        assert {name: wait[name] for name in ("token", "at", "kind", "scope")} == {
            name: kept[name] for name in ("token", "at", "kind", "scope")
        }
        assert _as_far_as_known(wait["details"], kept["details"]) == kept["details"]


def _goes_on_alike(found: Record, expected: Record) -> None:
    """What comes next: the same waits and values, whatever numbers a later release gives its tokens."""
    assert Counter(map(repr, found["scopes"].values())) == Counter(map(repr, expected["scopes"].values()))
    assert found["scopes"][""] == expected["scopes"][""]
    assert found["performers"] == expected["performers"]
    assert Counter(found["failed"].values()) == Counter(expected["failed"].values())
    assert found["completed"] == expected["completed"]
    assert [(wait["at"], wait["kind"]) for wait in found["waits"]] == [(wait["at"], wait["kind"]) for wait in expected["waits"]]
    for wait, kept in zip(found["waits"], expected["waits"], strict=True):
        assert _as_far_as_known(wait["details"], kept["details"]) == kept["details"]


def _as_far_as_known(details: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    found = {name: details.get(name) for name in known}
    if isinstance(found.get("interval"), str) and "@" not in known["interval"]:  # 0.1.0 did not keep which time of day is meant
        found["interval"] = found["interval"].partition("@")[0]
    return found
