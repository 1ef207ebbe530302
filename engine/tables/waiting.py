"""What instances wait for: rows that mirror the tokens. A row exists for as long as the token waits; history keeps the past."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base, Json, LongWriting

_BREACHED = "breached_at IS NOT NULL"


class Timer(Base):
    """A stored moment that moves its instance."""

    __tablename__ = "timer"
    __table_args__ = (Index(None, "instance_id"), Index(None, "state", "due_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    site: Mapped[str]
    token: Mapped[str]
    activity_id: Mapped[str]
    due_at: Mapped[datetime]
    state: Mapped[str]  # open; held while its instance is suspended; failed while an incident stands
    catch_up: Mapped[str]  # once, all, skip
    interval: Mapped[str | None]  # ISO 8601, for cycles
    repeats_left: Mapped[int | None]


class MessageSubscription(Base):
    """An instance waiting for a message or a signal."""

    __tablename__ = "message_subscription"
    __table_args__ = (Index(None, "instance_id"), Index(None, "kind", "name", "site", "correlation"))

    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    site: Mapped[str]
    kind: Mapped[str]  # message, signal
    name: Mapped[str]
    correlation: Mapped[str]  # canonical JSON of the key's value; empty when it asks for none
    token: Mapped[str]
    activity_id: Mapped[str]
    created_at: Mapped[datetime]


class Message(Base):
    """A message as it came in: stored first, then correlated, kept until it expires."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("site", "source", "message_id"),
        Index(None, "state", "expires_at"),
        Index(None, "name", "site", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]  # api, cli, hook:<name>, instance
    message_id: Mapped[str]  # unique in its source: a second delivery hits the key
    kind: Mapped[str]  # message, signal
    site: Mapped[str]
    name: Mapped[str]
    correlation: Mapped[str]
    payload: Mapped[Any] = mapped_column(Json)
    state: Mapped[str]  # stored, delivered, expired
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    instance_id: Mapped[int | None]  # which it reached


class Job(Base):
    """Automatic work for the worker: done after the commit, at least once, with the job's id as idempotency key."""

    __tablename__ = "job"
    # An id is never given out twice, though rows go: it is the idempotency key of what the job does.
    __table_args__ = (Index(None, "instance_id"), Index(None, "state", "due_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    site: Mapped[str]
    token: Mapped[str | None]  # None: nothing waits for its end
    activity_id: Mapped[str]
    topic: Mapped[str]
    payload: Mapped[Any] = mapped_column(Json)
    state: Mapped[str]  # ready, held, failed
    due_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    retries: Mapped[str | None]  # camunda:failedJobRetryTimeCycle
    error: Mapped[str | None] = mapped_column(LongWriting)
    created_at: Mapped[datetime]


class Incident(Base):
    """A stored failure that needs a person."""

    __tablename__ = "incident"
    __table_args__ = (Index(None, "instance_id", "resolved_at"), Index(None, "site", "resolved_at", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    site: Mapped[str]
    token: Mapped[str | None]
    activity_id: Mapped[str]
    kind: Mapped[str]  # script, expression, decision, job, timer, error, limit, state …
    message: Mapped[str] = mapped_column(LongWriting)
    trigger: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]


class SlaClock(Base):
    """A promise with a limit: started and stopped by activities, warned before, marked at breach."""

    __tablename__ = "sla_clock"
    __table_args__ = (
        Index(None, "instance_id"),
        Index(None, "alarm_at"),
        Index(None, "site", "breached_at"),
        Index("ix_sla_clock_breached", "instance_id", sqlite_where=text(_BREACHED), postgresql_where=text(_BREACHED)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    site: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]  # running, paused, stopped
    time: Mapped[str]  # running, working
    limit_seconds: Mapped[int]
    warn_share: Mapped[float]
    used_seconds: Mapped[int] = mapped_column(default=0)  # before the last pause
    started_at: Mapped[datetime]
    resumed_at: Mapped[datetime | None]  # when it last began to run; None while paused
    due_at: Mapped[datetime | None]
    alarm_at: Mapped[datetime | None]  # next moment at which something is to be marked
    warned_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    kpi: Mapped[str | None]


class KpiPoint(Base):
    """A deduction point that a breached clock leaves (B09, B21)."""

    __tablename__ = "kpi_point"
    __table_args__ = (Index(None, "site", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str]
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    clock: Mapped[str]
    code: Mapped[str]
    at: Mapped[datetime]
