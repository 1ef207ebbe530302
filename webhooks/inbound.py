"""A signed delivery of another system becomes a message, stored once; what waits for it is found by the engine.

The body is a JSON object. Its `correlation` (an object) tells which instance is meant; everything else in it are the message's variables.
"""

import re
from collections.abc import Mapping
from datetime import datetime

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import db, history, messages, payloads
from engine.actors import Actor
from engine.errors import Conflict, Invalid, NotFound, Unauthenticated
from engine.rights import may_administer, may_see_site, require
from engine.tables import Message, Site, WebhookEndpoint
from webhooks.signatures import new_secret, verify

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@db.decided
def receive(session: Session, name: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Message:
    """Believe, store and correlate one delivery. Raises Unauthenticated for a wrong or replayed one, Invalid for an unreadable body."""
    endpoint = session.get(WebhookEndpoint, name)
    if endpoint is None or endpoint.disabled_at is not None:
        raise NotFound(f"Expected the name of an endpoint, but there is no {name!r}")
    known = [secret for secret in (endpoint.secret, endpoint.previous_secret) if secret]
    message_id = verify(known, headers, body, now)
    source = f"hook:{name}"
    _refuse_replay(session, source, message_id)
    said = _read(body, db.of(session).settings.limits.body)
    correlation = said.pop("correlation", None)
    # The endpoint speaks for its own site and for no other.
    actor = Actor(None, "webhook", frozenset({(endpoint.site, source)}))
    message = messages.publish(
        session, endpoint.message, endpoint.site, correlation, said, actor, now, message_id=message_id, source=source
    )
    if message.received_at != now:
        raise _replayed(message_id, message.received_at)  # its twin was committed while this one waited for the unique key
    return message


def add_endpoint(session: Session, name: str, site: str, message: str, actor: Actor, now: datetime) -> str:
    """Open an endpoint; returns its secret, to be told to the sender."""
    if session.get(Site, site) is None or not may_see_site(actor, site):
        raise NotFound(f"Expected a site, but there is none with the code {site!r}")
    require(may_administer(actor, site), "administer webhooks")
    if not _NAME.fullmatch(name):
        raise Invalid(f"Expected a name of 1 to 64 lower-case letters, digits, - or _, but got {name!r}")
    if session.get(WebhookEndpoint, name) is not None:
        raise Conflict(f"Expected a new name, but there is an endpoint {name!r} already")
    secret = new_secret()
    session.add(WebhookEndpoint(name=name, site=site, message=message, secret=secret, created_at=now))
    history.append_site(session, site, "webhook_endpoint.added", actor, now, {"name": name, "message": message})
    return secret


def rotate_secret(session: Session, name: str, actor: Actor, now: datetime) -> str:
    """Give an endpoint a new secret; the one before it is accepted until the next change."""
    endpoint = _own(session, name, actor)
    endpoint.previous_secret, endpoint.secret = endpoint.secret, new_secret()
    history.append_site(session, endpoint.site, "webhook_endpoint.secret_changed", actor, now, {"name": name})
    return endpoint.secret


def disable_endpoint(session: Session, name: str, actor: Actor, now: datetime) -> None:
    """Close an endpoint: its deliveries find nobody."""
    endpoint = _own(session, name, actor)
    endpoint.disabled_at = endpoint.disabled_at or now
    history.append_site(session, endpoint.site, "webhook_endpoint.disabled", actor, now, {"name": name})


def _own(session: Session, name: str, actor: Actor) -> WebhookEndpoint:
    endpoint = session.get(WebhookEndpoint, name)
    if endpoint is None:
        raise NotFound(f"Expected the name of an endpoint, but there is no {name!r}")
    require(may_administer(actor, endpoint.site), "administer webhooks")
    return endpoint


def _refuse_replay(session: Session, source: str, message_id: str) -> None:
    query = select(Message.received_at).where(Message.source == source, Message.message_id == message_id)
    received_at = session.scalar(query)
    if received_at is not None:
        raise _replayed(message_id, received_at)


def _replayed(message_id: str, received_at: datetime) -> Unauthenticated:
    return Unauthenticated(f"Expected a new delivery, but {message_id} was already received at {received_at.isoformat()}")


def _read(body: bytes, largest: int) -> dict[str, object]:
    try:
        said = payloads.read(body, largest)
        orjson.dumps(said)  # whole numbers beyond 64 bits are kept by no database
    except (ValueError, TypeError) as error:
        raise Invalid(f"Expected a JSON object, but: {error}") from None
    if not isinstance(said, dict) or not isinstance(said.get("correlation", {}), dict | None):
        raise Invalid("Expected a JSON object whose correlation is one too, but it is not")
    return said
