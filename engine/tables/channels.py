"""How people want to be told what is new, besides the pages."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base, LongWriting


class NoticeChannel(Base):
    """A way to reach a person outside the pages, and what it is for."""

    __tablename__ = "notice_channel"

    login: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # email, wecom, dingtalk, feishu
    address: Mapped[str]  # of the mailbox, or of the group's robot
    secret: Mapped[str | None]  # by which the robot knows its callers
    tasks: Mapped[bool]  # new work
    notices: Mapped[bool]  # what processes and colleagues tell
    created_at: Mapped[datetime]
    failed_at: Mapped[datetime | None]  # when a message was last given up
    failure: Mapped[str | None] = mapped_column(LongWriting)


class QuietHours(Base):
    """When a person wants to be left alone, by the clock of the site; what is urgent comes all the same."""

    __tablename__ = "quiet_hours"

    login: Mapped[str] = mapped_column(primary_key=True)
    begins: Mapped[str]  # HH:MM
    ends: Mapped[str]
