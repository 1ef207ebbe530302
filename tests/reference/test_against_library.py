"""Random diagrams of the kinds that SpiffWorkflow alone does right: the engine does what the library does, step by step.

The library is asked as its own documentation shows, without any of our elements. Left out is where it goes wrong (`WRONG_IN_LIBRARY`
in models.py: data of parallel branches, joins in loops, inclusive joins of branches with gateways) and events, for which it
reads the clock itself.
"""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from tests.conformance.drive import Drive
from tests.reference.models import Model, models
from tests.reference.test_against_reference import MODELS, STEPS, diced, random_models


class Library:
    """An instance run by SpiffWorkflow alone."""

    def __init__(self, model: Model) -> None:
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.fromstring(model.xml))
        self.workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
        self.workflow.task_tree.data.update(model.variables)
        self._seen: set[object] = set()
        self.workflow.do_engine_steps()

    def complete(self, activity: str) -> None:
        task = next(task for task in self._ready() if task.task_spec.bpmn_id == activity)
        task.run()
        self.workflow.do_engine_steps()

    def waits(self) -> Counter[str]:
        return Counter(task.task_spec.bpmn_id for task in self._ready())

    def visits(self) -> Counter[str]:
        """The nodes completed since the last call, without gateways: the library completes a join once for each branch."""
        done = [task for task in self.workflow.get_tasks(state=TaskState.COMPLETED) if task.id not in self._seen]
        self._seen |= {task.id for task in done}
        return Counter(task.task_spec.bpmn_id for task in done if is_compared(task.task_spec.bpmn_id))

    def _ready(self) -> list[object]:
        return list(self.workflow.get_tasks(state=TaskState.READY, manual=True))


def is_compared(activity: str | None) -> bool:
    return activity is not None and "Gateway" not in activity


def visits(engine: Drive) -> Counter[str]:
    changes = engine.outcomes[-1].changes
    return Counter(change.activity_id for change in changes if change.event == "left" and is_compared(change.activity_id))


@diced
@settings(random_models, max_examples=MODELS // 2)
@given(model=models(rich=False), seed=st.integers(0, 2**32))
def test_the_engine_does_what_the_library_does_where_that_is_right(model: Model, seed: int) -> None:
    chance, engine, library = Random(seed), Drive(model.xml, model.variables), Library(model)
    for _ in range(STEPS):
        assert visits(engine) == library.visits()
        assert Counter(engine.waiting) == library.waits()
        assert engine.done == library.workflow.is_completed()
        if engine.done:
            break
        activity = chance.choice(engine.waiting)
        engine.complete(activity)
        library.complete(activity)
