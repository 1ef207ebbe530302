"""The printed papers: of which process each is, what stands on it, who signs, and in how many copies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext

from engine.queries_case import Case
from web import words
from web.pages.cases import View

LONGEST, LONG_NOTE = 600, 300  # characters of a text on paper: one page a copy, whatever was written
DENSE = 900  # characters of all texts from which on they are set smaller
COPIES = "work_order_copies"  # the site's option: 4 (A29), or 3 without that of engineering


@dataclass(frozen=True)
class Row:
    """One line: its label, the variables whose values stand in it, and how much of them."""

    label: Any
    keys: tuple[str, ...]
    most: int = LONG_NOTE


@dataclass(frozen=True)
class Paper:
    """A kind of paper."""

    key: str
    process: str
    title: Any
    rows: Sequence[Row]
    signatures: Sequence[tuple[Any, str]]  # label, and the variable that holds the signature
    is_sealed: bool = False
    ready: str = ""  # the variable without which there is nothing to print yet
    statement: Any = ""


@dataclass(frozen=True)
class Line:
    """A row filled in."""

    label: str
    text: str


@dataclass(frozen=True)
class Signed:
    """A place for a signature: with what was drawn on the glass, else empty for the pen."""

    label: str
    hash: str


WORK_ORDER = Paper(
    "work-order",
    "repair",
    lazy_gettext("维修工单"),
    (
        Row(lazy_gettext("内容"), ("content",), LONGEST),
        Row(lazy_gettext("维修情况"), ("done_text",), LONGEST),
        Row(lazy_gettext("项目与材料"), ("quote_items",)),
        Row(lazy_gettext("金额（元）"), ("amount",), 20),
        Row(lazy_gettext("住户评价"), ("rating",), 20),
        Row(lazy_gettext("备注"), ("order_note", "unsigned_reason", "late_reason")),
    ),
    ((lazy_gettext("住户签名"), "resident_signature"), (lazy_gettext("维修人签名"), ""), (lazy_gettext("主管签名"), "")),
)
PERMIT = Paper(
    "permit",
    "renovation",
    lazy_gettext("装修许可证"),
    (
        Row(lazy_gettext("房号"), ("house",)),
        Row(lazy_gettext("业主"), ("owner_name",)),
        Row(lazy_gettext("施工单位"), ("company",)),
        Row(lazy_gettext("现场负责人"), ("site_lead",)),
        Row(lazy_gettext("负责人电话"), ("site_lead_telephone",)),
        Row(lazy_gettext("装修项目"), ("works",)),
        Row(lazy_gettext("装修内容"), ("works_text",), LONGEST),
        Row(lazy_gettext("施工要求"), ("engineering_conditions",), LONGEST),
        Row(lazy_gettext("许可期限"), ("permit_from", "permit_until")),
        Row(lazy_gettext("专办人"), ("handler",)),
        Row(lazy_gettext("备注"), ("permit_note",)),
    ),
    ((lazy_gettext("业主签名"), "owner_signature"), (lazy_gettext("施工单位签名"), "company_signature"), (lazy_gettext("经办人签名"), "")),
    is_sealed=True,
    ready="permit_from",
    statement=lazy_gettext("请把本证贴在施工现场入口处。超过许可期限须办理延期。"),
)
VIOLATION_NOTICE = Paper(
    "violation-notice",
    "violation",
    lazy_gettext("整改通知书"),
    (
        Row(lazy_gettext("房号"), ("house",)),
        Row(lazy_gettext("业主或住户"), ("owner_name",)),
        Row(lazy_gettext("违章类别"), ("violation_kind",)),
        Row(lazy_gettext("违章情况"), ("violation_text",), LONGEST),
        Row(lazy_gettext("整改内容"), ("correct_what",), LONGEST),
        Row(lazy_gettext("整改期限"), ("correct_by",)),
        Row(lazy_gettext("责令停工"), ("stop_work",)),
        Row(lazy_gettext("责任部门"), ("responsible_department",)),
        Row(lazy_gettext("备注"), ("notice_note", "refused_reason")),
    ),
    (
        (lazy_gettext("住户签收"), "resident_signature"),
        (lazy_gettext("送达人签名"), "deliverer_signature"),
        (lazy_gettext("第二送达人签名"), "second_deliverer_signature"),
    ),
    is_sealed=True,
    ready="correct_what",
    statement=lazy_gettext("请在期限内整改。逾期不改的，我们将按管理规约处理，并报主管部门。"),
)
RECTIFICATION_NOTICE = Paper(
    "rectification-notice",
    "rectification",
    lazy_gettext("整改通知单"),
    (
        Row(lazy_gettext("责任部门"), ("department",)),
        Row(lazy_gettext("来源"), ("source",)),
        Row(lazy_gettext("房号"), ("house",)),
        Row(lazy_gettext("地点"), ("place",)),
        Row(lazy_gettext("问题"), ("finding",), LONGEST),
        Row(lazy_gettext("责任人"), ("responsible",)),
        Row(lazy_gettext("整改期限"), ("deadline",)),
        Row(lazy_gettext("整改措施"), ("measures",), LONGEST),
        Row(lazy_gettext("整改情况"), ("fixed_text",), LONGEST),
        Row(lazy_gettext("复查说明"), ("verify_note",)),
    ),
    ((lazy_gettext("签发人签名"), ""), (lazy_gettext("签收人签名"), "received_signature"), (lazy_gettext("复查人签名"), "")),
    is_sealed=True,
    ready="finding",
)
PAPERS = {paper.key: paper for paper in (WORK_ORDER, PERMIT, VIOLATION_NOTICE, RECTIFICATION_NOTICE)}


def of_case(case: Case) -> list[tuple[Paper, int]]:
    """What can be printed of a case and of what it called, with the instance that it stands on."""
    return [
        (paper, one.id)
        for one in case.family
        for paper in PAPERS.values()
        if paper.process == one.key and (not paper.ready or _variables(case, one.id).get(paper.ready))
    ]


def copies(paper: Paper, variables: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Key and mark of each copy; papers that are no work orders have one without a mark."""
    if paper is not WORK_ORDER:
        return [("single", "")]
    marked = [
        ("resident", gettext("第一联 住户")),
        ("finance", gettext("第二联 财务")),
        ("customer_service", gettext("第三联 客服")),
        ("engineering", gettext("第四联 工程")),
    ]
    return marked[:3] if str(variables.get(COPIES)) == "3" else marked


def lines(paper: Paper, view: View) -> list[Line]:
    """The paper's rows with what is known of the case, as this person may see it, cut to what a page holds."""
    known = {fact.key: fact.text for fact in view.facts if fact.kind != "pictures"}
    variables = _variables(view.case, view.case.instance.id)

    def text(row: Row) -> str:
        found = [_dated(variables.get(key), view) or known.get(key) or _plain(variables.get(key)) for key in row.keys]
        return cut(_joined(row)(one for one in found if one), row.most)

    return [Line(str(row.label), text(row)) for row in paper.rows]


def register(view: View) -> list[Line]:
    """The columns of the repair register that a work order begins with (A97)."""
    case, names = view.case, view.names
    known = {fact.key: fact.text for fact in view.facts}
    done_by = case.states.get(case.instance.id, {}).get("performers", {})
    number = case.instance.number or ""
    recorded = done_by.get("record") or case.instance.starter or ""

    def named(login: str) -> str:
        return names.get(login, login)

    return [
        Line(gettext("序号"), number.rpartition("-")[2]),
        Line(gettext("时间"), _moment(case.instance.occurred_at, view)),
        Line(gettext("单号"), number),
        Line(gettext("房号"), cut(known.get("house") or known.get("place") or "", 60)),
        Line(gettext("姓名"), cut(known.get("caller_name", ""), 40)),
        Line(gettext("电话"), cut(known.get("telephone", ""), 30)),
        Line(gettext("接单人"), named(done_by.get("take", ""))),
        Line(gettext("登记人"), named(recorded)),
        Line(gettext("维修人"), named(done_by.get("work") or done_by.get("write_up") or "")),
    ]


def people_of(case: Case) -> set[str]:
    """Who did the steps that papers name."""
    return {login for login in case.states.get(case.instance.id, {}).get("performers", {}).values() if login}


def signed(paper: Paper, case: Case) -> list[Signed]:
    variables = _variables(case, case.instance.id)
    drawn = ((label, variables.get(key) if key else None) for label, key in paper.signatures)
    return [Signed(str(label), one if isinstance(one, str) else "") for label, one in drawn]


def cut(text: str, most: int) -> str:
    """The text on one line after another without gaps; of a long one the beginning, and where the rest is."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else gettext("%(text)s……（全文见系统）", text=plain[:most])


def is_dense(filled: Sequence[Line]) -> bool:
    return sum(len(line.text) for line in filled) > DENSE


def _joined(row: Row) -> Callable[[Any], str]:
    return (" — " if "permit_until" in row.keys else "；").join


def _variables(case: Case, instance_id: int) -> Mapping[str, Any]:
    known: Mapping[str, Any] = case.states.get(instance_id, {}).get("variables", {})
    return known


def _dated(value: Any, view: View) -> str:
    """A moment with its year, which lists leave out."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return ""
    return _moment(at, view) if at.tzinfo is not None else ""


def _plain(value: Any) -> str:
    """What no form asks for, such as the end of a permit, which the process reckons."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _moment(at: datetime, view: View) -> str:
    """A paper is read for years: the whole date."""
    return at.astimezone(view.zone or words.ZONE).strftime("%Y-%m-%d %H:%M")
