"""A signed delivery of another system becomes one message, and anything else becomes nothing."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.errors import Conflict, Invalid, NotFound, Unauthenticated
from engine.tables import Message
from tests.factories import END_EVENT as END
from tests.factories import Company, chain, diagram, task
from tests.people import ANNA, OPERATOR
from webhooks import inbound
from webhooks.signatures import new_secret, sign

CALL = '<message id="m" name="hotline.call"/>'
BEGIN = '<startEvent id="start"><messageEventDefinition messageRef="m"/></startEvent>'
STARTED_BY_CALL = diagram(chain(BEGIN, task("work"), END), before=CALL)


@pytest.fixture
def secret(company: Company) -> str:
    with company.database.transaction() as session:
        return inbound.add_endpoint(session, "hotline", "S1", "hotline.call", OPERATOR, company.now)


def deliver(company: Company, secret: str, said: object = None, message_id: str = "msg_1", name: str = "hotline") -> Message:
    body = json.dumps({"house": "A-12"} if said is None else said).encode()
    at = int(company.now.timestamp())
    headers = {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": sign(secret, message_id, at, body)}
    with company.database.transaction() as session:
        message = inbound.receive(session, name, headers, body, company.now)
        session.expunge_all()
        return message


def messages(company: Company) -> int:
    with company.database.read() as session:
        return session.scalar(select(func.count()).select_from(Message)) or 0


def test_a_delivery_starts_the_process_that_its_message_starts(company: Company, secret):
    company.deploy(STARTED_BY_CALL)
    message = deliver(company, secret)
    assert message.state == "delivered" and message.source == "hook:hotline" and message.message_id == "msg_1"
    assert company.waiting(message.instance_id) == ["work"]
    assert company.instance(message.instance_id).site == "S1"
    assert company.events(message.instance_id)[0].source == "webhook"


def test_a_delivery_that_nobody_waits_for_is_kept(company: Company, secret):
    assert deliver(company, secret).state == "stored"


def test_a_replayed_delivery_is_refused_and_has_no_second_effect(company: Company, secret):
    company.deploy(STARTED_BY_CALL)
    deliver(company, secret)
    company.pass_time(minutes=1)
    with pytest.raises(Unauthenticated, match="already received"):
        deliver(company, secret)
    assert messages(company) == 1 and company.waiting() == ["work"]


def test_a_delivery_with_a_wrong_signature_leaves_nothing(company: Company, secret):
    with pytest.raises(Unauthenticated):
        deliver(company, new_secret())
    assert messages(company) == 0


def test_a_delivery_from_long_ago_leaves_nothing(company: Company, secret):
    body, at = b"{}", int((company.now - timedelta(minutes=6)).timestamp())
    headers = {"webhook-id": "m", "webhook-timestamp": str(at), "webhook-signature": sign(secret, "m", at, body)}
    with pytest.raises(Unauthenticated), company.database.transaction() as session:
        inbound.receive(session, "hotline", headers, body, company.now)
    assert messages(company) == 0


@pytest.mark.parametrize("said", [[], "text", 7, {"correlation": "x"}, {"n": 2**70}, {"n": float("nan")}, {"text": "\ud800"}])
def test_a_body_that_is_no_object_is_refused(company: Company, secret, said):
    with pytest.raises(Invalid):
        deliver(company, secret, said)
    assert messages(company) == 0


def test_both_secrets_are_believed_while_the_sender_changes_over(company: Company, secret):
    with company.database.transaction() as session:
        newer = inbound.rotate_secret(session, "hotline", OPERATOR, company.now)
    deliver(company, secret, message_id="old")
    deliver(company, newer, message_id="new")
    with company.database.transaction() as session:
        inbound.rotate_secret(session, "hotline", OPERATOR, company.now)
    with pytest.raises(Unauthenticated):
        deliver(company, secret, message_id="older")


def test_a_closed_or_unknown_endpoint_is_not_found(company: Company, secret):
    with company.database.transaction() as session:
        inbound.disable_endpoint(session, "hotline", OPERATOR, company.now)
    for name in ("hotline", "nobody"):
        with pytest.raises(NotFound):
            deliver(company, secret, name=name)


def test_an_endpoint_needs_a_new_name_a_site_and_the_right(company: Company, secret):
    for name, site, who, refusal in (
        ("hotline", "S1", OPERATOR, Conflict),
        ("other", "S9", OPERATOR, NotFound),
        ("A b", "S1", OPERATOR, Invalid),
        ("other", "S2", ANNA, NotFound),
    ):
        with pytest.raises(refusal), company.database.transaction() as session:
            inbound.add_endpoint(session, name, site, "m", who, company.now)
