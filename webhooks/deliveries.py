"""Bring messages to people outside the pages: what the jobs of `channels.TOPIC` ask for."""

from collections.abc import Mapping
from typing import Any

from engine import channels
from engine.clock import Clock
from engine.db import Database
from engine.jobs import Handler, Work
from engine.settings import Settings
from engine.tables import NoticeChannel
from webhooks import mail, robots

TRIAL = {"zh": "【管家】这是一条测试消息：以后的通知会发到这里。", "en": "[Steward] This is a test: messages will come here from now on."}


def handlers(database: Database, settings: Settings, clock: Clock) -> dict[str, Handler]:
    """Who does which jobs outside the database."""

    def deliver(work: Work) -> Mapping[str, Any]:
        said = work.variables
        with database.read() as session:
            # Asked only now: whoever has given a channel up meanwhile is not told there any more.
            channel = channels.of(session, str(said["login"])).get(str(said["kind"]))
            session.expunge_all()  # it outlives the session: whoever sends holds no connection
        if channel is not None:
            send(settings, clock, channel, str(said["subject"]), str(said["text"]), work.idempotency_key)
        return {}

    return {channels.TOPIC: deliver}


def send(settings: Settings, clock: Clock, channel: NoticeChannel, subject: str, text: str, message_id: str) -> None:
    """Send one message on a channel; raises StewardError when it was not taken."""
    if channel.kind == "email":
        mail.send(settings, channel.address, subject, text, message_id)
    else:
        robots.send(channel.kind, channel.address, channel.secret, text, clock.now())


def try_out(settings: Settings, clock: Clock, channel: NoticeChannel, language: str) -> None:
    """Send a test message at once; raises StewardError with what went wrong."""
    text = TRIAL.get(language, TRIAL["zh"])
    send(settings, clock, channel, text, text, f"test-{clock.now():%Y%m%d%H%M%S}")
