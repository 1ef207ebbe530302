"""Small BPMN files for tests: only what the test is about has to be written."""

from itertools import pairwise

from engine.bpmn import lint
from engine.bpmn.parser import read_xml
from engine.bpmn.vocabulary import read_processes
from engine.errors import Problem

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="http://example.org/test">\n'
)


def bpmn(body: str, around: str = "", attributes: str = "", key: str = "p") -> bytes:
    """A file with one process that holds `body`; `around` stands beside the process."""
    return f'{HEAD}{around}\n<process id="{key}" isExecutable="true" {attributes}>\n{body}\n</process>\n</definitions>'.encode()


def properties(**named: str) -> str:
    """Extension elements with `steward:` properties; `clock_x` stands for `clock.x`."""
    found = "".join(f'<camunda:property name="steward:{name.replace("clock_", "clock.")}" value="{text}"/>' for name, text in named.items())
    return f"<extensionElements><camunda:properties>{found}</camunda:properties></extensionElements>"


def chain(*nodes: str) -> str:
    """Elements in a row between a start and an end; each must have its id first: `<task id="a"…`."""
    ids = ["start", *(node.split('id="', 1)[1].split('"', 1)[0] for node in nodes), "end"]
    flows = "".join(f'<sequenceFlow id="to_{b}" sourceRef="{a}" targetRef="{b}"/>\n' for a, b in pairwise(ids))
    return '<startEvent id="start"/>\n' + "\n".join(nodes) + '\n<endEvent id="end"/>\n' + flows


def lint_file(content: bytes, available: lint.Available | None = None) -> list[Problem]:
    """What lint says of the file."""
    root = read_xml(content, "test.bpmn")
    return lint.check(root, read_processes(root, "test.bpmn"), "test.bpmn", available or lint.Available())


def found(content: bytes, rule: str, available: lint.Available | None = None) -> list[Problem]:
    """What one rule says of the file."""
    return [problem for problem in lint_file(content, available) if problem.rule == rule]
