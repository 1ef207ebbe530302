"""Messages and signals: stored first, then correlated; kept until they expire; a second delivery changes nothing."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import db, incidents, instances, rights, runner, standstill, waits
from engine.actors import Actor
from engine.bpmn.triggers import Deliver
from engine.correlation import canonical_key
from engine.db import insert_unless_there
from engine.errors import Invalid, NotFound, Unusable
from engine.history import Event
from engine.tables import Instance, Message, MessageSubscription, Site, StartSubscription
from engine.texts import storable
from engine.variables import check_size

SIGNAL = "steward.signal"  # topic of the jobs that bring a signal to each instance
MAX_NAME = 255


@db.decided
def publish(
    session: Session,
    name: str,
    site: str,
    correlation: Any,
    variables: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    message_id: str | None = None,
    source: str | None = None,
    ttl: timedelta | None = None,
) -> Message:
    """Store a message and hand it to the one instance that waits for it, or start the process that it starts.

    Nobody waiting, it stays `stored` and is tried again until it expires. The same `message_id` of the same source is the same message.
    """
    message, is_new = _store(session, "message", name, site, correlation, variables, actor, now, message_id, source, ttl)
    if is_new:
        deliver(session, message, actor, now)
    return message


@db.decided
def broadcast(
    session: Session, name: str, site: str, variables: Mapping[str, Any], actor: Actor, now: datetime, message_id: str | None = None
) -> Message:
    """Send a signal to every instance of the site that waits for it, a job each, so that no step holds two; and start what it starts."""
    message, is_new = _store(session, "signal", name, site, None, variables, actor, now, message_id, None, timedelta(0))
    if not is_new:
        return message
    query = select(MessageSubscription.token, MessageSubscription.activity_id, Instance).join(
        Instance, Instance.id == MessageSubscription.instance_id
    )
    waiting = query.where(MessageSubscription.kind == "signal", MessageSubscription.name == name, MessageSubscription.site == site)
    payload = {"name": name, "variables": dict(variables)}
    rows = [
        waits.job(instance, SIGNAL, activity_id, {**payload, "token": token}, now)
        for token, activity_id, instance in session.execute(waiting)
    ]
    if rows:
        waits.insert_jobs(session, rows)
    _start_by_signal(session, message, actor, now)
    message.state = "delivered"
    return message


def _start_by_signal(session: Session, signal: Message, actor: Actor, now: datetime) -> None:
    """Every process that the signal starts, at the signal's site."""
    query = select(StartSubscription).where(StartSubscription.kind == "signal", StartSubscription.message == signal.name)
    for each in session.scalars(query.order_by(StartSubscription.key, StartSubscription.activity_id)).all():
        instances.start(session, each.key, signal.site, actor, now, dict(signal.payload), start_event=each.activity_id)


def _store(
    session: Session,
    kind: str,
    name: str,
    site: str,
    correlation: Any,
    variables: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    message_id: str | None,
    source: str | None,
    ttl: timedelta | None,
) -> tuple[Message, bool]:
    rights.require_site(actor, site)
    rights.require(rights.works_at(actor, site), f"send a {kind}")
    if session.get(Site, site) is None:
        raise NotFound(f"Expected a site, but there is none with the code {site!r}")
    if not name or len(name) > MAX_NAME:
        raise Invalid(f"Expected a name of 1 to {MAX_NAME} characters", {"name": f"1–{MAX_NAME}"})
    if message_id is not None and len(message_id) > MAX_NAME:
        raise Invalid(f"Expected a message id of at most {MAX_NAME} characters", {"message_id": f"≤ {MAX_NAME}"})
    settings = db.of(session).settings
    check_size(variables, settings.limits)
    source, message_id = source or actor.source, storable(message_id or secrets.token_urlsafe(16))
    row = {
        "source": source,
        "message_id": message_id,
        "kind": kind,
        "site": site,
        "name": name,
        "correlation": canonical_key(correlation),
        "payload": dict(variables),
        "state": "stored",
        "received_at": now,
        "expires_at": now + (timedelta(days=settings.message_days) if ttl is None else ttl),
    }
    # Two deliveries may arrive together; the unique key decides, not a check before.
    is_new = insert_unless_there(session, Message, row)
    return session.scalars(
        select(Message).where(Message.site == site, Message.source == source, Message.message_id == message_id)
    ).one(), is_new


def deliver(session: Session, message: Message, actor: Actor, now: datetime) -> bool:
    """Try to hand a stored message on; whether it found somebody."""
    subscription = _waiting_for(session, message)
    while subscription is not None:
        instance = runner.lock(session, subscription.instance_id)
        still = session.get(MessageSubscription, subscription.id, populate_existing=True)
        if still is not None and instance.state == "running" and _reaches(session, message, still, instance, actor, now):
            message.state, message.instance_id = "delivered", instance.id
            return True
        subscription = _waiting_for(session, message, after=subscription.id)
    return _start(session, message, actor, now)


def give(
    session: Session, instance: Instance, waiting: MessageSubscription, told: Mapping[str, Any], actor: Actor, now: datetime
) -> Message:
    """Hand a message without variables to the very event that waits for it; `told` stands with it in history."""
    message, _ = _store(session, "message", waiting.name, waiting.site, waiting.correlation or None, {}, actor, now, None, None, None)
    message.state, message.instance_id = "delivered", instance.id
    event = Event("message.received", waiting.activity_id, {"name": message.name, "message": message.id, **told})
    runner.advance(session, runner.hold(session, instance), Deliver(waiting.token, message.name, message.payload, now), event, actor, now)
    return message


def _reaches(session: Session, message: Message, still: MessageSubscription, instance: Instance, actor: Actor, now: datetime) -> bool:
    """Move the waiting instance; False when it cannot be moved at all: then the next one with the same key is meant."""
    try:
        held = runner.hold(session, instance)
    except Unusable as unusable:
        standstill.note(session, instance, unusable, now)
        return False
    event = Event("message.received", still.activity_id, {"name": message.name, "message": message.id})
    runner.advance(session, held, Deliver(still.token, message.name, message.payload, now), event, actor, now)
    return True


def _waiting_for(session: Session, message: Message, after: int = 0) -> MessageSubscription | None:
    query = (
        select(MessageSubscription)
        .where(
            MessageSubscription.kind == "message",
            MessageSubscription.name == message.name,
            MessageSubscription.site == message.site,
            MessageSubscription.correlation == message.correlation,
            MessageSubscription.id > after,
        )
        .order_by(MessageSubscription.id)
        .limit(1)
    )
    return session.scalars(query).first()


def _start(session: Session, message: Message, actor: Actor, now: datetime) -> bool:
    wanted = select(StartSubscription).where(StartSubscription.kind == "message", StartSubscription.message == message.name)
    query = wanted.order_by(StartSubscription.key, StartSubscription.activity_id).limit(1)
    subscription = session.scalars(query).first()
    if subscription is None:
        return False
    variables = dict(message.payload)
    occurred_at = _moment(variables.pop("occurred_at", None), now)
    step = instances.start(
        session,
        subscription.key,
        message.site,
        actor,
        now,
        variables,
        occurred_at=occurred_at,
        start_event=subscription.activity_id,
    )
    message.state, message.instance_id = "delivered", step.instance.id
    return True


def _moment(text: Any, now: datetime) -> datetime | None:
    """When it happened, if the sender says so in a form that can be read and believed."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None and moment.year >= instances.EARLIEST_YEAR and moment <= now else None


def stored_for_somebody(session: Session, now: datetime, limit: int) -> list[int]:
    """Ids of stored messages for which an instance waits now."""
    matches = (
        (MessageSubscription.kind == "message")
        & (MessageSubscription.name == Message.name)
        & (MessageSubscription.site == Message.site)
        & (MessageSubscription.correlation == Message.correlation)
    )
    # An instance that is suspended, or cannot be read, takes nothing: its messages must not stand before those of others.
    query = select(Message.id).join(MessageSubscription, matches).join(Instance, Instance.id == MessageSubscription.instance_id)
    query = query.where(Message.state == "stored", Message.expires_at > now, Instance.state == "running")
    query = query.where((Instance.incidents == 0) | Instance.id.not_in(incidents.standing_still()))
    return list(session.scalars(query.distinct().order_by(Message.id).limit(limit)))


@db.decided
def deliver_stored(session: Session, message_id: int, now: datetime) -> bool:
    message = session.scalars(
        select(Message).where(Message.id == message_id, Message.state == "stored").with_for_update(skip_locked=True)
    ).first()
    return message is not None and deliver(session, message, Actor.system(), now)


def expire(session: Session, now: datetime) -> int:
    """Mark stored messages whose time is over; returns how many."""
    expired = update(Message).where(Message.state == "stored", Message.expires_at <= now).values(state="expired")
    return int(session.execute(expired).rowcount)  # type: ignore[attr-defined]
