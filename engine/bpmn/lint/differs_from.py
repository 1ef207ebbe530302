"""Two-person rules name user tasks of the same process."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.errors import Problem

RULE: Final = "differs-from"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: steward:differsFrom="sign_first" on sign_second. Bad: an activity that is not there, or no user task, or the task itself."""
    for process in diagram.processes:
        for activity in process.activities.values():
            for name in (part.strip() for part in activity.properties.get("differsFrom", "").split(",") if part.strip()):
                other = process.activities.get(name)
                if other is None or other.type != "userTask" or other is activity:
                    message = f"Expected steward:differsFrom to name other user tasks of this process, but '{name[:60]}' is none"
                    yield diagram.problem(diagram.by_id[activity.id].element, RULE, message)
