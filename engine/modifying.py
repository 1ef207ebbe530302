"""An operator moves the tokens of a case that is stuck: activities end, and others begin, where the diagram knows no way.

What that does to tokens is told in `engine.bpmn.moving`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import db, definitions, instances, rights, runner, task_work
from engine.actors import Actor
from engine.bpmn.moving import Place
from engine.bpmn.triggers import Move
from engine.errors import Conflict
from engine.history import Event
from engine.tables import Instance
from engine.variables import check_size

MAY = "move cases by hand"


@dataclass(frozen=True)
class Choices:
    """Where a case stands, and where tokens can be made to begin: pairs of activity and name. `moves` tells which state that is."""

    moves: int
    tokens: Sequence[tuple[Place, str]]
    activities: Sequence[tuple[str, str]]


def choices(session: Session, instance_id: int, actor: Actor) -> Choices:
    """What an operator can choose from now; nothing of a case that has ended. Raises Unusable when its state cannot be read."""
    instance = instances.visible(session, instance_id, actor)
    rights.require(rights.may_operate(actor, instance.site), MAY)
    if instance.state != "running":
        return Choices(instance.moves, [], [])
    with runner.usable(instance):
        loaded = definitions.load(session, instance.definition_id)
        workflow = runner.decoded(session, instance, loaded)
    names = {activity.id: activity.name or activity.id for activity in loaded.process.activities.values()}
    begun = set(workflow.beginnings())
    tokens = [(place, names.get(place.activity_id, place.activity_id)) for place in workflow.places()]
    return Choices(instance.moves, tokens, [(each, name) for each, name in names.items() if each in begun])


@db.decided
def modify(
    session: Session,
    instance_id: int,
    reason: str,
    actor: Actor,
    now: datetime,
    cancel: Sequence[str] = (),
    start_before: Sequence[str] = (),
    variables: Mapping[str, Any] | None = None,
    moves: int | None = None,
) -> Instance:
    """End tokens, named by activity or number, and begin others before activities, in one step, with a reason.

    Raises Conflict for what cannot be moved by hand, such as one vote of an approval or an item of a repetition, when a token is no
    longer where it was, and when `moves` is given and the case has moved since.
    """
    session.connection()  # the turn to write comes first: nothing that is read here may be overtaken
    instance = instances.held(session, instance_id, actor)
    rights.require(rights.may_operate(actor, instance.site), MAY)
    said = task_work.checked_reason(reason)
    check_size(variables or {}, db.of(session).settings.limits)
    if moves not in (None, instance.moves):
        raise Conflict(f"Expected {instance.number or instance.id} as it was when you looked, but it has moved since: look again")
    held = runner.hold(session, instance)
    trigger = Move(tuple(cancel), tuple(start_before), variables or {})
    told = {"reason": said, "ended": list(cancel), "begun": list(start_before), **_positions(held.workflow.places(), trigger)}
    return runner.advance(session, held, trigger, Event("instance.modified", None, told), actor, now).instance


def _positions(places: Sequence[Place], wanted: Move) -> dict[str, list[str]]:
    """Where the case stood, and where it stands before what begins has done a step."""
    holding = {outer for place in places for outer in place.around}
    standing = [place for place in places if place.token not in holding]
    ended = {place.token for place in places if wanted.ended and {place.token, place.activity_id} & set(wanted.ended)}
    stayed = [place.activity_id for place in standing if not ended & {place.token, *place.around}]
    return {"before": [place.activity_id for place in standing], "after": [*stayed, *wanted.begun]}
