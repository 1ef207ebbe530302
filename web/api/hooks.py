"""POST /hooks/{name}: the door for other systems."""

from apiflask import APIBlueprint
from flask import request
from flask.typing import ResponseReturnValue

from web import current
from web.api import bodies, schemas
from web.api.routing import as_json, refusals
from webhooks import inbound

nouns = APIBlueprint("hooks", __name__, tag="webhooks")
BODY = {
    "type": "object",
    "properties": {"correlation": {"type": ["object", "null"], "description": "which instance is meant; the rest are variables"}},
}


@nouns.post("/hooks/<word:name>")
@nouns.output(schemas.MessageAnswer, status_code=202)
@nouns.doc(
    operation_id="receive_webhook",
    description="Signed by the Standard Webhooks convention: webhook-id, webhook-timestamp, webhook-signature.",
    responses=refusals(400, 401, 404, 413, 422),
)
def receive(name: str) -> ResponseReturnValue:
    """A signed delivery: stored once, then handed to what waits for it."""
    body = bodies.content()
    with current.steward().db.transaction() as session:
        message = inbound.receive(session, name, request.headers, body, current.now())
        answer = schemas.MessageAnswer().dump(message)
    return as_json(answer, 202)
