"""From the XML of a DMN file to what decides: decision tables, literal expressions and boxed expressions."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from lxml import etree

from engine.bpmn.decision_boxes import (
    ConditionBox,
    ContextBox,
    Entry,
    FilterBox,
    FunctionBox,
    InvocationBox,
    IterationBox,
    ListBox,
    Logic,
    Relation,
)
from engine.bpmn.decision_files import Compiling, DecisionFile, local
from engine.bpmn.decision_tables import AGGREGATIONS, HIT_POLICIES, Input, Output, Rule, Table
from engine.bpmn.expressions_budget import EvaluationFailed, ExpressionError
from engine.bpmn.expressions_values import text_of
from engine.bpmn.feel import INPUT, compile_feel, compile_unary
from engine.bpmn.sandbox import Expression

MAX_BOXES = 20  # within each other

_CAMUNDA = "{http://camunda.org/schema/1.0/dmn}"


class LogicReader(DecisionFile):
    """A file whose decisions can be read. What is wrong is a problem, and None comes back."""

    def logic(self, element: etree._Element, called: str, depth: int = 0) -> Logic | None:
        """The first logic among the children of the element."""
        found = self.child(element, *self.LOGIC)
        if found is None:
            self.problem(element, "Expected a decision table or an expression, but found neither")
            return None
        if depth > MAX_BOXES:
            self.problem(element, f"Expected at most {MAX_BOXES} expressions within each other, but there are more")
            return None
        return self.LOGIC[local(found)](self, found, called, depth + 1)

    def expression(self, element: etree._Element, called: str, depth: int) -> Logic | None:
        if self.child(element, "importedValues") is not None:
            self.problem(element, "Expected an expression, but it is imported from another file")
            return None
        return self.literal(element)

    # tables -----------------------------------------------------------------------------------------------------------

    def table(self, element: etree._Element, called: str, depth: int) -> Logic | None:
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
            else:
                self.check_results(rule, number, outputs, results)
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

    def check_results(self, rule: etree._Element, number: int, outputs: Sequence[Output], cells: Sequence[Expression | None]) -> None:
        """A literal that is none of the listed values would be an incident each time."""
        for place, (output, cell) in enumerate(zip(outputs, cells, strict=True), 1):
            if output.allowed is None or cell is None or cell.names or output.allowed.names:
                continue
            try:
                value = output.type.read(cell.evaluate({}))
            except EvaluationFailed:
                continue  # it needs the clock, or fails when it is asked
            if value is not None and output.allowed.evaluate({INPUT: value}) is not True:
                listed, found = output.allowed.text[:80], text_of(value)[:60]
                self.problem(rule, f"Expected one of the listed values ({listed}), but found {found!r} (rule {number}, output {place})")

    def input(self, element: etree._Element) -> Input | None:
        expression = self.child(element, "inputExpression")
        if expression is None or not self.text(expression):
            self.problem(element, "Expected an input expression in every input, but one has none")
            return None
        compiled = self.literal(expression)
        label = element.get("label") or self.text(expression)
        if compiled is None:
            return None
        allowed = self.listed(self.child(element, "inputValues"))
        return Input(label, compiled, self.type_of(expression), element.get(f"{_CAMUNDA}inputVariable"), allowed)

    def output(self, element: etree._Element) -> Output:
        values, default = self.child(element, "outputValues"), self.child(element, "defaultOutputEntry")
        usual = self.literal(default) if default is not None and self.text(default) else None
        test = self.listed(values)
        allowed: tuple[Any, ...] = ()
        if values is not None and test is not None:
            if test.names:
                self.problem(values, "Expected output values that are literals, but found names")
            with suppress(ExpressionError, EvaluationFailed):  # tests such as "> 5" limit the values and give them no order
                allowed = tuple(compile_feel(f"[{self.text(values)}]", self.names).evaluate({}))
        return Output(element.get("name", ""), self.type_of(element), allowed, test, usual)

    def cell(self, element: etree._Element, rule: int, column: int, compiler: Compiling) -> Expression | None:
        if not self.text(element):
            self.cells += 1
            return compiler("-" if compiler is compile_unary else "null", frozenset())
        return self.compiled(element, compiler, f" (rule {rule}, {local(element).removesuffix('Entry')} {column})")

    # boxes ------------------------------------------------------------------------------------------------------------

    def context(self, element: etree._Element, called: str, depth: int) -> Logic | None:
        entries: list[Entry] = []
        lines = list(self.children(element, "contextEntry"))
        for number, line in enumerate(lines, 1):
            variable = self.child(line, "variable")
            name = None if variable is None else (variable.get("name") or "").strip() or None
            if (name is None and number < len(lines)) or (name is not None and name in {entry.name for entry in entries}):
                self.problem(line, "Expected every entry but the last to have a name of its own, but one has none or another's")
            logic = self.logic(line, name or called, depth)
            if logic is not None:
                entries.append(Entry(name, logic, self.type_of(variable)))
        if not lines:
            self.problem(element, "Expected a context with entries, but it has none")
        return ContextBox(tuple(entries)) if entries and len(entries) == len(lines) else None

    def items(self, element: etree._Element, called: str, depth: int) -> Logic | None:
        items = self.parts(element, called, depth)
        return None if items is None else ListBox(items)

    def relation(self, element: etree._Element, called: str, depth: int) -> Logic | None:
        columns = tuple((column.get("name") or "").strip() for column in self.children(element, "column"))
        rows = [self.parts(row, called, depth) for row in self.children(element, "row")]
        found = tuple(row for row in rows if row is not None)
        if not all(columns) or len(set(columns)) < len(columns) or any(len(row) != len(columns) for row in found):
            self.problem(element, "Expected columns with names of their own and a cell for each in every row, but found others")
            return None
        return Relation(columns, found) if len(found) == len(rows) else None

    def parts(self, element: etree._Element, called: str, depth: int) -> "tuple[Logic, ...] | None":
        """Each child that is an expression."""
        if depth > MAX_BOXES:
            self.problem(element, f"Expected at most {MAX_BOXES} expressions within each other, but there are more")
            return None
        elements = tuple(self.children(element, *self.LOGIC))
        found = [self.LOGIC[local(child)](self, child, called, depth + 1) for child in elements]
        read = tuple(logic for logic in found if logic is not None)
        return read if len(read) == len(found) else None

    def invocation(self, element: etree._Element, called: str, depth: int) -> Logic | None:
        bindings: dict[str, Logic] = {}
        for binding in self.children(element, "binding"):
            parameter = self.child(binding, "parameter")
            name = "" if parameter is None else (parameter.get("name") or "").strip()
            if not name or name in bindings:
                self.problem(binding, "Expected every binding to have a parameter of its own, but one has none or another's")
            logic = self.logic(binding, name, depth)
            if logic is None:
                return None
            bindings[name] = logic
        function = self.logic(element, called, depth)
        return None if function is None else InvocationBox(function, tuple(bindings.items()))

    def function(self, element: etree._Element, called: str, depth: int) -> FunctionBox | None:
        if (kind := element.get("kind", "FEEL")) != "FEEL":
            self.problem(element, f"Expected a function in FEEL, but it is of the kind {kind[:40]!r}")
            return None
        parameters = tuple(
            ((parameter.get("name") or "").strip(), self.type_of(parameter)) for parameter in self.children(element, "formalParameter")
        )
        names = [name for name, _ in parameters]
        if not all(names) or len(set(names)) < len(names):
            self.problem(element, "Expected every parameter to have a name of its own, but one has none or another's")
            return None
        body = self.logic(element, called, depth)
        return None if body is None else FunctionBox(parameters, body, self.type_of(element))

    def condition(self, element: etree._Element, called: str, depth: int) -> Logic | None:
        found = self.branches(element, called, depth, "if", "then", "else")
        return None if found is None else ConditionBox(*found)

    def matching(self, element: etree._Element, called: str, depth: int) -> Logic | None:
        found = self.branches(element, called, depth, "in", "match")
        return None if found is None else FilterBox(*found)

    def iteration(self, element: etree._Element, called: str, depth: int) -> Logic | None:
        kind, variable = local(element), (element.get("iteratorVariable") or "").strip()
        found = self.branches(element, called, depth, "in", "return" if kind == "for" else "satisfies")
        if not variable:
            self.problem(element, "Expected an iterator variable, but there is none")
        return None if found is None else IterationBox(kind, variable, *found)

    def branches(self, element: etree._Element, called: str, depth: int, *names: str) -> "tuple[Any, ...] | None":
        found = []
        for name in names:
            branch = self.child(element, name)
            if branch is None:
                self.problem(element, f"Expected {', '.join(names)} in the expression, but {name} is missing")
                return None
            found.append(self.logic(branch, called, depth))
        return None if any(logic is None for logic in found) else tuple(found)

    LOGIC: ClassVar[Mapping[str, "Callable[[LogicReader, etree._Element, str, int], Logic | None]"]] = {
        "decisionTable": table, "literalExpression": expression, "context": context, "invocation": invocation, "list": items,
        "relation": relation, "functionDefinition": function, "conditional": condition, "filter": matching, "for": iteration,
        "some": iteration, "every": iteration,
    }  # fmt: skip
