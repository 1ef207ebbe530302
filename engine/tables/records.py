"""What people wrote that must be their own."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base, LongWriting


class WrittenRecord(Base):
    """A text or photograph that had to be its author's own, kept so that later ones can be compared with it."""

    __tablename__ = "written_record"
    __table_args__ = (
        Index(None, "digest", "site"),
        Index(None, "root_id", "id"),
        Index(None, "site", "author", "id"),
        Index(None, "site", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str]
    root_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))  # the order, whoever it called
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"))
    activity_id: Mapped[str]
    field: Mapped[str]
    author: Mapped[str]
    digest: Mapped[str]  # of the text without blanks and punctuation, or the hash of the photograph
    text: Mapped[str | None] = mapped_column(LongWriting)  # the beginning of the text by which it is compared; none for photographs
    at: Mapped[datetime]
    earlier_id: Mapped[int | None] = mapped_column(ForeignKey("written_record.id"))  # which it repeats
