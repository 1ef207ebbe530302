"""One DMN file: its elements, its texts, its names and its types. Every problem is collected, with line and id."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from lxml import etree

from engine.bpmn.decision_types import ANY, KNOWN, Type
from engine.bpmn.expressions_budget import EvaluationFailed, ExpressionError
from engine.bpmn.feel import compile_feel, compile_unary
from engine.bpmn.feel_tokens import tokens_of
from engine.bpmn.sandbox import Expression, compile_expression
from engine.errors import Problem

#: DMN 1.1 (as it was written at two times), 1.2, 1.3, 1.4 and 1.5.
NAMESPACES = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
)
MAX_CELLS = 20_000  # of one file

_PLAIN = re.compile(r"[^\W\d]\w*")
_NAMED = ("inputData", "decision", "businessKnowledgeModel", "decisionService", "formalParameter", "variable", "itemComponent", "column",
          "output", "parameter", "itemDefinition")  # fmt: skip

Compiling = Callable[[str, frozenset[str]], Expression]


class DecisionFile:
    """Reads the elements of one file. `problems` grows; nothing is raised."""

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
            if isinstance(child.tag, str) and child.tag.startswith(f"{{{self.namespace}}}") and local(child) in names:
                yield child

    def child(self, element: etree._Element | None, *names: str) -> etree._Element | None:
        return None if element is None else next(self.children(element, *names), None)

    def text(self, element: etree._Element) -> str:
        holder = self.child(element, "text")
        return "" if holder is None else "".join(map(str, holder.itertext())).strip()

    # names ------------------------------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> frozenset[str]:
        """What an expression cannot read by itself: names with spaces or signs in them, and those of functions."""
        found: set[str] = set()
        for element in self.root.iter(*(f"{{{self.namespace}}}{name}" for name in _NAMED)):
            name = (element.get("name") or "").strip()
            if name and self._is_readable(name) and (not _PLAIN.fullmatch(name) or name in self.functions):
                found.add(name)
        return frozenset(found)

    @cached_property
    def functions(self) -> frozenset[str]:
        """The names of business knowledge models, decision services, parameters and variables that may be functions."""
        callable_ = ("businessKnowledgeModel", "decisionService", "formalParameter")
        return frozenset(element.get("name", "") for element in self.root.iter(*(f"{{{self.namespace}}}{name}" for name in callable_)))

    @staticmethod
    def _is_readable(name: str) -> bool:
        try:
            return len(name) <= 200 and len(tokens_of(name)) > 1
        except ExpressionError:
            return False

    # expressions ------------------------------------------------------------------------------------------------------

    def compiled(self, element: etree._Element, compiler: Compiling, place: str = "") -> Expression | None:
        """The text of the element in FEEL; what Camunda 7 writes as `${ }` or calls JUEL is in the safe language, but for tests."""
        self.cells += 1
        if self.cells > MAX_CELLS:
            if self.cells == MAX_CELLS + 1:
                self.problem(element, f"Expected at most {MAX_CELLS} cells in a file, but there are more")
            return None
        text = self.text(element)
        language = (element.get("expressionLanguage") or self.root.get("expressionLanguage") or "").lower()
        is_juel = language == "juel" or (not language and text.startswith("${"))
        if (language and "feel" not in language and not is_juel) or (is_juel and compiler is compile_unary):
            self.problem(element, f"Expected FEEL, but found the language {language[:60] or 'juel'!r}{place}", "feel")
            return None
        try:
            return compile_expression(text) if is_juel else compiler(text, self.names)
        except (ExpressionError, EvaluationFailed) as error:
            self.problem(element, f"{error.message}{place}", "feel")
            return None

    # types ------------------------------------------------------------------------------------------------------------

    @cached_property
    def types(self) -> dict[str, Type]:
        """The types that the file defines, by name."""
        defined = {element.get("name", ""): element for element in self.children(self.root, "itemDefinition")}
        return {name: self._defined(name, defined, ()) for name in defined}

    def _defined(self, name: str, defined: dict[str, etree._Element], asking: tuple[str, ...]) -> Type:
        if name not in defined:
            return Type(name, name)
        element = defined[name]
        if name in asking:
            self.problem(element, f"Expected types that do not define each other in a circle, but found {name[:60]!r}")
            return ANY
        reference = self.child(element, "typeRef")
        under = ANY if reference is None else self._defined(_plain(reference.text or ""), defined, (*asking, name))
        allowed = self.child(element, "allowedValues", "typeConstraint")
        test = under.allowed if allowed is None or not self.text(allowed) else self.compiled(allowed, compile_unary)
        return Type(name, under.base, under.is_list or element.get("isCollection") == "true", test)

    def check_types(self) -> None:
        """Every type that is named is one that the file defines or that we know: values of another would be read as they come."""
        for element in self.root.iter(f"{{{self.namespace}}}*"):
            named = element.text if local(element) == "typeRef" else element.get("typeRef")
            name = _plain(named or "")
            if name and name not in self.types and name not in KNOWN:
                message = f"Expected a type that the file defines, or one such as string, number, boolean or date, but found {name[:60]!r}"
                self.problem(element, message, "type")

    def type_of(self, element: etree._Element | None) -> Type:
        """The type that the element's `typeRef` names."""
        if element is None:
            return ANY
        name = _plain(element.get("typeRef", ""))
        return self.types.get(name) or Type(name, name)

    def listed(self, element: etree._Element | None) -> Expression | None:
        """A list of allowed values as a test."""
        return None if element is None or not self.text(element) else self.compiled(element, compile_unary)

    def literal(self, element: etree._Element, place: str = "") -> Expression | None:
        return self.compiled(element, compile_feel, place)


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _plain(name: str) -> str:
    return name.strip().rpartition(":")[2]
