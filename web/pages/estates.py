"""The settings of a site, for those who administer it: the figures that processes ask for, and its own working days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext

from engine import figures, rights, site_lists, sites, working_days
from engine.bpmn.timing import parse_duration
from engine.errors import Invalid
from engine.figures import Figure
from engine.posts import POSTS
from engine.working_days import Stretch
from web import current, sentences, words
from web.cast import clock_name
from web.numbers import whole

pages = Blueprint("sites", __name__, url_prefix="/sites")
# Units of a length of time: how many seconds, and how a length of it is written.
UNITS = {"D": (86400, "P{}D"), "H": (3600, "PT{}H"), "M": (60, "PT{}M"), "S": (1, "PT{}S")}
MONTH = "month"


@dataclass(frozen=True)
class Field:
    """A figure as the form shows it: what was typed, or what the site has set."""

    figure: Figure
    label: str
    default: str
    text: str
    unit: str
    was: str  # what the form says when nobody changes it
    error: str

    @property
    def name(self) -> str:
        return self.figure.name

    @property
    def kind(self) -> str:
        return self.figure.kind

    @property
    def others(self) -> list[str]:
        """Further processes that ask for it."""
        return list(dict.fromkeys(place.process for place in self.figure.places if place.process != self.figure.places[0].process))

    @property
    def choices(self) -> list[tuple[str, str]]:
        if self.kind == "truth":
            return [("true", gettext("是")), ("false", gettext("否"))]
        return [(post.key, words.post_name(post.key)) for post in POSTS.values() if not post.outside]


@pages.get("/<code>")
def show(code: str) -> ResponseReturnValue:
    return _page(code, {})


@pages.post("/<code>/figures")
def set_figures(code: str) -> ResponseReturnValue:
    """Set what was changed on the page; what somebody else has changed meanwhile stays theirs."""
    actor, now, errors = current.actor(), current.now(), {}
    try:
        with current.steward().db.transaction() as session:
            for figure in figures.of(session, code, actor):
                if figure.name in request.form and _said(figure.name) != request.form.get(f"{figure.name}.was"):
                    try:
                        figures.set_figure(session, code, figure.name, _said(figure.name) or None, actor, now)
                    except Invalid as error:
                        errors |= sentences.of_fields(error.fields)
            if errors:
                raise Invalid("Expected figures that processes can use, but some are not", errors)
    except Invalid:
        return _page(code, errors), 422
    flash(gettext("已保存，马上生效。"), "done")
    return redirect(url_for("sites.show", code=code), 303)


@pages.post("/<code>/days")
def set_day(code: str) -> ResponseReturnValue:
    kind = request.form.get("kind", "")
    try:
        day = date.fromisoformat(request.form.get("day", ""))
        with current.steward().db.transaction() as session:
            working_days.set_day(session, code, day, None if kind == "default" else kind, current.actor(), current.now())
    except Invalid as error:
        return _page(code, sentences.of_fields(error.fields)), 422
    except ValueError:
        return _page(code, {"day": gettext("请选择日期")}), 422
    flash(gettext("已保存，进行中的时限已按新的工作日重算。"), "done")
    return redirect(url_for("sites.show", code=code, year=day.year) + "#calendar", 303)


@pages.post("/<code>/entries")
def remove_entry(code: str) -> ResponseReturnValue:
    name, key = request.form.get("list", ""), request.form.get("key", "")
    with current.steward().db.transaction() as session:
        site_lists.remove(session, code, name, key, current.actor(), current.now())
    flash(gettext("已删除“%(key)s”。", key=key), "done")
    return redirect(url_for("sites.show", code=code) + "#lists", 303)


def _page(code: str, errors: Mapping[str, str]) -> str:
    actor, now = current.actor(), current.now()
    with current.steward().db.read() as session:
        site = sites.get(session, code, actor)
        found = figures.of(session, code, actor)
        facts = sites.facts(session, code)
        this_year = now.astimezone(facts.zone).year
        asked = whole(request.args.get("year", ""))
        year = asked if asked is not None and working_days.FIRST <= asked <= working_days.LAST else this_year
        return render_template(
            "sites/settings.html",
            site=site,
            others=sorted(other for other in actor.sites if rights.may_administer(actor, other)),
            groups=_groups(found, errors),
            units=_units(),
            errors=errors,
            year=year,
            years=sorted({this_year, this_year + 1, year}),
            is_announced=working_days.is_announced(facts.calendar, year),
            stretches=working_days.differences(facts.calendar, year),
            in_words=_stretch_in_words,
            lists=[(_list_name(name), name, [_entry(one) for one in found]) for name, found in sorted(facts.lists.items())],
        )


def _list_name(name: str) -> str:
    """What a list is called in the office."""
    known = {"standing_services": gettext("专项服务"), "inquiry_answers": gettext("答客问"), "case_library": gettext("案例库")}
    return known.get(name, name)


def _entry(entry: Mapping[str, object]) -> tuple[str, str]:
    """The key of an entry, and the rest of it as one line."""
    rest = [str(value) for field, value in entry.items() if field != "key" and value not in (None, "")]
    return str(entry["key"]), " · ".join(rest)


def _groups(found: Sequence[Figure], errors: Mapping[str, str]) -> dict[str, list[Field]]:
    """The figures by the first process that asks for them; what nobody asks for stands last, under no name."""
    groups: dict[str, list[Field]] = {}
    for figure in sorted(found, key=lambda one: not one.places):
        groups.setdefault(figure.places[0].process if figure.places else "", []).append(_field(figure, errors.get(figure.name, "")))
    return groups


def _field(figure: Figure, error: str) -> Field:
    is_duration = figure.kind == "duration"
    own, unit = _amount(figure.value) if is_duration else (_plain(figure.value), "")
    was = _composed(own, unit) if is_duration else own
    if request.method == "POST" and figure.name in request.form:
        own, unit = request.form[figure.name], request.form.get(f"{figure.name}.unit", "")
    elif is_duration and not own:
        unit = _amount(figure.default)[1]
    return Field(figure, _label(figure), _in_words(figure.kind, figure.default), own, unit, was, error)


def _label(figure: Figure) -> str:
    """Where the figure is asked for, as people know the place."""
    clocks = [gettext("“%(clock)s”时限", clock=clock_name(place.clock)) for place in figure.places if place.clock]
    activities = [f"{place.activity} · {place.rule}" if place.rule else place.activity for place in figure.places if place.activity]
    return gettext("、").join(dict.fromkeys(clocks or activities)) or figure.name


def _said(name: str) -> str:
    """What was typed for a figure, as the engine reads it; empty for its default."""
    text, unit = request.form.get(name, "").strip(), request.form.get(f"{name}.unit")
    return text if unit is None else _composed(text, unit)


def _composed(text: str, unit: str) -> str:
    if not text:
        return ""
    return f"P{text}M" if unit == MONTH else UNITS.get(unit, UNITS["M"])[1].format(text)


def _amount(value: object) -> tuple[str, str]:
    """A length of time as a number and the largest unit in which it is whole; as it is written where that cannot be."""
    try:
        length = parse_duration("" if value is None else str(value))
    except ValueError:
        return _plain(value), ""
    seconds = length.span.total_seconds()
    if length.months:
        return (str(value), "") if seconds else (str(length.months), MONTH)
    unit = next((name for name, (size, _) in UNITS.items() if seconds % size == 0), "S")
    return f"{seconds / UNITS[unit][0]:g}", unit


def _plain(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _units() -> dict[str, str]:
    return {"M": gettext("分钟"), "H": gettext("小时"), "D": gettext("天"), MONTH: gettext("个月"), "S": gettext("秒")}


def _in_words(kind: str, value: object) -> str:
    if value is None:
        return ""
    if kind == "duration":
        amount, unit = _amount(value)
        return f"{amount} {_units().get(unit, '')}"
    if kind == "truth":
        return gettext("是") if value else gettext("否")
    return words.post_name(str(value)) if kind == "post" else str(value)


def _stretch_in_words(stretch: Stretch) -> str:
    """1月1日 周四, or 10月1日 周四 至 10月7日 周三."""
    first, last = (format_date(day, gettext("M月d日 EEE")) for day in (stretch.first, stretch.last))
    return first if stretch.first == stretch.last else gettext("%(first)s 至 %(last)s", first=first, last=last)
