"""Houses and who lives in them, masked for whoever needs no number; and what is masked in the open, with a reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Float, Integer, List, Nested, String
from sqlalchemy.orm import Session

from engine import listings, residents, unmasking
from engine.actors import Actor
from engine.task_work import MAX_REASON
from web.api import schemas
from web.api.routing import commands, reads

nouns = APIBlueprint("dwellers", __name__, tag="residents")
Said = Mapping[str, Any]


class Resident(Schema):
    id = Integer(required=True)
    name = String(required=True)
    telephone = String(required=True)
    kind = String(required=True)
    is_masked = Boolean(required=True)


class House(Schema):
    site = String(required=True)
    code = String(required=True)
    address = String(required=True)
    area = schemas.nullable(Float, required=True)
    residents = List(Nested(schemas.row(Resident)), required=True)


class Houses(Schema):
    items = List(Nested(schemas.row(House)), required=True)
    next = schemas.nullable(String, required=True)


class HouseFilter(Schema):
    site = schemas.Text(255, 1, required=True)
    find = schemas.Text(
        255, 1, required=True, metadata={"description": "the beginning of a code, a name, a telephone or its last four digits"}
    )


class Why(Schema):
    reason = schemas.Text(MAX_REASON, 1, required=True)


@reads(nouns, "/houses", Houses, HouseFilter)
def find_houses(session: Session, actor: Actor, asked: Said) -> Any:
    """Houses with their residents, as this person may see them."""
    return {"items": residents.find(session, asked["site"], asked["find"], actor), "next": None}


@commands(nouns, "/residents/<id:resident_id>/unmask", Resident, Why)
def unmask_resident(session: Session, actor: Actor, now: datetime, said: Said, resident_id: int) -> Any:
    """A resident's name and number in the open; the site's history tells who looked and why."""
    return residents.unmask(session, resident_id, said["reason"], actor, now)


@commands(nouns, "/process-instances/<id:instance_id>/unmask", schemas.VariablesAnswer, Why)
def unmask_case(session: Session, actor: Actor, now: datetime, said: Said, instance_id: int) -> Any:
    """The variables of a case with names and numbers in the open; its history tells who looked and why."""
    unmasking.unmask(session, instance_id, said["reason"], actor, now)
    scopes = dict(listings.variables(session, instance_id, actor))
    return {"variables": scopes.pop(""), "scopes": scopes}
