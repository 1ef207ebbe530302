"""Notices in words: what a process wrote, with people's names in it, what somebody did and wrote, or what time is short for."""

import re
from collections.abc import Mapping, Sequence

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import identity
from engine.notices import Line
from engine.tables import Notice, UserTask
from web import words

LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._@-]*[a-z0-9])?")  # what may be a login name, between other signs


def texts(session: Session, lines: Sequence[Line], longest: int) -> list[str]:
    """What each notice says to its reader."""
    written = [line.text[:longest] for line in lines]
    said = {word for text in written for word in LOGIN.findall(text)} | {line.notice.sender for line in lines if line.notice.sender}
    names, tasks = identity.names_of(session, said), _tasks(session, lines)
    return [_one(line.notice, text, names, tasks) for line, text in zip(lines, written, strict=True)]


def _tasks(session: Session, lines: Sequence[Line]) -> dict[int, str]:
    ids = {line.notice.task_id for line in lines if line.notice.task_id}
    return dict(session.execute(select(UserTask.id, UserTask.name).where(UserTask.id.in_(ids))).all()) if ids else {}


def _one(notice: Notice, text: str, names: Mapping[str, str], tasks: Mapping[int, str]) -> str:
    if notice.kind is None:
        return LOGIN.sub(lambda word: names.get(word[0], word[0]), text)
    if notice.kind in words.OF_CLOCKS:
        return words.of_clock(notice.kind, text)
    said = {"who": names.get(notice.sender or "", notice.sender or gettext("系统")), "what": tasks.get(notice.task_id or 0, "")}
    did = _DID[notice.kind](said) if notice.kind in _DID else said["who"]
    return gettext("%(did)s：%(text)s", did=did, text=text) if text else did


_DID = {
    "reminded": lambda said: gettext("%(who)s 催办“%(what)s”", **said),
    "delegated": lambda said: gettext("%(who)s 请您协助“%(what)s”", **said),
    "answered": lambda said: gettext("%(who)s 已答复“%(what)s”", **said),
    "mentioned": lambda said: gettext("%(who)s 在备注里提到您", **said),
}
