"""What happened by itself, in sentences: times that came, messages, escalations, failures."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext

from engine.history import Line
from web import words
from web.cast import Cast, Sentence, Teller


def _fired(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    return Sentence(line.at, gettext("到时间了：%(what)s", what=cast.activity(line)), "machine")


def _received(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    name, reason = cast.activity(line) or data.get("name", ""), str(data.get("reason") or "")
    if reason:  # a person gave it on the page of the case, and said why
        return Sentence(line.at, gettext("%(who)s 告知“%(name)s”", who=cast.who(line), name=name), quote=reason)
    return Sentence(line.at, gettext("收到消息“%(name)s”", name=name), "machine")


def _notice(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    text, kind = str(data.get("text") or ""), data.get("kind")
    quote = words.of_clock(kind, text) if kind in words.OF_CLOCKS else text
    return Sentence(line.at, gettext("已提醒 %(to)s", to=cast.everybody(data.get("to"))), "machine", quote=quote)


def _incident(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    text = gettext("“%(what)s”出错，流程停在这里", what=cast.activity(line))
    return Sentence(line.at, text, "bad", quote=str(data.get("message", "")))


def _warned(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    return Sentence(line.at, gettext("“%(clock)s”时限快到了", clock=cast.clock(line)), "bad")


def _breached(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    return Sentence(line.at, gettext("“%(clock)s”超过时限", clock=cast.clock(line)), "bad")


def _plain(sentence: Callable[[dict[str, str]], str], tone: str = "machine", quote: str = "") -> Teller:
    """A sentence of the step, the clock and the name or code that the line holds; `quote` is what of the line is told in its own words."""

    def teller(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
        code = str(data.get("code") or data.get("name") or data.get("key") or "")
        said = {"what": cast.activity(line) or code, "clock": cast.clock(line), "code": code}
        return Sentence(line.at, sentence(said), tone, quote=str(data.get(quote) or ""))

    return teller


def _listed(line: Line, data: Mapping[str, Any], cast: Cast) -> Sentence:
    """An entry of a list of the site, or of a data store, which is the same: with what it holds now, or held until it was taken off."""
    said = {"who": cast.who(line), "list": data.get("list"), "key": data.get("key")}
    after = data.get("after")
    text = (
        gettext("%(who)s 从清单“%(list)s”删除“%(key)s”", **said)
        if after is None
        else gettext("%(who)s 在清单“%(list)s”写入“%(key)s”", **said)
    )
    held = data.get("before") if after is None else after
    return Sentence(line.at, text, "machine", quote="; ".join(f"{name}: {value}" for name, value in (held or {}).items()))


TELLERS: dict[str, Teller] = {
    "timer.fired": _fired,
    "timer.skipped": _plain(lambda said: gettext("“%(what)s”的时间已过，按规定跳过", **said)),
    "message.received": _received,
    "message.thrown": _plain(lambda said: gettext("“%(what)s”发出了消息", **said)),
    "signal.received": _received,
    "signal.thrown": _plain(lambda said: gettext("“%(what)s”向全项目发出了信号", **said)),
    "data_store.written": _plain(lambda said: gettext("“%(what)s”写入了“%(code)s”", **said)),
    "list_entry.set": _listed,
    "list_entry.removed": _listed,
    "escalation.thrown": _plain(lambda said: gettext("“%(what)s”上报（%(code)s）", **said)),
    "call.escalated": _plain(lambda said: gettext("“%(what)s”收到子流程的上报（%(code)s）", **said)),
    "job.failed": _plain(lambda said: gettext("“%(what)s”没有做成", **said), "bad", "error"),
    "notice.sent": _notice,
    "incident.opened": _incident,
    "clock.warned": _warned,
    "clock.breached": _breached,
    "clock.escalated": _plain(lambda said: gettext("“%(clock)s”超过时限，已上报", **said)),
    "process.start_failed": _plain(lambda said: gettext("流程“%(code)s”没有按时自动启动", **said), "bad", "message"),
}

# Their traces are told elsewhere: a called process begins and ends with sentences of its own, and the page shows the clocks.
UNTOLD = frozenset({"call.started", "call.ended", "clock.started", "clock.stopped", "job.completed"})
