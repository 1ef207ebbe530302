"""How people are told outside the pages: by mail, or by the robot of a group in WeCom, DingTalk or Feishu; and when they are left alone.

What is to be sent becomes a job in the transaction that caused it, done afterwards, at least once (`TOPIC`). Who shares a group's robot
with others is told once with them.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import db, identity, sites, waits
from engine.actors import Actor
from engine.errors import Forbidden, Invalid
from engine.tables import Instance, NoticeChannel, Person, QuietHours

TOPIC: Final = waits.DELIVER
MAX_ADDRESS: Final = 500
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
    text: str
    about: str  # tasks, notices
    path: str  # of the page that shows more
    is_urgent: bool = False


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
    _check(kind, address, secret, db.of(session).settings.robot_hosts)
    if row is None:
        row = NoticeChannel(login=login, kind=kind, created_at=now)
        session.add(row)
    row.address, row.secret, row.tasks, row.notices = address, secret.strip() or None, tasks, notices
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
    rows = []
    for instance, telling in tellings:
        zone = sites.facts(session, instance.site).zone
        addresses: dict[tuple[str, str], tuple[NoticeChannel, datetime]] = {}
        for login in dict.fromkeys(telling.logins):
            at = now if telling.is_urgent else _after_quiet(quiet.get(login), now, zone)
            for channel in channels.get(login, ()):
                # Of those who share a robot, whoever may be told first is told, and the others with them.
                key = (channel.kind, channel.address)
                if getattr(channel, telling.about) and (key not in addresses or at < addresses[key][1]):
                    addresses[key] = (channel, at)
        for channel, at in addresses.values():
            said = {"login": channel.login, "kind": channel.kind, "text": telling.text, "path": telling.path, "title": instance.title or ""}
            rows.append({**waits.job(instance, TOPIC, "-", {"variables": said}, now), "due_at": at})
    if rows:
        waits.insert_jobs(session, rows)
    return len(rows)


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


def _check(kind: str, address: str, secret: str, own_hosts: str) -> None:
    if kind not in KINDS:
        raise Invalid(f"Expected one of {', '.join(KINDS)}, but got {kind!r}", {"kind": ", ".join(KINDS)})
    if len(address) > MAX_ADDRESS or len(secret) > MAX_ADDRESS:
        raise Invalid(f"Expected at most {MAX_ADDRESS} characters, but there are more", {kind: f"≤ {MAX_ADDRESS}"})
    if kind == "email":
        if not _MAILBOX.fullmatch(address):
            raise Invalid("Expected an e-mail address, but it is none", {kind: "请填写邮箱地址"})
    elif not _is_robot(kind, address, own_hosts):
        message = f"Expected the address of a robot, beginning with {ROBOTS[kind]}, but got another"
        raise Invalid(message, {kind: f"机器人地址应以 {ROBOTS[kind]} 开头"})


def _is_robot(kind: str, address: str, own_hosts: str) -> bool:
    """A robot of the vendor, or of an installation of one's own that the operator allows. Anything else could be any machine within reach."""
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
