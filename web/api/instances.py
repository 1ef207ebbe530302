"""Running cases as a whole: find them, read them, stop them, hand them over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from engine import instances, listings, masking, modifying, withdrawing
from engine.actors import Actor
from engine.cursors import Page
from web.api import schemas, schemas_tokens
from web.api.routing import commands, reads
from web.settling import settle

nouns = APIBlueprint("instances", __name__, tag="process instances")
Said = Mapping[str, Any]


@reads(nouns, "/process-instances", schemas.Instances, schemas.InstanceFilter)
def list_instances(session: Session, actor: Actor, asked: Said) -> Any:
    """Instances of the person's sites, newest first."""
    return listings.instances(session, actor, **asked)


@reads(nouns, "/process-instances/<id:instance_id>", schemas.Instance)
def show_instance(session: Session, actor: Actor, instance_id: int) -> Any:
    """One instance, running or ended."""
    return listings.instance(session, instance_id, actor)


@reads(nouns, "/process-instances/<id:instance_id>/variables", schemas.VariablesAnswer, refusals=(409,))
def show_variables(session: Session, actor: Actor, instance_id: int) -> Any:
    """Its variables: those of the whole instance, and those of each scope inside it."""
    found = dict(listings.variables(session, instance_id, actor))
    scopes = masking.mask_for(session, instance_id, actor)(found)
    return {"variables": scopes.pop(""), "scopes": scopes}


@reads(nouns, "/process-instances/<id:instance_id>/history", schemas.History, schemas.Paging)
def show_history(session: Session, actor: Actor, asked: Said, instance_id: int) -> Any:
    """Its history, oldest first."""
    part = listings.history_of(session, instance_id, actor, **asked)
    return Page(masking.mask_lines(session, part.items, actor), part.next)


@commands(nouns, "/process-instances/<id:instance_id>/cancel", schemas.Instance, schemas.Reason)
def cancel(session: Session, actor: Actor, now: datetime, said: Said, instance_id: int) -> Any:
    """End an instance before its time."""
    instances.cancel(session, instance_id, said["reason"], actor, now)
    return listings.instance(session, instance_id, actor)


@commands(nouns, "/process-instances/<id:instance_id>/withdraw", schemas.Instance, schemas.Reason)
def withdraw(session: Session, actor: Actor, now: datetime, said: Said, instance_id: int) -> Any:
    """Take back a case that one has begun oneself, where its process allows it."""
    withdrawing.withdraw_case(session, instance_id, said["reason"], actor, now)
    return listings.instance(session, instance_id, actor)


@commands(nouns, "/process-instances/<id:instance_id>/suspend", schemas.Instance, schemas.Reason)
def suspend(session: Session, actor: Actor, now: datetime, said: Said, instance_id: int) -> Any:
    """Stop an instance where it stands."""
    instances.suspend(session, instance_id, said["reason"], actor, now)
    return listings.instance(session, instance_id, actor)


@commands(nouns, "/process-instances/<id:instance_id>/resume", schemas.Instance, schemas.Reason)
def resume(session: Session, actor: Actor, now: datetime, said: Said, instance_id: int) -> Any:
    """Let a suspended instance go on."""
    instances.resume(session, instance_id, said["reason"], actor, now)
    return listings.instance(session, instance_id, actor)


@reads(nouns, "/process-instances/<id:instance_id>/tokens", schemas_tokens.Tokens, refusals=(403, 409))
def show_tokens(session: Session, actor: Actor, instance_id: int) -> Any:
    """Where an instance stands, and what of that an operator can move by hand."""
    found = modifying.choices(session, instance_id, actor)
    tokens = [{"token": each.token, "activity_id": each.activity_id, "name": name, "refusal": each.why_not} for each, name in found.tokens]
    activities = [{"activity": activity, "name": name} for activity, name in found.activities]
    return {"moves": found.moves, "tokens": tokens, "activities": activities}


@commands(nouns, "/process-instances/<id:instance_id>/modify", schemas.Instance, schemas_tokens.Modification)
def modify(session: Session, actor: Actor, now: datetime, said: Said, instance_id: int) -> Any:
    """Move the tokens of an instance that is stuck: some end, others begin before an activity."""
    settle(session, modifying.modify(session, instance_id, actor=actor, now=now, **said))
    return listings.instance(session, instance_id, actor)


@commands(nouns, "/process-instances/<id:instance_id>/hand-over", schemas.Instance, schemas.HandOver)
def hand_over(session: Session, actor: Actor, now: datetime, said: Said, instance_id: int) -> Any:
    """Give the first responder's duty to somebody else."""
    instances.hand_over(session, instance_id, said["to"], said["reason"], actor, now)
    return listings.instance(session, instance_id, actor)
