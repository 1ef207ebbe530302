"""Who sent a delivery, and when: the Standard Webhooks convention, HMAC-SHA256 over `id.timestamp.body`.

The standardwebhooks library reads the clock itself, takes one secret, and answers a malformed header with a ValueError;
the tests use it as the sender, so that this stays the convention and not our idea of it.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from engine.errors import Unauthenticated

TOLERANCE = timedelta(minutes=5)
PREFIX = "whsec_"
_ID = re.compile(r"[\x21-\x7e]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def new_secret() -> str:
    """A fresh secret of 256 random bits, in the notation that senders expect."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature` for this delivery."""
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verify(known_secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the delivery's id when one of the secrets signed exactly this body within the tolerance; else raise Unauthenticated.

    Several secrets are accepted, so that a sender can change its secret without losing deliveries.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(message_id):
        raise Unauthenticated("Expected a webhook-id of 1 to 255 visible ASCII characters, but found none")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise Unauthenticated("Expected a webhook-timestamp in whole seconds, but found none")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise Unauthenticated("Expected a webhook-timestamp within five minutes of now, but it is not")
    given = headers.get("webhook-signature", "").split()
    if not _any_matches(known_secrets, message_id, int(timestamp), body, given):
        raise Unauthenticated("Expected a webhook-signature by the secret of this endpoint, but none matches")
    return message_id


def _any_matches(known_secrets: Iterable[str], message_id: str, timestamp: int, body: bytes, given: list[str]) -> bool:
    matches = False
    for secret in known_secrets:
        right = sign(secret, message_id, timestamp, body).encode()
        for signature in given:
            # No early exit: the time taken must not tell which secret or which signature came close.
            matches |= hmac.compare_digest(right, signature.encode("utf-8", "surrogateescape"))
    return matches


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < 24:
        raise ValueError("Expected a webhook secret of at least 24 bytes in base64, but this one is not")
    return key
