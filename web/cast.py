"""What a story is told with: sentences, and who and what it is about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext

from engine.bpmn import approvals
from engine.bpmn.model import Process
from engine.history import Line
from web import language, words


@dataclass(frozen=True)
class Sentence:
    """One line of the story. `tone` is person, machine or bad; `quote` is what somebody wrote."""

    at: datetime
    text: str
    tone: str = "person"
    quote: str = ""
    recorded_at: datetime | None = None  # only when it was entered noticeably later


@dataclass(frozen=True)
class Cast:
    """Who and what the story is about: names behind logins, processes behind instances."""

    names: Mapping[str, str]
    processes: Mapping[int, Process]
    zone: Any = words.ZONE

    def name(self, login: Any) -> str:
        return self.names.get(login, str(login)) if login else gettext("系统")

    def who(self, line: Line) -> str:
        """Who did it; a proxy with the name of the absent person."""
        name, principal = self.name(line.actor), (line.data or {}).get("for")
        return gettext("%(who)s代%(principal)s", who=name, principal=self.name(principal)) if principal else name

    def everybody(self, to: Any) -> str:
        """People and posts by name."""
        return gettext("、").join(self.names.get(one) or words.post_name(str(one)) for one in ([to] if isinstance(to, str) else to or ()))

    def activity(self, line: Line) -> str:
        process = self.processes.get(line.instance or 0)
        activity = process.activities.get(line.activity or "") if process else None
        return (activity.name if activity else "") or line.activity or ""

    def button(self, line: Line) -> str:
        """What the button said by which something was decided."""
        process, key = self.processes.get(line.instance or 0), str((line.data or {}).get("decision"))
        activity = process.activities.get(line.activity or "") if process else None
        found = () if activity is None else approvals.buttons_of(activity)
        return next((one.name(language.current()) for one in found if one.key == key), key)

    def clock(self, line: Line) -> str:
        return clock_name(str((line.data or {}).get("clock", "")))


Teller = Callable[[Line, Mapping[str, Any], Cast], Sentence | None]


def clock_name(name: str) -> str:
    """What a clock of the diagram is called in the office."""
    names = {
        "acceptance": gettext("验收"),
        "answer": gettext("答复住户"),
        "arrive": gettext("到场"),
        "ask_upward": gettext("请示上级"),
        "callback": gettext("回访"),
        "confirmation": gettext("确认评审意见"),
        "dispatch": gettext("派单"),
        "file": gettext("归档"),
        "handle": gettext("处理"),
        "help": gettext("帮助"),
        "inspect": gettext("巡检签阅"),
        "missed": gettext("及时发现"),
        "month": gettext("整改（一个月）"),
        "notice": gettext("告知结果"),
        "notice_out": gettext("送达通知书"),
        "opinion": gettext("评审意见"),
        "overdue": gettext("整改（三天）"),
        "overdue_step": gettext("逾期每三天计分"),
        "patrol": gettext("巡查"),
        "personal_call": gettext("主管亲自致电"),
        "public_repair": gettext("公共维修"),
        "record": gettext("登记"),
        "record_other": gettext("补录"),
        "rectify": gettext("整改"),
        "repair": gettext("维修"),
        "report": gettext("上报"),
        "return_order": gettext("交回工单"),
        "review": gettext("会审审批"),
        "same_day": gettext("当日解决"),
        "send": gettext("派人"),
        "take": gettext("接单"),
        "two_days": gettext("两天内答复"),
        "verify": gettext("复查"),
    }
    return names.get(name, name)
