"""The token game goes on: escalations, conditions, compensation and transactions, as literally as the rest.

What is completed is written down in the scope where it was completed; what is taken back is done by a token that no diagram shows.
Chapters in brackets are those of BPMN 2.0.2.
"""

from dataclasses import dataclass
from xml.etree import ElementTree

from tests.reference.drawing import BPMN, Node
from tests.reference.interpreter import THROWN, Interpreter, Listener, Scope, Token

HIDDEN = Node("undoing", "undoing", ElementTree.Element("undoing"), "", is_drawn=False)


@dataclass(eq=False)
class Record:
    """A completed activity, and what was completed in it."""

    node: Node
    number: int
    inside: list["Record"]
    was_unfinished: bool = False


class InterpreterOfEvents(Interpreter):
    def __init__(self, xml: bytes, variables: dict[str, object]) -> None:
        self.done: dict[Scope, list[Record]] = {}
        self.inside: dict[Token, list[Record]] = {}
        self.todo: dict[Token, tuple[list[Record], Token | None]] = {}  # by the token that takes back: what, and who waits for it
        self.held: dict[Listener | Token, bool] = {}  # whether a condition held when it was asked last
        self.completions = 0
        self.is_passing = True  # the start event makes the instance: nothing of it listens before
        root = ElementTree.fromstring(xml)
        self.associations = {each.get("sourceRef"): each.get("targetRef") or "" for each in root.iter(BPMN + "association")}
        self.codes = {each.get("id"): each.get("escalationCode") for each in root.iter(BPMN + "escalation")}
        super().__init__(xml, variables)

    def waits(self) -> list[tuple[str, str, Token | Listener]]:
        found = [(node, "condition" if kind == "conditional" else kind, each) for node, kind, each in super().waits()]
        return [wait for wait in found if wait[1] not in THROWN]

    # -- conditions (10.5.5): they happen when they become true ------------------------------------------------------------

    def _tokens(self, scope: Scope) -> list[Token]:
        """Asked before each step for what can move; what has become true happens first."""
        if scope is self.process:
            if not self.is_passing:
                self._ask()
            self.is_passing = False
        return super()._tokens(scope)

    def _ask(self) -> None:
        waiting = [each for _, kind, each in self.waits() if kind == "condition"]
        waiting.sort(key=lambda each: (self._depth_of(each), each.number))
        self.held = {each: self.held.get(each, False) for each in waiting}
        for each in waiting:
            if any(each is other for _, _, other in self.waits()):
                text = each.node.xml.findtext(f".//{BPMN}condition") or ""
                holds, held = bool(eval(text, {}, self.variables)), self.held.get(each, False)
                self.held[each] = holds
                if holds and not held:
                    self.happen(each, {})

    def _depth_of(self, waiting: Token | Listener) -> int:
        host = waiting.host if isinstance(waiting, Listener) else waiting
        if isinstance(host, Scope):
            return 0 if host.token is None else 1 + self._depth_of(host.token)
        return self._depth(host) + (1 if isinstance(waiting, Listener) else 0)

    # -- escalations (10.5.6) ----------------------------------------------------------------------------------------------

    def _work(self, token: Token) -> None:
        node = token.node
        if node.tag not in ("intermediateThrowEvent", "endEvent") or node.event not in ("escalation", "compensate", "cancel"):
            super()._work(token)
        elif node.event == "escalation":
            self._done(token)
            self._escalate(token, self._code(node) or "")
        elif node.event == "compensate":
            self._compensate(token)
        else:
            self._cancel_transaction(token)

    def _code(self, node: Node) -> str | None:
        definition = node.xml.find(BPMN + "escalationEventDefinition")
        return None if definition is None else self.codes.get(definition.get("escalationRef"))

    def _escalate(self, token: Token, code: str) -> None:
        at: Token | None = token
        while at is not None:
            boundary = None if at.is_item else self._told(at.node.boundaries, code)
            if boundary is not None:
                self._leave_by_boundary(boundary, at)
                return
            inside = [each for each in self.drawing.nodes.values() if each.within == at.scope.within and each.is_event_subprocess]
            start = None if at.scope.is_interrupted else self._told([self._start_of(each) for each in inside if each is not at.node], code)
            if start is not None:
                self._start_event_subprocess(start, at.scope)
                return
            at = at.scope.token
        self._visit("thrown", token.node)  # nobody is told: the work goes on

    def _told(self, events: list[Node], code: str) -> Node | None:
        events = [event for event in events if event.event == "escalation"]
        exact = [event for event in events if self._code(event) == code]
        return next(iter(exact + [event for event in events if self._code(event) is None]), None)

    # -- what is completed (13.5.5) ----------------------------------------------------------------------------------------

    def _done(self, token: Token) -> None:
        if token.inside is not None:
            self.inside[token] = self.done.pop(token.inside, [])
        super()._done(token)

    def _item_done(self, item: Token) -> None:
        body = item.scope.token
        assert body is not None
        scope = body.inside
        assert scope is not None
        super()._item_done(item)
        if body.inside is None:
            self.inside[body] = self.done.pop(scope, [])

    def _leave(self, token: Token) -> None:
        inside = self.inside.pop(token, [])
        if token.node.loop is not None and not token.is_item:
            self.done.setdefault(token.scope, []).extend(inside)
        elif inside or self._handler(token.node) is not None:
            self.completions += 1
            self.done.setdefault(token.scope, []).append(Record(token.node, self.completions, inside))
        super()._leave(token)

    def _handler(self, node: Node) -> Node | None:
        event = next((each for each in node.boundaries if each.event == "compensate"), None)
        return None if event is None else self.drawing.nodes[self.associations[event.id]]

    # -- taking back -------------------------------------------------------------------------------------------------------

    def _compensate(self, token: Token) -> None:
        """The event takes back what its scope has done; in an event subprocess also what the scope around it has done."""
        records = self.done.pop(token.scope, [])
        around = token.scope.token
        if around is not None and around.node.is_event_subprocess and not around.is_item:
            records += self.done.pop(around.scope, [])
        waits = any(each.get("waitForCompletion") != "false" for each in token.node.xml.iter(BPMN + "compensateEventDefinition"))
        if records and waits:
            token.state = "waiting"
        else:
            self._done(token)
        if records:
            self._undo(token.scope, sorted(records, key=lambda each: each.number), token if waits else None)

    def _undo(self, scope: Scope, records: list[Record], waiter: Token | None) -> None:
        holder = self._token(HIDDEN, scope)
        self.todo[holder] = (records, waiter)

    def _enter(self, token: Token) -> None:
        if token.node is HIDDEN:
            self._take_next(token)
        else:
            super()._enter(token)
            self.is_passing = token.state == "leaving"  # in and out at once: nobody asks in between

    def _take_next(self, holder: Token) -> None:
        records, waiter = self.todo[holder]
        if not records:
            del self.todo[holder]
            if waiter is not None and waiter.node.tag == "transaction":
                self._leave_by_boundary(next(each for each in waiter.node.boundaries if each.event == "cancel"), waiter)
                return
            if waiter is not None:
                self._done(waiter)
            self._end(holder)
            return
        record = records.pop()
        holder.state, holder.inside = "waiting", Scope("", holder)
        handler = None if record.was_unfinished else self._handler(record.node)
        if handler is None:
            self._undo(holder.inside, record.inside, None)
            return
        event = next(each for each in record.node.boundaries if each.event == "compensate")
        self._visit("entered", event)
        self._visit("left", event)
        self._token(handler, holder.inside)

    def _end(self, token: Token) -> None:
        holder = token.scope.token
        if holder is None or holder.node is not HIDDEN:
            super()._end(token)
            return
        self._remove(token)
        if not token.scope.tokens:
            holder.state, holder.inside = "entering", None

    # -- transactions (13.5.5) ---------------------------------------------------------------------------------------------

    def _cancel_transaction(self, token: Token) -> None:
        host = token.scope.token
        while host is not None and host.node.tag != "transaction":
            host = host.scope.token
        assert host is not None
        assert host.inside is not None
        records = self._done_within(host.inside)
        self._done(token)
        for each in list(host.inside.tokens):
            self._cancel(each)
        host.listeners, host.inside.listeners, host.inside.is_interrupted = [], [], True
        holder = self._token(HIDDEN, host.inside)
        self.todo[holder] = (records, host)

    def _done_within(self, scope: Scope) -> list[Record]:
        records = self.done.pop(scope, [])
        for token in scope.tokens:
            inside = [] if token.inside is None else self._done_within(token.inside)
            inside += self.todo[token][0] if token in self.todo else []
            if inside and token.node is not HIDDEN and not (token.node.loop is not None and not token.is_item):
                self.completions += 1
                inside = [Record(token.node, self.completions, inside, was_unfinished=True)]
            records += inside
        return sorted(records, key=lambda each: each.number)
