"""Who may not do a task although the post would allow it: somebody with an interest in the matter, or who did another part of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from engine import runner
from engine.actors import Actor
from engine.bpmn import sandbox
from engine.errors import Conflict, Forbidden
from engine.tables import UserTask


def require_other_person(held: runner.Held, task: UserTask, actor: Actor) -> None:
    """`steward:differsFrom`: who did one of these activities may not do this one too, such as repair and collect (A57)."""
    named = held.loaded.process.activity(task.activity_id).properties.get("differsFrom", "")
    for activity_id in filter(None, (name.strip() for name in named.split(","))):
        if actor.login is not None and held.workflow.performers.get(activity_id) == actor.login:
            name = held.loaded.process.activity(activity_id).name or activity_id
            raise Forbidden(f"Expected somebody other than who did {name}, but that was {actor.login} too")


def require_not_excluded(held: runner.Held, task: UserTask, actor: Actor, now: datetime) -> None:
    """`steward:excludes`: whoever the expression names may not do this task. One that cannot be computed lets nobody through."""
    text = held.loaded.process.activity(task.activity_id).properties.get("excludes")
    if text is None or actor.login is None:
        return
    excluded = _value(held, task, text, now)
    if actor.login in (excluded if isinstance(excluded, list) else [excluded]):
        raise Forbidden(f"Expected somebody who is not excluded from {task.name}, but {actor.login} is: an interest in it was declared")


def _value(held: runner.Held, task: UserTask, text: str, now: datetime) -> Any:
    names = {**held.workflow.visible(task.token), "case": runner.case_of(held.instance)}
    functions: dict[str, Callable[..., Any]] = {**held.facts.functions(now), "performer": held.workflow.performers.get}
    try:
        return sandbox.compile_expression(text).evaluate(names, functions)
    except sandbox.EvaluationFailed as failure:
        message = f"Expected to know who is excluded from {task.name}, but steward:excludes cannot be computed: {failure.message}"
        raise Conflict(message) from failure
