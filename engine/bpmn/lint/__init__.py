"""What is wrong with a diagram, said before anybody works by it. Errors refuse its deployment; warnings are listed.

Each rule is a file with a function `check(diagram)`; its docstring gives a good and a bad example.
"""

from collections.abc import Sequence

from lxml.etree import _Element

from engine.bpmn.lint import (
    approvals,
    boundaries,
    called_processes,
    clocks,
    compensation,
    constructs,
    data,
    decisions,
    differs_from,
    endless,
    event_gateways,
    events,
    expressions,
    extensions,
    field_rights,
    flows,
    forms,
    gateways,
    ids,
    individual,
    instantiating,
    joins,
    links,
    messages,
    never,
    number_series,
    performers,
    processes,
    properties,
    reachable,
    repeats,
    rivals,
    scripts,
    service_tasks,
    sizes,
    starts,
    timers,
    undefined,
    ways_back,
)
from engine.bpmn.lint.diagram import Available, Diagram
from engine.bpmn.lint.variables import handed_over
from engine.bpmn.model import Process
from engine.errors import Problem

__all__ = ["RULES", "Available", "check", "handed_over"]

RULES = (
    constructs,
    events,
    extensions,
    properties,
    processes,
    sizes,
    ids,
    flows,
    starts,
    reachable,
    gateways,
    event_gateways,
    instantiating,
    joins,
    endless,
    boundaries,
    never,
    rivals,
    compensation,
    links,
    expressions,
    scripts,
    timers,
    repeats,
    data,
    messages,
    service_tasks,
    decisions,
    called_processes,
    forms,
    performers,
    undefined,
    differs_from,
    ways_back,
    individual,
    approvals,
    field_rights,
    number_series,
    clocks,
)


def check(root: _Element, processes: Sequence[Process], file: str, available: Available) -> list[Problem]:
    """Every problem of the file, in the order of its lines. Nothing is left out, and nothing is raised, whatever the file says."""
    diagram = Diagram.read(root, processes, file, available)
    problems = [problem for rule in RULES for problem in rule.check(diagram)]
    return sorted(problems, key=lambda problem: (problem.line, problem.element, problem.rule))
