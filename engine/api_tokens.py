"""Bearer tokens, by which programs speak for a person. Only their hashes are kept."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine import identity
from engine.actors import Actor
from engine.db import core
from engine.errors import Conflict, Forbidden, NotFound, Unauthenticated
from engine.prepared import Prepared, detached
from engine.tables import ApiToken, Person

_PERSON_COLUMNS = tuple(core(Person).c.keys())
_HOLDER_OF = Prepared(
    select(core(Person))
    .join(ApiToken, ApiToken.person_id == Person.id)
    .where(Person.disabled_at.is_(None), ApiToken.hash == bindparam("hash"), ApiToken.revoked_at.is_(None))
)


def issue(session: Session, login: str, actor: Actor, now: datetime) -> str:
    """A bearer token, told once; it can do what the person can do, until it is revoked."""
    person = identity.get(session, login)
    _may_hold_tokens(person, actor)
    token = secrets.token_urlsafe(32)
    row = ApiToken(person_id=person.id, hash=_fingerprint(token), created_at=now)
    session.add(row)
    session.flush()
    identity.note(session, person, "token.issued", actor, now, {"token": row.id})
    return token


def of(session: Session, login: str) -> list[ApiToken]:
    """The person's tokens that are not revoked, oldest first."""
    query = select(ApiToken).join(Person, Person.id == ApiToken.person_id)
    return list(session.scalars(query.where(Person.login == identity.normal(login), ApiToken.revoked_at.is_(None)).order_by(ApiToken.id)))


def revoke(session: Session, token_id: int, actor: Actor, now: datetime) -> None:
    """End a token: one's own, or that of somebody whom one administers."""
    row = session.get(ApiToken, token_id)
    person = session.get(Person, row.person_id) if row is not None else None
    if row is None or person is None or row.revoked_at is not None:
        raise NotFound(f"Expected a token {token_id}, but there is none")
    if person.login != actor.login:
        identity.require_may_change(session, person, actor)
    row.revoked_at = now
    identity.note(session, person, "token.revoked", actor, now, {"token": row.id})


def person_of(session: Session, token: str) -> Person:
    """Whose token this is; raise Unauthenticated when it is nobody's any more."""
    rows = _HOLDER_OF.rows(session, {"hash": _fingerprint(token)})
    if not rows:
        raise Unauthenticated("Expected a valid token, but nobody holds this one")
    person: Person = detached(Person, _PERSON_COLUMNS, rows[0])
    return person


def _may_hold_tokens(person: Person, actor: Actor) -> None:
    # A token speaks for its person: nobody gets one that speaks for somebody else, but the operator at the command line.
    if not actor.is_system and actor.login != person.login:
        raise Forbidden("Expected your own login, but it is somebody else's: a token speaks for its owner")
    if person.disabled_at is not None:
        raise Conflict(f"Expected {person.login} to be enabled, but it was disabled at {person.disabled_at.isoformat()}")


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
