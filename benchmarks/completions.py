"""User tasks completed a second by one caller, on SQLite with its flush: beside raw SpiffWorkflow in memory on the same diagram, and beside
what the disk can flush."""

import io
import time
from collections.abc import Iterator

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks.diagrams import row_of_tasks
from benchmarks.disk import flushes
from benchmarks.figure import Figure
from benchmarks.stage import empty_company

TASKS = 10  # in the diagram
INSTANCES = 60


def measure() -> Iterator[Figure]:
    diagram = row_of_tasks(TASKS)
    value = ours(diagram)
    yield Figure("completions", value, "completions/s", raw(diagram))
    yield Figure("completions.flush", value, "completions/s", flushes())


def ours(diagram: bytes, durable: bool = True) -> float:
    with empty_company(durable) as stage:
        stage.deploy(diagram)
        first = [stage.open_task(stage.start("row")) for _ in range(INSTANCES)]
        begun = time.perf_counter()
        for task in first:
            stage.complete_all(task)
        return INSTANCES * TASKS / (time.perf_counter() - begun)


def raw(diagram: bytes) -> float:
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.parse(io.BytesIO(diagram)))
    specification = parser.get_spec("row")
    workflows = [BpmnWorkflow(specification) for _ in range(INSTANCES)]
    begun = time.perf_counter()
    for workflow in workflows:
        workflow.do_engine_steps()
        for _ in range(TASKS):
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            task.data["done"] = True
            task.run()
            workflow.do_engine_steps()
        assert workflow.is_completed()
    return INSTANCES * TASKS / (time.perf_counter() - begun)
