"""Figures in words, as templates say them: how long there is, how late it is, when it was, which post."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apiflask import APIFlask
from flask_babel import format_datetime, gettext

from engine.posts import POSTS
from web import current, language

MINUTE, HOUR, DAY = 60, 3600, 86400
SOON = timedelta(minutes=30)  # a due time nearer than this is called soon,
SOON_SHARE = 0.2  # or when this share of the time is left, whichever is nearer to the end
ZONE = ZoneInfo("Asia/Shanghai")  # of pages that belong to no site


def install(app: APIFlask) -> None:
    app.jinja_env.globals.update(
        time_left=time_left,
        ago=ago,
        pace=pace,
        moment=moment,
        post_name=post_name,
        state_name=state_name,
        soon_at=soon_at,
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


def pace(due_at: datetime | None, now: datetime, soon: datetime | None = None) -> str:
    """`late`, `soon` or `ok`: the three states of every clock; `none` where nothing is due."""
    if due_at is None:
        return "none"
    if due_at < now:
        return "late"
    return "soon" if now >= (soon or soon_at(due_at)) else "ok"


def soon_at(due_at: datetime, since: datetime | None = None) -> datetime:
    """From when on something due is called soon; `since` is when its time began."""
    return due_at - (SOON if since is None else min(SOON, (due_at - since) * SOON_SHARE))


def moment(at: datetime, now: datetime | None = None, zone: ZoneInfo = ZONE) -> str:
    """A time as short as it can be understood: 14:05 today, 11-21 14:05 this year, 2025-11-21 14:05 before."""
    local, today = at.astimezone(zone), (now or current.now()).astimezone(zone)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    if local.year == today.year:
        return format_datetime(local, gettext("M月d日 HH:mm"), rebase=False)
    return local.strftime("%Y-%m-%d %H:%M")


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def post_name(key: str) -> str:
    post = POSTS.get(key)
    if post is None:
        return key
    return post.english if language.current() == "en" else post.chinese


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
