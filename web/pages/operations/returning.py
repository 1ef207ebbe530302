"""退回, 驳回: send the task back to an earlier one, to who began the case, or end the case."""

from datetime import datetime

from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from engine import returning
from engine.actors import Actor
from engine.errors import Invalid
from engine.returning import Target
from web.names import names_of
from web.pages.operations.entry import Done, Field, Operation, Said, Situation
from web.settling import settle_case


def _offered(situation: Situation) -> bool:
    words = returning.words(situation.case.loaded[situation.task.instance_id].process, situation.task.activity_id)
    return situation.may_do and bool(words) and bool(returning.targets(situation.session, situation.task))


def _fields(situation: Situation) -> list[Field]:
    targets = returning.targets(situation.session, situation.task)
    names = names_of(situation.session, {target.performer for target in targets if target.performer})
    choices = [(target.to, _label(target, names)) for target in targets]
    return [
        Field("return_to", lazy_gettext("退回到"), "choice", choices=choices),
        Field("reason", lazy_gettext("原因（会告诉对方）"), "text"),
    ]


def _label(target: Target, names: dict[str, str]) -> str:
    if target.to == returning.END:
        return gettext("驳回，结束整个工单")
    who = names.get(target.performer or "", target.performer)
    if target.to == returning.INITIATOR:
        return gettext("发起人 %(who)s：%(what)s", who=who, what=target.name)
    return gettext("%(what)s（%(who)s 办过）", what=target.name, who=who) if who else target.name


def _perform(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    if not said.get("return_to"):
        raise Invalid("Expected a task to send it back to, but none is chosen", {"return_to": "请选择退回到哪一步"})
    returned = returning.return_task(session, task_id, said["return_to"], said.get("reason", ""), actor, now)
    settle_case(session, returned.instance.id)
    if not returned.tasks:
        return Done(gettext("“%(what)s”已驳回，工单结束。", what=returned.task.name), follows=returned.instance.id)
    return Done(gettext("“%(what)s”已退回。", what=returned.task.name), follows=returned.instance.id)


RETURN = Operation(
    name="return",
    label=lazy_gettext("退回"),
    button=lazy_gettext("退回"),
    help=lazy_gettext("退回后，那一步之后办的都要重新办；其他分支不受影响。"),
    offered=_offered,
    fields=_fields,
    perform=_perform,
    confirm=lazy_gettext("退回这项任务？"),
)
