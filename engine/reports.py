"""What residents report by a link: one form for every process that takes reports, and a case of it at once, with a link of its own."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import attachments, db, definitions, installation, messages, personal_links
from engine.errors import Conflict, Invalid, LinkRefused
from engine.forms import Form, compile_form
from engine.tables import Instance, Message, PersonalLink, StartSubscription

_FILE = Path(__file__).with_name("report.form")
FORM: Form = compile_form(_FILE.read_bytes(), _FILE.name)
RESIDENT = "resident"
_PAGE = re.compile(r"[\w-]{22,40}")


@dataclass(frozen=True)
class Reported:
    """The case of a report, and the token by which its reporter follows it."""

    instance: Instance
    token: str
    is_new: bool


def kinds(session: Session) -> dict[str, str]:
    """Key and name of each process that residents may begin: it names `resident` as a starter and begins with `<key>.requested`."""
    begun = select(StartSubscription.key, StartSubscription.message).where(StartSubscription.kind == "message")
    keys = {key for key, message in session.execute(begun) if message == f"{key}.requested"}
    found = {}
    for definition in definitions.newest_of_all(session):
        if definition.key in keys and RESIDENT in definitions.describe_version(session, definition).process.starter_groups:
            found[definition.key] = definition.name or definition.key
    return dict(sorted(found.items(), key=lambda item: item[0] != "repair"))


def new_page() -> str:
    """What a page is given when it is opened, so that it counts once."""
    return personal_links.new_token()


def is_page(text: str) -> bool:
    """Whether this can be what a page was given when it was opened."""
    return _PAGE.fullmatch(text) is not None


@db.decided
def report(session: Session, token: str, page: str, key: str, answers: Mapping[str, Any], now: datetime) -> Reported:
    """Begin the case. `page` names the filled-in form: sent again, it gives the same case and token, and nothing is done twice.

    Raises LinkRefused, Invalid for what the form refuses, Conflict when the page was sent before with something else in it.
    """
    link = personal_links.find(session, token)
    before = _sent(session, link, page)
    if before is None:
        link = personal_links.opened(session, token, now)
    if link.kind != personal_links.REPORT:
        raise LinkRefused("unknown", "Expected a link to report by, but this one opens a case")
    variables = _variables(session, link, key, answers)
    if before is not None:
        return _again(session, link, page, before, key, variables)
    actor = personal_links.reporter_of(link)
    message = messages.publish(session, f"{key}.requested", link.site, None, variables, actor, now, message_id=_message_id(link, page))
    if message.instance_id is None:
        raise Conflict(f"Expected {key} to begin a case, but nothing began")
    instance = session.get_one(Instance, message.instance_id)
    case_token = _token(session, link, page)
    is_new = personal_links.make_for_reporter(session, instance, case_token, link, now)
    if is_new:
        personal_links.use(session, link, now)
    return Reported(instance, case_token, is_new)


def sent_before(session: Session, token: str, page: str) -> str | None:
    """The token of the case that this page has begun already; None when it has not."""
    link = personal_links.find(session, token)
    return _token(session, link, page) if _sent(session, link, page) is not None else None


def _again(session: Session, link: PersonalLink, page: str, message: Message, key: str, variables: Mapping[str, Any]) -> Reported:
    if message.name != f"{key}.requested" or message.payload != variables:
        raise Conflict("Expected this report once, but the page was sent before with something else in it")
    return Reported(session.get_one(Instance, message.instance_id), _token(session, link, page), is_new=False)


def _variables(session: Session, link: PersonalLink, key: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, str] = {}
    checked: dict[str, Any] = {}
    try:
        checked = FORM.check(dict(answers) | ({"house": link.house} if link.house else {}), {})
        attachments.require_known(session, FORM, checked, link.site)
    except Invalid as error:
        fields |= error.fields
    if key not in kinds(session):
        fields["process"] = "请选择要报的事"
    if checked and not (checked.get("house") or checked.get("place")):
        fields["house"] = "请填写房号或位置"
    if fields:
        raise Invalid(f"Expected a report that can be taken up, but {', '.join(fields)} cannot be used", fields)
    house, place = checked.get("house") or "", checked.get("place") or ""
    where = {"area": "indoor", "room": place, "place": ""} if house else {"area": "public", "room": "", "place": place}
    return checked | where | {"channel": RESIDENT, "house": house}


def _sent(session: Session, link: PersonalLink, page: str) -> Message | None:
    mine = (Message.site == link.site, Message.source == personal_links.reporter_of(link).source)
    return session.scalars(select(Message).where(*mine, Message.message_id == _message_id(link, page))).first()


def _message_id(link: PersonalLink, page: str) -> str:
    """Not the page itself: what is stored must not lead to the token."""
    if not is_page(page):
        raise Invalid("Expected the name of the page on which the report was written, but there is none", {"page": "请刷新页面"})
    return f"{link.id}:{hashlib.sha256(page.encode()).hexdigest()}"


def _token(session: Session, link: PersonalLink, page: str) -> str:
    """The token of the case that this page begins. It follows from the page and a secret, so that a retry is told the same one."""
    secret = installation.session_key(session).encode()
    content = hmac.digest(secret, f"report:{link.id}:{page}".encode(), hashlib.sha256)
    return personal_links.as_token(content[: personal_links.TOKEN_BYTES])
