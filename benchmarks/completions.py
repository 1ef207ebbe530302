"""User tasks completed a second by one caller, on SQLite with its flush, beside raw SpiffWorkflow in memory on the same diagram."""

import io
import time
from collections.abc import Iterator

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks.diagrams import row_of_tasks
from benchmarks.figure import Figure
from benchmarks.stage import empty_company

TASKS = 10  # in the diagram
INSTANCES = 60


def measure() -> Iterator[Figure]:
    diagram = row_of_tasks(TASKS)
    yield Figure("completions", ours(diagram), "completions/s", raw(diagram))


def ours(diagram: bytes) -> float:
    with empty_company() as stage:
        stage.deploy(diagram)
        instances = [stage.start("row") for _ in range(INSTANCES)]
        spent = 0.0
        for instance in instances:
            task: int | None = stage.open_task(instance)
            begun = time.perf_counter()
            while task is not None:
                task = stage.complete(task, {"done": True})
            spent += time.perf_counter() - begun
        return INSTANCES * TASKS / spent


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
