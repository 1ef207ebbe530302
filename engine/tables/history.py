"""The product's conscience: append-only, by triggers in the database."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base


class HistoryEvent(Base):
    """One immutable line of what happened, chained to the one before it by SHA-256."""

    __tablename__ = "history_event"
    __table_args__ = (Index(None, "site", "recorded_at", "chain", "seq"),)

    chain: Mapped[str] = mapped_column(primary_key=True)  # i<instance id> or s<site code>
    seq: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str]
    type: Mapped[str]  # noun.verb
    at: Mapped[datetime]  # when it happened
    recorded_at: Mapped[datetime]  # when it was written down
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class HistoryContent(Base):
    """What an event says, as canonical text; goes only together with a disposal record."""

    __tablename__ = "history_content"

    chain: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str] = mapped_column(Text)


class SiteChain(Base):
    """Length and head of the chain of a site: logins, deployments, administration."""

    __tablename__ = "site_chain"

    chain: Mapped[str] = mapped_column(primary_key=True)
    length: Mapped[int]
    head: Mapped[bytes] = mapped_column(LargeBinary)


class Disposal(Base):
    """The record under which contents of history were disposed of; the only licence to delete them."""

    __tablename__ = "disposal"

    chain: Mapped[str] = mapped_column(primary_key=True)
    approved_by: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
