"""加签 and 减签: let somebody sign before, after or beside oneself; take an added signer away."""

from datetime import datetime

from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from engine import identity, signers
from engine.actors import Actor
from web.pages.operations.entry import Choices, Done, Field, Operation, Said, Situation

WHERE = (
    ("before", lazy_gettext("前加签：先由他签，再回到我")),
    ("after", lazy_gettext("后加签：我办完后由他签")),
    ("beside", lazy_gettext("并加签：和我同时签")),
)


def _add(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    login, where = said.get("login", ""), said.get("where", "")
    task = signers.add(session, task_id, login, where, actor, now, said.get("reason", ""))
    named = {"who": identity.get(session, login).name, "what": task.name}
    if where == "before":
        return Done(gettext("“%(what)s”先由 %(who)s 签署，之后回到您这里。", **named))
    return Done(gettext("已请 %(who)s 签署“%(what)s”。", **named), stays=True)


def _remove(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    task = signers.remove(session, task_id, said.get("login", ""), actor, now, said.get("reason", ""))
    named = {"who": identity.get(session, said["login"]).name, "what": task.name}
    return Done(gettext("%(who)s 不用再签署“%(what)s”。", **named), stays=True)


def _people(situation: Situation) -> Choices:
    there = {signer.login for signer in situation.case.signing(situation.task).waiting}
    return [one for one in situation.colleagues() if one[0] != situation.actor.login and one[0] not in there]


ADD_SIGNER = Operation(
    name="add_signer",
    label=lazy_gettext("加签"),
    button=lazy_gettext("加签"),
    help=lazy_gettext("请别人一起签署，您仍然要办理这一步。"),
    offered=lambda situation: situation.may_do and situation.task.delegated_by is None,
    fields=lambda situation: [
        Field("login", lazy_gettext("请谁签署"), "choice", choices=_people(situation)),
        Field("where", lazy_gettext("加签方式"), "choice", choices=WHERE),
        Field("reason", lazy_gettext("原因")),
    ],
    perform=_add,
)
# Offered beside each signer who is still to sign (tasks/signing.html), not in the list.
REMOVE_SIGNER = Operation(
    name="remove_signer", label=lazy_gettext("减签"), button=lazy_gettext("减签"), offered=lambda situation: False, perform=_remove
)
