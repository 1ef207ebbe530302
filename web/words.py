"""Figures in words, as templates say them: how long there is, how late it is, when it was, which post."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from apiflask import APIFlask
from babel.dates import format_datetime
from flask_babel import gettext

from engine.inbox_walks import SOON
from engine.posts import POSTS
from web import current, language

MINUTE, HOUR, DAY = 60, 3600, 86400
SOON_SHARE = 0.2  # a due time is called soon when this share of the time is left, or SOON, whichever is nearer to the end
ZONE = ZoneInfo("Asia/Shanghai")  # of pages that belong to no site


@dataclass(frozen=True)
class Clock:
    """A running clock as a page shows it: its sentence, its state, the moments by which the browser keeps both true."""

    due: str
    soon: str
    state: str  # late, soon, ok
    text: str
    moment: str


def install(app: APIFlask) -> None:
    app.jinja_env.globals.update(
        clock_of=clock_of,
        ago=ago,
        moment=moment,
        post_name=post_name,
        state_name=state_name,
        iso=iso,
        now=current.now,
    )
    app.jinja_env.filters["post_name"] = post_name


def span(seconds: float) -> str:
    """A length of time in the largest unit that still tells enough: 4 分钟, 26 小时, 3 天. The browser's clocks say the same."""
    seconds = abs(seconds)
    if seconds < MINUTE:
        return gettext("不到 1 分钟")
    if seconds < 100 * MINUTE:
        return gettext("%(count)d 分钟", count=seconds // MINUTE)
    if seconds < 48 * HOUR:
        return gettext("%(count)d 小时", count=seconds // HOUR)
    return gettext("%(count)d 天", count=seconds // DAY)


def time_left(due_at: datetime, now: datetime) -> str:
    """还有 4 分钟, or 超时 12 分钟."""
    seconds = (due_at - now).total_seconds()
    if seconds < 0:
        return gettext("超时 %(span)s", span=span(seconds))
    return gettext("还有 %(span)s", span=span(seconds))


def ago(at: datetime, now: datetime) -> str:
    """4 分钟前; from two days on the moment itself."""
    seconds = (now - at).total_seconds()
    return moment(at, now) if seconds >= 48 * HOUR else gettext("%(span)s前", span=span(max(seconds, 0)))


def clock_of(due_at: datetime, since: datetime | None = None, warn_at: datetime | None = None) -> Clock:
    """The clock of something due; `since` is when its time began, `warn_at` when it is called soon, where that was settled."""
    now, soon = current.now(), warn_at or soon_at(due_at, since)
    state = "late" if due_at < now else "soon" if now >= soon else "ok"
    return Clock(iso(due_at), iso(soon), state, time_left(due_at, now), moment(due_at, now))


def soon_at(due_at: datetime, since: datetime | None = None) -> datetime:
    """From when on something due is called soon; `since` is when its time began."""
    return due_at - (SOON if since is None else min(SOON, (due_at - since) * SOON_SHARE))


def moment(at: datetime, now: datetime | None = None, zone: ZoneInfo = ZONE) -> str:
    """A time as short as it can be understood: 14:05 today, 11-21 14:05 this year, 2025-11-21 14:05 before."""
    local, today = at.astimezone(zone), (now or current.now()).astimezone(zone)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    if local.year == today.year:
        return _in_words(local.replace(second=0, microsecond=0, tzinfo=None), gettext("M月d日 HH:mm"), language.current())
    return local.strftime("%Y-%m-%d %H:%M")


@lru_cache(maxsize=4096)  # a list says the same moments again at every visit
def _in_words(local: datetime, pattern: str, of_language: str) -> str:
    return str(format_datetime(local, pattern, locale=of_language))


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def post_name(key: str) -> str:
    post = POSTS.get(key)
    if post is None:
        return key
    return post.english if language.current() == "en" else post.chinese


OF_CLOCKS = ("clock_warned", "clock_breached")


def of_clock(kind: str, what: str) -> str:
    """What a clock of the diagram has people told."""
    return gettext("“%(what)s”即将到时限", what=what) if kind == "clock_warned" else gettext("“%(what)s”已超过时限", what=what)


def state_name(state: str) -> str:
    """The state of an order or a task in the words of the office."""
    names = {
        "running": gettext("进行中"),
        "suspended": gettext("已暂停"),
        "completed": gettext("已完成"),
        "cancelled": gettext("已取消"),
        "ready": gettext("待领取"),
        "claimed": gettext("已领取"),
    }
    return names.get(state, state)
