"""The auditors' first page: what happened, when, by whom; from a number to the full story in two clicks, and everything as a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Blueprint, Response, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import audit, definitions, masking, queries_case, rights, sites
from engine.actors import Actor
from engine.audit import Wanted
from engine.definitions import Described
from engine.history import COMPANY, Line
from engine.tables import Instance
from web import cells, current, event_kinds, words
from web.cast import Cast, Sentence
from web.names import names_of
from web.pages.fields import label_of
from web.story import tell_all

pages = Blueprint("audit", __name__, url_prefix="/audit")
FILTERS = ("number", "who", "kind", "activity", "key", "site", "since", "until")
PER_PAGE = 50
ROWS_AT_MOST, STEPS_AT_MOST, PER_STEP = 10_000, 500, 500  # of a file: rows, searches for them, rows of each
VALUE_AT_MOST = 300  # characters of a value; the case has the rest


@dataclass(frozen=True)
class Told:
    """One event as the page and the file show it."""

    line: Line
    sentence: Sentence
    instance: Instance | None  # None where it happened outside of cases
    number: str  # of the case
    process: str
    activity: str
    who: str
    values: Sequence[tuple[str, str]]  # what was filled in or changed, by its label
    zone: ZoneInfo

    @property
    def kind(self) -> str:
        return event_kinds.name(self.line.type)

    @property
    def place(self) -> str:
        """Where it happened, when it happened outside of cases."""
        return gettext("全公司") if self.line.site == COMPANY else self.line.site

    @property
    def entered_apart(self) -> bool:
        """Whether the time of entry is another than that of the event, as a page shows times."""
        return self.line.at.replace(second=0, microsecond=0) != self.line.recorded_at.replace(second=0, microsecond=0)


@pages.app_context_processor
def tell_the_menu() -> dict[str, Any]:
    return {"may_audit": lambda: bool(audit.audited(current.actor()))}


@pages.get("")
def show() -> ResponseReturnValue:
    actor, said = current.actor(), _said()
    mine = audit.audited(actor)
    rights.require(bool(mine), "audit a site")
    with current.steward().db.read() as session:
        found = audit.find(session, _wanted(session, said, mine), actor, PER_PAGE, request.args.get("cursor"))
        return render_template(
            "audit/audit.html",
            found=found,
            told=_told(session, found.lines, actor),
            said=said,
            sites=[*((code, code) for code in mine), (COMPANY, gettext("全公司"))],
            processes=sorted(_processes(session).items(), key=lambda one: one[1]),
            kinds=event_kinds.offered(),
            further=url_for("audit.show", **said, cursor=found.next) if found.next else None,
            rows_at_most=ROWS_AT_MOST,
            zone=_zone(session, said, mine),
        )


@pages.get("/history.csv")
def download() -> ResponseReturnValue:
    """What was found as a file, in pieces while it is read; a last row says where it was cut off."""
    actor, said = current.actor(), _said()
    mine = audit.audited(actor)
    rights.require(bool(mine), "audit a site")
    with current.steward().db.read() as session:
        wanted = _wanted(session, said, mine)
    name = f"history-{current.now().astimezone(words.ZONE):%Y%m%d-%H%M}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(stream_with_context(_file(wanted, actor)), mimetype="text/csv", headers=disposition)


def _file(wanted: Wanted, actor: Actor) -> Iterator[str]:
    yield cells.MARK + cells.lines([_heads()])
    written, cursor = 0, None
    for _ in range(STEPS_AT_MOST):
        with current.steward().db.read() as session:
            found = audit.find(session, wanted, actor, min(PER_STEP, ROWS_AT_MOST - written), cursor)
            rows = [_row(one) for one in _told(session, found.lines, actor)]
        written, cursor = written + len(rows), found.next
        yield cells.lines(rows)
        if cursor is None:
            return
        if written >= ROWS_AT_MOST:
            break
    yield cells.lines([[gettext("只含最新的 %(n)s 条，更早的请缩小查询范围后再下载。", n=written)]])


def _heads() -> list[str]:
    return [
        gettext("发生时间"), gettext("入账时间"), gettext("项目"), gettext("单号"), gettext("流程"), gettext("环节"),
        gettext("人员"), gettext("账号"), gettext("事件"), gettext("经过"), gettext("原话"),
        gettext("填写的内容"), gettext("链"), gettext("序号"), gettext("哈希"),
    ]  # fmt: skip


def _row(one: Told) -> list[object]:
    line = one.line
    return [
        _exact(line.at, one.zone), _exact(line.recorded_at, one.zone), one.place, one.number, one.process, one.activity,
        one.who, line.actor, one.kind, one.sentence.text, one.sentence.quote,
        "; ".join(f"{label}: {value}" for label, value in one.values), line.chain, line.seq, line.hash,
    ]  # fmt: skip


def _exact(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _said() -> dict[str, str]:
    """The filters of the address; what is empty is none."""
    values = {name: request.args.get(name, "").strip() for name in FILTERS}
    return {name: value for name, value in values.items() if value}


def _wanted(session: Session, said: Mapping[str, str], mine: Sequence[str]) -> Wanted:
    zone = _zone(session, said, mine)
    return Wanted(
        site=said.get("site"),
        number=said.get("number"),
        people=audit.people_called(session, said["who"]) if "who" in said else None,
        kind=said.get("kind"),
        activities=_activities(session, said["activity"]) if "activity" in said else None,
        key=said.get("key"),
        since=_day(said.get("since"), zone),
        until=_day(said.get("until"), zone, days=1),
    )


def _zone(session: Session, said: Mapping[str, str], mine: Sequence[str]) -> ZoneInfo:
    """By whose days the period is meant."""
    site = said.get("site")
    return sites.facts(session, site if site in mine else mine[0]).zone


def _day(text: str | None, zone: ZoneInfo, days: int = 0) -> datetime | None:
    """The beginning of a day; what is no day does not narrow the search."""
    try:
        return datetime.combine(date.fromisoformat(text or "") + timedelta(days=days), time(), zone)
    except (ValueError, OverflowError):
        return None


def _activities(session: Session, text: str) -> list[str]:
    """The activities that may be meant: by the name that the newest diagrams give them, or by id."""
    found = {text}
    for one in definitions.newest_of_all(session):
        activities = definitions.describe_version(session, one).process.activities
        found |= {key for key, activity in activities.items() if text in (activity.name or "")}
    return sorted(found)


def _processes(session: Session) -> dict[str, str]:
    return {one.key: one.name or one.key for one in definitions.newest_of_all(session)}


def _told(session: Session, lines: Sequence[Line], actor: Actor) -> list[Told]:
    """The lines in sentences, with what the person's posts do not open masked as the API does."""
    lines = masking.mask_lines(session, lines, actor)
    ids = {line.instance for line in lines if line.instance is not None}
    cases = {one.id: one for one in session.scalars(select(Instance).where(Instance.id.in_(ids)))}
    roots = {one.id: one for one in session.scalars(select(Instance).where(Instance.id.in_({one.root_id for one in cases.values()})))}
    described = {number: definitions.describe(session, one) for number, one in cases.items()}
    names = names_of(session, queries_case.logins_told(lines))
    published = _processes(session) if any(line.site == COMPANY for line in lines) else {}
    processes = {number: one.process for number, one in described.items() if one.is_known}
    told = []
    for line in lines:
        zone = sites.facts(session, line.site).zone if line.site != COMPANY else words.ZONE
        cast, instance = Cast(names, processes, zone), cases.get(line.instance or 0)
        [sentence] = tell_all([line], cast)
        values = _values(line, described[instance.id]) if instance is not None else []
        number = (roots[instance.root_id].number or instance.number or f"#{instance.root_id}") if instance is not None else ""
        process = (
            described[instance.id].process.name or instance.key
            if instance is not None
            else published.get((line.data or {}).get("key", ""), "")
        )
        told.append(Told(line, sentence, instance, number, process, cast.activity(line), cast.who(line), values, zone))
    return told


def _values(line: Line, described: Described) -> list[tuple[str, str]]:
    """What the line tells of variables, as they were afterwards."""
    labels = {key: label_of(one) for key, one in queries_case.labelled_fields(described).items()}
    told = (line.data or {}).get("variables")
    changes = told.items() if isinstance(told, dict) else ()
    after = [(labels.get(name) or name, change[-1] if isinstance(change, list) and change else change) for name, change in changes]
    return [(label, _readable(value)) for label, value in after if queries_case.says_something(value)]


def _readable(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= VALUE_AT_MOST else f"{text[:VALUE_AT_MOST]}…"
