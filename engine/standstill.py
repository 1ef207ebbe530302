"""A case that cannot be moved at all, as its stored state or its definition cannot be read: it alone stands still, and says so."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine import history, incidents, runner
from engine.actors import Actor
from engine.db import Database
from engine.errors import Unusable
from engine.tables import Instance

SYSTEM = Actor.system()


def report(database: Database, unusable: Unusable, now: datetime) -> None:
    """Make it an incident, in a transaction of its own: that of the command that found it out is gone."""
    with database.transaction() as session:
        note(session, runner.lock(session, unusable.instance_id), unusable, now)


def note(session: Session, instance: Instance, unusable: Unusable, now: datetime) -> None:
    """Make it an incident of the locked instance, once however often it is found out; its timers and jobs wait until it is retried."""
    event = incidents.stand_still(session, instance, unusable.kind, unusable.message, now)
    if event is not None:
        history.append(session, instance, [event], SYSTEM, now)
