"""DMN 1.1 to 1.5: decisions of a file with all that they require: other decisions, business knowledge models, decision services.

Reading finds every problem at once and names the cell. A result is pure JSON: one output is its value, several are a mapping, the hit
policies for several rules give a list, an aggregation a number.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from engine.bpmn.decision_boxes import FunctionBox, Logic
from engine.bpmn.decision_files import NAMESPACES, local
from engine.bpmn.decision_logic import LogicReader
from engine.bpmn.decision_tables import Functions, Table, within
from engine.bpmn.decision_types import ANY, Type
from engine.bpmn.expressions_budget import SECONDS, Frame
from engine.bpmn.feel_values import Function
from engine.bpmn.sandbox import to_json
from engine.errors import DeploymentRefused, Problem

__all__ = ["NAMESPACES", "Decision", "Table", "check_types", "compile_decisions"]

MAX_DECISIONS = 200

_NO_FUNCTIONS: Functions = {}
_SPACED = re.compile(r"\W+")


@dataclass(frozen=True)
class Knowledge:
    """A business knowledge model: a function with a name, and those that it calls."""

    name: str
    logic: FunctionBox
    requires: "tuple[Knowledge | Service, ...]" = ()

    @property
    def names(self) -> frozenset[str]:
        return self.logic.names

    def function(self, functions: Functions, deadline: float) -> Any:
        known = {other.name: other.function(functions, deadline) for other in self.requires}
        return self.logic.evaluate(known, functions, deadline)


@dataclass(frozen=True)
class Decision:
    """One decision of a file. `inputs` are the variables that it needs, those of the decisions that it requires included."""

    id: str
    name: str
    result_names: list[str]
    logic: Logic
    variable: str  # the name under which other decisions see the result
    type: Type = ANY
    requires: "tuple[Decision, ...]" = ()
    inputs: frozenset[str] = frozenset()
    knows: "tuple[Knowledge | Service, ...]" = ()
    given: tuple[tuple[str, Type], ...] = ()  # the input data that it requires

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({*self.result_names, self.id, self.variable, self.name})

    def evaluate(self, variables: Mapping[str, Any], functions: Functions = _NO_FUNCTIONS, deadline: float | None = None) -> Any:
        """The result as JSON; None when no rule matches. Raises EvaluationFailed."""
        return to_json(self.result(variables, functions, {}, time.monotonic() + SECONDS if deadline is None else deadline))

    def result(self, variables: Mapping[str, Any], functions: Functions, done: dict[str, Any], deadline: float) -> Any:
        """The result as a value of FEEL; `done` are the results that are known already."""
        if self.id not in done:
            seen = {**variables, **dict(self._read(variables))}
            for required in self.requires:
                seen |= required.named(required.result(variables, functions, done, deadline))
            with within(f"decision {self.id!r}"):
                for known in self.knows:
                    seen[known.name] = known.function(functions, deadline)
                done[self.id] = self.type.read(self.logic.evaluate(seen, functions, deadline))
        return done[self.id]

    def _read(self, variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """The input data as their types want them. A name with spaces may be a variable with underscores."""
        for name, kind in self.given:
            for spelling in (name, _SPACED.sub("_", name)):
                if spelling in variables:
                    with within(f"input data {name!r}"):
                        yield name, kind.read(variables[spelling])
                    break

    def named(self, result: Any) -> dict[str, Any]:
        """The result under the names by which another decision may use it."""
        if len(self.result_names) == 1:
            outputs = {self.result_names[0]: result}
        else:
            outputs = {name: None if result is None else result[name] for name in self.result_names if not isinstance(result, list)}
        return {**outputs, self.id: result, self.name: result, self.variable: result}


@dataclass(frozen=True)
class Service:
    """A decision service: some decisions behind one door, which others may call as a function."""

    id: str
    name: str
    outputs: tuple[Decision, ...]
    given: tuple[Decision, ...]  # decisions whose results the caller gives
    parameters: tuple[tuple[str, Type], ...]

    @property
    def names(self) -> frozenset[str]:
        inside = {name for decision in self.given for name in decision.inputs}
        return frozenset({name for decision in self.outputs for name in decision.inputs} - inside) | {one.variable for one in self.given}

    def evaluate(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        done = {decision.id: variables.get(decision.variable) for decision in self.given}
        results = {decision.variable: decision.result(variables, functions, done, deadline) for decision in self.outputs}
        return next(iter(results.values())) if len(results) == 1 else results

    def function(self, functions: Functions, deadline: float) -> Any:
        def run(frame: Frame, arguments: Mapping[str, Any]) -> Any:
            frame.step()
            return self.evaluate(arguments, frame.functions, frame.deadline)

        names = [*(name for name, _ in self.parameters), *(decision.variable for decision in self.given)]
        return Function(tuple(names), run)


def compile_decisions(root: etree._Element, file: str) -> dict[str, Decision]:
    """All decisions and decision services of the file by id. Raises DeploymentRefused with every problem found."""
    reader = _Reader(root, file)
    decisions = reader.decisions()
    if reader.problems:
        raise DeploymentRefused(reader.problems)
    return decisions


def check_types(root: etree._Element, file: str) -> list[Problem]:
    """What is wrong with the types that a file names, asked when it is deployed: a file that was taken before goes on as it is."""
    reader = _Reader(root, file)
    reader.check_types()
    return [problem for problem in reader.problems if problem.rule == "type"]


@dataclass
class _Draft:
    """A decision that has been read, before those that it requires are known."""

    element: etree._Element
    decision: Decision | None
    requires: list[str] = field(default_factory=list)


class _Reader(LogicReader):
    """Reads the requirements of one file: the graph of its decisions, which has no circle."""

    def __init__(self, root: etree._Element, file: str) -> None:
        super().__init__(root, file)
        self.drafts: dict[str, _Draft] = {}
        self.linked: dict[str, Decision | None] = {}
        self.known: dict[str, Knowledge | Service | None] = {}
        self.callables: dict[str, etree._Element] = {}

    def decisions(self) -> dict[str, Decision]:
        if self.namespace not in NAMESPACES or local(self.root) != "definitions":
            self.problem(self.root, f"Expected DMN 1.1 to 1.5, but found {etree.QName(self.root).text[:100]!r}")
            return {}
        elements = list(self.children(self.root, "decision"))
        if not elements or len(elements) > MAX_DECISIONS:
            self.problem(self.root, f"Expected between 1 and {MAX_DECISIONS} decisions, but found {len(elements)}")
            return {}
        for found in self.children(self.root, "import"):
            self.problem(found, "Expected all decisions in one file, but this one imports another: copy what it needs")
        models = list(self.children(self.root, "businessKnowledgeModel", "decisionService"))
        self.callables = {element.get("id", ""): element for element in models}
        self.check_ids([*elements, *models, *self.children(self.root, "inputData")])
        for element in elements:
            if key := element.get("id"):
                self.drafts[key] = _Draft(element, self.decision(element, key), list(self.required(element)))
        for key in self.drafts:
            self.link(key, ())
        for key in self.callables:
            self.knowledge(key, ())
        linked = {key: decision for key, decision in self.linked.items() if decision is not None}
        return {**linked, **{one.id: _as_decision(one) for one in self.known.values() if isinstance(one, Service)}}

    def check_ids(self, elements: Sequence[etree._Element]) -> None:
        seen: set[str] = set()
        for element in elements:
            key = element.get("id", "")
            if not key or key in seen:
                self.problem(element, f"Expected every {local(element)} to have an id of its own, but one has none or another's")
            seen.add(key)

    def decision(self, element: etree._Element, key: str) -> Decision | None:
        name, variable = element.get("name", key).strip(), self.child(element, "variable")
        called = (key if variable is None else variable.get("name") or key).strip()
        logic = self.logic(element, called)
        if logic is None:
            return None
        if isinstance(logic, Table):
            return Decision(key, name, [column.name or called for column in logic.outputs], logic, called)
        return Decision(key, name, [called], logic, called, self.type_of(variable))

    # requirements -----------------------------------------------------------------------------------------------------

    def required(self, element: etree._Element, kind: str = "requiredDecision") -> Iterator[str]:
        holder = "knowledgeRequirement" if kind == "requiredKnowledge" else "informationRequirement"
        for requirement in self.children(element, holder):
            for required in self.children(requirement, kind):
                yield required.get("href", "").removeprefix("#")
            if self.child(requirement, "requiredDecision", "requiredInput", "requiredKnowledge") is None:
                self.problem(requirement, f"Expected what is required in {holder}, but it is empty")

    def circle(self, element: etree._Element, key: str, asking: tuple[str, ...]) -> bool:
        if key not in asking:
            return False
        circle = " → ".join((*asking, key))
        self.problem(element, f"Expected decisions that do not require each other in a circle, but found {circle[:200]}")
        return True

    def link(self, key: str, asking: tuple[str, ...]) -> Decision | None:
        """The decision with those that it requires, which are linked first; None when it or one of them is wrong."""
        draft = self.drafts[key]
        if self.circle(draft.element, key, asking):
            return None
        if key not in self.linked:
            required = [self.link_required(draft, other, (*asking, key)) for other in draft.requires]
            known = [
                self.link_knowledge(draft.element, other, (*asking, key)) for other in self.required(draft.element, "requiredKnowledge")
            ]
            given = [self.input_data(draft.element, other) for other in self.required(draft.element, "requiredInput")]
            decision = draft.decision
            if decision is None or None in required or None in known:
                self.linked[key] = None
            else:
                requires, knows = [one for one in required if one], tuple(one for one in known if one)
                self.check_called(draft.element, decision.logic.names, {one.name for one in knows})
                self.linked[key] = _linked(replace(decision, knows=knows, given=tuple(filter(None, given))), requires)
        return self.linked[key]

    def link_required(self, draft: _Draft, key: str, asking: tuple[str, ...]) -> Decision | None:
        if key in self.drafts:
            return self.link(key, asking)
        self.problem(draft.element, f"Expected the required decision {key[:60]!r} in the same file, but there is none")
        return None

    def input_data(self, element: etree._Element, key: str) -> tuple[str, Type] | None:
        for found in self.children(self.root, "inputData"):
            if found.get("id") == key:
                variable = self.child(found, "variable")
                name = found.get("name") if variable is None else variable.get("name") or found.get("name")
                return (name or key).strip(), self.type_of(variable)
        self.problem(element, f"Expected the input data {key[:60]!r} in the same file, but there is none")
        return None

    def check_called(self, element: etree._Element, names: frozenset[str], known: set[str]) -> None:
        models = {(one.get("name") or "").strip() for one in self.callables.values()}
        for name in sorted((names & models) - known):
            self.problem(element, f"Expected a knowledge requirement to {name[:60]!r}, which is used here, but there is none")

    # knowledge --------------------------------------------------------------------------------------------------------

    def link_knowledge(self, element: etree._Element, key: str, asking: tuple[str, ...]) -> Knowledge | Service | None:
        if key in self.callables:
            return self.knowledge(key, asking)
        self.problem(element, f"Expected the required knowledge {key[:60]!r} in the same file, but there is none")
        return None

    def knowledge(self, key: str, asking: tuple[str, ...]) -> Knowledge | Service | None:
        element = self.callables[key]
        if self.circle(element, key, asking):
            return None
        if key not in self.known:
            read = self.model if local(element) == "businessKnowledgeModel" else self.service
            self.known[key] = read(element, key, (*asking, key))
        return self.known[key]

    def model(self, element: etree._Element, key: str, asking: tuple[str, ...]) -> Knowledge | None:
        name, body = element.get("name", key).strip(), self.child(element, "encapsulatedLogic")
        if body is None:
            self.problem(element, "Expected a business knowledge model to have a function, but it has none")
            return None
        logic = self.function(body, name, 0)
        others = [self.link_knowledge(element, other, asking) for other in self.required(element, "requiredKnowledge")]
        if logic is None or None in others:
            return None
        requires = tuple(one for one in others if one)
        self.check_called(element, logic.names, {one.name for one in requires})
        for unknown in sorted(logic.names - {one.name for one in requires}):
            self.problem(element, f"Expected a business knowledge model to use its parameters only, but it uses {unknown[:60]!r}")
        return Knowledge(name, logic, requires)

    def service(self, element: etree._Element, key: str, asking: tuple[str, ...]) -> Service | None:
        def named(kind: str) -> list[Decision | None]:
            return [
                self.link_required(_Draft(element, None), one.get("href", "").removeprefix("#"), asking)
                for one in self.children(element, kind)
            ]

        outputs, given = named("outputDecision"), named("inputDecision")
        data = [self.input_data(element, one.get("href", "").removeprefix("#")) for one in self.children(element, "inputData")]
        if not outputs:
            self.problem(element, "Expected a decision service to have an output decision, but it has none")
        if not outputs or None in outputs or None in given or None in data:
            return None
        name = element.get("name", key).strip()
        return Service(
            key, name, tuple(one for one in outputs if one), tuple(one for one in given if one), tuple(one for one in data if one)
        )


def _as_decision(service: Service) -> Decision:
    """A service is asked by its id, as a decision is."""
    names = [decision.variable for decision in service.outputs]
    return Decision(service.id, service.name, names, service, service.name, inputs=service.names)


def _linked(decision: Decision, required: Sequence[Decision]) -> Decision:
    given = {name for other in required for name in other.provides} | {known.name for known in decision.knows}
    inputs = frozenset(decision.logic.names - given).union(*(other.inputs for other in required))
    return replace(decision, requires=tuple(required), inputs=inputs)
