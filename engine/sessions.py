"""Browser sessions that were logged out. A session is known by its signature; this is the list of those that no longer count."""

import hashlib
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine.tables import EndedSession


def end(session: Session, token: str, until: datetime, now: datetime) -> None:
    """From now on the cookie with this token counts for nothing; `until` is when it would have died by itself."""
    session.execute(delete(EndedSession).where(EndedSession.until < now))
    session.merge(EndedSession(hash=_hash(token), until=until))


def is_ended(session: Session, token: str) -> bool:
    return session.get(EndedSession, _hash(token)) is not None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
