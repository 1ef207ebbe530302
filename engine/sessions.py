"""Browser sessions that were logged out. A session is known by its signature; this is the list of those that no longer count."""

import hashlib
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from engine.prepared import Prepared
from engine.tables import EndedSession

_ENDED = Prepared(select(EndedSession.until).where(EndedSession.hash == bindparam("wanted")))  # asked at every request


def end(session: Session, token: str, until: datetime, now: datetime) -> None:
    """From now on the cookie with this token counts for nothing; `until` is when it would have died by itself."""
    session.execute(delete(EndedSession).where(EndedSession.until < now))
    session.merge(EndedSession(hash=_hash(token), until=until))


def is_ended(session: Session, token: str) -> bool:
    return bool(_ENDED.rows(session, {"wanted": _hash(token)}))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
