"""稍后处理, 优先级: when a task comes up in lists, and how urgent it is called."""

from datetime import datetime

from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from engine import follow_ups, priorities, sites
from engine.actors import Actor
from engine.errors import Invalid
from web import words
from web.numbers import whole
from web.pages.operations.entry import Done, Field, Operation, Said, Situation

NAMES = {
    priorities.LOW: lazy_gettext("不急"),
    priorities.NORMAL: lazy_gettext("普通"),
    priorities.HIGH: lazy_gettext("优先"),
    priorities.URGENT: lazy_gettext("紧急"),
}


def _put_off(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    until = said.get("until")
    if until is None:
        raise Invalid("Expected a time, but there is none", {"until": "请选择今后一年内的时间"})
    task = follow_ups.put_off(session, task_id, until, actor, now, said.get("reason", ""))
    when = words.moment(until, now, sites.facts(session, task.site).zone)
    return Done(gettext("“%(what)s”推后到 %(when)s，时限不变。", what=task.name, when=when))


def _take_up(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    task = follow_ups.put_off(session, task_id, None, actor, now)
    return Done(gettext("“%(what)s”不再推后。", what=task.name), stays=True)


def _prioritize(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    given = whole(str(said.get("priority", "")))
    task = priorities.change(session, task_id, -1 if given is None else given, actor, now, said.get("reason", ""))
    return Done(gettext("“%(what)s”的优先级已保存。", what=task.name), stays=True)


def _may_put_off(situation: Situation) -> bool:
    return situation.owns or situation.supervises


PUT_OFF = Operation(
    name="put-off",
    label=lazy_gettext("稍后处理"),
    button=lazy_gettext("推后"),
    help=lazy_gettext("到这个时间之前不排在列表前面；时限和计时不变。"),
    offered=_may_put_off,
    fields=lambda situation: [
        Field("until", lazy_gettext("推后到"), "moment"),
        Field("reason", lazy_gettext("原因"), required=False),
    ],
    perform=_put_off,
)
TAKE_UP = Operation(
    name="take-up",
    label=lazy_gettext("不再推后"),
    button=lazy_gettext("现在就处理"),
    offered=lambda situation: situation.task.follow_up_at is not None and _may_put_off(situation),
    perform=_take_up,
)
PRIORITIZE = Operation(
    name="prioritize",
    label=lazy_gettext("优先级"),
    button=lazy_gettext("保存"),
    offered=lambda situation: situation.supervises,
    fields=lambda situation: [
        Field("priority", lazy_gettext("优先级"), "choice", choices=[(str(key), str(name)) for key, name in NAMES.items()]),
        Field("reason", lazy_gettext("原因"), required=False),
    ],
    perform=_prioritize,
)


def name_of(priority: int) -> str:
    """What a priority is called; nothing for a normal one."""
    if priority == priorities.NORMAL:
        return ""
    return str(NAMES[min(NAMES, key=lambda known: abs(known - priority))]) if abs(priority - priorities.NORMAL) > 12 else ""
