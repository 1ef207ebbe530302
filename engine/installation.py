"""What this installation keeps about itself: the key that signs its sessions."""

import secrets

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine import db
from engine.tables import Setting

SESSION_KEY = "session_key"


def session_key(session: Session) -> str:
    """The key that signs sessions: made once at random, the same for every node of this installation."""
    # Two nodes may start together; whoever is second reads what the first has written.
    insert = sqlite.insert if db.of(session).is_sqlite else postgresql.insert
    session.execute(insert(Setting).values(name=SESSION_KEY, value=secrets.token_hex(32)).on_conflict_do_nothing())
    return session.scalars(select(Setting.value).where(Setting.name == SESSION_KEY)).one()
