"""Somebody must be able to do every user task."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.model import Activity
from engine.bpmn.vocabulary import USER_TASKS
from engine.errors import Problem
from engine.posts import FALLBACK_POST, POSTS

RULE: Final = "performer"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: an assignee, candidates, or a lane with a group. Bad: none of them; a candidate group that is no post."""
    for process in diagram.processes:
        for activity in process.activities.values():
            if activity.type in USER_TASKS and activity.id in diagram.by_id:
                yield from _task(diagram, activity)


def _task(diagram: Diagram, activity: Activity) -> Iterator[Problem]:
    element = diagram.by_id[activity.id].element
    if not (activity.assignee or activity.candidate_users or activity.candidate_groups):
        message = (
            f"Expected somebody who may do '{activity.id}', but neither assignee, candidates nor lane say who: it goes to {FALLBACK_POST}"
        )
        yield diagram.warning(element, RULE, message)
    groups = activity.candidate_groups or ""
    if "${" not in groups:
        for group in filter(None, (part.strip() for part in groups.split(","))):
            if group not in POSTS:
                yield diagram.warning(element, RULE, f"Expected candidate groups to be posts, but there is no post '{group[:60]}'")
