"""Runs a small model with chosen answers. Every step is done twice, kept in memory and stored and loaded again, and must be the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from engine.bpmn.executable import Executable, compile_process
from engine.bpmn.parser import read_xml
from engine.bpmn.vocabulary import read_processes
from engine.bpmn.workflow import (
    AddSigner,
    Cancel,
    Complete,
    Context,
    Deliver,
    Fail,
    Failure,
    Fire,
    Outcome,
    RemoveSigner,
    Retry,
    SetVariables,
    Start,
    Thrown,
    Trigger,
    Wait,
    Workflow,
)

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="http://example.org/test">\n'
)


def bpmn(body: str, around: str = "") -> bytes:
    """A file with one process; `around` stands beside the process. `a -> b` lines are sequence flows without ids."""
    lines = [_flow(line) if " -> " in line else line for line in body.splitlines()]
    return f'{HEAD}{around}<process id="p" isExecutable="true">\n{chr(10).join(lines)}\n</process></definitions>'.encode()


def _flow(line: str) -> str:
    """`a -> b`, `a -> b if x > 1`; several targets in a row make a chain."""
    path, _, condition = line.strip().partition(" if ")
    ids = path.split(" -> ")
    text = condition.replace("<", "&lt;").replace("&&", "&amp;&amp;")
    inner = f"<conditionExpression>{text}</conditionExpression>" if condition else ""
    return "".join(f'<sequenceFlow sourceRef="{a.strip()}" targetRef="{b.strip()}">{inner}</sequenceFlow>' for a, b in pairwise(ids))


def executable(content: bytes, decisions: Mapping[str, Any] | None = None) -> Executable:
    root = read_xml(content, "p.bpmn")
    [process] = read_processes(root, "p.bpmn")
    return compile_process(root, process, decisions or {})


@dataclass
class Drive:
    """One instance on its way. `visits` are the activities entered, in order."""

    content: bytes
    variables: Mapping[str, Any] = field(default_factory=dict)
    decisions: Mapping[str, Any] = field(default_factory=dict)
    start_event: str | None = None
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    max_steps: int = 10_000
    staff: Mapping[str, frozenset[str]] | None = None
    starter: str | None = None
    zone: str = "Asia/Shanghai"
    now: datetime = MONDAY

    def __post_init__(self) -> None:
        self.executable = executable(self.content, self.decisions)
        self.outcomes: list[Outcome] = []
        self._live = Workflow.begin(self.executable, self.variables, self.start_event)
        self._stored = self._live.dump()
        self.apply(Start())

    # -- triggers -------------------------------------------------------------------------------------------------------

    @property
    def context(self) -> Context:
        functions, case = {"now": lambda: self.now, **self.functions}, {"number": "WX-1", "starter": self.starter}
        return Context(self.now, functions, case, self.max_steps, zone=self.zone, staff=self.staff)

    def apply(self, trigger: Trigger) -> Outcome:
        context = self.context
        waits, scopes = self._live.waits(), {scope: dict(variables) for scope, variables in self._live.scopes.items()}
        self._live.compare_from_here()
        outcome = self._live.advance(trigger, context)
        self._what_has_not_changed_has_stayed(waits, scopes)
        other = Workflow.load(self.executable, self._stored)
        assert other.advance(trigger, context) == outcome
        assert other.waits() == self._live.waits()
        assert other.scopes == self._live.scopes
        self._stored = other.dump()
        assert self._stored == self._live.dump()
        self.outcomes.append(outcome)
        return outcome

    def _what_has_not_changed_has_stayed(self, waits: list[Wait], scopes: dict[str, dict[str, Any]]) -> None:
        """The instance tells what has changed without looking at all of itself; here all of it is looked at."""
        compared, now = self._live.compared(), self._live
        known = {wait.token: wait for wait in waits}
        assert all(known[wait.token] == wait for wait in compared.waits_before)
        gone = {wait.token for wait in compared.waits_before}
        stayed = {token: wait for token, wait in known.items() if token not in gone}
        assert stayed | {wait.token: wait for wait in compared.waits_after} == {wait.token: wait for wait in now.waits()}
        assert all(scopes[scope] == variables for scope, variables in compared.scopes_before.items() if scope in scopes)
        untouched = {scope: variables for scope, variables in scopes.items() if scope in now.scopes}
        assert untouched | compared.scopes_after == now.scopes

    def complete(self, activity: str, performer: str | None = None, /, **variables: Any) -> Outcome:
        return self.apply(Complete(self.wait(activity).token, variables, performer))

    def decide(self, who: str, decision: str | None = "approve", reason: str | None = None, /, **variables: Any) -> Outcome:
        """The person whose task waits decides it."""
        return self.apply(Complete(self.task_of(who).token, variables, who, decision, reason))

    def complete_as(self, who: str, decision: str | None = None) -> Outcome:
        """Somebody decides the one task that waits, whoever may."""
        [wait] = self.waits()
        return self.apply(Complete(wait.token, {}, who, decision))

    def add_signer(self, by: str, where: str, login: str) -> Outcome:
        return self.apply(AddSigner(self.task_of(by).token, login, where, by, "because"))

    def remove_signer(self, login: str) -> Outcome:
        """Take away a signer, also one whose turn has not come."""
        return self.apply(RemoveSigner(self._live.signers[login]))

    def fire(self, activity: str, late: timedelta = timedelta(0), number: int = 0) -> Outcome:
        wait = self.wait(activity, number)
        self.now = max(self.now, wait.details["due_at"].astimezone(UTC) + late)
        return self.apply(Fire(wait.token, self.now))

    def deliver(self, activity: str, number: int = 0, /, **payload: Any) -> Outcome:
        wait = self.wait(activity, number)
        return self.apply(Deliver(wait.token, wait.details["name"], payload, self.now))

    def fail(self, activity: str, code: str, message: str = "no") -> Outcome:
        return self.apply(Fail(self.wait(activity).token, code, message))

    def retry(self) -> Outcome:
        [token] = self._live.failed
        return self.apply(Retry(token))

    def set(self, scope: str = "", /, **variables: Any) -> Outcome:
        return self.apply(SetVariables(scope, variables))

    def cancel(self) -> Outcome:
        return self.apply(Cancel())

    # -- what can be seen -------------------------------------------------------------------------------------------------

    def waits(self) -> list[Wait]:
        return self._live.waits()

    def wait(self, activity: str, number: int = 0) -> Wait:
        return [wait for wait in self.waits() if wait.activity_id == activity][number]

    def task_of(self, who: str) -> Wait:
        return next(wait for wait in self.waits() if wait.kind == "user_task" and wait.details.get("assignee") == who)

    @property
    def asked(self) -> list[str]:
        """Whose tasks are open, in the order in which they came."""
        return [wait.details.get("assignee") for wait in self.waits() if wait.kind == "user_task"]

    @property
    def waiting(self) -> list[str]:
        return [wait.activity_id for wait in self.waits()]

    @property
    def visits(self) -> list[str]:
        return self._activities("entered")

    @property
    def left(self) -> list[str]:
        return self._activities("left")

    @property
    def cancelled(self) -> list[str]:
        return self._activities("cancelled")

    def _activities(self, event: str) -> list[str]:
        return [change.activity_id for outcome in self.outcomes for change in outcome.changes if change.event == event]

    @property
    def flows(self) -> list[str]:
        return [flow for outcome in self.outcomes for change in outcome.changes for flow in change.flows]

    @property
    def failures(self) -> list[Failure]:
        return [failure for outcome in self.outcomes for failure in outcome.failures]

    @property
    def thrown(self) -> list[Thrown]:
        return [thrown for outcome in self.outcomes for thrown in outcome.messages]

    @property
    def values(self) -> Mapping[str, Any]:
        return self._live.variables

    @property
    def scopes(self) -> Mapping[str, Mapping[str, Any]]:
        return self._live.scopes

    @property
    def done(self) -> bool:
        return self._live.is_completed

    @property
    def failed(self) -> Mapping[str, str]:
        return self._live.failed

    @property
    def state(self) -> bytes:
        return self._stored


Answer = Callable[[list[Wait]], Trigger | None]


def drive(content: bytes, answer: Answer, variables: Mapping[str, Any] | None = None, steps: int = 100) -> Drive:
    """Run a model; at each rest `answer` chooses the next trigger from the waits, or None to stop."""
    run = Drive(content, variables or {})
    for _ in range(steps):
        trigger = None if run.done else answer(run.waits())
        if trigger is None:
            break
        run.apply(trigger)
    return run
