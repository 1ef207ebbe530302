"""Deploy process definitions, and read them."""

import itertools
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request
from sqlalchemy.orm import Session

from engine import definitions, instances, listings
from engine.actors import Actor
from engine.cursors import Page
from engine.errors import Invalid
from engine.tables import Definition
from web import current
from web.api import schemas
from web.api.routing import SECURITY, commands, reads, refusals
from web.settling import settle

nouns = APIBlueprint("definitions", __name__, tag="process definitions")


def check(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read and compile the files, which takes long, before anybody else waits for it."""
    definitions.require_right(current.actor())
    files: dict[str, bytes] = {}
    for upload in itertools.chain.from_iterable(request.files.listvalues()):
        name = upload.filename or ""
        if not name or "\x00" in name or len(name) > 255 or name in files:
            raise Invalid("Expected files with different names", {"files": f"Expected a name of its own, but got {name!r}"})
        files[name] = upload.stream.read()
    if not files:
        raise Invalid("Expected at least one file, but there is none", {"files": "Expected at least one file, but there is none"})
    with current.steward().db.read() as session:
        known = definitions.known_keys(session)
    return {"checked": definitions.check(files, known, executable=bool(said.get("executable")))}


@commands(nouns, "/process-definitions", schemas.Deployment, schemas.Files, status=201, location="files", before=check)
def deploy(session: Session, actor: Actor, now: datetime, said: Mapping[str, Any]) -> definitions.Deployment:
    """Deploy BPMN, DMN and forms: all or nothing; unchanged content makes no new version."""
    return definitions.register(session, said["checked"], actor, now)


@reads(nouns, "/process-definitions", schemas.Definitions, schemas.DefinitionFilter)
def list_definitions(session: Session, actor: Actor, asked: Mapping[str, Any]) -> Page[Definition]:
    """All versions, newest first."""
    return listings.definitions(session, **asked)


@reads(nouns, "/process-definitions/<id:definition_id>", schemas.Definition)
def show_definition(session: Session, actor: Actor, definition_id: int) -> Definition:
    """One version."""
    return definitions.get(session, definition_id)


@nouns.get("/process-definitions/<id:definition_id>/xml")
@nouns.doc(
    operation_id="definition_xml",
    security=SECURITY,
    responses={200: {"description": "The diagram", "content": {"application/xml": {"schema": {"type": "string"}}}}} | refusals(401, 404),
)
def definition_xml(definition_id: int) -> Response:
    """The diagram, byte for byte as it was deployed."""
    with current.steward().db.read() as session:
        files = definitions.resources(session, definitions.get(session, definition_id).id)
        diagram = next(file.content for file in files if file.kind == "bpmn")
    return Response(diagram, mimetype="application/xml")


@commands(nouns, "/process-definitions/<word:key>/start", schemas.Instance, schemas.Start, status=201)
def start(session: Session, actor: Actor, now: datetime, said: Mapping[str, Any], key: str) -> Any:
    """Start an instance of the newest version at a site."""
    step = instances.start(session, key, said["site"], actor, now, said["variables"], said.get("business_key"), said.get("occurred_at"))
    settle(session, step.instance)
    return listings.instance(session, step.instance.id, actor)
