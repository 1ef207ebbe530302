"""Photographs, signatures and papers, by the hash of their content."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request, send_file
from sqlalchemy.orm import Session

from engine import attachments
from engine.actors import Actor
from engine.errors import Invalid
from web import current
from web.api import schemas
from web.api.routing import SECURITY, commands, refusals
from web.headers import OF_FILES

nouns = APIBlueprint("attachments", __name__, tag="attachments")
BYTES = {200: {"description": "The file", "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}


def receive(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write the file to the disk, where it lies under its hash until somebody uses it."""
    actor, settings = current.actor(), current.steward().settings
    file = next(iter(request.files.values()), None)
    if file is None:
        raise Invalid("Expected a file, but there is none", {"file": "Expected a file, but there is none"})
    site = said.get("site") or _only_site(actor)
    attachments.require_right(actor, site)
    received = attachments.receive(settings.attachments, file.stream, settings.limits.attachment)
    return {"received": received, "name": file.filename or "", "site": site}


@commands(nouns, "/attachments", schemas.AttachmentAnswer, schemas.Upload, status=201, location="files", before=receive)
def upload(session: Session, actor: Actor, now: datetime, said: Mapping[str, Any]) -> attachments.Received:
    """Keep a file for a site; form fields name it by the hash that is answered."""
    received: attachments.Received = said["received"]
    attachments.register(session, received, said["name"], said["site"], actor, now)
    return received


@nouns.get("/attachments/<word:hash>")
@nouns.doc(operation_id="read_attachment", security=SECURITY, responses=BYTES | refusals(401, 404))
def read_attachment(hash: str) -> Response:  # noqa: A002
    """A file that one of the person's sites uses."""
    with current.steward().db.read() as session:
        found = attachments.find(session, current.steward().settings.attachments, hash, current.actor())
    answer = send_file(found.path, as_attachment=not found.is_shown, download_name=found.file_name, etag=hash)
    answer.headers.update(OF_FILES | {"Content-Type": found.media_type, "Cache-Control": "private, no-cache"})
    return answer


def _only_site(actor: Actor) -> str:
    if len(actor.sites) != 1:
        message = f"Expected the site to which the file belongs, but you work at {len(actor.sites)}"
        raise Invalid(message, {"site": message})
    return next(iter(actor.sites))
