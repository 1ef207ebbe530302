"""Events and the tasks that behave like them: receive tasks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.bpmn import awaited, catching, compensation, throwing
from engine.bpmn.awaited import Awaited
from engine.bpmn.elements import Element, Throw, Work
from engine.bpmn.extensions import Reader
from engine.bpmn.instance import StepFailed, Token
from engine.bpmn.scopes import View, holds, write
from engine.bpmn.vocabulary import BPMN, event_kind


class Part:
    """One of the things that an event waits for. An event with one definition is its own only part."""

    awaited: Awaited
    whole: Any

    def is_met(self, listener: Token) -> bool:
        """Whether the condition has become true. It does not hold before its variables are there."""
        view = View(listener)
        names, condition = self.awaited.condition.names, self.awaited.condition
        return all(name in view.variables for name in names) and holds(view, condition)


class Alternative(Part, Element):
    """A part of an event with several definitions. Tokens listen for it under a name of its own, people see the event."""

    def __init__(self, whole: Any, number: int, awaited: Awaited) -> None:
        # A slash never stands in an id of the diagram.
        super().__init__(whole._wf_spec, f"{whole.name}/{number}")
        self.whole, self.awaited, self.starts_scope = whole, awaited, whole.starts_scope

    @property
    def shown_as(self) -> str:
        return str(self.whole.name)

    def occur(self, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
        self.whole.occur(listener, payload, at)


class Event(Part):
    """What all events share that wait for something, or catch what is thrown."""

    parts: Sequence[Any] = ()
    wants_all = False  # happens when all its definitions have come, not any of them

    @property
    def whole(self) -> Any:
        return self

    def read_parts(self, reader: Reader) -> None:
        """What it waits for; several definitions become parts of their own."""
        found = awaited.read(reader)
        self.wants_all = reader.element.get("parallelMultiple") == "true" and len(found) > 1
        if len(found) == 1:
            self.awaited, self.parts = found[0], [self]
        else:
            self.parts = [Alternative(self, number, each) for number, each in enumerate(found, 1)]


class CatchingEvent(Event, Element):
    """Something that may happen while an activity or a scope lasts."""

    interrupting = True
    catches: frozenset[tuple[str, str | None]] = frozenset()  # errors and escalations, with their codes; None stands for any
    code_variable: str | None = None
    message_variable: str | None = None
    catches_compensation = False  # stands for the handler of its activity, and is never waited for
    catches_cancel = False

    def configure(self, reader: Reader) -> None:
        self.read_parts(reader)
        self.catches_compensation, self.catches_cancel = reader.has("compensateEventDefinition"), reader.has("cancelEventDefinition")
        caught = [definition for definition in reader.definitions() if event_kind(definition) in ("error", "escalation")]
        self.catches = frozenset((event_kind(definition), reader.code(definition)) for definition in caught)
        for definition in caught:
            self.code_variable, self.message_variable = reader.code_variables(definition)

    @property
    def catches_errors(self) -> bool:
        return any(kind == "error" for kind, _ in self.catches)

    def enter(self, token: Token) -> bool | None:
        carried = self.data.leaving(View(token))
        token.entered()
        self._carry(token, carried)
        return True

    def leave(self, token: Token) -> bool:
        self._carry(token, self.data.leaving(View(token)))
        return True

    def _carry(self, token: Token, values: dict[str, Any]) -> None:
        """What has come with the event is in the scope already; data outputs say where else it goes."""
        assert token.owner is not None
        write(token.owner, values)


class Start(CatchingEvent):
    """Begins a process, a subprocess, or an event subprocess, for whose scope it listens."""

    starts_scope = True
    subprocess: Any = None  # the event subprocess that it starts

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.interrupting = self.catches_errors or reader.is_true("isInterrupting")  # an error always does
        self.initiator = reader.attribute("initiator")

    def enter(self, token: Token) -> bool | None:
        done = super().enter(token)
        if self.initiator is not None:
            self._carry(token, {self.initiator: token.workflow.context.case.get("starter")})
        return done

    def open(self, token: Token) -> bool | None:
        """The first step of an instance: its event subprocesses begin to listen."""
        catching.listen(token.workflow.root, catching.prepare_starts_of_process(token.workflow))
        return self.enter(token)

    def occur(self, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
        catching.at_scope(self, listener, payload, at)


class Boundary(CatchingEvent):
    """Listens while its activity lasts."""

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.interrupting = self.catches_errors or self.catches_cancel or reader.is_true("cancelActivity")

    def occur(self, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
        catching.at_boundary(self, listener, payload, at)


class Catch(Event, Work):
    """An intermediate catching event or a receive task: waits until it happens."""

    instantiates = False

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.read_parts(reader)
        self.instantiates = reader.element.get("instantiate") == "true"
        if not self.parts:
            reader.problem("event", "Expected a timer, message, signal or condition to wait for, but there is none")

    def prepare(self, token: Token, view: View) -> dict[str, Any]:
        return self.awaited.details(view) if len(self.parts) == 1 else {}

    def prepare_listeners(self, token: Token, view: View) -> catching.Prepared:
        return super().prepare_listeners(token, view) + (catching.prepare([self], view) if len(self.parts) > 1 else [])

    def begin(self, token: Token) -> bool | None:
        token.workflow.watch(token)
        return None

    def open(self, token: Token) -> bool:
        """The first step of an instance that this event, or the gateway before it, has started: it has happened already."""
        waits = catching.prepare_starts_of_process(token.workflow)
        local = self._local(token)
        outputs = self._leaving(View(token) if local is None else View(token.owner, local))
        if self.incoming:
            self.incoming[0].source.decided(token, self)
        catching.listen(token.workflow.root, waits)
        token.entered()
        self._hand_over(token, outputs)
        return True

    def occur(self, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
        owner = listener.owner
        assert owner is not None
        if listener.id not in owner.listeners:
            self.accept(listener, payload)
        elif owner.task_spec is not self:
            catching.at_gateway(self, listener, payload)
        elif catching.is_last(listener):
            self.accept(owner, payload)
        else:
            write(owner, payload)


class ThrowEvent(Throw):
    """An intermediate throwing event or an end event. Without a definition it is only a point on the way."""

    error: tuple[str, str] | None = None  # code and name
    compensates = False
    undoes: str | None = None  # the only activity to take back
    waits_for_undoing = True

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.ends_all, self.cancels = reader.has("terminateEventDefinition"), reader.has("cancelEventDefinition")
        for definition in reader.element.iter(BPMN + "compensateEventDefinition"):
            self.compensates, self.undoes = True, definition.get("activityRef") or None
            self.waits_for_undoing = definition.get("waitForCompletion") not in ("false", "0")
        for definition in reader.definitions():
            if event_kind(definition) == "error":
                found = reader.referenced(definition)
                self.raises, self.error = True, (reader.code(definition) or "", "" if found is None else found.get("name") or "")

    def enter(self, token: Token) -> bool | None:
        if self.raises:
            self._raise(token)
            return None
        transaction = compensation.transaction_around(token) if self.cancels else None
        done = super().enter(token)
        if self.ends_all:
            assert token.owner is not None
            if (past := token.workflow.past) is not None:
                past.interrupt(token.owner, [])
            for other in token.owner.within():
                if other is not token:
                    token.workflow.cancel_token(other)
        if transaction is not None:
            compensation.cancel(transaction, token)
            return None
        return compensation.throw(token, self.undoes, self.waits_for_undoing) if self.compensates else done

    def undone(self, token: Token) -> bool:
        """What it waited for has been taken back."""
        return True

    def _raise(self, token: Token) -> None:
        assert self.error is not None
        code, name = self.error
        if not throwing.throw_error(token, code, name, technical=False):
            message = f"Expected somebody to catch the error {code or name!r}, but nobody does"
            raise StepFailed("error", message, error_code=code)
