"""How people are told outside the pages: by mail, or by the robot of a group in WeCom, DingTalk or Feishu; and when they are left alone.

What is to be sent becomes a job in the transaction that caused it, done afterwards, at least once (`TOPIC`). Who shares a group's robot
with others is told once with them.

A group is read by many: its robot says no resident's name, number or flat. Mail to a person says of residents what that person sees of
them on the pages.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import db, identity, masking, notice_texts, rights, sites, waits
from engine.actors import Actor
from engine.errors import Forbidden, Invalid
from engine.masking import Known
from engine.settings import Settings
from engine.sites import SiteFacts
from engine.tables import Instance, NoticeChannel, Person, QuietHours

TOPIC: Final = waits.DELIVER
MAX_ADDRESS: Final = 500
MAX_SUBJECT: Final = 100
ROBOTS: Final = {  # where the robots of each vendor are called
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/",
}
KINDS: Final = ("email", *ROBOTS)
_MAILBOX = re.compile(r"[^\s@<>,;:\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True)
class Telling:
    """What somebody is to be told about a case. `is_urgent` does not wait for the end of quiet hours."""

    logins: Sequence[str]
    kind: str  # of the text: see notice_texts
    about: str  # tasks, notices
    path: str  # of the page that shows more
    text: str = ""
    task: str = ""
    sender: str | None = None
    due_at: datetime | None = None
    is_urgent: bool = False
    holder: str | None = None  # of the task: who goes to a house sees its number while the task is theirs


def of(session: Session, login: str) -> dict[str, NoticeChannel]:
    """The person's channels by kind."""
    return {row.kind: row for row in session.scalars(select(NoticeChannel).where(NoticeChannel.login == login))}


def quiet_hours(session: Session, login: str) -> QuietHours | None:
    return session.get(QuietHours, login)


def choose(
    session: Session, actor: Actor, kind: str, address: str, now: datetime, *, secret: str = "", tasks: bool = True, notices: bool = True
) -> None:
    """Set a channel of one's own; without an address it goes. Raises Invalid for an address that cannot be one of this kind."""
    login, address = _own(actor), address.strip()
    row = session.get(NoticeChannel, (login, kind))
    if not address:
        if row is not None:
            session.delete(row)
            _note(session, login, "channel.removed", actor, now, kind)
        return
    _check(kind, address, secret, db.of(session).settings)
    if row is None:
        row = NoticeChannel(login=login, kind=kind, created_at=now)
        session.add(row)
    row.address, row.secret, row.tasks, row.notices = address, secret.strip() or None, tasks, notices
    row.failed_at = row.failure = None
    session.flush()
    _note(session, login, "channel.chosen", actor, now, kind)


def be_quiet(session: Session, actor: Actor, begins: str, ends: str, now: datetime) -> None:
    """Set one's quiet hours, HH:MM by the clock of the site; both empty: none. Raises Invalid for what is no time of day."""
    login = _own(actor)
    row = session.get(QuietHours, login)
    if not begins and not ends:
        if row is not None:
            session.delete(row)
        return
    wrong = {name: "请填写时间，如 22:00" for name, text in (("begins", begins), ("ends", ends)) if not _TIME_OF_DAY.fullmatch(text)}
    if wrong:
        raise Invalid("Expected quiet hours from HH:MM to HH:MM, but got something else", wrong)
    if row is None:
        session.add(QuietHours(login=login, begins=begins, ends=ends))
    else:
        row.begins, row.ends = begins, ends


def tell(session: Session, tellings: Iterable[tuple[Instance, Telling]], now: datetime) -> int:
    """Make a job for each channel of those who are meant; returns how many."""
    tellings = list(tellings)
    meant = {login for _, telling in tellings for login in telling.logins}
    channels = _channels(session, meant)
    if not channels:
        return 0
    quiet = {row.login: row for row in session.scalars(select(QuietHours).where(QuietHours.login.in_(channels)))}
    people = _people(session, {*channels, *(telling.sender for _, telling in tellings if telling.sender)})
    known = masking.known_of(session, [instance for instance, _ in tellings])
    rows = []
    for instance, telling in tellings:
        facts = sites.facts(session, instance.site)
        for place in _places(telling, channels, quiet, facts, now):
            hide = _hide(place, telling, facts, known[instance.id])
            text = _text(facts, instance, telling, people, place.channel.login, hide, db.of(session).settings.public_url)
            said = {"login": place.channel.login, "kind": place.channel.kind, "text": text, "subject": text.splitlines()[0][:MAX_SUBJECT]}
            rows.append({**waits.job(instance, TOPIC, "-", {"variables": said}, now), "due_at": place.at})
    if rows:
        waits.insert_jobs(session, rows)
    return len(rows)


@dataclass
class _Place:
    """Where and when something is told, and to whom of those who are meant."""

    channel: NoticeChannel
    at: datetime
    readers: list[str]


def _places(
    telling: Telling, channels: Mapping[str, Sequence[NoticeChannel]], quiet: Mapping[str, QuietHours], facts: SiteFacts, now: datetime
) -> Iterable[_Place]:
    """Of those who share an address, whoever may be told first is told, and the others with them."""
    places: dict[tuple[str, str], _Place] = {}
    for login in dict.fromkeys(telling.logins):
        at = now if telling.is_urgent else _after_quiet(quiet.get(login), now, facts.zone)
        for channel in channels.get(login, ()):
            if getattr(channel, telling.about):
                place = places.setdefault((channel.kind, channel.address), _Place(channel, at, []))
                place.readers.append(login)
                if at < place.at:
                    place.channel, place.at = channel, at
    return places.values()


def _hide(place: _Place, telling: Telling, facts: SiteFacts, known: Known) -> Callable[[str], str]:
    """What a text becomes there: a group reads of no resident, a mailbox what everybody who reads it there may see on the pages."""
    if place.channel.kind in ROBOTS:
        return lambda text: masking.in_text(text, known, hides_houses=True)
    if all(_sees_residents(login, telling, facts) for login in place.readers):
        return lambda text: text
    return lambda text: masking.in_text(text, known)


def _sees_residents(login: str, telling: Telling, facts: SiteFacts) -> bool:
    posts = frozenset((facts.code, post) for post, staff in facts.staff.items() if post and login in staff)
    return rights.may_see_telephone(Actor(login, "page", posts), facts.code, holds_task=login == telling.holder)


def _people(session: Session, logins: Collection[str]) -> dict[str, tuple[str, str]]:
    """Name and language by login."""
    query = select(Person.login, Person.name, Person.language).where(Person.login.in_(logins))
    return {login: (name, language) for login, name, language in session.execute(query)}


def _text(
    facts: SiteFacts,
    instance: Instance,
    telling: Telling,
    people: Mapping[str, tuple[str, str]],
    login: str,
    hide: Callable[[str], str],
    public_url: str,
) -> str:
    """What the reader is told, in their language and by the clock of the site."""
    language = people[login][1]
    due = "" if telling.due_at is None else notice_texts.DUE[language].format(f"{telling.due_at.astimezone(facts.zone):%m-%d %H:%M}")
    values = {
        "number": instance.number or f"#{instance.id}",
        "title": hide(instance.title or ""),
        "task": telling.task,
        "due": due,
        "who": people[telling.sender][0] if telling.sender and telling.sender in people else "",
        "text": hide(telling.text),
        "site": facts.name,
        "link": f"{public_url.rstrip('/')}{telling.path}" if public_url else "",
    }
    return notice_texts.filled(notice_texts.of(facts, telling.kind, language), values) or values["number"]


def _channels(session: Session, logins: Collection[str]) -> dict[str, list[NoticeChannel]]:
    query = select(NoticeChannel).join(Person, Person.login == NoticeChannel.login)
    found: dict[str, list[NoticeChannel]] = {}
    for row in session.scalars(query.where(NoticeChannel.login.in_(logins), Person.disabled_at.is_(None)).order_by(NoticeChannel.login)):
        found.setdefault(row.login, []).append(row)
    return found


def _after_quiet(quiet: QuietHours | None, now: datetime, zone: ZoneInfo) -> datetime:
    """Now, or the end of the quiet hours that now lies in."""
    if quiet is None:
        return now
    local = now.astimezone(zone)
    begins, ends, at = time.fromisoformat(quiet.begins), time.fromisoformat(quiet.ends), local.time()
    is_quiet = begins <= at < ends if begins <= ends else at >= begins or at < ends
    if not is_quiet:
        return now
    end = datetime.combine(local.date(), ends, zone)
    return (end if end > local else datetime.combine(local.date() + timedelta(days=1), ends, zone)).astimezone(now.tzinfo)


def give_up(session: Session, said: Mapping[str, Any], failure: str, now: datetime) -> None:
    """A message that could not be brought after all tries: its reader finds that beside the channel, and nobody else is bothered."""
    channel = session.get(NoticeChannel, (said.get("login"), said.get("kind")))
    if channel is not None:
        channel.failed_at, channel.failure = now, failure[:MAX_ADDRESS]


def _check(kind: str, address: str, secret: str, settings: Settings) -> None:
    if kind not in KINDS:
        raise Invalid(f"Expected one of {', '.join(KINDS)}, but got {kind!r}", {"kind": ", ".join(KINDS)})
    if len(address) > MAX_ADDRESS or len(secret) > MAX_ADDRESS:
        raise Invalid(f"Expected at most {MAX_ADDRESS} characters, but there are more", {kind: f"≤ {MAX_ADDRESS}"})
    if kind == "email":
        if not settings.smtp_host:
            raise Invalid("Expected a mail server, but STEWARD_SMTP_HOST is not set", {kind: "本系统没有设置邮件服务器"})
        if not _MAILBOX.fullmatch(address):
            raise Invalid("Expected an e-mail address, but it is none", {kind: "请填写邮箱地址"})
    elif not _is_robot(kind, address, settings.robot_hosts):
        message = f"Expected the address of a robot, beginning with {ROBOTS[kind]}, but got another"
        raise Invalid(message, {kind: f"机器人地址应以 {ROBOTS[kind]} 开头"})


def _is_robot(kind: str, address: str, own_hosts: str) -> bool:
    """A robot of the vendor, or of an installation of one's own that the operator allows. Any other could be any machine."""
    if any(letter.isspace() or ord(letter) < 33 or letter in "\\@#" for letter in address):
        return False
    if address.startswith(ROBOTS[kind]) and len(address) > len(ROBOTS[kind]):
        return True
    parts = urlsplit(address)
    return parts.scheme in ("https", "http") and parts.netloc in {host.strip() for host in own_hosts.split(",") if host.strip()}


def _own(actor: Actor) -> str:
    if actor.login is None:
        raise Forbidden("Expected a person, but nobody is named")
    return actor.login


def _note(session: Session, login: str, event: str, actor: Actor, now: datetime, kind: str) -> None:
    person = identity.get(session, login)
    identity.note(session, person, event, actor, now, {"kind": kind})
