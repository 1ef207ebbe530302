"""What a person still has in hand at each site: looked at before they leave."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from engine.states import LIVE_INSTANCE
from engine.tables import Instance, TaskParticipant, UserTask


@dataclass(frozen=True)
class OpenWork:
    """Tasks that they hold or asked help with, free tasks that are for them by name, and cases for which they were asked first."""

    tasks: int = 0
    named: int = 0
    cases: int = 0

    def __bool__(self) -> bool:
        return bool(self.tasks or self.named or self.cases)


def of(session: Session, login: str) -> dict[str, OpenWork]:
    """By site; sites where nothing is open are left out."""
    held = select(UserTask.site, func.count()).where(UserTask.ended_at.is_(None), is_held_by(login))
    free = (TaskParticipant.kind == "user", TaskParticipant.who == login, TaskParticipant.claimed.is_(False))
    named = select(TaskParticipant.site, func.count()).where(*free)
    theirs = (Instance.first_responder == login, Instance.state.in_(LIVE_INSTANCE), Instance.parent_id.is_(None))
    cases = select(Instance.site, func.count()).where(*theirs)
    counted = [
        _by_site(session, query)
        for query in (held.group_by(UserTask.site), named.group_by(TaskParticipant.site), cases.group_by(Instance.site))
    ]
    return {site: OpenWork(*(each.get(site, 0) for each in counted)) for site in sorted(set().union(*counted))}


def is_held_by(login: str) -> ColumnElement[bool]:
    return or_(UserTask.assignee == login, UserTask.delegated_by == login)


def _by_site(session: Session, query: Select[str, int]) -> dict[str, int]:
    return dict(session.execute(query).all())
