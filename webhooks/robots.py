"""Robots of chat groups, as their vendors document them: WeCom (企业微信), DingTalk (钉钉), Feishu (飞书).

Each takes a JSON text by POST and answers 200 with a code of its own: only zero means that the group has it.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import requests

from engine.errors import StewardError
from webhooks.patience import Patient

SECONDS = 15  # for all of an exchange
MAX_ANSWER = 100_000
PIECE = 4_000
LONGEST = {"wecom": 2_000, "dingtalk": 18_000, "feishu": 18_000}  # bytes of a text that every one of them takes


def send(kind: str, address: str, secret: str | None, text: str, now: datetime) -> None:
    """Let a robot say something in its group. Raises StewardError when it does not answer, or refuses."""
    said = _shortened(text, LONGEST[kind])
    url, body = {"wecom": _wecom, "dingtalk": _dingtalk, "feishu": _feishu}[kind](address, secret or "", said, now)
    try:
        # Nobody may send us elsewhere: the address was checked, what it points to was not.
        with _session() as session, session.post(url, json=body, timeout=SECONDS, allow_redirects=False, stream=True) as answer:
            content = b"".join(islice(answer.iter_content(PIECE), MAX_ANSWER // PIECE))
            if answer.status_code != 200:
                raise StewardError(f"Expected the robot to answer 200, but it answered {answer.status_code}")
    except requests.RequestException as error:
        # Its own words hold the address, and with it the key.
        raise StewardError(f"Expected the robot to answer, but: {type(error).__name__}") from None
    _refuse_unless_taken(kind, content)


def _session() -> requests.Session:
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, Patient())
    return session


def _wecom(address: str, _secret: str, text: str, _now: datetime) -> tuple[str, dict[str, Any]]:
    return address, {"msgtype": "text", "text": {"content": text}}


def _dingtalk(address: str, secret: str, text: str, now: datetime) -> tuple[str, dict[str, Any]]:
    """With a secret: HMAC-SHA256 by it over `timestamp\\nsecret`, in milliseconds, added to the address."""
    body = {"msgtype": "text", "text": {"content": text}}
    if not secret:
        return address, body
    timestamp = str(round(now.timestamp() * 1000))
    signature = base64.b64encode(hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()).decode()
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'timestamp': timestamp, 'sign': signature})}", body


def _feishu(address: str, secret: str, text: str, now: datetime) -> tuple[str, dict[str, Any]]:
    """With a secret: HMAC-SHA256 of nothing, by `timestamp\\nsecret`, in seconds, in the body."""
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if secret:
        timestamp = str(int(now.timestamp()))
        key = f"{timestamp}\n{secret}".encode()
        body |= {"timestamp": timestamp, "sign": base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()}
    return address, body


def _refuse_unless_taken(kind: str, content: bytes) -> None:
    try:
        answer = json.loads(content)
        code, message = (answer.get("errcode"), answer.get("errmsg")) if kind != "feishu" else (answer.get("code"), answer.get("msg"))
    except (ValueError, AttributeError):
        raise StewardError("Expected the robot to answer with JSON, but it did not") from None
    if code != 0:
        raise StewardError(f"Expected the robot to take the message, but it refused: {code} {str(message)[:200]}")


def _shortened(text: str, most: int) -> str:
    """At most so many bytes, cut between characters."""
    encoded = text.encode()
    return text if len(encoded) <= most else encoded[: most - 3].decode(errors="ignore") + "…"
