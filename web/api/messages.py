"""Messages for one instance, signals for all that wait."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from engine import messages
from engine.actors import Actor
from engine.tables import Instance, Message
from web.api import schemas
from web.api.routing import commands
from web.settling import settle

nouns = APIBlueprint("messages", __name__, tag="messages")
Said = Mapping[str, Any]


@commands(nouns, "/messages", schemas.MessageAnswer, schemas.Message, status=202)
def publish(session: Session, actor: Actor, now: datetime, said: Said) -> Message:
    """Send a message: it is stored, reaches the one instance that waits for it, or is kept until one does or it expires."""
    message = messages.publish(session, said["name"], said["site"], said["correlation"], said["variables"], actor, now)
    if message.instance_id is not None:
        settle(session, session.get_one(Instance, message.instance_id))
    return message


@commands(nouns, "/signals", schemas.MessageAnswer, schemas.Signal, status=202)
def broadcast(session: Session, actor: Actor, now: datetime, said: Said) -> Message:
    """Send a signal to every instance of the site that waits for it now."""
    return messages.broadcast(session, said["name"], said["site"], said["variables"], actor, now)
