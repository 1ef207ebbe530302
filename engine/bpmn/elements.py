"""What the elements of a diagram do, one class each: SpiffWorkflow's task specifications with BPMN 2.0.2's behaviour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin

from engine.bpmn import catching, compaction, compensation, loops, multi_instance, quantities, standard_loop, throwing
from engine.bpmn.data import Data
from engine.bpmn.extensions import Mapped, Reader
from engine.bpmn.instance import StepFailed, Token
from engine.bpmn.model import Activity
from engine.bpmn.scopes import View, write
from engine.bpmn.vocabulary import event_kind


@dataclass(frozen=True)
class Flow:
    """A sequence flow. `condition` is compiled; the default flow is taken when no condition holds."""

    id: str
    source: "Element"
    target: "Element"
    condition: Any
    default: bool


class Element(BpmnSpecMixin):  # type: ignore[misc]  # the library is not typed
    """Any flow node. A token runs its phases; a phase that returns True lets the token leave by the outgoing flows.

    A phase first evaluates everything that can fail and only then changes anything, so that a failed step leaves no trace.
    """

    starts_scope = False  # listens for the scope that holds it, not for an activity
    raises = False  # throws an error, which ends the visit
    throws = False  # throws something else, and goes on
    body: Any = None  # what a subprocess holds
    starts_itself = False  # an event starts it, no flow
    is_transaction = False
    is_of_a_person = False
    start_quantity = completion_quantity = 1  # tokens
    # Who takes it back when it is completed: an activity, beside the event that stands for it, or an event subprocess in it.
    handler: Any = None
    compensation: Any = None
    undone_by: Any = None
    undo: Any = None  # the hidden elements that do so
    restored: Any = None

    def __init__(self, wf_spec: Any, bpmn_id: str, **given: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **given)
        self.outgoing: list[Flow] = []
        self.incoming: list[Flow] = []
        self.activity: Activity | None = None
        self.loop: loops.Loop | None = None
        self.inputs_mapped: Mapped | None = None
        self.outputs_mapped: Mapped | None = None
        self.boundaries: list[Any] = []
        self.stands_aside = False  # neither a flow nor its scope begins it: boundary events, event subprocesses, compensation
        self.data = Data()

    @property
    def drawn(self) -> bool:
        """Whether it stands in the diagram; what normalising inserts does not."""
        return self.activity is not None

    @property
    def shown_as(self) -> str:
        """The id under which a failure is reported: an inserted fork belongs to the element before it."""
        name = str(self.name)
        return name if self.drawn else name.removesuffix(".fork")

    def configure(self, reader: Reader) -> None:
        """Take what the XML says; problems are collected by the reader."""

    def repeats(self, token: Token) -> bool:
        """Whether this token is the body of a loop or multi-instance, not one of its items."""
        return self.loop is not None and token.item is None

    @property
    def plays(self) -> Any:
        """What tells how it repeats."""
        return standard_loop if isinstance(self.loop, loops.StandardLoop) else multi_instance

    def holds_back(self, owner: Token, token: Token) -> bool:
        """Whether a token within must not begin its activity yet."""
        return False

    # -- called by SpiffWorkflow's Task.run() and Task.complete() ---------------------------------------------------------

    def _run(self, my_task: Token) -> bool | None:
        done: bool | None = getattr(self, my_task.phase)(my_task)
        return done

    def _on_complete(self, my_task: Token) -> None:
        if my_task.phase != "leave" and not (self.repeats(my_task) and my_task.details):
            my_task.left()
        instance, owner = my_task.workflow, my_task.owner
        assert owner is not None
        compensation.remember(my_task)
        flows = self.taken(my_task) * self.completion_quantity if my_task.item is None else []
        for flow in flows:
            instance.send(flow.target, owner, flow.id)
        if instance.past is not None:
            instance.past.ends(my_task, is_dead_end=not flows)
        for listener in my_task.listening():
            compaction.splice(listener)
        compaction.splice(my_task)
        if my_task.item is not None:
            self.plays.item_ended(owner, my_task)
        else:
            owner.task_spec.token_ended(owner, my_task)

    def token_ended(self, owner: Token, token: Token) -> None:
        """What this element holds has one token less."""
        if not owner.holds_tokens():
            owner.workflow.finish_scope(owner)

    def _on_cancel(self, my_task: Token) -> None:
        """Nothing to undo: a token holds all that it has."""

    # -- phases -----------------------------------------------------------------------------------------------------------

    def enter(self, token: Token) -> bool | None:
        token.entered()
        return True

    def leave(self, token: Token) -> bool:
        return True

    def taken(self, token: Token) -> list[Flow]:
        """The flows that the leaving token takes: all of them, unless a gateway chooses."""
        return self.outgoing

    def caught(self, token: Token, code: str, message: str, technical: bool = False) -> bool:
        return throwing.throw_error(token, code, message, technical)


class Work(Element):
    """An activity: has inputs and outputs, may repeat, and carries boundary events while it lasts."""

    lasts = True  # False: done in the step that enters it, so that nothing can interrupt it
    gives_results = True  # False: only its output mapping sees what it gives back

    def configure(self, reader: Reader) -> None:
        self.loop = loops.read(reader)
        self.start_quantity, self.completion_quantity = reader.number("startQuantity"), reader.number("completionQuantity")
        self.inputs_mapped, self.outputs_mapped = reader.inputs(self._data_inputs()), reader.outputs()
        self.collects = self.loop.results if isinstance(self.loop, loops.MultiInstance) else None

    def _data_inputs(self) -> tuple[tuple[str, Any], ...]:
        return self.data.entering(self.loop.collected_from if isinstance(self.loop, loops.MultiInstance) else None)

    def arrive(self, token: Token) -> None:
        quantities.arrive(self, token)

    def withdraw(self, token: Token) -> None:
        quantities.withdraw(self, token)

    def open_if_due(self, owner: Token) -> bool:
        return False

    def enter(self, token: Token) -> bool | None:
        assert token.owner is not None
        if self.start_quantity > 1 and token.item is None and not quantities.gathered(self, token):
            return None
        if token.owner.task_spec.holds_back(token.owner, token):
            token.phase = "held"
            return None
        if self.repeats(token):
            done: bool | None = self.plays.enter(self, token)
            return done
        local = self._local(token)
        view = View(token) if local is None else View(token.owner, local)
        if not self.lasts:
            self._do_at_once(token, view, local)
            return True
        details = self.prepare(token, view)
        waits = self.prepare_listeners(token, view)
        token.variables = local
        token.details = details
        token.entered()
        catching.listen(token, waits)
        return self.begin(token)

    def _local(self, token: Token) -> dict[str, Any] | None:
        """The variables that only this activity sees: its item of a multi-instance, and its inputs."""
        if self.inputs_mapped is None and not self.data.local:
            return dict(token.variables) if token.variables is not None else None
        inputs = {} if self.inputs_mapped is None else self.inputs_mapped.evaluate(View(token))
        return {**dict.fromkeys(self.data.local), **(token.variables or {}), **inputs}

    def _do_at_once(self, token: Token, view: View, local: dict[str, Any] | None) -> None:
        results = self.perform(token, view)
        outputs = self._leaving(view.within({**results}))
        token.entered()
        token.variables = local
        if self.gives_results:
            write(token, results)
        self._hand_over(token, outputs)

    def perform(self, token: Token, view: View) -> Mapping[str, Any]:
        """What an activity that is done at once gives back."""
        return {}

    def prepare(self, token: Token, view: View) -> dict[str, Any]:
        """Everything that must be evaluated before a lasting activity begins: the details of its wait."""
        return {}

    def prepare_listeners(self, token: Token, view: View) -> catching.Prepared:
        """What can interrupt it; an item of a multi-instance is interrupted with its body."""
        return [] if token.item is not None else catching.prepare_boundaries(self, view)

    def begin(self, token: Token) -> bool | None:
        """Start what was prepared; None waits."""
        return None

    def accept(self, token: Token, variables: Mapping[str, Any]) -> None:
        """What the outside has done is kept now, whatever the next step brings."""
        write(token, variables)
        token.left()
        for listener in token.listening():
            compaction.splice(listener)
        token.details = {}
        token.go_on("leave")

    def leave(self, token: Token) -> bool:
        self._hand_over(token, self._leaving(View(token)))
        return True

    def _leaving(self, view: View) -> dict[str, Any]:
        """What its output mapping and its data outputs give to the scope around it."""
        mapped = {} if self.outputs_mapped is None else self.outputs_mapped.evaluate(view)
        return mapped | self.data.leaving(view.within(mapped), without=None if self.collects is None else self.collects.output)

    def decided(self, body: Token) -> bool | None:
        """What the people of a repetition have decided, as soon as it can no longer change; None where nothing is decided."""
        return None

    def conclude(self, body: Token, decided: bool | None) -> None:
        """A repetition is over."""

    def reopened(self, body: Token, items: Sequence[int]) -> None:
        """Items of a repetition have not ended after all."""

    def without_items(self, body: Token) -> bool | None:
        """There is nothing to repeat over: whether that is the end of it."""
        return True

    def _hand_over(self, token: Token, outputs: dict[str, Any]) -> None:
        """Outputs go to the scope around; an item's own result stays with it until all items are done."""
        assert token.owner is not None
        if token.item is not None and self.collects is not None and self.collects.item in outputs:
            assert token.variables is not None
            token.variables[self.collects.item] = outputs.pop(self.collects.item)
        write(token.owner, outputs)

    def close(self, token: Token) -> bool:
        """The last phase of what holds tokens: nothing is left within."""
        return self.leave(token)

    def check(self, token: Token) -> bool | None:
        done: bool | None = self.plays.check(token)
        return done


class PassThrough(Work):
    """An abstract task: nothing to do, so it is done."""

    lasts = False


class Script(Work):
    """A script task in the safe language."""

    lasts = False

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.script = reader.script()

    def perform(self, token: Token, view: View) -> Mapping[str, Any]:
        return view.run_script(self.script)


class BusinessRule(Work):
    """A decision table; its result goes to camunda:resultVariable."""

    lasts = False
    decision: Any = None

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.result_variable = reader.attribute("resultVariable")
        self.gives_results = self.result_variable is not None

    def perform(self, token: Token, view: View) -> Mapping[str, Any]:
        return {self.result_variable or "decisionResult": view.decide(self.decision)}

    def _do_at_once(self, token: Token, view: View, local: dict[str, Any] | None) -> None:
        if self.result_variable is None and self.outputs_mapped is None and not self.data.outputs:
            raise StepFailed("decision", "Expected a camunda:resultVariable for the result of the decision, but there is none")
        super()._do_at_once(token, view, local)


class Throw(Work):
    """A send task, and what the throwing events have in common: throws what it has and goes on."""

    lasts = False
    throws = True

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        self.thrown = [(event_kind(each), reader.named(each)) for each in reader.definitions() if event_kind(each) in ("message", "signal")]
        self.escalations = [reader.code(each) or "" for each in reader.definitions() if event_kind(each) == "escalation"]
        self.correlation = reader.correlation()

    def enter(self, token: Token) -> bool | None:
        done = super().enter(token)
        # An escalation may end everything around it, this token as well.
        return done if all(throwing.throw_escalation(token, code) for code in self.escalations) else None

    def _do_at_once(self, token: Token, view: View, local: dict[str, Any] | None) -> None:
        names = [(kind, name(view)) for kind, name in self.thrown]
        correlation = None if self.correlation is None else view.json(self.correlation)
        inputs = () if self.inputs_mapped is None else self.inputs_mapped.names
        payload = {name: (local or {})[name] for name in inputs}
        super()._do_at_once(token, view, local)
        for kind, name in names:
            throwing.throw(token, kind, name, correlation, payload)
