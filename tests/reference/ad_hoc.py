"""How the reference plays ad-hoc subprocesses (13.3.5)."""

from typing import Any

from tests.reference.drawing import BPMN, Node
from tests.reference.tokens import Listener, Scope, Token

ACTIVITIES = ("Task", "Process", "Activity")


class AdHoc:
    """A part of the interpreter, which gives the rest."""

    drawing: Any
    _token: Any
    _cancel: Any
    _remove: Any
    _done: Any
    holds: Any

    def is_ad_hoc(self, scope: Scope) -> bool:
        return scope.token is not None and scope.token.inside is scope and scope.within != "" and scope.token.node.tag == "adHocSubProcess"

    def is_enabled(self, node: Node) -> bool:
        """What no flow leads to can be chosen from the beginning."""
        aside = node.tag == "boundaryEvent" or node.is_event_subprocess or node.xml.get("isForCompensation") == "true"
        return not node.incoming and not aside

    def is_held_back(self, token: Token) -> bool:
        """In a sequence, one activity is at work at a time; people choose by doing."""
        return self._in_a_sequence(token) and _is_activity(token.node) and self._is_busy(token)

    def refuses(self, waiter: Token | Listener) -> bool:
        """A person cannot do a task while something else is at work."""
        is_task = isinstance(waiter, Token) and waiter.node.tag in ("userTask", "manualTask")
        return is_task and self._in_a_sequence(waiter) and self._is_busy(waiter)

    def _in_a_sequence(self, token: Any) -> bool:
        scope = token.scope
        return self.is_ad_hoc(scope) and scope.token.node.xml.get("ordering") == "Sequential"

    def _is_busy(self, token: Any) -> bool:
        return any(other is not token and _is_at_work(other) for other in token.scope.tokens)

    def _look(self, gone: Token) -> None:
        """After each activity the completion condition is asked."""
        scope = gone.scope
        around = scope.token
        assert around is not None
        if not (_is_activity(gone.node) or scope.is_closing or not scope.tokens):
            return
        if not scope.is_interrupted:
            self._close_or_go_on(scope, around)
        if not scope.tokens:
            scope.listeners = []
            self._done(around)

    def _close_or_go_on(self, scope: Scope, around: Token) -> None:
        condition = around.node.xml.findtext(BPMN + "completionCondition")
        is_sequence = around.node.xml.get("ordering") == "Sequential"
        scope.is_closing = scope.is_closing or (condition is not None and self.holds(condition, scope))
        if not scope.is_closing:
            if not scope.tokens and condition is not None:
                for node in self.drawing.nodes.values():
                    if node.within == scope.within and self.is_enabled(node) and node.tag in ("userTask", "manualTask"):
                        self._token(node, scope)
            for token in scope.tokens:
                token.state = "entering" if token.state == "held" else token.state
        elif is_sequence or around.node.xml.get("cancelRemainingInstances") != "false":
            for token in list(scope.tokens):
                self._cancel(token)
        else:
            for token in list(scope.tokens):
                if token.state in ("entering", "held", "joined"):
                    self._remove(token)


def _is_activity(node: Node) -> bool:
    return node.is_drawn and (node.tag.endswith(ACTIVITIES) or node.tag in ("task", "transaction"))


def _is_at_work(token: Token) -> bool:
    is_task = token.node.tag in ("userTask", "manualTask")
    return _is_activity(token.node) and (token.state == "failed" or (token.state == "waiting" and not is_task))
