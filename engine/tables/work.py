"""Work for people."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base, Json, LongWriting


def _of_open_tasks(name: str, *columns: str, condition: str = "ended_at IS NULL") -> Index:
    """An index that holds open tasks alone: what is done leaves it, so it stays as small as what there is to do."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class UserTask(Base):
    """Work a person must do."""

    __tablename__ = "user_task"
    __table_args__ = (
        Index(None, "instance_id", "state"),
        _of_open_tasks(
            "ix_user_task_assignee", "assignee", "state", "sort_at", "id", condition="ended_at IS NULL AND assignee IS NOT NULL"
        ),
        _of_open_tasks("ix_user_task_open", "site", "sort_at", "id", "instance_id"),  # a search asks for the case
        _of_open_tasks("ix_user_task_open_key", "site", "key", "sort_at", "id"),
        _of_open_tasks("ix_user_task_open_activity", "site", "key", "activity_id", "sort_at", "id"),
        _of_open_tasks("ix_user_task_delegated_by", "delegated_by", "sort_at", "id", condition="delegated_by IS NOT NULL"),
        _of_open_tasks("ix_user_task_announced", "id", condition="ended_at IS NULL AND NOT announced"),
        _of_open_tasks("ix_user_task_follow_up", "site", "follow_up_at", condition="ended_at IS NULL AND follow_up_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    site: Mapped[str]
    key: Mapped[str]
    token: Mapped[str]
    scope: Mapped[str]
    activity_id: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]  # see states.USER_TASK
    assignee: Mapped[str | None]  # login
    priority: Mapped[int]
    due_at: Mapped[datetime | None]
    follow_up_at: Mapped[datetime | None]
    sort_at: Mapped[datetime]  # due_at, or the far future; what was put off, not before its follow_up_at: lists order by it
    form: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # None as long as the task is open
    completed_by: Mapped[str | None]  # another than the assignee: their proxy
    delegated_by: Mapped[str | None]  # whose task it is, while a helper holds it
    reminders: Mapped[int] = mapped_column(server_default="0")
    announced: Mapped[bool] = mapped_column(server_default=false())  # whoever may do it has been told outside the pages


class TaskParticipant(Base):
    """Who may claim an open task: one row a candidate, gone when the task ends (history keeps it)."""

    __tablename__ = "task_participant"
    __table_args__ = (Index("ix_task_participant_who", "site", "kind", "who", "claimed", "sort_at", "task_id"),)

    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # group, user
    who: Mapped[str] = mapped_column(primary_key=True)  # post, or login
    site: Mapped[str]
    claimed: Mapped[bool] = mapped_column(default=False)
    sort_at: Mapped[datetime]


class Reminder(Base):
    """Somebody asked for a task to be done."""

    __tablename__ = "reminder"
    __table_args__ = (Index(None, "task_id", "login"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"))
    login: Mapped[str]
    at: Mapped[datetime]


class TaskCopy(Base):
    """A person who is to know of a task without having to do anything."""

    __tablename__ = "task_copy"
    __table_args__ = (UniqueConstraint("task_id", "login"), Index(None, "login", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str]
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"))
    login: Mapped[str]
    sent_by: Mapped[str | None]  # None: the diagram
    note: Mapped[str]
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class Comment(Base):
    """What somebody noted on a case."""

    __tablename__ = "comment"
    __table_args__ = (Index(None, "instance_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    task_id: Mapped[int | None]
    author: Mapped[str]
    text: Mapped[str] = mapped_column(LongWriting)
    at: Mapped[datetime]


class Notice(Base):
    """A line for a person or a post that a process sent: escalations, reminders."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("job_id", "recipient"), Index(None, "site", "recipient", "id"), Index(None, "instance_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str]
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    recipient: Mapped[str]  # post, or login
    text: Mapped[str] = mapped_column(LongWriting)
    job_id: Mapped[int]  # a job done twice leaves one notice to each
    at: Mapped[datetime]
    kind: Mapped[
        str | None
    ]  # what a person did, in whose words the text is, or a clock, whose text is what it is for; None: the process's own text
    sender: Mapped[str | None]  # login
    task_id: Mapped[int | None]


class UnseenNotice(Base):
    """A notice that a person has not looked at: one row for each who was meant when it was sent, gone when they have."""

    __tablename__ = "unseen_notice"

    login: Mapped[str] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), primary_key=True)


class Draft(Base):
    """What a person had typed into a form before completing it."""

    __tablename__ = "draft"

    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), primary_key=True)
    login: Mapped[str] = mapped_column(primary_key=True)
    payload: Mapped[Any] = mapped_column(Json)
    saved_at: Mapped[datetime]


class SavedList(Base):
    """A list of the inbox under a name: its filters, as they stand in the address bar."""

    __tablename__ = "saved_list"
    __table_args__ = (UniqueConstraint("owner", "name"), Index(None, "site", "post"))

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]  # login
    name: Mapped[str]
    filters: Mapped[Any] = mapped_column(Json)
    site: Mapped[str | None] = mapped_column(ForeignKey("site.code"))  # shared there; None: the owner's alone
    post: Mapped[str | None]  # shared with this post of the site; None: with everybody there
    saved_at: Mapped[datetime]


class ChosenColumns(Base):
    """Which business fields of a process a person wants to see in their lists."""

    __tablename__ = "chosen_columns"

    login: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    names: Mapped[Any] = mapped_column(Json)
