"""One running process instance, as the rest of the engine sees it. The only door to SpiffWorkflow."""

from collections.abc import Mapping, Set
from time import monotonic
from typing import Any

from engine.bpmn import codec, moving, signers, throwing, ways_back
from engine.bpmn.executable import Executable
from engine.bpmn.instance import READY, Instance, StepFailed, TakesLong, Token
from engine.bpmn.sandbox import EvaluationFailed, to_json
from engine.bpmn.scopes import View
from engine.bpmn.triggers import (
    AddSigner,
    Alarm,
    Cancel,
    Change,
    Compared,
    Complete,
    Context,
    Deliver,
    Escalate,
    Fail,
    Failure,
    Fire,
    Move,
    Outcome,
    RemoveSigner,
    Retry,
    Return,
    SetVariables,
    Start,
    StateCorrupt,
    Thrown,
    Trigger,
    Wait,
    Withdraw,
)
from engine.bpmn.waiting import is_waiting, wait_of
from engine.errors import Conflict, Invalid, NotFound

__all__ = [
    "AddSigner",
    "Alarm",
    "Cancel",
    "Change",
    "Complete",
    "Context",
    "Deliver",
    "Escalate",
    "Fail",
    "Failure",
    "Fire",
    "Move",
    "Outcome",
    "RemoveSigner",
    "Retry",
    "Return",
    "SetVariables",
    "Start",
    "StateCorrupt",
    "TakesLong",
    "Thrown",
    "Trigger",
    "Wait",
    "Withdraw",
    "Workflow",
]


class Workflow:
    """Moves by triggers and rests in between. Give it one trigger at a time; after an exception other than Rejected, throw it away."""

    def __init__(self, executable: Executable, instance: Instance) -> None:
        self.executable = executable
        self._instance = instance
        self._back: Token | None = None  # what the last way back has led to
        self._known: dict[str, Wait] | None = None  # what it waited for when it was last compared

    @classmethod
    def begin(cls, executable: Executable, variables: Mapping[str, Any], start_event: str | None = None) -> "Workflow":
        """A new instance at its start event; nothing has run yet."""
        instance = Instance(executable.elements, executable.body)
        instance.root.variables = {**dict.fromkeys(executable.body.data_objects), **_plain(variables)}
        for number, start in enumerate(_starts(executable, start_event)):
            token = instance.place(start, instance.root)
            token.phase = "open" if number == 0 else "enter"
            instance.queue(token)
        workflow = cls(executable, instance)
        workflow._known = {}
        return workflow

    @classmethod
    def load(cls, executable: Executable, state: bytes, instance_id: int | None = None) -> "Workflow":
        """The instance as it was dumped, or StateCorrupt; also when it was dumped as another one's."""
        return cls(executable, codec.load(executable, state, instance_id))

    def dump(self, instance_id: int | None = None) -> bytes:
        """The whole state, ready to be stored as that of this instance."""
        return codec.dump(self._instance, self.executable.fingerprint, instance_id)

    @property
    def variables(self) -> Mapping[str, Any]:
        """The instance's own scope."""
        assert self._instance.root.variables is not None
        return self._instance.root.variables

    @property
    def scopes(self) -> Mapping[str, Mapping[str, Any]]:
        """Every scope by its key; "" is the instance."""
        return {token.id: token.variables for token in self._instance.tasks.values() if token.variables is not None}

    @property
    def performers(self) -> Mapping[str, str]:
        """Who last completed each user task."""
        return self._instance.performers

    def signed(self, activity_id: str) -> Set[str]:
        """Everybody who signed the last visit to a user task, added signers and those for whom others acted as well."""
        last = self._instance.performers.get(activity_id)
        return {*self._instance.signed.get(activity_id, ()), *([] if last is None else [last])}

    @property
    def signers(self) -> Mapping[str, str]:
        """The token of each added signer who is still to sign, by login; also of those whose turn has not come."""
        tokens = [token for token in self._instance.all_tokens() if signers.is_added(token) and not token.details.get("acted")]
        return {token.details["signer"]["login"]: token.id for token in tokens if token.details["signer"].get("login")}

    def signers_of(self, token_id: str) -> Mapping[str, tuple[str, str | None]]:
        """Token and adder of each signer who was added to the work that this token stands for and is still to sign, by login."""
        found = self._instance.tasks.get(token_id)
        waiting = [] if found is None else [each for each in signers.added_to(signers.main_of(found)) if not each.details.get("acted")]
        said = {each.id: each.details["signer"] for each in waiting}
        return {one["login"]: (number, one.get("by")) for number, one in said.items() if one.get("login")}

    def details(self, token_id: str) -> Mapping[str, Any]:
        """What is known of the work that a token waits for."""
        return dict(self._token(token_id).details)

    def visible(self, token_id: str) -> Mapping[str, Any]:
        """Every variable that can be seen from a token."""
        return View(self._token(token_id)).visible()

    def ways_from(self, token_id: str) -> list[ways_back.Way]:
        """The completed tasks to which one can go back from this token."""
        return ways_back.ways_from(self._token(token_id))

    def advises(self, token_id: str) -> bool:
        """Whether who acts at this token was only asked for an opinion, by somebody who then decides."""
        return signers.advises(self._token(token_id))

    def acts_after(self, token_id: str, by: str | None = None) -> list[ways_back.Act] | None:
        """What was done after a person completed the task of this token, and because of it; None when that is not known any more."""
        visit = ways_back.visit_by(self._instance, token_id)
        return None if visit is None or self._instance.past is None else ways_back.acts_after(self._instance.past, visit, by)

    def why_not_back(self, token_id: str) -> str | None:
        """What forbids to undo that the task of this token was completed, whatever came of it."""
        visit = ways_back.visit_by(self._instance, token_id)
        return None if visit is None else ways_back.why_not_back(self._instance, visit)

    def descends_from(self, token_id: str) -> list[str]:
        """The tokens that came of the completed task of this token."""
        visit = ways_back.visit_by(self._instance, token_id)
        return [] if visit is None else [token.id for token in self._instance.all_tokens() if visit.number in token.lineage]

    def places(self) -> list[moving.Place]:
        """Where tokens stand, and which of them can be moved by hand."""
        return moving.places(self._instance)

    def beginnings(self) -> list[str]:
        """The activities before which a token can be made to begin by hand."""
        return moving.beginnings(self._instance)

    @property
    def is_completed(self) -> bool:
        return bool(self._instance.completed)

    @property
    def failed(self) -> Mapping[str, str]:
        """Tokens that rest because a step failed, with their activity: each can be retried."""
        return {token.id: token.task_spec.shown_as for token in self._instance.all_tokens() if token.failed}

    def waits(self) -> list[Wait]:
        """What the instance waits for now, oldest first. What has failed waits for nothing but a retry."""
        return [wait_of(token) for token in self._instance.all_tokens() if not token.failed and is_waiting(token)]

    @property
    def waiting(self) -> Mapping[str, str]:
        """The activity of each token that waits for something outside."""
        return {token.id: token.task_spec.shown_as for token in self._instance.all_tokens() if not token.failed and is_waiting(token)}

    def compare_from_here(self) -> None:
        """From now on it is written down what changes; `compared` tells."""
        if self._known is None:
            self._known = {wait.token: wait for wait in self.waits()}
        self._instance.touched.clear()
        self._instance.touch(self._instance.root)

    def compared(self) -> Compared:
        """What has changed since `compare_from_here`: as much work as was done, however much else the instance holds."""
        instance = self._instance
        assert self._known is not None
        touched = sorted(instance.touched, key=lambda token_id: int(token_id or 0))
        before = [self._known.pop(token_id) for token_id in touched if token_id in self._known]
        there = [instance.tasks[token_id] for token_id in touched if token_id in instance.tasks]
        after = [wait_of(token) for token in there if token is not instance.root and not token.failed and is_waiting(token)]
        self._known.update((wait.token, wait) for wait in after)
        were = {token_id: variables for token_id, variables in instance.touched.items() if variables is not None}
        return Compared(before, after, were, {token.id: token.variables for token in there if token.variables is not None})

    def advance(self, trigger: Trigger, context: Context) -> Outcome:
        """Apply the trigger and go on until nothing can move. Raises Rejected, with nothing changed, when the trigger does not fit.

        Raises TakesLong when the context names a patience, and more would be needed.
        """
        instance = self._instance
        instance.context = context
        instance.impatient_at = None if context.patience is None else monotonic() + context.patience
        instance.clear()
        self._apply(trigger)
        instance.run()
        if instance.past is not None:
            instance.past.settle()
        if isinstance(trigger, Return | Withdraw):
            self._refuse_unless_back()
            self._hand(trigger)
        return Outcome(instance.changes, instance.failures, instance.thrown, instance.told)

    def _apply(self, trigger: Trigger) -> None:
        """Change what the trigger changes by itself; what follows comes with the steps."""
        match trigger:  # a start is all there already
            case Complete():
                self._complete(trigger)
            case AddSigner():
                self._change_signers(self._waiting(trigger.token, "user_task"), trigger)
            case RemoveSigner():
                self._change_signers(self._token(trigger.token), trigger)
            case Fire():
                token = self._waiting(trigger.token, "timer")
                self._note(token, "timer.fired")
                token.task_spec.occur(token, {}, trigger.at)
            case Deliver():
                token = self._waiting(trigger.token, "message", "signal")
                if token.details["name"] != trigger.name:
                    raise Conflict(f"Expected token {token.id} to wait for {trigger.name!r}, but it waits for {token.details['name']!r}")
                payload = _plain(trigger.payload)
                self._note(token, f"{token.details['kind']}.received")
                token.task_spec.occur(token, payload, trigger.at)
            case Escalate():
                token = self._waiting(trigger.token, "call")
                self._note(token, "call.escalated")
                throwing.throw_escalation(token, trigger.code)
            case Alarm():
                throwing.escalate_in(self._instance.root, trigger.code)
            case Fail():
                self._fail(trigger)
            case Retry():
                self._retry(trigger)
            case Return():
                self._return(trigger)
            case Withdraw():
                self._withdraw(trigger)
            case Move():
                moving.move(self._instance, trigger, _plain(trigger.variables))
            case SetVariables():
                self._set(trigger)
            case Cancel():
                self._cancel()

    def _token(self, token_id: str) -> Token:
        token: Token | None = self._instance.tasks.get(token_id)
        if token is None or token is self._instance.root:
            raise NotFound(f"Expected a token {token_id!r} in the instance, but there is none")
        self._instance.touch_line(token)
        return token

    def _waiting(self, token_id: str, *kinds: str) -> Token:
        token = self._token(token_id)
        if token.failed or not is_waiting(token) or token.details["kind"] not in kinds:
            raise Conflict(f"Expected token {token_id} at {token.task_spec.shown_as} to wait for a {' or '.join(kinds)}, but it does not")
        return token

    def _complete(self, trigger: Complete) -> None:
        token = self._waiting(trigger.token, "user_task", "job", "call")
        if token.details["kind"] == "user_task":
            self._sign(token, trigger)
            return
        kind = token.details["kind"]
        token.task_spec.accept(token, _plain(trigger.variables))
        self._note(token, f"{kind}.completed")

    def _sign(self, token: Token, trigger: Complete) -> None:
        """Somebody does a task of people, or their part of it. It has been visited when everybody has."""
        main, past = signers.main_of(token), self._instance.past
        begun = None if main.item is None else main.task_spec.plays.as_begun(main)
        if past is not None:
            past.begin(token)
        main.task_spec.sign(token, _plain(trigger.variables), trigger)
        if past is not None and main.phase == "leave":
            past.visit(main, trigger.performer, begun)
        if trigger.performer is not None:
            self._instance.performers[main.task_spec.name] = trigger.performer

    def _change_signers(self, token: Token, trigger: AddSigner | RemoveSigner) -> None:
        if (past := self._instance.past) is not None:
            past.begin(token)
        if isinstance(trigger, AddSigner):
            self._note(token, "signer.added")
            signers.add(token, trigger)
        else:
            signers.remove(token, trigger)

    def _note(self, token: Token, kind: str) -> None:
        """The outside does something to this token."""
        if (past := self._instance.past) is not None:
            past.begin(token)
            past.act(kind, token.task_spec.shown_as)

    def _return(self, trigger: Return) -> None:
        token = self._waiting(trigger.token, "user_task")
        if trigger.visit not in [way.visit for way in ways_back.ways_from(token)]:
            raise Conflict(f"Expected a way back from {token.task_spec.shown_as} to visit {trigger.visit}, but there is none")
        self._back = ways_back.undo(self._instance, trigger.visit)

    def _withdraw(self, trigger: Withdraw) -> None:
        visit = ways_back.visit_by(self._instance, trigger.token)
        if visit is None:
            raise Conflict(f"Expected to know what came of token {trigger.token}, but it is no longer written down")
        self._back = ways_back.undo(self._instance, visit.number)

    def _hand(self, trigger: Return | Withdraw) -> None:
        """Give the task that is there again to one person, unless the diagram does so or several have it."""
        token = self._back
        if token is None or trigger.holder is None or token.failed or token.details.get("kind") != "user_task":
            return
        if token.details.get("assignee") is None:
            users, groups = token.details.get("candidate_users") or (), token.details.get("candidate_groups") or ()
            token.details["holder"] = trigger.holder(users, groups)

    def _refuse_unless_back(self) -> None:
        """Where another branch has thrown what took everything away, it does so again, at once."""
        if self._back is None or self._back.id not in self._instance.tasks:
            raise Conflict("Expected to go back to a task, but what ended it would end it again at once")

    def _fail(self, trigger: Fail) -> None:
        token = self._waiting(trigger.token, "job", "call")
        self._note(token, f"{token.details['kind']}.failed")
        if not throwing.throw_error(token, trigger.error_code, trigger.message, technical=False):
            message = f"Expected somebody to catch the error {trigger.error_code!r}, but nobody does: {trigger.message}"
            self._instance.fail(token, StepFailed("error", message, error_code=trigger.error_code))

    def _retry(self, trigger: Retry) -> None:
        token = self._token(trigger.token)
        if not token.failed:
            raise Conflict(f"Expected token {token.id} at {token.task_spec.shown_as} to have failed, but it has not")
        token.failed = False
        if token._state == READY:
            self._instance.queue(token)

    def _set(self, trigger: SetVariables) -> None:
        token: Token | None = self._instance.tasks.get(trigger.scope)
        if token is None or token.variables is None:
            raise NotFound(f"Expected a scope {trigger.scope!r} in the instance, but there is none")
        self._instance.touch(token)
        token.variables |= _plain(trigger.variables)

    def _cancel(self) -> None:
        root = self._instance.root
        for token in root.within():
            self._instance.cancel_token(token)
        self._instance.finish_scope(root)


def _plain(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables from outside as pure JSON."""
    try:
        values: dict[str, Any] = to_json(variables)
        return values
    except EvaluationFailed as failure:
        raise Invalid(f"Expected variables that can be stored, but: {failure.message}") from failure


def _starts(executable: Executable, start_event: str | None) -> list[Any]:
    """The start events at which an instance begins."""
    starts = executable.body.starts
    if start_event is not None:
        found = [start for start in starts + executable.body.instantiating if start.name == start_event]
        if not found:
            raise NotFound(f"Expected a start event {start_event!r} in {executable.process.key}, but there is none")
        return found
    found = executable.starts_by_hand
    if not found:
        raise Conflict(f"Expected a plain start event in {executable.process.key}, but it only starts by messages, signals or the clock")
    return found
