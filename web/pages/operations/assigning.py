"""转办: hand the task to somebody else and be out."""

from datetime import datetime

from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from engine import identity, user_tasks
from engine.actors import Actor
from web.pages.operations.entry import Done, Field, Operation, Said, Situation


def _offered(situation: Situation) -> bool:
    return situation.owns or situation.supervises


def _fields(situation: Situation) -> list[Field]:
    return [
        Field("to", lazy_gettext("转给"), "choice", choices=situation.peers()),
        Field("reason", lazy_gettext("原因"), required=False),
    ]


def _perform(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    task = user_tasks.assign(session, task_id, said.get("to", ""), actor, now, reason=said.get("reason", ""))
    text = gettext("“%(what)s”已转给 %(to)s。", what=task.name, to=identity.get(session, said["to"]).name)
    return Done(text, stays=task.assignee == actor.login)


ASSIGN = Operation(
    name="assign",
    label=lazy_gettext("转办"),
    button=lazy_gettext("转办"),
    help=lazy_gettext("交给别人办，您不再负责这一步。"),
    offered=_offered,
    fields=_fields,
    perform=_perform,
)
