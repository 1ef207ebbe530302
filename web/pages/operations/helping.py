"""委派, 催办, 抄送: ask a helper and get the task back, ask for haste, let others know."""

from datetime import datetime

from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from engine import copies, delegations, identity, reminders
from engine.actors import Actor
from engine.posts import POSTS
from web import words
from web.pages.operations.entry import Done, Field, Operation, Said, Situation
from web.settling import settle_case


def _ask(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    task = delegations.delegate(session, task_id, said.get("to", ""), actor, now, said.get("question", ""))
    settle_case(session, task.instance_id)
    named = {"to": identity.get(session, said["to"]).name, "what": task.name}
    return Done(gettext("已请 %(to)s 协助“%(what)s”，答复后回到您这里。", **named), stays=True)


def _call_off(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    task = delegations.call_off(session, task_id, actor, now, said.get("reason", ""))
    return Done(gettext("“%(what)s”已收回，由您继续办理。", what=task.name), stays=True)


def _remind(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    task = reminders.remind(session, task_id, actor, now, said.get("note", ""))
    settle_case(session, task.instance_id)
    return Done(gettext("已催办，这是第 %(n)s 次。", n=task.reminders), stays=True)


def _copy(session: Session, task_id: int, said: Said, actor: Actor, now: datetime) -> Done:
    told = copies.send(session, task_id, [*said.get("to", ()), *said.get("posts", ())], actor, now, said.get("note", ""))
    names = identity.names_of(session, told)
    return Done(gettext("已抄送 %(to)s。", to=gettext("、").join(names.get(one, one) for one in told)), stays=True)


def _may_ask(situation: Situation) -> bool:
    return situation.owns and situation.task.delegated_by is None


def _may_copy(situation: Situation) -> bool:
    return situation.may_do or situation.owns or situation.supervises


def _people(situation: Situation) -> list[tuple[str, str]]:
    return [one for one in situation.colleagues() if one[0] != situation.actor.login]


def _copy_fields(situation: Situation) -> list[Field]:
    posts = [(key, words.post_name(key)) for key, post in POSTS.items() if not post.outside]
    return [
        Field("to", lazy_gettext("抄送给"), "choices", required=False, choices=_people(situation)),
        Field("posts", lazy_gettext("或抄送给整个岗位"), "choices", required=False, choices=posts),
        Field("note", lazy_gettext("附言"), required=False),
    ]


DELEGATE = Operation(
    name="delegate",
    label=lazy_gettext("委派"),
    button=lazy_gettext("请人协助"),
    help=lazy_gettext("请别人协助填写，答复后回到您这里，仍由您决定和完成。"),
    offered=_may_ask,
    fields=lambda situation: [
        Field("to", lazy_gettext("请谁协助"), "choice", choices=_people(situation)),
        Field("question", lazy_gettext("要问什么"), "text", required=False),
    ],
    perform=_ask,
)
CALL_OFF = Operation(
    name="call-off",
    label=lazy_gettext("收回委派"),
    button=lazy_gettext("收回"),
    help=lazy_gettext("不等答复，由您继续办理。"),
    offered=lambda situation: situation.task.delegated_by is not None and (situation.owns or situation.supervises),
    fields=lambda situation: [Field("reason", lazy_gettext("原因"), required=False)],
    perform=_call_off,
)
REMIND = Operation(
    name="remind",
    label=lazy_gettext("催办"),
    button=lazy_gettext("催办"),
    help=lazy_gettext("办理人会收到提醒，次数会记下来；同一个人十分钟内只能催一次。"),
    offered=lambda situation: not situation.holds,
    fields=lambda situation: [Field("note", lazy_gettext("附言"), required=False)],
    perform=_remind,
)
COPY = Operation(
    name="copy",
    label=lazy_gettext("抄送"),
    button=lazy_gettext("抄送"),
    help=lazy_gettext("让别人知道这件事，他们不需要办理。"),
    offered=_may_copy,
    fields=_copy_fields,
    perform=_copy,
)
