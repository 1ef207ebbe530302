"""What processes tell people: reminders, escalations."""

from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from engine import notices
from engine.actors import Actor
from web.api import schemas
from web.api.routing import reads

nouns = APIBlueprint("notices", __name__, tag="notices")


@reads(nouns, "/notices", schemas.Notices, schemas.NoticeFilter)
def list_notices(session: Session, actor: Actor, asked: Mapping[str, Any]) -> Any:
    """Notices to the person and to their posts, newest first. Reading them here leaves them new on the page."""
    return notices.of(session, actor, **asked)
