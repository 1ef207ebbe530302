"""DMN 1.1 to 1.3: decision tables and literal expressions in FEEL, with the decisions that they require.

Reading finds every problem at once and names the cell. A result is pure JSON: one output is its value, several are a mapping, the hit
policies for several rules give a list, an aggregation a number.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from engine.bpmn.decision_tables import AGGREGATIONS, HIT_POLICIES, Functions, Input, Output, Rule, Table, converted, within
from engine.bpmn.expressions_budget import SECONDS, EvaluationFailed, ExpressionError
from engine.bpmn.feel import compile_feel, compile_unary
from engine.bpmn.sandbox import Expression, to_json
from engine.errors import DeploymentRefused, Problem

NAMESPACES = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
)
MAX_DECISIONS = 200
MAX_CELLS = 20_000  # of one file

_CAMUNDA = "{http://camunda.org/schema/1.0/dmn}"
_OTHER_LOGIC = ("context", "invocation", "list", "relation", "functionDefinition", "conditional", "filter", "for", "every", "some")
_NO_FUNCTIONS: Functions = {}


@dataclass(frozen=True)
class Decision:
    """One decision of a file. `inputs` are the variables that it needs, those of the decisions that it requires included."""

    id: str
    name: str
    result_names: list[str]
    logic: Table | Expression
    variable: str  # the name under which other decisions see the result
    type: str = ""  # of a literal expression
    requires: "tuple[Decision, ...]" = ()
    inputs: frozenset[str] = frozenset()

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({*self.result_names, self.id, self.variable})

    def evaluate(self, variables: Mapping[str, Any], functions: Functions = _NO_FUNCTIONS) -> Any:
        """The result as JSON; None when no rule matches. Raises EvaluationFailed."""
        return to_json(self._result(variables, functions, {}, time.monotonic() + SECONDS))

    def _result(self, variables: Mapping[str, Any], functions: Functions, done: dict[str, Any], deadline: float) -> Any:
        if self.id not in done:
            seen = dict(variables)
            for required in self.requires:
                result = required._result(variables, functions, done, deadline)
                seen |= required._named(result)
            with within(f"decision {self.id!r}"):
                done[self.id] = self._decided(seen, functions, deadline)
        return done[self.id]

    def _decided(self, variables: Mapping[str, Any], functions: Functions, deadline: float) -> Any:
        result = self.logic.evaluate(variables, functions, deadline)
        return converted(result, self.type) if isinstance(self.logic, Expression) else result

    def _named(self, result: Any) -> dict[str, Any]:
        """The result under the names by which another decision may use it."""
        if len(self.result_names) == 1:
            outputs = {self.result_names[0]: result}
        else:
            outputs = {name: None if result is None else result[name] for name in self.result_names if not isinstance(result, list)}
        return {**outputs, self.id: result, self.variable: result}


def compile_decisions(root: etree._Element, file: str) -> dict[str, Decision]:
    """All decisions of the file by id. Raises DeploymentRefused with every problem found."""
    reader = _Reader(root, file)
    decisions = reader.decisions()
    if reader.problems:
        raise DeploymentRefused(reader.problems)
    return decisions


@dataclass
class _Draft:
    """A decision that has been read, before those that it requires are known."""

    element: etree._Element
    decision: Decision | None
    requires: list[str] = field(default_factory=list)


_Drafts = Mapping[str, _Draft]


class _Reader:
    """Reads one file and collects its problems."""

    def __init__(self, root: etree._Element, file: str) -> None:
        self.root = root
        self.file = file
        self.problems: list[Problem] = []
        self.cells = 0
        self.namespace = etree.QName(root).namespace or ""

    def problem(self, element: etree._Element, message: str, rule: str = "dmn") -> None:
        holder: etree._Element | None = element
        while holder is not None and holder.get("id") is None:
            holder = holder.getparent()
        self.problems.append(Problem(self.file, element.sourceline or 1, "-" if holder is None else holder.get("id", "-"), rule, message))

    def children(self, element: etree._Element, *names: str) -> Iterator[etree._Element]:
        for child in element:
            if isinstance(child.tag, str) and child.tag.startswith(f"{{{self.namespace}}}") and _local(child) in names:
                yield child

    def child(self, element: etree._Element, *names: str) -> etree._Element | None:
        return next(self.children(element, *names), None)

    # decisions --------------------------------------------------------------------------------------------------------

    def decisions(self) -> dict[str, Decision]:
        if self.namespace not in NAMESPACES or _local(self.root) != "definitions":
            self.problem(self.root, f"Expected DMN 1.1, 1.2 or 1.3, but found {etree.QName(self.root).text[:100]!r}")
            return {}
        elements = list(self.children(self.root, "decision"))
        if not elements or len(elements) > MAX_DECISIONS:
            self.problem(self.root, f"Expected between 1 and {MAX_DECISIONS} decisions, but found {len(elements)}")
            return {}
        drafts: dict[str, _Draft] = {}
        for element in elements:
            key = element.get("id")
            if not key or key in drafts:
                self.problem(element, "Expected every decision to have an id of its own, but one has none or another's")
                continue
            drafts[key] = _Draft(element, self.decision(element, key), list(self.required(element)))
        linked: dict[str, Decision | None] = {}
        for key in drafts:
            self.link(key, drafts, linked, ())
        return {key: decision for key, decision in linked.items() if decision is not None}

    def link(self, key: str, drafts: _Drafts, linked: dict[str, Decision | None], asking: tuple[str, ...]) -> Decision | None:
        """The decision with those that it requires, which are linked first; None when it or one of them is wrong."""
        draft = drafts[key]
        if key in asking:
            circle = " → ".join((*asking, key))
            self.problem(draft.element, f"Expected decisions that do not require each other in a circle, but found {circle[:200]}")
            return None
        if key not in linked:
            required = [self.link_required(draft, other, drafts, linked, (*asking, key)) for other in draft.requires]
            found = [decision for decision in required if decision is not None]
            complete = draft.decision is not None and len(found) == len(required)
            linked[key] = _linked(draft.decision, found) if draft.decision is not None and complete else None
        return linked[key]

    def link_required(
        self, draft: _Draft, key: str, drafts: _Drafts, linked: dict[str, Decision | None], asking: tuple[str, ...]
    ) -> Decision | None:
        if key in drafts:
            return self.link(key, drafts, linked, asking)
        self.problem(draft.element, f"Expected the required decision {key[:60]!r} in the same file, but there is none")
        return None

    def required(self, decision: etree._Element) -> Iterator[str]:
        for requirement in self.children(decision, "informationRequirement"):
            for required in self.children(requirement, "requiredDecision"):
                yield required.get("href", "").removeprefix("#")
        for requirement in self.children(decision, "knowledgeRequirement"):
            self.problem(requirement, "Expected a table or an expression, but business knowledge models are not built yet")

    def decision(self, element: etree._Element, key: str) -> Decision | None:
        name = element.get("name", key)
        variable = self.child(element, "variable")
        called = key if variable is None else variable.get("name") or key
        table, literal = self.child(element, "decisionTable"), self.child(element, "literalExpression")
        if table is not None:
            logic = self.table(table)
            if logic is None:
                return None
            outputs = [column.name or called for column in logic.outputs]
            return Decision(key, name, outputs, logic, called)
        if literal is not None:
            expression = self.compiled(literal, compile_feel)
            kind = "" if variable is None else _type(variable)
            return None if expression is None else Decision(key, name, [called], expression, called, kind)
        other = self.child(element, *_OTHER_LOGIC)
        found = "neither" if other is None else f"a {_local(other)}, which is not built yet"
        self.problem(element if other is None else other, f"Expected a decision table or a literal expression, but found {found}")
        return None

    # tables -----------------------------------------------------------------------------------------------------------

    def table(self, element: etree._Element) -> Table | None:
        before = len(self.problems)
        policy, aggregation = element.get("hitPolicy", "UNIQUE"), element.get("aggregation")
        inputs = [self.input(column) for column in self.children(element, "input")]
        outputs = [self.output(column) for column in self.children(element, "output")]
        self.check_policy(element, policy, aggregation, outputs)
        self.check_outputs(element, outputs)
        rules = []
        for number, rule in enumerate(self.children(element, "rule"), 1):
            tests = [self.cell(cell, number, column, compile_unary) for column, cell in enumerate(self.children(rule, "inputEntry"), 1)]
            results = [self.cell(cell, number, column, compile_feel) for column, cell in enumerate(self.children(rule, "outputEntry"), 1)]
            if len(tests) != len(inputs) or len(results) != len(outputs):
                self.problem(rule, f"Expected rule {number} to have {len(inputs)} inputs and {len(outputs)} outputs, but it has others")
            rules.append(Rule(number, tuple(filter(None, tests)), tuple(filter(None, results))))
        if len(self.problems) > before:
            return None
        return Table(policy, aggregation, tuple(filter(None, inputs)), tuple(outputs), tuple(rules))

    def check_policy(self, element: etree._Element, policy: str, aggregation: str | None, outputs: Sequence[Output]) -> None:
        if policy not in HIT_POLICIES:
            self.problem(element, f"Expected a hit policy of {', '.join(HIT_POLICIES)}, but found {policy[:40]!r}")
        if aggregation is not None and (aggregation not in AGGREGATIONS or policy != "COLLECT"):
            self.problem(element, f"Expected {', '.join(AGGREGATIONS)} with COLLECT, but found {aggregation[:40]!r} with {policy[:40]}")
        if aggregation is not None and len(outputs) != 1:
            self.problem(element, f"Expected one output to aggregate, but there are {len(outputs)}")
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(column.values for column in outputs):
            self.problem(element, f"Expected a list of output values, for the hit policy is {policy}, but there is none")

    def check_outputs(self, element: etree._Element, outputs: Sequence[Output]) -> None:
        names = [column.name for column in outputs]
        if not outputs:
            self.problem(element, "Expected at least one output, but there is none")
        if len(outputs) > 1 and (not all(names) or len(set(names)) < len(names)):
            self.problem(element, "Expected every output to have a name of its own, but one has none or another's")

    def input(self, element: etree._Element) -> Input | None:
        expression = self.child(element, "inputExpression")
        if expression is None or not self.text(expression):
            self.problem(element, "Expected an input expression in every input, but one has none")
            return None
        compiled = self.compiled(expression, compile_feel)
        label = element.get("label") or self.text(expression)
        return None if compiled is None else Input(label, compiled, _type(expression), element.get(f"{_CAMUNDA}inputVariable"))

    def output(self, element: etree._Element) -> Output:
        values, default = self.child(element, "outputValues"), self.child(element, "defaultOutputEntry")
        allowed: tuple[Any, ...] = ()
        if values is not None and self.text(values):
            listed = self.compiled(values, lambda text: compile_feel(f"[{text}]"))
            if listed is not None and listed.names:
                self.problem(values, "Expected output values that are literals, but found names")
            elif listed is not None:
                allowed = tuple(listed.evaluate({}))
        usual = self.compiled(default, compile_feel) if default is not None and self.text(default) else None
        return Output(element.get("name", ""), _type(element), allowed, usual)

    # cells ------------------------------------------------------------------------------------------------------------

    def cell(self, element: etree._Element, rule: int, column: int, compiler: Callable[[str], Expression]) -> Expression | None:
        self.cells += 1
        if self.cells > MAX_CELLS:
            if self.cells == MAX_CELLS + 1:
                self.problem(element, f"Expected at most {MAX_CELLS} cells in a file, but there are more")
            return None
        if not self.text(element):
            return compiler("-" if compiler is compile_unary else "null")
        return self.compiled(element, compiler, f" (rule {rule}, {_local(element).removesuffix('Entry')} {column})")

    def compiled(self, element: etree._Element, compiler: Callable[[str], Expression], place: str = "") -> Expression | None:
        language = element.get("expressionLanguage") or self.root.get("expressionLanguage", "")
        if language and "feel" not in language.lower():
            self.problem(element, f"Expected FEEL, but found the language {language[:60]!r}{place}", "feel")
            return None
        try:
            return compiler(self.text(element))
        except (ExpressionError, EvaluationFailed) as error:
            self.problem(element, f"{error.message}{place}", "feel")
            return None

    def text(self, element: etree._Element) -> str:
        holder = self.child(element, "text")
        return "" if holder is None else "".join(map(str, holder.itertext())).strip()


def _linked(decision: Decision, required: Sequence[Decision]) -> Decision:
    given = {name for other in required for name in other.provides}
    inputs = frozenset(decision.logic.names - given).union(*(other.inputs for other in required))
    return replace(decision, requires=tuple(required), inputs=inputs)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _type(element: etree._Element) -> str:
    return element.get("typeRef", "").rpartition(":")[2]
