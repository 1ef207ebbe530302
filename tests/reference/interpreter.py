"""The token game of BPMN 2.0.2, played as literally as possible: what the engine is compared with.

It keeps every token and scope as a plain object, and knows no file of the engine.
Covered: tasks, plain, terminate and error ends, exclusive, parallel, inclusive and event-based gateways, boundary events,
embedded and event subprocesses, multi-instance, timers that repeat. Data: one mapping, conditions in Python, over it.
Chapters in brackets are those of the specification.
"""

from collections import Counter
from dataclasses import dataclass, field
from xml.etree import ElementTree

from tests.reference.drawing import BPMN, Flow, Node, read

WAITING_TASKS = {
    "userTask": "user_task",
    "manualTask": "user_task",
    "serviceTask": "job",
    "receiveTask": "message",
    "callActivity": "call",
}
THROWN = ("error", "escalation", "compensate", "cancel")  # caught without waiting for it


@dataclass(eq=False)
class Scope:
    """A running process, a running subprocess, or the instances of a multi-instance activity."""

    within: str
    token: "Token | None"  # the token that stands in the activity around it; None for the process
    tokens: list["Token"] = field(default_factory=list)
    listeners: list["Listener"] = field(default_factory=list)
    completed_items: int = 0
    is_interrupted: bool = False


@dataclass(eq=False)
class Token:
    node: Node
    scope: Scope
    number: int
    flow: Flow | None
    state: str = "entering"  # then waiting, joined (at a gateway) or leaving
    inside: Scope | None = None
    listeners: list["Listener"] = field(default_factory=list)
    started_by: Node | None = None  # event subprocess: its start event
    is_item: bool = False
    started_items: int = 0


@dataclass(eq=False)
class Listener:
    """An event that may happen to a token or scope for as long as that lasts."""

    node: Node
    host: Token | Scope
    number: int
    left: int  # how often it may still happen


class Interpreter:
    """One instance. `visits` counts what happened where since the last call of `play`: (entered, node), (flow, flow) …"""

    def __init__(self, xml: bytes, variables: dict[str, object]) -> None:
        self.variables = dict(variables)
        self.drawing = read(xml)
        self.numbers = 0
        self.visits: Counter[tuple[str, str]] = Counter()
        self.process = Scope(self.drawing.process, None)
        self._begin(self.process)

    # -- what the outside does --------------------------------------------------------------------------------------------

    @property
    def is_completed(self) -> bool:
        return not self.process.tokens

    @property
    def is_deadlocked(self) -> bool:
        """All tokens of some scope wait at joins: nothing can ever reach those."""
        scopes = [self.process] + [token.inside for token in self._tokens(self.process) if token.inside is not None]
        return any(scope.tokens and all(token.state == "joined" for token in scope.tokens) for scope in scopes)

    def waits(self) -> list[tuple[str, str, Token | Listener]]:
        """Node id, kind, and who waits; oldest first."""
        found = [(each.number, each.node.id, _kind(each.node), each) for each in self._all(self.process)]
        return [(node, kind, each) for _, node, kind, each in sorted(found, key=lambda wait: wait[0]) if kind]

    def _all(self, scope: Scope) -> list[Token | Listener]:
        found: list[Token | Listener] = list(scope.listeners)
        for token in scope.tokens:
            found += token.listeners
            if token.inside is not None:
                found += self._all(token.inside)
            elif token.state == "waiting":
                found.append(token)
        return found

    def happen(self, waiter: Token | Listener, variables: dict[str, object]) -> None:
        """A task is done, a timer is due, a message has come."""
        self.variables |= variables
        if isinstance(waiter, Token):
            self._done(waiter)
            return
        waiter.left -= 1
        host = waiter.host
        if isinstance(host, Scope):
            if waiter.left == 0:
                host.listeners.remove(waiter)
            self._start_event_subprocess(waiter.node, host)
        elif waiter.node.tag == "boundaryEvent":
            if waiter.left == 0:
                host.listeners.remove(waiter)
            self._leave_by_boundary(waiter.node, host)
        else:  # behind an event-based gateway: the first event decides (10.6.6)
            self._visit("left", host.node)
            flow = next(flow for flow in host.node.outgoing if flow.target is waiter.node)
            self._done(self._visited(waiter.node, host.scope, flow))
            self._remove(host)

    def failed(self) -> list[Token]:
        """Where a script could not be run; oldest first."""
        return sorted((token for token in self._tokens(self.process) if token.state == "failed"), key=lambda each: each.number)

    def retry(self, token: Token) -> None:
        token.state = "entering"

    def fail(self, token: Token, code: str) -> bool:
        """A job reports an error; False, with nothing changed, when nobody would catch it."""
        return self._raise(token, code)

    # -- steps ------------------------------------------------------------------------------------------------------------

    def play(self) -> Counter[tuple[str, str]]:
        """Move tokens until all rest: the outer ones first, among those the oldest. Gives the visits."""
        while True:
            ready = [token for token in self._tokens(self.process) if token.state in ("entering", "leaving")]
            if ready:
                token = min(ready, key=lambda each: (self._depth(each), each.number))
                self._enter(token) if token.state == "entering" else self._leave(token)
            elif not any(self._open_inclusive(token) for token in self._tokens(self.process)):
                visits, self.visits = self.visits, Counter()
                return visits

    def _tokens(self, scope: Scope) -> list[Token]:
        inner = [each for token in scope.tokens if token.inside is not None for each in self._tokens(token.inside)]
        return scope.tokens + inner

    def _depth(self, token: Token) -> int:
        return 0 if token.scope.token is None else 1 + self._depth(token.scope.token)

    def _visit(self, event: str, node: Node, *flows: Flow | None) -> None:
        if node.is_drawn:
            self.visits[event, node.id] += 1
            self.visits.update(("flow", flow.id) for flow in flows if flow is not None and flow.id)

    def _token(self, node: Node, scope: Scope, flow: Flow | None = None) -> Token:
        self.numbers += 1
        token = Token(node, scope, self.numbers, flow)
        scope.tokens.append(token)
        return token

    def _listen(self, node: Node, host: Token | Scope) -> None:
        self.numbers += 1
        cycle = node.xml.findtext(f".//{BPMN}timeCycle")
        left = int(cycle[1 : cycle.index("/")]) if cycle else 1 if node.interrupting or node.event == "timer" else -1
        host.listeners.append(Listener(node, host, self.numbers, left))

    def _remove(self, token: Token) -> None:
        token.scope.tokens.remove(token)

    def _begin(self, scope: Scope) -> None:
        """Event subprocesses listen for as long as the scope lasts; a token stands on its start event (13.4.2)."""
        inside = [node for node in self.drawing.nodes.values() if node.within == scope.within]
        for subprocess in inside:
            if subprocess.is_event_subprocess:
                start = self._start_of(subprocess)
                if start.event not in THROWN:
                    self._listen(start, scope)
        for node in inside:
            if node.tag == "startEvent" and not node.event:
                self._token(node, scope)

    def _start_of(self, subprocess: Node) -> Node:
        return next(node for node in self.drawing.nodes.values() if node.within == subprocess.id and node.tag == "startEvent")

    def _enter(self, token: Token) -> None:
        node = token.node
        if node.tag in ("parallelGateway", "inclusiveGateway") and len(node.incoming) > 1:
            token.state = "joined"
            if node.tag == "parallelGateway":
                self._open(token, every=True)
        elif node.loop is not None and not token.is_item:
            self._begin_loop(token, node.loop)
        else:
            if node.tag == "scriptTask" and not self._run(token):
                return
            self._visit("entered", node, token.flow)
            for boundary in node.boundaries:
                if boundary.event not in THROWN and not token.is_item:
                    self._listen(boundary, token)
            self._work(token)

    def _run(self, token: Token) -> bool:
        """Run the script; one that fails has done nothing, and the token rests before it."""
        try:
            exec(token.node.xml.findtext(BPMN + "script") or "", {}, self.variables)
        except ArithmeticError:
            self._visit("failed", token.node)
            token.state = "failed"
        return token.state != "failed"

    def _work(self, token: Token) -> None:
        node = token.node
        if node.tag in ("subProcess", "transaction"):
            token.state, token.inside = "waiting", Scope(node.id, token)
            if token.started_by is not None:
                self._done(self._visited(token.started_by, token.inside))
            else:
                self._begin(token.inside)
        elif node.tag == "eventBasedGateway":
            token.state = "waiting"
            for flow in node.outgoing:
                self._listen(flow.target, token)
        elif node.tag in WAITING_TASKS or node.tag == "intermediateCatchEvent":
            token.state = "waiting"
        elif node.tag == "endEvent" and node.event == "error":
            reference = node.xml.find(BPMN + "errorEventDefinition")
            assert reference is not None
            self._done(token)
            assert self._raise(token, self.drawing.errors[reference.get("errorRef")] or "")
        else:
            if node.event in ("message", "signal"):
                self._visit("thrown", node)
            elif node.event == "terminate":
                for other in list(token.scope.tokens):
                    if other is not token:
                        self._cancel(other)
            self._done(token)

    def _visited(self, node: Node, scope: Scope, flow: Flow | None = None) -> Token:
        token = self._token(node, scope, flow)
        self._visit("entered", node, flow)
        return token

    def _done(self, token: Token) -> None:
        """What the token does here is done; it leaves in a step of its own."""
        self._visit("left", token.node)
        token.state, token.listeners, token.inside = "leaving", [], None

    def _leave(self, token: Token) -> None:
        if token.is_item:
            self._item_done(token)
            return
        for flow in self._chosen(token.node):
            self._token(flow.target, token.scope, flow)
        self._end(token)

    def _end(self, token: Token) -> None:
        """A scope that holds no token any more is done (10.5.6, 13.3.4)."""
        self._remove(token)
        if not token.scope.tokens:
            token.scope.listeners = []
            if token.scope.token is not None:
                self._done(token.scope.token)

    # -- gateways ---------------------------------------------------------------------------------------------------------

    def _chosen(self, node: Node) -> list[Flow]:
        """Every flow whose condition holds, none holding counts; of an exclusive gateway the first (13.4.2, 13.4.3)."""
        held = [flow for flow in node.outgoing if flow.id != node.default and self._holds(flow)]
        default = [flow for flow in node.outgoing if flow.id == node.default]
        return (held[:1] if node.tag == "exclusiveGateway" else held) or default

    def _holds(self, flow: Flow) -> bool:
        return flow.condition is None or bool(eval(flow.condition, {}, self.variables))

    def _open(self, token: Token, every: bool = False) -> bool:
        """Let a join go on with the oldest token of each flow on which one has arrived (13.4.1, 13.4.3)."""
        here = [each for each in token.scope.tokens if each.node is token.node and each.state == "joined"]
        first = {each.flow: each for each in reversed(here)}
        if every and len(first) < len(token.node.incoming):
            return False
        self._visit("entered", token.node, *first)
        oldest = min(first.values(), key=lambda each: each.number)
        for each in first.values():
            if each is not oldest:
                self._remove(each)
        self._done(oldest)
        return True

    def _open_inclusive(self, token: Token) -> bool:
        """Not while a token can still come by an empty flow, unless it can come by a full one as well (13.4.3)."""
        node = token.node
        if token.state != "joined" or node.tag != "inclusiveGateway":
            return False
        arrived = {each.flow for each in token.scope.tokens if each.node is node and each.state == "joined"}
        for other in token.scope.tokens:
            if not (other.node is node and other.state == "joined"):
                ways = {flow for flow in node.incoming if self._leads(other.node, flow, node, set())}
                if ways and not ways & arrived:
                    return False
        return self._open(token)

    def _leads(self, node: Node, flow: Flow, avoiding: Node, seen: set[str]) -> bool:
        if node is flow.source:
            return True
        if node is avoiding or node.id in seen:
            return False
        seen.add(node.id)
        return any(self._leads(each.target, flow, avoiding, seen) for each in node.outgoing)

    # -- interruptions ----------------------------------------------------------------------------------------------------

    def _cancel(self, token: Token) -> None:
        for child in list(token.inside.tokens) if token.inside is not None else []:
            self._cancel(child)
        if token.state in ("waiting", "failed") and (token.node.loop is None or token.is_item):
            self._visit("cancelled", token.node)
        self._remove(token)

    def _leave_by_boundary(self, boundary: Node, host: Token) -> None:
        if boundary.interrupting:
            self._cancel(host)
        self._done(self._visited(boundary, host.scope))

    def _start_event_subprocess(self, start: Node, scope: Scope) -> None:
        if start.interrupting:
            for token in list(scope.tokens):
                self._cancel(token)
            scope.listeners, scope.is_interrupted = [], True
        token = self._token(self.drawing.nodes[start.within], scope)
        token.started_by = start

    def _raise(self, token: Token, code: str) -> bool:
        """An error goes outwards to the first boundary or event subprocess that catches it (10.5.6)."""
        at: Token | None = token
        while at is not None:
            catching = None if at.is_item else self._catches(at.node.boundaries, code)
            if catching is not None:
                self._leave_by_boundary(catching, at)
                return True
            inside = [node for node in self.drawing.nodes.values() if node.within == at.scope.within and node.is_event_subprocess]
            starts = [self._start_of(node) for node in inside if node is not at.node]
            catching = None if at.scope.is_interrupted else self._catches(starts, code)
            if catching is not None:
                self._start_event_subprocess(catching, at.scope)
                return True
            at = at.scope.token
        return False

    def _catches(self, events: list[Node], code: str) -> Node | None:
        found: list[tuple[bool, Node]] = []
        for node in events:
            for definition in node.xml.iter(BPMN + "errorEventDefinition"):
                named = self.drawing.errors.get(definition.get("errorRef"))
                if named in (None, code):
                    found.append((named is None, node))
        return min(found, key=lambda each: each[0])[1] if found else None

    # -- multi-instance ---------------------------------------------------------------------------------------------------

    def _begin_loop(self, token: Token, loop: ElementTree.Element) -> None:
        """As many instances as the drawing says, at once or one after the other (13.3.7)."""
        token.state, token.inside = "waiting", Scope("", token)
        for boundary in token.node.boundaries:
            if boundary.event not in THROWN:
                self._listen(boundary, token)
        for _ in range(1 if loop.get("isSequential") == "true" else self._count(loop)):
            self._item(token)

    def _count(self, loop: ElementTree.Element) -> int:
        return int(loop.findtext(BPMN + "loopCardinality") or "1")

    def _item(self, token: Token) -> None:
        assert token.inside is not None
        item = self._token(token.node, token.inside, token.flow)
        item.is_item = True
        token.started_items += 1

    def _item_done(self, item: Token) -> None:
        body, loop = item.scope.token, item.node.loop
        assert body is not None
        assert body.inside is not None
        assert loop is not None
        self._remove(item)
        body.inside.completed_items += 1
        condition = loop.findtext(BPMN + "completionCondition")
        if condition and eval(condition, {}, {**self.variables, "nrOfCompletedInstances": body.inside.completed_items}):
            for other in list(body.inside.tokens):
                self._cancel(other)
        elif body.started_items < self._count(loop) and loop.get("isSequential") == "true":
            self._item(body)
        if not body.inside.tokens:
            body.state, body.listeners, body.inside = "leaving", [], None


def _kind(node: Node) -> str:
    return WAITING_TASKS.get(node.tag, node.event)
