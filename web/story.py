"""History in sentences: who did what, when, in the words of the office. What only machines care about is left out."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext

from engine.history import Line
from web import automatic_events, event_kinds, words
from web.cast import Cast, Sentence, Teller

LATE_ENTRY = 60  # seconds between event and entry from which a late entry is told as one
PLAINLY_AT_MOST = 300  # characters of what a line holds, where no sentence is made of it


def tell(lines: Iterable[Line], cast: Cast) -> list[Sentence]:
    """The story of these lines, in their order."""
    told = []
    for line in lines:
        teller = TELLERS.get(line.type)
        if line.data is None:
            told.append(Sentence(line.at, gettext("内容已按规定销毁"), "machine"))
        elif teller is not None and (sentence := teller(line, line.data, cast)) is not None:
            told.append(sentence)
    return told


def tell_all(lines: Iterable[Line], cast: Cast) -> list[Sentence]:
    """One sentence for each line, in their order: also for what a story leaves out, and for what happened outside of cases."""
    return [next(iter(tell([line], cast)), None) or _told_plainly(line, cast) for line in lines]


def _told_plainly(line: Line, cast: Cast) -> Sentence:
    said = "; ".join(f"{name}: {value}" for name, value in (line.data or {}).items() if isinstance(value, str | int | float))
    what = filter(None, (cast.who(line), event_kinds.name(line.type), cast.activity(line)))
    return Sentence(line.at, gettext("：").join(what), "machine", quote=said[:PLAINLY_AT_MOST])


def _late(line: Line) -> datetime | None:
    return line.recorded_at if (line.recorded_at - line.at).total_seconds() >= LATE_ENTRY else None


def _started(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    process = cast.processes.get(line.instance or 0)
    name = process.name if process else data.get("key", "")
    if data.get("parent"):
        return Sentence(line.at, gettext("开始“%(process)s”", process=name), "machine")
    who = cast.who(line)
    return Sentence(line.at, gettext("%(who)s 登记了“%(process)s”", who=who, process=name), recorded_at=_late(line))


def _created(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    what = data.get("name") or cast.activity(line)
    if data.get("assignee"):
        return Sentence(line.at, gettext("“%(what)s”交给 %(who)s", what=what, who=cast.name(data["assignee"])), "machine")
    holders = [words.post_name(post) for post in data.get("candidate_groups", ())]
    holders += [cast.name(login) for login in data.get("candidate_users", ())]
    return Sentence(line.at, gettext("“%(what)s”等待 %(who)s", what=what, who=gettext("、").join(holders)), "machine")


def _claimed(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    return Sentence(line.at, gettext("%(who)s 领取了“%(what)s”", who=cast.who(line), what=cast.activity(line)))


def _unclaimed(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    text = gettext("%(who)s 退回了“%(what)s”", who=cast.who(line), what=cast.activity(line))
    return Sentence(line.at, text, quote=str(data.get("reason") or ""))


def _returned(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.name(line.actor), "what": data.get("name") or cast.activity(line), "to": data.get("to_name") or ""}
    if not said["to"]:
        return Sentence(line.at, gettext("%(who)s 驳回了“%(what)s”，工单结束", **said), "bad", quote=str(data.get("reason") or ""))
    return Sentence(line.at, gettext("%(who)s 把“%(what)s”退回到“%(to)s”", **said), "bad", quote=str(data.get("reason") or ""))


def _withdrawn(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.name(line.actor), "what": data.get("name") or cast.activity(line)}
    return Sentence(line.at, gettext("%(who)s 撤回了“%(what)s”的办理", **said), quote=str(data.get("reason") or ""))


def _assigned(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.who(line), "what": cast.activity(line), "to": cast.name(data.get("after"))}
    return Sentence(line.at, gettext("%(who)s 把“%(what)s”转给 %(to)s", **said), quote=str(data.get("reason") or ""))


def _completed(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.who(line), "what": data.get("name") or cast.activity(line)}
    quote = str(data.get("reason") or "")
    if data.get("decision"):
        return Sentence(line.at, gettext("%(who)s 对“%(what)s”：%(decision)s", decision=cast.button(line), **said), quote=quote)
    if not data.get("copied"):
        return Sentence(line.at, gettext("%(who)s 完成了“%(what)s”", **said), quote=quote)
    earlier = gettext("、").join(dict.fromkeys(_earlier_record(one, cast) for one in data["copied"]))
    return Sentence(line.at, gettext("%(who)s 完成了“%(what)s”，内容与以前的记录雷同", **said), "bad", quote=earlier)


def _earlier_record(copied: Mapping[str, Any], cast: Cast) -> str:
    """The record that was repeated: whose, of which case, when."""
    at = words.moment(datetime.fromisoformat(copied["at"]), zone=cast.zone)
    return " ".join(filter(None, (copied.get("number"), cast.name(copied.get("by")), at)))


def _ruled(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    """A rule of the diagram took a person's place, or asked another."""
    whys = {
        "whenNobody": gettext("没有人可以办理"),
        "whenSame": gettext("同一个人已经审批过"),
        "whenInitiator": gettext("办理人就是发起人"),
    }
    said = {"what": cast.activity(line), "why": whys.get(str(data.get("rule")), "")}
    to = gettext("、").join(words.post_name(post) for post in data.get("to", ()))
    if to:
        return Sentence(line.at, gettext("“%(what)s”：%(why)s，转给 %(to)s", to=to, **said), "machine")
    if data.get("nobody_else"):
        return Sentence(line.at, gettext("“%(what)s”：%(why)s，没有别人可以接替", **said), "machine")
    passes = gettext("通过") if data.get("answer") == "pass" else gettext("不通过")
    return Sentence(line.at, gettext("“%(what)s”：%(why)s，按规定%(passes)s", passes=passes, **said), "machine")


def _vacated(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    text = gettext("%(who)s 已不在岗，“%(what)s”不再由他办理", who=cast.name(data.get("before")), what=cast.activity(line))
    return Sentence(line.at, text, "machine")


def _signer_added(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.who(line), "what": cast.activity(line), "to": cast.name(data.get("login"))}
    text = {
        "before": gettext("%(who)s 请 %(to)s 先签署“%(what)s”", **said),
        "after": gettext("%(who)s 请 %(to)s 随后签署“%(what)s”", **said),
    }.get(str(data.get("where")), gettext("%(who)s 请 %(to)s 一起签署“%(what)s”", **said))
    return Sentence(line.at, text, quote=str(data.get("reason") or ""))


def _signer_removed(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.who(line), "what": cast.activity(line), "to": cast.name(data.get("login"))}
    return Sentence(line.at, gettext("%(who)s 不再请 %(to)s 签署“%(what)s”", **said), quote=str(data.get("reason") or ""))


def _commented(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    return Sentence(line.at, gettext("%(who)s 备注", who=cast.who(line)), quote=str(data.get("text", "")))


def _resolved(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    return Sentence(line.at, gettext("“%(what)s”的错误已处理", what=cast.activity(line)))


def _ended(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    process = cast.processes.get(line.instance or 0)
    return Sentence(line.at, gettext("“%(process)s”办结", process=process.name if process else ""), "machine")


def _operated(sentence: Callable[[], str]) -> Teller:
    def teller(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
        text = gettext("%(who)s %(did)s", who=cast.who(line), did=sentence())
        return Sentence(line.at, text, quote=str(data.get("reason") or ""))

    return teller


def _modified(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    process = cast.processes.get(line.instance or 0)
    names = {} if process is None else {each.id: each.name or each.id for each in process.activities.values()}
    before, after = (gettext("、").join(names.get(each, each) for each in data.get(name, ())) for name in ("before", "after"))
    text = gettext("%(who)s 人工调整了流程：从“%(before)s”到“%(after)s”", who=cast.who(line), before=before, after=after)
    return Sentence(line.at, text, quote=str(data.get("reason") or ""))


def _handed_over(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.who(line), "to": cast.name(data.get("after"))}
    return Sentence(line.at, gettext("%(who)s 把首问责任交给 %(to)s", **said), quote=str(data.get("reason") or ""))


def _unmasked(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    return Sentence(line.at, gettext("%(who)s 查看了完整电话", who=cast.who(line)), quote=str(data.get("reason") or ""))


def _helped(sentence: Callable[[dict[str, str]], str]) -> Teller:
    """What passes between who has a task and who helps with it."""

    def teller(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
        said = {
            "who": cast.who(line),
            "what": cast.activity(line),
            "before": cast.name(data.get("before")),
            "to": cast.name(data.get("after")),
        }
        return Sentence(line.at, sentence(said), quote=str(data.get("reason") or ""))

    return teller


def _reminded(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.who(line), "to": cast.everybody(data.get("to")), "what": cast.activity(line), "n": data.get("count")}
    return Sentence(line.at, gettext("%(who)s 催 %(to)s 办理“%(what)s”（第 %(n)s 次）", **said), quote=str(data.get("reason") or ""))


def _copied(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.who(line), "to": cast.everybody(data.get("to")), "what": cast.activity(line)}
    return Sentence(line.at, gettext("%(who)s 把“%(what)s”抄送给 %(to)s", **said), quote=str(data.get("reason") or ""))


def _put_off(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said, until = {"who": cast.who(line), "what": cast.activity(line)}, data.get("after")
    if until is None:
        return Sentence(line.at, gettext("%(who)s 不再推后“%(what)s”", **said))
    when = words.moment(datetime.fromisoformat(until), line.at, cast.zone)
    return Sentence(line.at, gettext("%(who)s 把“%(what)s”推后到 %(when)s", when=when, **said), quote=str(data.get("reason") or ""))


def _prioritized(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.who(line), "what": cast.activity(line), "before": data.get("before"), "after": data.get("after")}
    text = gettext("%(who)s 把“%(what)s”的优先级从 %(before)s 改为 %(after)s", **said)
    return Sentence(line.at, text, quote=str(data.get("reason") or ""))


def _link(sentence: Callable[[str, str], str]) -> Teller:
    def teller(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
        return Sentence(line.at, sentence(cast.who(line), str(data.get("link", ""))))

    return teller


def _deployed(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    said = {"who": cast.who(line), "key": data.get("key"), "n": data.get("version")}
    return Sentence(line.at, gettext("%(who)s 发布了流程 %(key)s 的第 %(n)s 版", **said), quote=str(data.get("hash", "")))


TELLERS: dict[str, Teller] = automatic_events.TELLERS | {
    "definition.deployed": _deployed,
    "link.made": _link(lambda who, number: gettext("%(who)s 生成了住户链接 %(number)s", who=who, number=number)),
    "link.opened": _link(lambda who, number: gettext("住户首次打开了链接 %(number)s", number=number)),
    "link.revoked": _link(lambda who, number: gettext("%(who)s 停用了住户链接 %(number)s", who=who, number=number)),
    "user_task.delegated": _helped(lambda said: gettext("%(who)s 请 %(to)s 协助“%(what)s”", **said)),
    "user_task.answered": _helped(lambda said: gettext("%(who)s 协助后把“%(what)s”交回给 %(to)s", **said)),
    "user_task.delegation_ended": _helped(lambda said: gettext("%(who)s 从 %(before)s 手上收回“%(what)s”", **said)),
    "user_task.reminded": _reminded,
    "user_task.copied": _copied,
    "user_task.put_off": _put_off,
    "user_task.prioritized": _prioritized,
    "instance.started": _started,
    "instance.completed": _ended,
    "instance.cancelled": _operated(lambda: gettext("取消了工单")),
    "instance.withdrawn": _operated(lambda: gettext("撤销了工单")),
    "instance.suspended": _operated(lambda: gettext("暂停了工单")),
    "instance.resumed": _operated(lambda: gettext("恢复了工单")),
    "instance.modified": _modified,
    "variables.set": _operated(lambda: gettext("更正了数据")),
    "incident.retried": _operated(lambda: gettext("让流程重试")),
    "user_task.created": _created,
    "user_task.claimed": _claimed,
    "user_task.unclaimed": _unclaimed,
    "user_task.assigned": _assigned,
    "user_task.returned": _returned,
    "user_task.withdrawn": _withdrawn,
    "user_task.completed": _completed,
    "user_task.reopened": _created,
    "user_task.vacated": _vacated,
    "signer.added": _signer_added,
    "signer.removed": _signer_removed,
    "user_task.redirected": _ruled,
    "user_task.settled": _ruled,
    "user_task.kept": _ruled,
    "comment.added": _commented,
    "incident.resolved": _resolved,
    "first_responder.handed_over": _handed_over,
    "telephone.unmasked": _unmasked,
}
