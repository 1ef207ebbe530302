"""In an ad-hoc subprocess of ordering="Sequential" people have one activity in hand at a time, whoever they are."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import definitions
from engine.bpmn.ad_hoc import AdHoc
from engine.definitions import Described, Loaded
from engine.errors import Conflict
from engine.tables import Instance, UserTask


def require_turn(session: Session, instance: Instance, task: UserTask) -> None:
    """Raise Conflict while somebody has taken another activity of the sequence.

    What the diagram gives to a person is in nobody's way: it was theirs before anybody chose. Nothing is looked up for other tasks.
    """
    described = definitions.describe(session, instance)
    others = list(_others(described, task.activity_id))
    if not others:
        return
    taken = select(UserTask.name, UserTask.assignee).where(
        UserTask.instance_id == instance.id, UserTask.scope == task.scope, UserTask.state == "claimed", UserTask.activity_id.in_(others)
    )
    for name, holder in session.execute(taken.limit(1)):
        raise Conflict(f"Expected the activities of a sequence one after another, but {holder} has taken {name}")


def _others(described: Described, activity_id: str) -> Iterator[str]:
    """The other tasks of the same sequence that people take for themselves."""
    mine = described.process.activities.get(activity_id)
    around = described.executable.elements.get(mine.scope) if mine is not None and isinstance(described, Loaded) else None
    if mine is None or not (isinstance(around, AdHoc) and around.sequential):
        return
    for other in described.process.activities.values():
        if other.scope == mine.scope and other.id != mine.id and other.type in ("userTask", "manualTask") and other.assignee is None:
            yield other.id
