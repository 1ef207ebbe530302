"""A sample: a diagram, what was done with it, and what was stored after each step. One release writes it, all later ones play it."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from engine import definitions
from engine.bpmn import decisions, executable, parser, vocabulary
from engine.bpmn.workflow import (
    AddSigner,
    Cancel,
    Complete,
    Context,
    Deliver,
    Fail,
    Fire,
    Move,
    Outcome,
    Retry,
    Return,
    SetVariables,
    Start,
    Trigger,
    Wait,
    Withdraw,
    Workflow,
)

HERE = Path(__file__).parent
MONDAY = datetime.fromisoformat("2026-03-02T01:00:00+00:00")
Step = dict[str, Any]  # what is done, where, and with which values: `step()` writes it
Record = dict[str, Any]  # the files are JSON; their shape is told in README.md


@dataclass(frozen=True)
class Story:
    """What a release records: a diagram and the steps that lead it to its end."""

    name: str
    diagram: bytes
    steps: list[Step]
    variables: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)  # decision tables
    start_event: str | None = None
    max_steps: int = 10_000


def step(do: str, at: str = "", /, number: int = 0, **values: Any) -> Step:
    """`do` is one of the words of `trigger`; `number` picks one of several waits at the activity."""
    return {"do": do, "at": at, "number": number, "with": values}


def context(now: datetime, max_steps: int) -> Context:
    return Context(now, {"now": lambda: now}, {"number": "WX-1", "site": "S1"}, max_steps)


def moment(step: Step, workflow: Workflow, now: datetime) -> datetime:
    """Timers fire when they are due, or as much later as the step says; everything else happens at once."""
    if step["do"] != "fire":
        return now
    due = _wait(step, workflow).details["due_at"]
    return max(now, datetime.fromtimestamp(due.timestamp() + step["with"].get("late", 0), MONDAY.tzinfo))


def trigger(step: Step, workflow: Workflow, now: datetime) -> Trigger:
    values = dict(step["with"])
    match step["do"]:
        case "start":
            return Start()
        case "complete":
            return Complete(_wait(step, workflow).token, values, values.pop("by", None))
        case "fire":
            return Fire(_wait(step, workflow).token, now)
        case "decide":
            return Complete(_wait(step, workflow).token, {}, values["by"], values["decision"])
        case "add_signer":
            return AddSigner(_wait(step, workflow).token, **values)
        case "return":
            token = _wait(step, workflow).token
            return Return(token, next(way.visit for way in workflow.ways_from(token) if way.activity_id == values["to"]))
        case "withdraw":
            return Withdraw(_last_done(step["at"], workflow))
        case "move":
            return Move((values.pop("ended"),), (values.pop("begun"),), values)
        case "deliver":
            wait = _wait(step, workflow)
            return Deliver(wait.token, wait.details["name"], values, now)
        case "fail":
            return Fail(_wait(step, workflow).token, values["code"], values.get("message", "no"))
        case "retry":
            return Retry([token for token, activity in workflow.failed.items() if activity == step["at"]][step["number"]])
        case "set":
            return SetVariables(step["at"], values)
        case "cancel":
            return Cancel()
    raise ValueError(f"Expected a step of a story, but found {step['do']!r}")


def _wait(step: Step, workflow: Workflow) -> Wait:
    return [wait for wait in workflow.waits() if wait.activity_id == step["at"]][step["number"]]


def _last_done(activity: str, workflow: Workflow) -> str:
    """The token of the task that was completed last at an activity."""
    past = workflow._instance.past
    assert past is not None
    return str([visit.token for visit in past.visits.values() if visit.activity == activity][-1])


def record(story: Story) -> Record:
    """Play the story from its beginning and keep every rest. The diagram must be one that can be deployed."""
    [diagram], _ = definitions.check({f"{story.name}.bpmn": story.diagram, **story.files}, frozenset({"callback"}))
    [compiled] = diagram.compiled.values()
    stored = _compile(story.diagram, compiled.normalised, story.files)
    workflow, now = Workflow.begin(stored, story.variables, story.start_event), MONDAY
    rests = []
    for each in [step("start"), *story.steps]:
        now = moment(each, workflow, now)
        outcome = workflow.advance(trigger(each, workflow, now), context(now, story.max_steps))
        state = base64.b64encode(workflow.dump()).decode()
        rests.append({"did": each, "now": now.isoformat(), "state": state, **seen(workflow), "outcome": told(outcome)})
    assert workflow.is_completed, f"Expected {story.name} to be played to its end, but it waits at {rests[-1]['waits']}"
    return {
        "diagram": story.diagram.decode(),
        "normalised": compiled.normalised.decode(),
        "files": {name: content.decode() for name, content in story.files.items()},
        "max_steps": story.max_steps,
        "rests": rests,
    }


def seen(workflow: Workflow) -> Record:
    """Everything that the rest of the engine can see of an instance at rest."""
    return {
        "waits": [
            {"token": wait.token, "at": wait.activity_id, "kind": wait.kind, "scope": wait.scope, "details": _plain(wait.details)}
            for wait in workflow.waits()
        ],
        "scopes": {key: dict(values) for key, values in workflow.scopes.items()},
        "performers": dict(workflow.performers),
        "failed": dict(workflow.failed),
        "completed": workflow.is_completed,
    }


def told(outcome: Outcome) -> Record:
    """What a trigger brought about, without the numbers of tokens."""
    return {
        "changes": [[change.activity_id, change.event, *change.flows] for change in outcome.changes],
        "failures": [[failure.activity_id, failure.kind] for failure in outcome.failures],
        "thrown": [[one.kind, one.name, one.correlation, dict(one.payload)] for one in outcome.messages],
    }


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in details.items()}


def _compile(diagram: bytes, normalised: bytes, files: Mapping[str, bytes]) -> executable.Executable:
    """As a stored definition is compiled: its words from the diagram, its way from the normalised XML."""
    [process] = vocabulary.read_processes(parser.read_xml(diagram, "p.bpmn"), "p.bpmn")
    tables: dict[str, decisions.Decision] = {}
    for name, content in files.items():
        tables |= decisions.compile_decisions(parser.read_xml(content, name), name)
    return executable.compile_stored(parser.read_xml(normalised, "p.normalised.bpmn"), process, tables)


@dataclass(frozen=True)
class Sample:
    """A recorded story."""

    release: str
    name: str
    recorded: Record

    def __str__(self) -> str:
        return f"{self.release}/{self.name}"

    @property
    def rests(self) -> list[Record]:
        return list(self.recorded["rests"])

    @property
    def max_steps(self) -> int:
        return int(self.recorded["max_steps"])

    def compile(self) -> executable.Executable:
        """By the running release, from what the former one stored."""
        files = {name: content.encode() for name, content in self.recorded["files"].items()}
        return _compile(self.recorded["diagram"].encode(), self.recorded["normalised"].encode(), files)

    def state(self, number: int) -> bytes:
        return base64.b64decode(self.recorded["rests"][number]["state"])


def samples() -> Iterator[Sample]:
    """Every sample of every release."""
    for path in sorted(HERE.glob("*/*.json")):
        yield Sample(path.parent.name, path.stem, json.loads(path.read_text()))
