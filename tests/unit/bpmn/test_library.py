"""What of SpiffWorkflow we override or call by name; a new version that renames one must not pass unnoticed."""

from importlib.metadata import version

import pytest
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task

OVERRIDDEN = {
    TaskSpec: ["_run", "_on_complete", "_on_cancel", "connect"],
    Task: ["_set_state", "run", "complete", "parent"],
    WorkflowSpec: ["_add_notify"],
    BpmnParser: ["add_bpmn_xml", "_add_processes", "_add_messages", "_add_signals", "_add_errors", "_add_escalations", "create_parser"],
}


@pytest.mark.parametrize(("holder", "name"), [(holder, name) for holder, names in OVERRIDDEN.items() for name in names])
def test_the_library_still_has_what_we_build_upon(holder: type, name: str) -> None:
    assert hasattr(holder, name)


def test_the_library_has_the_version_that_was_read() -> None:
    assert version("SpiffWorkflow") == "3.2.0"
