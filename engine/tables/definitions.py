"""What was deployed."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base


class Definition(Base):
    """One deployed version of one BPMN process. Never changed after it was deployed."""

    __tablename__ = "definition"
    __table_args__ = (UniqueConstraint("key", "version"), Index(None, "key", "hash"))

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    version_tag: Mapped[str | None]
    file: Mapped[str]
    hash: Mapped[str]  # SHA-256 of everything it uses: diagram, decisions, forms
    retention: Mapped[str]
    deployed_at: Mapped[datetime]
    deployed_by: Mapped[str | None]
    compiler: Mapped[str]  # fingerprint of the executable form it was proved to compile to


class DefinitionResource(Base):
    """A file that a definition uses, byte for byte as deployed."""

    __tablename__ = "definition_resource"

    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]  # bpmn, normalised, dmn, form
    content: Mapped[bytes] = mapped_column(LargeBinary)


class StartSubscription(Base):
    """A message or signal that starts an instance of the newest version of a process."""

    __tablename__ = "start_subscription"

    kind: Mapped[str] = mapped_column(primary_key=True)  # message, signal
    message: Mapped[str] = mapped_column(primary_key=True)  # the name of either
    key: Mapped[str] = mapped_column(primary_key=True)
    activity_id: Mapped[str] = mapped_column(primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"))


class Schedule(Base):
    """When the newest version of a process is to be started next at a site by a timer start event."""

    __tablename__ = "schedule"
    __table_args__ = (UniqueConstraint("key", "activity_id", "part", "site"), Index(None, "state", "due_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"))
    activity_id: Mapped[str]
    part: Mapped[int]  # which of several definitions of the event
    site: Mapped[str] = mapped_column(ForeignKey("site.code"))
    text: Mapped[str]  # as written in the diagram
    due_at: Mapped[datetime]
    interval: Mapped[str | None]  # ISO 8601 or cron, for cycles
    repeats_left: Mapped[int | None]
    catch_up: Mapped[str]  # once, all, skip
    state: Mapped[str]  # open, done
