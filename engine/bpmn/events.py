"""Events and the tasks that behave like them: receive tasks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.bpmn import catching
from engine.bpmn.elements import Element, Throw, Work
from engine.bpmn.extensions import Awaited, Reader
from engine.bpmn.instance import StepFailed, Token
from engine.bpmn.scopes import View, write


class CatchingEvent(Element):
    """Something that may happen while an activity or a scope lasts."""

    interrupting = True
    awaited: Awaited | None = None
    catches_errors = False
    error_code: str | None = None
    code_variable: str | None = None
    message_variable: str | None = None

    def configure(self, reader: Reader) -> None:
        self.awaited = reader.awaited(self.event_definition)
        self.catches_errors = reader.has("errorEventDefinition")
        if self.catches_errors:
            self.error_code = self.event_definition.code
            self.code_variable, self.message_variable = reader.error_variables()

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

    def open(self, token: Token) -> bool | None:
        """The first step of an instance: its event subprocesses begin to listen."""
        root = token.workflow.root
        prepared = catching.prepare_starts(root.task_spec.body, View(root))
        catching.listen(root, prepared)
        return self.enter(token)

    def occur(self, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
        catching.at_scope(self, listener, payload, at)


class Boundary(CatchingEvent):
    """Listens while its activity lasts."""

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.interrupting = reader.is_true("cancelActivity")

    def occur(self, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
        catching.at_boundary(self, listener, payload, at)


class Catch(Work):
    """An intermediate catching event or a receive task: waits until it happens."""

    awaited: Awaited | None = None

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.awaited = reader.awaited(self.event_definition)
        if self.awaited is None:
            reader.problem("event", "Expected a timer, message or signal to wait for, but there is none")

    def prepare(self, token: Token, view: View) -> dict[str, Any]:
        assert self.awaited is not None
        return self.awaited.details(view)

    def occur(self, listener: Token, payload: Mapping[str, Any], at: datetime | None) -> None:
        if listener.task_spec is self and listener.owner is not None and listener.id in listener.owner.listeners:
            catching.at_gateway(self, listener, payload)
        else:
            self.accept(listener, payload)


class ThrowEvent(Throw):
    """An intermediate throwing event or an end event. Without a definition it is only a point on the way."""

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.ends_all = reader.has("terminateEventDefinition")
        self.raises = reader.has("errorEventDefinition")

    def enter(self, token: Token) -> bool | None:
        if self.raises:
            self._raise(token)
            return None
        done = super().enter(token)
        if self.ends_all:
            assert token.owner is not None
            for other in token.owner.within():
                if other is not token:
                    token.workflow.cancel_token(other)
        return done

    def _raise(self, token: Token) -> None:
        code, name = self.event_definition.code, self.event_definition.name
        if not catching.throw_error(token, code or "", name or "", technical=False):
            message = f"Expected somebody to catch the error {code or name!r}, but nobody does"
            raise StepFailed("error", message, error_code=code or "")
