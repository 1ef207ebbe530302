"""One running instance: tokens on elements, moved one step at a time. Built on SpiffWorkflow's workflow and task."""

import heapq
from collections import deque
from collections.abc import Mapping
from time import monotonic, thread_time
from typing import Any

from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import compaction, lineage
from engine.bpmn.triggers import Change, Context, Failure, Thrown, Told

READY, STARTED, WAITING = TaskState.READY, TaskState.STARTED, TaskState.WAITING
Arrivals = dict[str, deque["Token"]]  # by incoming sequence flow, oldest first


class StepFailed(Exception):
    """A step cannot be done. Raised before the step has changed anything."""

    def __init__(self, kind: str, message: str, line: int | None = None, error_code: str | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.line, self.error_code = kind, message, line, error_code


class TakesLong(Exception):
    """A step would take longer than whoever asked has patience for. The workflow is to be thrown away."""


class NoScript:
    """Stands where SpiffWorkflow keeps its script engine: every expression goes through the sandbox, so nothing may ask here."""


NO_SCRIPT = NoScript()


class Token(Task):  # type: ignore[misc]  # the library is not typed
    """Where an instance stands.

    READY: rests before the next phase of its element (`phase` names it: enter, check, fork, leave …), or has failed there.
    STARTED: inside its element, waiting for something outside, for what it holds, or at a join for other tokens.
    WAITING: only listens: a boundary event or the start of an event subprocess. Its owner is the activity or scope.
    Finished tokens do not exist. A token's owner is the scope, multi-instance body or activity that holds it.
    """

    def __init__(self, instance: "Instance", spec: Any, owner: "Token | None", number: int, state: int = READY) -> None:
        # Not the library's own: that draws a random id and reads the wall clock.
        self.workflow = instance
        self.task_spec = spec
        self.number = number
        self.id = str(number) if number else ""
        self.owner = owner
        self.depth_of_scope: int = 0 if owner is None else owner.depth_of_scope + 1
        self._state = state
        self._children: dict[str, None] = {}  # tokens within; listeners are kept apart, as they keep nothing running
        self.listeners: dict[str, None] = {}
        self.arrivals: dict[str, Arrivals] = {}
        self.phase = "enter"
        self.flows: tuple[str, ...] = ()
        self.item: int | None = None  # position within a multi-instance body
        self.chosen: list[Any] = []  # flows that a gateway has chosen in this step
        self.variables: dict[str, Any] | None = None  # None: the owner's scope is also this token's
        self.details: dict[str, Any] = {}
        self.failed = False
        self.lineage: lineage.Lineage = lineage.NONE  # the completed user tasks that it descends from, see there
        self.ended: lineage.Lineage = lineage.NONE  # those of what has ended within it
        self.items: dict[int, lineage.Lineage] = {}  # the same of each item that has ended
        self.row: bytes | None = None  # how it was stored last, while nothing has touched it
        instance.tasks[self.id] = self
        instance.touched[self.id] = None
        if owner is not None:
            (owner.listeners if state == WAITING else owner._children)[self.id] = None

    @property
    def parent(self) -> "Token | None":
        return self.owner

    @property
    def data(self) -> dict[str, Any]:
        """The innermost scope's variables: a view, so that nothing is copied from task to task."""
        token = self
        while token.variables is None and token.owner is not None:
            token = token.owner
        return token.variables if token.variables is not None else {}

    def _set_state(self, value: int) -> None:
        self._state = value  # the library's own builds a log record at each change

    def within(self) -> list["Token"]:
        tasks = self.workflow.tasks
        return [tasks[token_id] for token_id in self._children]

    def listening(self) -> list["Token"]:
        tasks = self.workflow.tasks
        return [tasks[token_id] for token_id in self.listeners]

    def holds_tokens(self) -> bool:
        return bool(self._children)

    def is_all_at_joins(self) -> bool:
        tasks = self.workflow.tasks  # no list of them: this is asked after every completion, and most often the first one tells
        return all(tasks[token_id].phase == "arrived" for token_id in self._children)

    def entered(self) -> None:
        self.workflow.note(self, "entered", self.flows)

    def left(self) -> None:
        self.workflow.note(self, "left")

    def go_on(self, phase: str) -> None:
        """Do this phase of the element next."""
        self.phase = phase
        self._state = READY
        self.workflow.queue(self)


class Instance(BpmnWorkflow):  # type: ignore[misc]  # the library is not typed
    """The tokens of one process instance and the queue of those that can move."""

    def __init__(self, specs: Mapping[str, Any], process: Any) -> None:
        super().__init__(process.spec, script_engine=NO_SCRIPT, deserializing=True)
        self.specs = specs
        self.process = process
        self.touched: dict[str, dict[str, Any] | None] = {}  # tokens that may have changed, with their variables as they were
        self.numbers = 0
        self.performers: dict[str, str] = {}
        self.signed: dict[str, dict[str, bool | None]] = {}  # by activity, who signed its last visit, and whether they approved
        self.joins: dict[tuple[str, str], Any] = {}  # joins where tokens wait, by scope and element
        self.watching: dict[str, int] = {}  # tokens that wait for a condition, and after which writing they were asked last
        self.past = lineage.Past() if process.goes_back else None
        self.impatient_at: float | None = None  # monotonic: what is still not reckoned then takes long
        self.written = 0  # how often variables have been written in this advance
        self._ready: list[tuple[int, int]] = []
        self.task_tree = self.root = Token(self, process, None, 0, STARTED)
        self.root.variables = {}
        self.context = Context(now=None)  # type: ignore[arg-type]  # a real one comes with each trigger
        self.clear()

    def clear(self) -> None:
        self.changes: list[Change] = []
        self.failures: list[Failure] = []
        self.thrown: list[Thrown] = []
        self.told: list[Told] = []

    # -- tokens -------------------------------------------------------------------------------------------------------

    def place(self, spec: Any, owner: Token, flows: tuple[str, ...] = ()) -> Token:
        """A new token before the element; it is not queued yet."""
        token = self.put(spec, owner)
        token.flows = flows
        return token

    def put(self, spec: Any, owner: Token, number: int | None = None, state: int = READY) -> Token:
        """A new token with the next number, or a stored one with its own."""
        if number is None:
            self.numbers += 1
        token = Token(self, spec, owner, number or self.numbers, state)
        if self.past is not None and number is None:
            self.past.placed(token)
        return token

    def send(self, spec: Any, owner: Token, flow: str) -> None:
        """A new token that will enter the element by this flow."""
        self.queue(self.place(spec, owner, (flow,)))

    def listen(self, spec: Any, owner: Token, details: dict[str, Any]) -> Token:
        token = self.put(spec, owner, state=WAITING)
        token.details = details
        self.watch(token)
        return token

    def watch(self, token: Token) -> None:
        """Ask after each step whether what this token waits for holds, if that is a condition."""
        if token.details.get("kind") == "condition":
            self.watching[token.id] = -1

    def touch(self, token: Token) -> None:
        """Call it before a token changes: what is stored and shown of it will be made anew, that of all others is kept."""
        token.row = None
        if token.id not in self.touched:
            self.touched[token.id] = None if token.variables is None else dict(token.variables)

    def touch_line(self, token: Token) -> None:
        """A token that moves may change every scope around it as well."""
        at: Token | None = token
        while at is not None:
            self.touch(at)
            at = at.owner

    def queue(self, token: Token) -> None:
        self.touch(token)
        # Outer scopes first, so that an interruption is done before what it interrupts; then the oldest first.
        heapq.heappush(self._ready, (token.depth_of_scope, token.number))

    def note(self, token: Token, event: str, flows: tuple[str, ...] = ()) -> None:
        if token.task_spec.drawn:
            scope = "" if token.owner is None else token.owner.id
            drawn = tuple(flow for flow in flows if flow in self.process.drawn_flows)
            self.changes.append(Change(token.task_spec.name, token.id, event, scope, drawn))

    def cancel_token(self, token: Token) -> None:
        """End a token and everything it holds, innermost first."""
        for child in token.within():
            self.cancel_token(child)
        for listener in token.listening():
            compaction.splice(listener)
        begun = token._state == STARTED or token.phase == "look"  # which an ad-hoc subprocess does between two activities
        visited = token.phase not in ("leave", "arrived", "held") and (token.failed or begun)
        if visited and not token.task_spec.repeats(token):
            self.note(token, "cancelled")
        token._set_state(TaskState.CANCELLED)
        compaction.splice(token)

    def finish_scope(self, owner: Token) -> None:
        """No token is left in this scope: it ends, and nothing listens in it any more."""
        if self.past is not None:
            self.past.finish(owner)
        for listener in owner.listening():
            compaction.splice(listener)
        if owner is self.root:
            self.completed = True
        else:
            owner.go_on("close")

    # -- steps --------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Do everything that can be done now, one step at a time."""
        steps, until = 0, thread_time() + self.context.max_seconds
        self.watching = {token_id: -1 for token_id in self.watching if token_id in self.tasks}  # time, too, has gone on
        while not self.completed:
            if self.impatient_at is not None and monotonic() > self.impatient_at:
                raise TakesLong
            if self.watching:
                self._look()
            token = self._next()
            if token is None:
                self._name_deadlocks()
                return
            if steps >= self.context.max_steps:
                self._stop(token, f"{self.context.max_steps} steps")
            elif steps and thread_time() >= until:
                self._stop(token, f"{self.context.max_seconds:g} seconds of the processor")
            else:
                steps += 1
                self._step(token)

    def _next(self) -> Token | None:
        while True:
            while self._ready:
                token: Token | None = self.tasks.get(str(heapq.heappop(self._ready)[1]))
                if token is not None and token._state == READY and not token.failed:
                    return token
            if not self._open_a_join():
                return None

    def _look(self) -> None:
        """Let happen what waits for a condition that has become true since the last step; the outer scopes first.

        Only a writing changes what a condition sees. Without it a thousand conditions would be asked anew after each of a thousand steps.
        """
        due = [self.tasks[token_id] for token_id, asked in self.watching.items() if asked != self.written and token_id in self.tasks]
        for token in sorted(due, key=lambda each: (each.depth_of_scope, each.number)):
            self.watching[token.id] = self.written
            if token.id not in self.tasks or token.failed or token.details.get("kind") != "condition":
                continue
            held = token.details["held"]
            try:
                holds = token.task_spec.is_met(token)
            except StepFailed as failure:
                self.fail(token, failure)
                continue
            self.touch_line(token)
            token.details = {**token.details, "held": holds}
            if holds and not held:
                if self.past is not None:
                    self.past.begin(token)
                token.task_spec.occur(token, {}, None)

    def _open_a_join(self) -> bool:
        """Let one inclusive join go on to which nothing can come any more."""
        if self.past is not None:
            self.past.settle()
        return any(join.open_if_due(self.tasks[owner_id]) for (owner_id, _), join in list(self.joins.items()))

    def _name_deadlocks(self) -> None:
        """Where every token of a scope waits at a join, none can ever come: without a word the instance would stand for ever."""
        for owner_id, name in self.joins:
            owner = self.tasks[owner_id]
            if owner.is_all_at_joins() and not any(token.failed for token in owner.within()):
                token = next(token for token in owner.within() if token.task_spec.name == name)
                self.fail(token, StepFailed("deadlock", "Expected other tokens to reach this gateway, but none that could is left"))

    def _step(self, token: Token) -> None:
        self.touch_line(token)
        if self.past is not None:
            self.past.begin(token, token.phase)
        try:
            token.run()
        except StepFailed as failure:
            if not token.task_spec.caught(token, failure.kind, failure.message, technical=True):
                self.fail(token, failure)

    def _stop(self, token: Token, limit: str) -> None:
        self.fail(token, StepFailed("limit", f"Expected to come to rest within {limit}, but the instance still goes on"))

    def fail(self, token: Token, failure: StepFailed) -> None:
        """Let the token rest where it is until somebody retries it."""
        self.touch(token)
        token.failed = True
        at = token.task_spec.shown_as
        self.failures.append(Failure(token.id, at, failure.kind, failure.message, failure.line, failure.error_code))

    def all_tokens(self) -> list[Token]:
        """Every token but the root, oldest first."""
        return [token for token in self.tasks.values() if token is not self.root]
