"""Variables by scope: one mapping for the instance, each subprocess, each multi-instance item, and each activity with inputs of its own."""

from collections import ChainMap
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from engine.bpmn import data_stores
from engine.bpmn.instance import StepFailed, TakesLong, Token
from engine.bpmn.sandbox import EvaluationFailed, to_json


class View:
    """What an expression sees from one place: the innermost scope first, the instance last, and `case` before all."""

    def __init__(self, token: Token | None, *inner: dict[str, Any]) -> None:
        assert token is not None
        instance = token.workflow
        maps = list(inner)
        at: Token | None = token
        while at is not None:
            if at.variables is not None:
                maps.append(at.variables)
            at = at.owner
        self.context = instance.context
        self.variables: Mapping[str, Any] = ChainMap({"case": instance.context.case}, *maps)
        self._scopes = maps
        self._instance = instance

    def within(self, inner: dict[str, Any]) -> "View":
        """The same place with one more scope around the eye."""
        view = View.__new__(View)
        view.context, view._instance = self.context, self._instance
        view._scopes = [inner, *self._scopes]
        view.variables = ChainMap({"case": self.context.case}, *view._scopes)
        return view

    def only(self, variables: dict[str, Any]) -> "View":
        """Nothing but these variables, as the results of a called instance are seen."""
        view = self.within({})
        view._scopes = [variables]
        view.variables = ChainMap({"case": self.context.case}, variables)
        return view

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        functions: dict[str, Callable[..., Any]] = {**self.context.functions, "performer": self._instance.performers.get}
        if self._instance.thrown and "entries" in functions:
            functions["entries"] = data_stores.with_written(functions["entries"], self._instance.thrown)
        return functions

    def evaluate(self, expression: Any, kind: str = "expression") -> Any:
        """The value as the sandbox gives it; a failure names the kind of step that failed."""
        try:
            return expression.evaluate(self.variables, self.functions(), self._instance.impatient_at)
        except EvaluationFailed as failure:
            raise self._failed(kind, failure) from failure

    def json(self, expression: Any, kind: str = "expression") -> Any:
        """The value in the form in which variables are kept."""
        try:
            return to_json(self.evaluate(expression, kind))
        except EvaluationFailed as failure:
            raise self._failed(kind, failure) from failure

    def run_script(self, script: Any) -> dict[str, Any]:
        """What the script assigns, as it will be kept."""
        try:
            assigned = script.run(self.variables, self.functions(), self._instance.impatient_at)
            return {name: to_json(value) for name, value in assigned.items()}
        except EvaluationFailed as failure:
            raise self._failed("script", failure) from failure

    def decide(self, decision: Any) -> Any:
        try:
            return to_json(decision.evaluate(self.variables, self.functions(), self._instance.impatient_at))
        except EvaluationFailed as failure:
            raise self._failed("decision", failure) from failure

    def _failed(self, kind: str, failure: EvaluationFailed) -> Exception:
        """What could not be reckoned; nobody knows that yet when only the patience of whoever asked was over."""
        at = self._instance.impatient_at
        return TakesLong() if at is not None and monotonic() > at else StepFailed(kind, failure.message, failure.line)

    def visible(self) -> dict[str, Any]:
        """Every variable that can be seen from here."""
        return dict(ChainMap(*self._scopes))


def holds(view: View, condition: Any) -> bool:
    """Whether a condition is true. A text is neither true nor false: "false" would count as true."""
    value = view.evaluate(condition)
    if isinstance(value, str):
        raise StepFailed("expression", f"Expected '{condition.text.strip()}' to be true or false, but it gives the text {value!r:.60}")
    return bool(value)


def write(token: Token, variables: Mapping[str, Any]) -> None:
    """Each variable goes to the innermost scope that has it, else to the instance; what is meant for a data store leaves the instance."""
    token.workflow.written += bool(variables)
    for name, value in variables.items():
        if data_stores.is_store(name):
            _put(token, name, value)
            continue
        at = token
        while at.owner is not None and (at.variables is None or name not in at.variables):
            at = at.owner
        assert at.variables is not None
        at.variables[name] = value


def _put(token: Token, name: str, value: Any) -> None:
    thrown = data_stores.put(name, value, token.workflow.context.case)
    if (past := token.workflow.past) is not None:
        past.act(f"{thrown.kind}.thrown", thrown.activity_id)
    token.workflow.thrown.append(thrown)


def scope_of(token: Token) -> str:
    """The key of the scope whose variables a token sees first."""
    while token.variables is None and token.owner is not None:
        token = token.owner
    return str(token.id)
