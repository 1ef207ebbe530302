"""Ad-hoc subprocesses, BPMN 2.0.2 §13.3.5: what is in them is done in any order, until enough is done."""

from engine.bpmn import compaction
from engine.bpmn.activities import Subprocess
from engine.bpmn.extensions import Reader
from engine.bpmn.instance import READY, STARTED, StepFailed, Token
from engine.bpmn.scopes import View, holds
from engine.bpmn.user_task import UserTask
from engine.bpmn.vocabulary import ACTIVITIES, BPMN
from engine.errors import Conflict


class AdHoc(Subprocess):
    """Everything that no flow leads to is begun at once: people choose by doing one of the tasks that they see.

    After each activity the completion condition is asked. Without one, it is over when everything has been done once. With one that
    does not hold when nothing is left, the tasks of people can be done again. `Sequential` lets one activity be done at a time: what
    nobody has to choose goes first, in the order of the file, and while it lasts no task can be completed.
    """

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.sequential = reader.element.get("ordering") == "Sequential"
        self.cancels = reader.is_true("cancelRemainingInstances") or self.sequential
        self.enough = reader.expression(reader.element.findtext(BPMN + "completionCondition"), "a completion condition")

    def find_beginnings(self) -> None:
        """What is enabled from the beginning, in the order of the file; called when all is connected."""
        self.body.starts = [element for element in self.body.elements if not element.incoming and not element.stands_aside]

    # -- order ------------------------------------------------------------------------------------------------------------

    def holds_back(self, owner: Token, token: Token) -> bool:
        """Whether this activity must wait until another one that is at work is done."""
        if not self.sequential or self.repeats(owner) or not _is_activity(token) or token.details.get("again"):
            return False
        return any(other is not token and _at_work(other) for other in owner.within())

    def refuse_out_of_turn(self, owner: Token, token: Token) -> None:
        """A person cannot do a task while another activity is at work."""
        if self.sequential:
            busy = next((other for other in owner.within() if other is not token and _at_work(other)), None)
            if busy is not None:
                message = f"Expected the activities of {self.name} one after another, but {busy.task_spec.name} is being done"
                raise Conflict(message)

    # -- end --------------------------------------------------------------------------------------------------------------

    def token_ended(self, owner: Token, token: Token) -> None:
        """Look whether it was enough, in a step of its own: the condition may fail."""
        if _is_activity(token) or owner.details.get("closing") or not owner.holds_tokens():
            owner.go_on("look")

    def look(self, owner: Token) -> bool | None:
        if not owner.details.get("interrupted"):
            closing = owner.details.get("closing") or (self.enough is not None and holds(View(owner), self.enough))
            if closing and not self.cancels:
                if (past := owner.workflow.past) is not None and not owner.details.get("closing"):
                    past.changes(owner)
                owner.details["closing"] = True
                _forget_what_has_not_begun(owner)
            elif closing:
                return self._end(owner)
            else:
                self._go_on(owner)
        return None if owner.holds_tokens() else self._end(owner)

    def _end(self, owner: Token) -> bool:
        outputs = self._leaving(View(owner))
        if (past := owner.workflow.past) is not None:
            past.consume(owner)
        for token in owner.within():
            owner.workflow.cancel_token(token)
        self._hand_over(owner, outputs)
        return True

    def _go_on(self, owner: Token) -> None:
        """Begin what was held back, or offer the tasks of people again."""
        if not owner.holds_tokens() and self.enough is not None:
            again = [element for element in self.body.starts if isinstance(element, UserTask)]
            if not again:
                message = (
                    f"Expected '{self.enough.text.strip()}' to hold when everything is done, but it does not, and no person can do more"
                )
                raise StepFailed("deadlock", message)
            for element in again:
                owner.workflow.queue(owner.workflow.place(element, owner))
        for token in owner.within():
            if token.phase == "held":
                token.go_on("enter")  # where it is held back again if another one was faster


def _is_activity(token: Token) -> bool:
    activity = token.task_spec.activity
    return activity is not None and activity.type in ACTIVITIES


def _at_work(token: Token) -> bool:
    """Whether an activity that no person chooses has begun and not ended."""
    begun = token.failed or (token._state == STARTED and token.phase != "held")
    return begun and _is_activity(token) and (token.failed or not isinstance(token.task_spec, UserTask))


def _forget_what_has_not_begun(owner: Token) -> None:
    """No more activities are begun; those that have begun are waited for."""
    past = owner.workflow.past
    for token in owner.within():
        unbegun = token._state == READY and token.phase == "enter" and not token.failed
        if unbegun or token.phase in ("held", "arrived"):
            if past is not None:
                past.consume(token)
                owner.ended |= past.now
            compaction.splice(token)
