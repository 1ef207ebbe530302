"""Ledgers of weeks, months, quarters and years: what came in, what became of it, the callback rate; to read, and as a file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import definitions, ledgers, periods, rights, sites
from engine.actors import Actor
from engine.definitions import Described
from engine.errors import NotFound, TooLarge
from engine.ledgers import EXCEPTION, VERDICT, Day, Entry, Ledger
from engine.periods import Period
from web import cells, current, language, words
from web.names import names_of
from web.pages import columns
from web.pages.columns import Column

pages = Blueprint("ledgers", __name__, url_prefix="/ledgers")
FIRST = ("repair", "complaint", ledgers.CALLBACK)  # of the processes that are offered
LINES = 50
AT = {"month": periods.month_at, "week": periods.week_at, "quarter": periods.quarter_at, "year": periods.year_at}
VALID_LIMIT = "complaint_valid_limit"  # figure of a site: valid complaints a year, of a thousand houses
BACK = {"month": 12, "week": 8, "quarter": 4, "year": 2}  # periods that are offered
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_MEMORY = 8 * 1024 * 1024
BLOCK = 64 * 1024
SHEET = 1_048_576  # lines that a sheet can have


@dataclass(frozen=True)
class Asked:
    """The ledger that is wanted, and what else there is to choose from."""

    ledger: Ledger
    described: Described
    sites: Sequence[str]
    names: dict[str, str]  # of the processes
    columns: Sequence[Column]
    counted: Sequence[Column]
    steps: dict[str, list[str]]  # columns of who did what: the text, and the user tasks that share it

    @property
    def last_day(self) -> date:
        return self.ledger.period.end - timedelta(days=1)

    def address(self, endpoint: str = "ledgers.show", **more: str) -> str:
        """A page of this very ledger."""
        site = request.args.get("site") or None
        return url_for(endpoint, key=self.ledger.key, period=self.ledger.period.name, site=site, **more)


def readable(actor: Actor) -> list[str]:
    """The sites whose ledgers the person may read."""
    return sorted(site for site in actor.sites if rights.may_read_ledgers(actor, site))


@pages.app_context_processor
def tell_the_menu() -> dict[str, Any]:
    return {"may_see_ledgers": lambda: bool(readable(current.actor()))}


@pages.get("")
def show() -> ResponseReturnValue:
    with current.steward().db.read() as session:
        asked = _asked(session)
        days = ledgers.days(session, asked.ledger)
        page = ledgers.entries(session, asked.ledger, LINES, request.args.get("cursor"))
        return render_template(
            "ledgers/ledger.html",
            asked=asked,
            days=[(_part(asked.ledger.period, one.day), one) for one in days],
            total=_total(days),
            classes=_classes(session, asked),
            callbacks=ledgers.callbacks(session, asked.ledger),
            valid=_valid(session, asked),
            lines=_lines(session, asked, page.items),
            next=page.next,
            heads=_heads(asked),
            periods=_offered(asked.ledger),
        )


@pages.get("/<any(csv, xlsx):kind>")
def download(kind: str) -> ResponseReturnValue:
    """The whole ledger as a file, masked as the page is; on disk when it is long, and sent when the database is free again."""
    with ExitStack() as stack:
        file = stack.enter_context(SpooledTemporaryFile(max_size=IN_MEMORY))
        with current.steward().db.read() as session:
            asked = _asked(session)
            (_write_csv if kind == "csv" else _write_xlsx)(file, _parts(session, asked))
        size = file.tell()
        file.seek(0)
        stack.pop_all()  # it is closed when it was sent
    name = f"{asked.ledger.key}-{asked.ledger.period.name}.{kind}"
    answer = Response(_blocks(file), mimetype="text/csv" if kind == "csv" else XLSX)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.content_length = size
    answer.call_on_close(file.close)  # also when nobody reads it
    return answer


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block


def _asked(session: Session) -> Asked:
    mine = readable(current.actor())
    rights.require(bool(mine), "read the ledgers of a site")
    site = request.args.get("site")
    if site and site not in mine:
        raise NotFound("Expected one of the sites whose ledgers you read, but it is none")
    chosen = [site] if site else mine
    known = {one.key: one for one in definitions.newest_of_all(session)}
    order = [*(key for key in FIRST if key in known), *sorted(known.keys() - set(FIRST))]
    key = request.args.get("key") or next(iter(order), "")
    if key not in known:
        raise NotFound("Expected a process that was deployed, but there is none of that name")
    described = definitions.describe_version(session, known[key])
    others = [definitions.describe_version(session, known[one]) for one in FIRST if one in known and one != key]
    zone = sites.facts(session, chosen[0]).zone
    period = periods.read(request.args["period"]) if request.args.get("period") else periods.month_at(current.now(), zone)
    counted = columns.declared(described, "ledger", others)
    shown = columns.declared(described, "searchable", others)
    names = {one: known[one].name or one for one in order}
    more = [*counted, *columns.declared(described, "register", others)]
    fields = [*shown, *(one for one in more if one.name not in {other.name for other in shown} | {VERDICT})]
    steps = _steps(described)
    ledger = Ledger(key, chosen, period, zone, [step for of in steps.values() for step in of])
    return Asked(ledger, described, mine, names, fields, [one for one in counted if one.name != EXCEPTION], steps)


def _steps(described: Described) -> dict[str, list[str]]:
    """The columns of who did what, and the user tasks that each of them stands for."""
    found: dict[str, list[str]] = {}
    for step, activity in described.process.activities.items():
        if "ledgerStep" in activity.properties:
            found.setdefault(language.in_language(activity.properties["ledgerStep"]), []).append(step)
    return found


def _offered(ledger: Ledger) -> dict[str, list[Period]]:
    now = current.now()
    found: dict[str, list[Period]] = {}
    for kind, at in AT.items():
        found[kind] = [at(now, ledger.zone)]
        for _ in range(BACK[kind]):
            found[kind].append(found[kind][-1].before())
    shown = found[ledger.period.kind]
    if ledger.period not in shown:
        shown.append(ledger.period)
    return found


def _part(period: Period, begin: date) -> str:
    """A day, or a week by its first day; a month of a year, which begins two days before the calendar's."""
    return periods.month_of(begin).name if period.kind == "year" else f"{begin:%m-%d}"


def _total(days: Sequence[Day]) -> dict[str, int]:
    return {name: sum(getattr(day, name) for day in days) for name in ("received", "ended", "in_time", "late", "void")}


def _classes(session: Session, asked: Asked) -> list[tuple[str, list[tuple[str, int, int]]]]:
    """What the diagram counts: the field's label, and each of its values in words with its cases and how many of them are late."""
    counted = ledgers.by_class(session, asked.ledger, [one.name for one in asked.counted])
    zone = asked.ledger.zone
    return [
        (_label(one), [(_cell(one, value, {}, zone, opens=False), number, late) for value, number, late in counted[one.name]])
        for one in asked.counted
        if counted[one.name]
    ]


def _valid(session: Session, asked: Asked) -> tuple[ledgers.Valid, float | None] | None:
    """The year's valid complaints and the rate below which the sites want to stay; None where a ledger has none."""
    if asked.ledger.period.kind != "year" or ledgers.VALID not in {one.name for one in asked.counted}:
        return None
    wanted = {sites.facts(session, code).variables.get(VALID_LIMIT) for code in asked.ledger.sites}
    limit = wanted.pop() if len(wanted) == 1 else None
    return ledgers.valid(session, asked.ledger), float(limit) if isinstance(limit, int | float) else None


def _label(column: Column) -> str:
    """The label by a form; what only decisions set has a word here."""
    names = {"urgency": gettext("紧急程度"), "valid": gettext("有效投诉"), "closing": gettext("结案方式")}
    return column.label if column.component is not None else names.get(column.name, column.label)


def _cell(column: Column, value: str, names: Mapping[str, str], zone: ZoneInfo, opens: bool) -> str:
    said = {
        ("urgency", "normal"): gettext("一般"),
        ("urgency", "urgent"): gettext("急修"),
        ("urgency", "emergency"): gettext("紧急抢险"),
        ("valid", "True"): gettext("是"),
        ("valid", "False"): gettext("否"),
        ("closing", "accepted"): gettext("已接受"),
        ("closing", "exception"): gettext("例外结案"),
        (VERDICT, ledgers.UNREACHED): gettext("例外免访"),
    }
    return said.get((column.name, value)) or columns.cell(column, value, names, zone, opens)


def _heads(asked: Asked) -> list[str]:
    first = [gettext("单号"), gettext("标题"), gettext("发生时间"), gettext("登记时间"), gettext("结束时间"), gettext("状态")]
    people = [gettext("登记人"), gettext("首问人"), *asked.steps]
    clocks = [gettext("时限守住"), gettext("时限超过"), gettext("扣分"), gettext("回访结果")]
    return [*first, *people, *clocks, gettext("项目"), *(_label(one) for one in asked.columns)]


def _lines(session: Session, asked: Asked, found: Sequence[Entry]) -> list[tuple[Entry, list[str]]]:
    """Each entry with its cells in words, in the order of the heads."""
    names = names_of(session, {login for one in found for login in _people_in(one)})
    actor, zone = current.actor(), asked.ledger.zone
    opens = {site: rights.may_see_telephone(actor, site) for site in asked.ledger.sites}
    verdict = next((one for other in _callback(session) for one in columns.declared(other, "ledger") if one.name == VERDICT), None)
    lines = []
    for one in found:
        case = one.case
        ended = "" if case.ended_at is None else _moment(case.ended_at, zone)
        state = gettext("作废") if one.is_void else words.state_name(case.state)
        times = [_moment(case.occurred_at, zone), _moment(case.started_at, zone), ended]
        first = [case.number or f"#{case.id}", case.title or "", *times, state, *_people(one, asked, names)]
        clocks = [str(one.kept), str(one.breached), gettext("、").join(one.points), _verdict(one.verdict, verdict, zone)]
        cells = [_cell(column, one.fields.get(column.name, ""), names, zone, opens[case.site]) for column in asked.columns]
        lines.append((one, [*first, *clocks, case.site, *cells]))
    return lines


def _people_in(entry: Entry) -> set[str]:
    asked = {login for login in (entry.case.starter, entry.case.first_responder) if login}
    return asked.union(*entry.done_by.values())


def _people(entry: Entry, asked: Asked, names: Mapping[str, str]) -> list[str]:
    """Who recorded it, who was asked first, and who did each of the steps that the diagram names."""
    did = [[login for step in steps for login in entry.done_by.get(step, ())] for steps in asked.steps.values()]
    of = [[entry.case.starter or ""], [entry.case.first_responder or ""], *did]
    return [gettext("、").join(dict.fromkeys(names.get(login, login) for login in logins if login)) for logins in of]


def _callback(session: Session) -> list[Described]:
    return [definitions.describe_version(session, one) for one in definitions.newest_of_all(session) if one.key == ledgers.CALLBACK]


def _verdict(value: str | None, column: Column | None, zone: Any) -> str:
    special = {None: "", "open": gettext("待回访"), ledgers.UNREACHED: gettext("例外免访")}
    if value in special:
        return special[value]
    return _cell(column or Column(VERDICT), value or "", {}, zone, opens=False)


def _moment(at: Any, zone: Any) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _parts(session: Session, asked: Asked) -> Iterator[list[list[str]]]:
    """The ledger's rows, so many at once as memory allows."""
    yield [_heads(asked)]
    part: list[Entry] = []
    for entry in ledgers.all_entries(session, asked.ledger):
        part.append(entry)
        if len(part) == ledgers.AT_ONCE:
            yield [cells for _, cells in _lines(session, asked, part)]
            part = []
    yield [cells for _, cells in _lines(session, asked, part)]


def _write_csv(file: IO[bytes], parts: Iterator[list[list[str]]]) -> None:
    file.write(cells.MARK.encode())
    for part in parts:
        file.write(cells.lines(part).encode())


def _write_xlsx(file: IO[bytes], parts: Iterator[list[list[str]]]) -> None:
    import xlsxwriter

    with closing(xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(chain.from_iterable(parts)):
            if number == SHEET:
                raise TooLarge(f"Expected at most {SHEET} lines in a sheet, but the ledger has more: take the CSV, or a shorter period")
            for place, cell in enumerate(row):
                sheet.write_string(number, place, cell)
