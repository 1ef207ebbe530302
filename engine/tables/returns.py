"""Tasks that somebody sent back."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base, LongWriting


class TaskReturn(Base):
    """Why a task is there again: what its page tells whoever does it once more."""

    __tablename__ = "task_return"

    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), primary_key=True)
    by: Mapped[str]  # login
    origin: Mapped[str]  # the name of the task that was returned or withdrawn
    reason: Mapped[str] = mapped_column(LongWriting)
    at: Mapped[datetime]
