"""The door for other systems over HTTP."""

import json
from datetime import timedelta

from engine.tables import Message
from tests.factories import Company
from tests.people import OPERATOR
from webhooks import inbound
from webhooks.signatures import sign


def test_a_hundred_deliveries_of_one_id_have_one_effect(app, company: Company):
    with company.database.transaction() as session:
        secret = inbound.add_endpoint(session, "hotline", "S1", "hotline.call", OPERATOR, company.now)
    body, at = json.dumps({"house": "A-12", "caller": "王芳"}).encode(), int(company.now.timestamp())
    headers = {"webhook-id": "m1", "webhook-timestamp": str(at), "webhook-signature": sign(secret, "m1", at, body)}
    client = app.test_client()
    answers = []
    for _ in range(100):
        answers.append(client.post("/hooks/hotline", data=body, headers=headers).status_code)
        company.clock.advance(timedelta(seconds=1))
    assert answers == [202] + [401] * 99
    with company.database.read() as session:
        [message] = session.query(Message).all()
        assert message.payload == {"house": "A-12", "caller": "王芳"}


def test_a_delivery_without_a_signature_is_refused_in_the_one_shape(app, company: Company):
    with company.database.transaction() as session:
        inbound.add_endpoint(session, "hotline", "S1", "hotline.call", OPERATOR, company.now)
    answer = app.test_client().post("/hooks/hotline", data=b"{}")
    assert answer.status_code == 401 and answer.json["error"]["code"] == "unauthenticated"
    assert app.test_client().post("/hooks/nobody", data=b"{}").status_code == 404
