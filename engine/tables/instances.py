"""What runs, and how it is found."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base


class Instance(Base):
    """One execution of a definition. A called process is an instance of its own, with its caller as parent."""

    __tablename__ = "instance"
    __table_args__ = (
        Index(None, "site", "state", "id"),
        Index(None, "site", "first_responder", "state", "id"),
        Index(None, "root_id"),
        Index(None, "number"),
        Index(None, "business_key"),
        Index(None, "definition_id", "state"),
        Index("ix_instance_ledger", "site", "key", "started_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"))
    key: Mapped[str]
    version: Mapped[int]
    site: Mapped[str] = mapped_column(ForeignKey("site.code"))
    number: Mapped[str | None]
    business_key: Mapped[str | None]
    title: Mapped[str | None]
    state: Mapped[str]  # see states.INSTANCE
    incidents: Mapped[int] = mapped_column(default=0)
    starter: Mapped[str | None]
    first_responder: Mapped[str | None]
    occurred_at: Mapped[datetime]  # when it happened in the world
    started_at: Mapped[datetime]  # when it was entered
    ended_at: Mapped[datetime | None]
    parent_id: Mapped[int | None]
    parent_token: Mapped[str | None]
    root_id: Mapped[int | None]  # the outermost caller; its own id when nobody called it
    depth: Mapped[int] = mapped_column(default=0)
    moves: Mapped[int] = mapped_column(default=0)  # how often it has advanced: names one state of its tokens
    chain_length: Mapped[int] = mapped_column(default=0)
    chain_head: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    revision: Mapped[int] = mapped_column(nullable=False)

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012  # the mapper reads it as it is


class InstanceState(Base):
    """Where the tokens stand and what the variables hold, as the codec wrote it. Apart, so that lists stay narrow."""

    __tablename__ = "instance_state"

    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    state: Mapped[bytes] = mapped_column(LargeBinary)


class CaseField(Base):
    """A business field that the diagram declares searchable or of its ledger, as rows: house, caller, telephone, class …"""

    __tablename__ = "case_field"

    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class SearchTerm(Base):
    """A term by which a case is found: pairs of Chinese characters, words, numbers and their last four digits."""

    __tablename__ = "search_term"
    __table_args__ = (Index(None, "instance_id"),)

    site: Mapped[str] = mapped_column(primary_key=True)
    term: Mapped[str] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(primary_key=True)


class NumberSeries(Base):
    """The last number given out in a series, site and accounting month."""

    __tablename__ = "number_series"

    series: Mapped[str] = mapped_column(primary_key=True)
    site: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class Number(Base):
    """A number given out: used or void, never removed (A30)."""

    __tablename__ = "number"

    number: Mapped[str] = mapped_column(primary_key=True)
    site: Mapped[str]
    instance_id: Mapped[int]
    state: Mapped[str]  # used, void
    allocated_at: Mapped[datetime]
