"""Links by which residents come in without a login. The address of a link is in the answer that makes it, and nowhere else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Integer, List, Nested, String
from apiflask.validators import OneOf, Range
from flask import g
from sqlalchemy.orm import Session

from engine import personal_links
from engine.actors import Actor
from engine.personal_links import Made
from engine.tables import PersonalLink
from web import current
from web.api import schemas
from web.api.routing import commands, reads
from web.pages.links import address_of

nouns = APIBlueprint("personal_links", __name__, tag="personal links")
Said = Mapping[str, Any]
DAYS = {"description": "for how many days it opens something"}


class Link(Schema):
    id = Integer(required=True)
    kind = String(required=True, validate=OneOf(list(personal_links.KINDS)))
    state = String(required=True, validate=OneOf(["open", "expired", "revoked", "used"]))
    site = String(required=True)
    instance = schemas.nullable(Integer, required=True, attribute="instance_id")
    house = schemas.nullable(String, required=True)
    once = Boolean(required=True)
    made_by = String(required=True)
    made_at = schemas.Moment(required=True)
    expires_at = schemas.Moment(required=True)
    opened_at = schemas.nullable(schemas.Moment, required=True)
    revoked_at = schemas.nullable(schemas.Moment, required=True)


class NewLink(Link):
    address = String(metadata={"description": "what the resident opens: told once, not in a repeated answer"})


class Links(Schema):
    items = List(Nested(schemas.row(Link)), required=True)
    next = schemas.nullable(String, required=True)


class ForCase(Schema):
    days = Integer(load_default=personal_links.DAYS_OF_CASE, validate=Range(1, personal_links.MOST_DAYS), metadata=DAYS)
    once = Boolean(load_default=False, metadata={"description": "for one act"})


class ForReports(Schema):
    site = schemas.Text(255, 1, required=True)
    house = schemas.Text(255, metadata={"description": "the only house for which it reports"})
    days = Integer(load_default=personal_links.DAYS_OF_REPORT, validate=Range(1, personal_links.MOST_DAYS), metadata=DAYS)
    once = Boolean(load_default=False, metadata={"description": "for one report"})


class SiteFilter(Schema):
    site = schemas.Text(255, 1, required=True)


def tell_address(content: dict[str, Any]) -> dict[str, Any]:
    """The answer with the address; a repeated answer has none, since nothing that is kept leads to it."""
    token = g.get("personal_link_token")
    return content if token is None else content | {"address": address_of(token)}


@reads(nouns, "/process-instances/<id:instance_id>/links", Links)
def list_links_of_case(session: Session, actor: Actor, instance_id: int) -> Any:
    """The links to the case, newest first."""
    return {"items": [_told(link) for link in personal_links.of_case(session, instance_id, actor)], "next": None}


@commands(nouns, "/process-instances/<id:instance_id>/links", NewLink, ForCase, status=201, after=tell_address)
def make_link_to_case(session: Session, actor: Actor, now: datetime, said: Said, instance_id: int) -> Any:
    """A link by which a resident follows the case and does what is theirs in it."""
    return _made(personal_links.make_for_case(session, instance_id, actor, now, **said))


@reads(nouns, "/links", Links, SiteFilter)
def list_links_for_reports(session: Session, actor: Actor, asked: Said) -> Any:
    """The links by which residents of a site report, newest first."""
    return {"items": [_told(link) for link in personal_links.of_site(session, asked["site"], actor)], "next": None}


@commands(nouns, "/links", NewLink, ForReports, status=201, after=tell_address)
def make_link_for_reports(session: Session, actor: Actor, now: datetime, said: Said) -> Any:
    """A link, for a wall or a letter, by which residents of a site or a house report."""
    return _made(personal_links.make_for_reports(session, actor=actor, now=now, **said))


@commands(nouns, "/links/<id:link_id>/revoke", Link)
def revoke_link(session: Session, actor: Actor, now: datetime, said: Said, link_id: int) -> Any:
    """End a link before its time."""
    return _told(personal_links.revoke(session, link_id, actor, now))


def _made(made: Made) -> dict[str, Any]:
    g.personal_link_token = made.token
    return _told(made.link)


def _told(link: PersonalLink) -> dict[str, Any]:
    kept = {column.key: getattr(link, column.key) for column in link.__table__.columns}
    return kept | {"state": personal_links.state_of(link, current.now())}
