"""A delivery is believed when its sender signed exactly this body a short while ago, and never otherwise."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from engine.errors import Unauthenticated
from webhooks.signatures import new_secret, sign, verify

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BODY = json.dumps({"house": "A-12", "caller": "王芳"}).encode()
SECRET = new_secret()


def delivery(secret: str = SECRET, at: datetime = NOW, body: bytes = BODY, message_id: str = "msg_1") -> dict[str, str]:
    signature = Webhook(secret).sign(message_id, at, body.decode())
    return {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def test_a_delivery_signed_by_the_reference_library_is_believed():
    assert verify([SECRET], delivery(), BODY, NOW) == "msg_1"


def test_our_signature_is_that_of_the_reference_library():
    assert sign(SECRET, "msg_1", int(NOW.timestamp()), BODY) == delivery()["webhook-signature"]


def test_the_previous_secret_is_believed_while_the_sender_changes_it():
    newer = new_secret()
    assert verify([newer, SECRET], delivery(SECRET), BODY, NOW) == "msg_1"
    assert verify([newer, SECRET], delivery(newer), BODY, NOW) == "msg_1"


def test_one_right_signature_among_several_is_enough():
    headers = delivery()
    headers["webhook-signature"] = f"v1a,unknown v1,bad {headers['webhook-signature']} nonsense"
    assert verify([SECRET], headers, BODY, NOW) == "msg_1"


@pytest.mark.parametrize("minutes", [-5, 5])
def test_five_minutes_of_difference_between_clocks_are_tolerated(minutes):
    assert verify([SECRET], delivery(at=NOW + timedelta(minutes=minutes)), BODY, NOW) == "msg_1"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_delivery_from_too_long_ago_or_ahead_is_refused(seconds):
    with pytest.raises(Unauthenticated, match="five minutes"):
        verify([SECRET], delivery(at=NOW + timedelta(seconds=seconds)), BODY, NOW)


def test_another_body_is_refused():
    with pytest.raises(Unauthenticated):
        verify([SECRET], delivery(), BODY + b" ", NOW)


def test_another_id_is_refused():
    with pytest.raises(Unauthenticated):
        verify([SECRET], delivery() | {"webhook-id": "msg_2"}, BODY, NOW)


def test_another_secret_is_refused():
    with pytest.raises(Unauthenticated):
        verify([new_secret()], delivery(), BODY, NOW)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, "", " ", "v1", "v1,", ",", "v1,é", "nan", "-1", "1e9", "9" * 400, "\x00", "\udc80"])
def test_a_missing_or_malformed_header_is_refused_and_nothing_worse(header, value):
    headers = delivery()
    del headers[header]
    if value is not None:
        headers[header] = value
    with pytest.raises(Unauthenticated):
        verify([SECRET], headers, BODY, NOW)


def test_a_body_that_is_not_text_can_be_signed():
    body = b"\xff\xfe\x00"
    headers = delivery() | {"webhook-signature": sign(SECRET, "msg_1", int(NOW.timestamp()), body)}
    assert verify([SECRET], headers, body, NOW) == "msg_1"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64 at all!"])
def test_a_weak_or_unreadable_secret_signs_nothing(secret):
    with pytest.raises(ValueError, match="secret"):
        sign(secret, "msg_1", 0, BODY)
