"""What a list looks like to one person, as a short text that changes when anything in it does: so a browser may ask often, cheaply."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cursors import Page
from engine.inbox import TaskItem
from engine.inbox_walks import Place
from engine.tables import Instance, UserTask


def of_places(session: Session, part: Page[Place]) -> list[Any]:
    """The tasks of a page, who holds each, and how often its case has moved: everything that a row shows comes with these."""
    ids = [task_id for _, task_id in part.items]
    query = select(UserTask.id, UserTask.assignee, UserTask.due_at, Instance.revision).join(Instance, Instance.id == UserTask.instance_id)
    rows = {row.id: list(row) for row in session.execute(query.where(UserTask.id.in_(ids)))}
    return [rows[task_id] for task_id in ids]


def of_items(items: Sequence[TaskItem]) -> list[Any]:
    """The same of tasks that were read."""
    return [[one.task.id, one.task.assignee, one.task.due_at, one.instance.revision] for one in items]


def text(*parts: Any) -> str:
    """The parts as one short text."""
    return hashlib.sha256(orjson.dumps(parts, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)).hexdigest()[:32]
