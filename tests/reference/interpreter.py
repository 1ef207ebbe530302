"""The token game of BPMN 2.0.2, played as literally as possible: what the engine is compared with.

It keeps every token and scope as a plain object, and knows no file of the engine.
Covered: tasks, plain, terminate and error ends, exclusive, parallel, inclusive and event-based gateways, boundary events,
embedded, event and ad-hoc subprocesses, multi-instance, standard loops, data objects, timers that repeat. Conditions are
Python. Chapters in brackets are those of the specification.
"""

from collections import ChainMap, Counter

from tests.reference.ad_hoc import AdHoc
from tests.reference.drawing import BPMN, Flow, Node, read
from tests.reference.interruptions import Interruptions
from tests.reference.repeats import Repeats
from tests.reference.tokens import THROWN, Listener, Scope, Token

__all__ = ["THROWN", "Interpreter", "Listener", "Scope", "Token"]

WAITING_TASKS = {
    "userTask": "user_task",
    "manualTask": "user_task",
    "serviceTask": "job",
    "receiveTask": "message",
    "callActivity": "call",
}


class Interpreter(AdHoc, Repeats, Interruptions):
    """One instance. `visits` counts what happened where since the last call of `play`: (entered, node), (flow, flow) …"""

    def __init__(self, xml: bytes, variables: dict[str, object]) -> None:
        self.variables = dict(variables)
        self.drawing = read(xml)
        self.numbers = 0
        self.visits: Counter[tuple[str, str]] = Counter()
        self.process = Scope(self.drawing.process, None, data=self.variables)
        self._begin(self.process)

    # -- data -------------------------------------------------------------------------------------------------------------

    def names(self, scope: Scope) -> ChainMap[str, object]:
        """What can be seen from within, the innermost first (10.4.1)."""
        scopes = [scope]
        while scopes[-1].token is not None:
            scopes.append(scopes[-1].token.scope)
        return ChainMap(*(each.data for each in scopes))

    def write(self, scope: Scope, values: dict[str, object]) -> None:
        """Each value goes to the innermost scope that has the name, else to the process."""
        maps = self.names(scope).maps
        for name, value in values.items():
            next((each for each in maps if name in each), maps[-1])[name] = value

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
        host = waiter if isinstance(waiter, Token) else waiter.host
        self.write(host if isinstance(host, Scope) else host.scope, variables)
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
            if (node.tag == "startEvent" and not node.event) or (self.is_ad_hoc(scope) and self.is_enabled(node)):
                self._token(node, scope)

    def _start_of(self, subprocess: Node) -> Node:
        return next(node for node in self.drawing.nodes.values() if node.within == subprocess.id and node.tag == "startEvent")

    def _enter(self, token: Token) -> None:
        node = token.node
        if node.tag in ("parallelGateway", "inclusiveGateway") and len(node.incoming) > 1:
            token.state = "joined"
            if node.tag == "parallelGateway":
                self._open(token, every=True)
        elif self.is_held_back(token):
            token.state = "held"
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
            seen = dict(self.names(token.scope))
            assigned = dict(seen)
            exec(token.node.xml.findtext(BPMN + "script") or "", {}, assigned)
            self.write(token.scope, {name: value for name, value in assigned.items() if name not in seen or value is not seen[name]})
        except ArithmeticError:
            self._visit("failed", token.node)
            token.state = "failed"
        return token.state != "failed"

    def _work(self, token: Token) -> None:
        node = token.node
        if node.tag in ("subProcess", "adHocSubProcess", "transaction"):
            data: dict[str, object] = {each.get("id", ""): None for each in node.xml.findall(BPMN + "dataObject")}
            token.state, token.inside = "waiting", Scope(node.id, token, data=data)
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
        for flow in self._chosen(token):
            self._token(flow.target, token.scope, flow)
        self._end(token)

    def _end(self, token: Token) -> None:
        """A scope that holds no token any more is done (10.5.6, 13.3.4)."""
        self._remove(token)
        if self.is_ad_hoc(token.scope):
            self._look(token)
        elif not token.scope.tokens:
            token.scope.listeners = []
            if token.scope.token is not None:
                self._done(token.scope.token)

    # -- gateways ---------------------------------------------------------------------------------------------------------

    def _chosen(self, token: Token) -> list[Flow]:
        """Every flow whose condition holds, none holding counts; of an exclusive gateway the first (13.4.2, 13.4.3)."""
        node = token.node
        held = [flow for flow in node.outgoing if flow.id != node.default and self.holds(flow.condition, token.scope)]
        default = [flow for flow in node.outgoing if flow.id == node.default]
        return (held[:1] if node.tag == "exclusiveGateway" else held) or default

    def holds(self, condition: str | None, scope: Scope) -> bool:
        return condition is None or bool(eval(condition, {}, dict(self.names(scope))))

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


def _kind(node: Node) -> str:
    return WAITING_TASKS.get(node.tag, node.event)
