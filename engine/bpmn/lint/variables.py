"""Which variables a process sets and which it reads, as far as the files say it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lxml.etree import _Element

from engine.bpmn.approvals import names_set
from engine.bpmn.expressions_budget import EvaluationFailed, LanguageError
from engine.bpmn.feel import compile_feel
from engine.bpmn.lint.diagram import Diagram, Node
from engine.bpmn.lint.places import places
from engine.bpmn.sandbox import ExpressionError, compile_expression, compile_script, compile_template
from engine.bpmn.vocabulary import (
    BPMN,
    BUILT_IN_TOPICS,
    CAMUNDA,
    STEWARD,
    USER_TASKS,
    camunda,
    camunda_properties,
    children,
    form_name,
    name_of,
    steward_properties,
)

KNOWN: Final = frozenset({"case", "loopCounter", "nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances"})
ASKED: Final = re.compile(r"\bhas\(\s*['\"](\w+)['\"]\s*\)")
BRINGS_ANYTHING: Final = frozenset({"message", "signal"})


@dataclass(frozen=True)
class Read:
    """A place that reads variables."""

    element: _Element
    what: str
    names: frozenset[str]


@dataclass
class Variables:
    """The variables of one process. It is open when something outside of the files may bring others: a message, a worker, the API."""

    diagram: Diagram
    process: _Element
    defined: set[str] = field(default_factory=set)
    reads: list[Read] = field(default_factory=list)
    shown: list[tuple[Node, str]] = field(default_factory=list)  # read-only fields of forms
    is_open: bool = False

    @classmethod
    def of(cls, diagram: Diagram, process: _Element) -> "Variables":
        found = cls(diagram, process)
        handed = diagram.available.handed.get(process.get("id") or "", frozenset())
        found.defined |= handed
        found.is_open = "*" in handed
        inside = [node for node in diagram.nodes if node.scope is process or any(each is process for each in node.scope.iterancestors())]
        for node in inside:
            found._node(node)
        for element in process.iter(BPMN + "*"):
            if name_of(element).startswith(("data", "property")):
                found.defined |= {element.get("name") or "", element.get("id") or ""}
        ids = {node.id for node in inside}
        own = {id(process), *(id(node.element) for node in inside), *(id(flow.element) for flow in diagram.flows if flow.source in ids)}
        for place in places(diagram):
            holder: _Element | None = place.element
            while holder is not None and id(holder) not in own:
                holder = holder.getparent()
            if holder is not None:
                found._place(place.element, place.what, place.text, place.kind)
        return found

    def _node(self, node: Node) -> None:
        self._form(node)
        if any(prop.get("name") == f"{STEWARD}individual" for prop in camunda_properties(node.element)):
            self.defined.add("copied_from")
        if node.kind in USER_TASKS:
            self.defined |= set(names_set(node.id, steward_properties(node.element)))
        if node.kind == "scriptTask":
            self._script(node)
        if BRINGS_ANYTHING.intersection(node.events) and node.kind in ("startEvent", "intermediateCatchEvent", "boundaryEvent"):
            self.is_open = True
        if node.kind == "receiveTask" or (node.kind == "serviceTask" and camunda(node.element, "topic") not in BUILT_IN_TOPICS):
            self.is_open = True
        for timer in node.element.iterfind(f"{BPMN}timerEventDefinition/{BPMN}*"):
            self._read(node.element, "the timer", compile_template, timer.text or "")
        if node.kind == "callActivity" and node.element.find(f"{BPMN}extensionElements/{CAMUNDA}out[@variables]") is not None:
            self.is_open = True
        if node.kind == "businessRuleTask" and isinstance(self.diagram.available.decisions, Mapping):
            decision: Any = self.diagram.available.decisions.get(camunda(node.element, "decisionRef") or "")
            if decision is not None:
                self.reads.append(Read(node.element, f"the decision '{decision.id}'", decision.inputs))

    def _form(self, node: Node) -> None:
        name = form_name(node.element)
        is_start = node.kind == "startEvent" and name_of(node.scope) == "process" and not node.events
        forms = self.diagram.available.forms
        form: Any = forms.get(name) if name is not None and isinstance(forms, Mapping) else None
        if form is None:
            self.is_open |= is_start or node.kind in USER_TASKS
            return
        self.defined |= {key for key, component in form.fields.items() if not component.readonly}
        self.shown += [(node, key) for key, component in form.fields.items() if component.readonly]
        for condition in _conditions(form.components):
            self._read(node.element, f"a condition of the form '{name}'", compile_feel, condition)

    def _script(self, node: Node) -> None:
        text = "".join(script.text or "" for script in children(node.element, "script"))
        try:
            script = compile_script(text)
        except LanguageError:
            return  # said by its own rule
        self.defined |= script.assigned
        names = script.names - script.assigned - set(ASKED.findall(text))
        self.reads.append(Read(node.element, "the script", names))

    def _place(self, element: _Element, what: str, text: str, kind: str) -> None:
        if what.startswith("camunda:out source"):
            return  # it is read in the called process
        if what == "camunda:in source":
            self.reads.append(Read(element, what, frozenset({text.strip()})))
        elif what == "camunda:in target":
            return  # it is set in the called process
        elif kind == "variable":
            self.defined.add(text.strip())
        else:
            self._read(element, what, compile_expression if kind == "expression" else compile_template, text)

    def _read(self, element: _Element, what: str, compiler: Any, text: str) -> None:
        try:
            names = compiler(text).names
        except (ExpressionError, EvaluationFailed):
            return  # said by its own rule
        self.reads.append(Read(element, what, frozenset(names - set(ASKED.findall(text)))))

    @property
    def searchable(self) -> Iterator[tuple[_Element, str]]:
        """The names by which a case shall be found."""
        for prop in camunda_properties(self.process):
            if prop.get("name") == f"{STEWARD}searchable":
                yield from ((prop, name.strip()) for name in (prop.get("value") or "").split(",") if name.strip())


def handed_over(roots: Iterable[_Element]) -> dict[str, frozenset[str]]:
    """By called process, the variables that the call activities of these files give it; `*` for all or when it cannot be told."""
    found: dict[str, set[str]] = {}
    for root in roots:
        for call in root.iter(BPMN + "callActivity"):
            names = found.setdefault((call.get("calledElement") or "").rpartition(":")[2], set())
            for mapping in call.iterfind(f"{BPMN}extensionElements/{CAMUNDA}in"):
                names |= {"*"} if mapping.get("variables") else {mapping.get("target") or ""}
            if call.find(BPMN + "dataInputAssociation") is not None:
                names.add("*")
    return {key: frozenset(names) for key, names in found.items()}


def _conditions(components: Any) -> Iterator[str]:
    for component in components:
        if component.hide is not None:
            yield component.hide
        yield from _conditions(component.components)
