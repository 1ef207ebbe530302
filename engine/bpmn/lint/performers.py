"""Somebody must be able to do every user task."""

from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.model import Activity, Process
from engine.bpmn.vocabulary import USER_TASKS, camunda, executable_processes, name_of
from engine.errors import Problem
from engine.posts import FALLBACK_POST, POSTS

RULE: Final = "performer"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: an assignee, candidates, or a lane with a group. Bad: none of them; a candidate group that is no post."""
    for process in diagram.processes:
        yield from _starters(diagram, process)
        for activity in process.activities.values():
            if activity.type in USER_TASKS and activity.id in diagram.by_id:
                yield from _task(diagram, activity)


def _starters(diagram: Diagram, process: Process) -> Iterator[Problem]:
    """Who may start is asked before there are variables, so that only names can stand there."""
    element = next(each for each in executable_processes(diagram.root) if (each.get("id") or "") == process.key)
    for name in process.starter_groups + process.starter_users:
        if "${" in name:
            yield diagram.problem(element, RULE, f"Expected names of those who may start, but '{name[:60]}' is an expression")
    for group in process.starter_groups:
        if "${" not in group and group not in POSTS:
            yield diagram.warning(element, RULE, f"Expected candidate groups to be posts, but there is no post '{group[:60]}'")


def _task(diagram: Diagram, activity: Activity) -> Iterator[Problem]:
    element = diagram.by_id[activity.id].element
    if not (activity.assignee or activity.candidate_users or activity.candidate_groups):
        message = (
            f"Expected somebody who may do '{activity.id}', but neither assignee, candidates nor lane say who: it goes to {FALLBACK_POST}"
        )
        yield diagram.warning(element, RULE, message)
    people = [child for child in element if name_of(child) in ("humanPerformer", "performer")]
    if len(people) + (camunda(element, "assignee") is not None) > 1:
        yield diagram.problem(element, RULE, f"Expected one person who does '{activity.id}', but several are named: use candidates")
    groups = activity.candidate_groups or ""
    if "${" not in groups:
        for group in filter(None, (part.strip() for part in groups.split(","))):
            if group not in POSTS:
                yield diagram.warning(element, RULE, f"Expected candidate groups to be posts, but there is no post '{group[:60]}'")
