"""Activities that last: jobs for workers, calls of other processes, subprocesses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn import catching
from engine.bpmn.elements import Work
from engine.bpmn.extensions import Reader
from engine.bpmn.instance import Token
from engine.bpmn.scopes import View, write


@dataclass
class Body:
    """The inside of a process or subprocess. The process' own body stands in for an element at the root of the tokens."""

    name: str
    spec: Any
    starts: list[Any] = field(default_factory=list)
    event_subprocesses: list[Any] = field(default_factory=list)
    boundaries: tuple[Any, ...] = ()
    drawn_flows: frozenset[str] = frozenset()
    elements: list[Any] = field(default_factory=list)  # in the order of the file
    data_objects: tuple[str, ...] = ()  # variables that the scope has from its beginning
    goes_back: bool = False  # of a process: a task in it may be returned or withdrawn
    drawn = False
    starts_scope = False
    starts_itself = False
    is_transaction = False
    raises = False

    @property
    def body(self) -> "Body":
        return self

    @property
    def instantiating(self) -> list[Any]:
        """What starts an instance without being a start event: receive tasks, and the events behind gateways that say so."""
        found = [element for element in self.elements if getattr(element, "instantiates", False)]
        return [event for each in found for event in ([flow.target for flow in each.outgoing] if not hasattr(each, "parts") else [each])]

    @property
    def shown_as(self) -> str:
        return self.name

    def repeats(self, token: Token) -> bool:
        return False

    def holds_back(self, owner: Token, token: Token) -> bool:
        return False

    def token_ended(self, owner: Token, token: Token) -> None:
        if not owner.holds_tokens():
            owner.workflow.finish_scope(owner)


class External(Work):
    """A service task that a worker does: a job by topic."""

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        activity = self.activity
        assert activity is not None
        self.topic = reader.template(activity.topic, "a topic")
        if self.topic is None:
            reader.problem("service-task", "Expected an external task with a camunda:topic, but there is no topic")

    def prepare(self, token: Token, view: View) -> dict[str, Any]:
        assert self.activity is not None
        return {"kind": "job", "topic": str(view.json(self.topic)), "retries": self.activity.retries}


class Call(Work):
    """A call activity: the engine runs the called process as an instance of its own."""

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        assert self.activity is not None
        self.called = reader.template(self.activity.called, "a called process")
        if self.called is None:
            reader.problem("call", "Expected a process to call, but calledElement is empty")
        self.passed_in, self.passed_out = reader.passed("in"), reader.passed("out")
        self.key = reader.business_key()

    def prepare(self, token: Token, view: View) -> dict[str, Any]:
        variables: dict[str, Any] = {}
        for target, expression in self.passed_in:
            variables |= view.visible() if target is None else {target: view.json(expression)}
        variables |= {name: view.variables[name] for _, name, _ in self.data.inputs}
        key = None if self.key is None else view.json(self.key)
        return {"kind": "call", "called": str(view.json(self.called)), "variables": variables, "business_key": key}

    def accept(self, token: Token, variables: Mapping[str, Any]) -> None:
        """All variables of the called instance are kept until the mapping, which may fail, has been done."""
        super().accept(token, {})
        token.details = {"result": dict(variables)}

    def leave(self, token: Token) -> bool:
        results: dict[str, Any] = {}
        view = View(token).only(token.details["result"])
        for target, expression in self.passed_out:
            results |= token.details["result"] if target is None else {target: view.json(expression)}
        # Data outputs are results of the called process by their names, whatever else comes back.
        named = {name: token.details["result"].get(name) for name in self.data.local}
        outputs = self._leaving(View(token).within({**named, **results}))
        write(token, results)
        self._hand_over(token, outputs)
        return True


class Subprocess(Work):
    """An embedded subprocess: a scope of its own."""

    body: Body

    def prepare_listeners(self, token: Token, view: View) -> catching.Prepared:
        return super().prepare_listeners(token, view) + catching.prepare_starts(self.body, view)

    def refuse_out_of_turn(self, owner: Token, token: Token) -> None:
        """Raise Conflict when what a person has done within had to wait for something else."""

    def prepare(self, token: Token, view: View) -> dict[str, Any]:
        return {"begin_at": token.details["begin_at"]} if "begin_at" in token.details else {}

    def begin(self, token: Token) -> bool | None:
        token.variables = {**dict.fromkeys(self.body.data_objects), **(token.variables or {})}
        inside = token.details.pop("begin_at", None)
        begun = begin_at(token, dict.fromkeys(start.name for start in self.body.starts) if inside is None else inside)
        return None if begun else True


def begin_at(scope: Token, inside: Mapping[str, Any]) -> list[Token]:
    """Tokens before these activities of the scope; in a subprocess that begins by that, before those within it instead of its starts."""
    instance, begun = scope.workflow, []
    for name, within in inside.items():
        token = instance.place(instance.specs[name], scope)
        token.details = {"begin_at": within} if within else {}
        instance.queue(token)
        begun.append(token)
    return begun


class Transaction(Subprocess):
    """A subprocess that can be cancelled as a whole: what was done in it is taken back."""

    is_transaction = True


class EventSubprocess(Subprocess):
    """Begun by an event in the scope that holds it, beside what goes on there or instead of it."""

    starts_itself = True

    def prepare(self, token: Token, view: View) -> dict[str, Any]:
        return {"start": token.details["start"]}

    def begin(self, token: Token) -> None:
        token.variables = {**dict.fromkeys(self.body.data_objects), **(token.variables or {})}
        start = next(start for start in self.body.starts if start.name == token.details["start"])
        catching.has_occurred(start, token)
