"""How the reference repeats: multi-instance activities (13.3.7) and standard loops (13.3.6)."""

from typing import Any
from xml.etree import ElementTree

from tests.reference.drawing import BPMN
from tests.reference.tokens import THROWN, Scope, Token


class Repeats:
    """A part of the interpreter, which gives the rest."""

    _listen: Any
    _token: Any
    _remove: Any
    _cancel: Any
    _visit: Any
    _done: Any
    holds: Any

    def _begin_loop(self, token: Token, loop: ElementTree.Element) -> None:
        """As many instances as the drawing says, at once or one after the other; a loop that is tested before may have no round."""
        inside = Scope("", token, data={"loopCounter": 0})
        if _is_standard(loop) and loop.get("testBefore") == "true" and not self.holds(loop.findtext(BPMN + "loopCondition"), inside):
            self._visit("entered", token.node, token.flow)
            self._done(token)
            return
        token.state, token.inside = "waiting", inside
        for boundary in token.node.boundaries:
            if boundary.event not in THROWN:
                self._listen(boundary, token)
        for _ in range(1 if _is_standard(loop) or loop.get("isSequential") == "true" else self._count(loop)):
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
        if _is_standard(loop):
            self._round_done(body, loop)
        else:
            self._instance_done(body, loop)
        if not body.inside.tokens:
            body.state, body.listeners, body.inside = "leaving", [], None

    def _round_done(self, body: Token, loop: ElementTree.Element) -> None:
        """Another round, unless there have been enough or the condition does not hold any more."""
        assert body.inside is not None
        rounds = body.inside.completed_items
        body.inside.data["loopCounter"] = rounds
        if rounds < int(loop.get("loopMaximum", "99")) and self.holds(loop.findtext(BPMN + "loopCondition"), body.inside):
            self._item(body)

    def _instance_done(self, body: Token, loop: ElementTree.Element) -> None:
        assert body.inside is not None
        body.inside.data["nrOfCompletedInstances"] = body.inside.completed_items
        condition = loop.findtext(BPMN + "completionCondition")
        if condition and self.holds(condition, body.inside):
            for other in list(body.inside.tokens):
                self._cancel(other)
        elif body.started_items < self._count(loop) and loop.get("isSequential") == "true":
            self._item(body)


def _is_standard(loop: ElementTree.Element) -> bool:
    return loop.tag == BPMN + "standardLoopCharacteristics"
