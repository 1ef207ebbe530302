"""How the reference interrupts: boundary events, event subprocesses, errors (10.5.6, 13.4.2)."""

from typing import Any

from tests.reference.drawing import BPMN, Node
from tests.reference.tokens import Scope, Token


class Interruptions:
    """A part of the interpreter, which gives the rest."""

    drawing: Any
    _visit: Any
    _visited: Any
    _done: Any
    _remove: Any
    _token: Any
    _start_of: Any

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
