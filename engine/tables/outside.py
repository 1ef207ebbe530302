"""What comes from outside or goes there: files, webhooks, repeated requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base, Json


class Attachment(Base):
    """A file, known by the SHA-256 of its content and stored once."""

    __tablename__ = "attachment"

    hash: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    size: Mapped[int]
    created_at: Mapped[datetime]


class AttachmentUse(Base):
    """Who brought a file to which site, and under which name: the licence to read it there."""

    __tablename__ = "attachment_use"
    __table_args__ = (Index(None, "hash", "site"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str]
    site: Mapped[str]
    file_name: Mapped[str]
    uploaded_by: Mapped[str | None]
    at: Mapped[datetime]


class WebhookEndpoint(Base):
    """An address at which another system may knock: POST /hooks/<name>."""

    __tablename__ = "webhook_endpoint"

    name: Mapped[str] = mapped_column(primary_key=True)
    site: Mapped[str]
    message: Mapped[str]  # name of the message that a delivery becomes
    secret: Mapped[str]
    previous_secret: Mapped[str | None]  # still accepted while the sender rotates
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """The answer given to a request, given again when the same request comes again."""

    __tablename__ = "idempotency_key"

    login: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int]
    answer: Mapped[Any] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(index=True)


class Setting(Base):
    """A value of the installation itself: the key that signs sessions."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(Text)
