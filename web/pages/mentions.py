"""Notes as the pages take them: whoever stands in the text as @name, or was picked from the list, is mentioned."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine import comments, instances, queries_case
from engine.actors import Actor
from engine.tables import Comment


def add(
    session: Session, form: MultiDict[str, str], actor: Actor, now: datetime, *, task_id: int | None = None, instance_id: int | None = None
) -> Comment:
    """Keep the note at the task, or at the case as a whole."""
    text = form.get("text", "")
    site = queries_case.task(session, task_id, actor).site if task_id else instances.visible(session, instance_id or 0, actor).site
    meant = [*found_in(text, queries_case.names_for(session, site)), *filter(None, form.getlist("mention"))]
    if task_id:
        return comments.add(session, task_id, text, actor, now, meant)
    return comments.add_to_case(session, instance_id or 0, text, actor, now, meant)


def found_in(text: str, people: Sequence[tuple[str, str]]) -> list[str]:
    """Who is named after an @: by name or login name, the longest that fits; who shares a name with others is meant with them."""
    by_name: dict[str, list[str]] = {}
    for login, name in people:
        by_name.setdefault(name, []).append(login)
        by_name.setdefault(login, []).append(login)
    if "@" not in text or not by_name:
        return []
    longest_first = sorted(by_name, key=len, reverse=True)
    pattern = re.compile("@(" + "|".join(map(_whole, longest_first)) + ")")
    return [login for found in pattern.findall(text) for login in by_name[found]]


def _whole(name: str) -> str:
    """A name in Latin letters ends where no more of them follow."""
    return re.escape(name) + (r"(?![A-Za-z0-9])" if name[-1:].isascii() else "")
