"""Start an instance, and what an operator may do to it as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import attachments, db, definitions, history, numbering, rights, runner
from engine.actors import Actor
from engine.bpmn.triggers import SetVariables, Start
from engine.definitions import Loaded
from engine.errors import Conflict, Invalid, NotFound
from engine.history import Event
from engine.identity import require_holders, require_person_at
from engine.site_lists import require_listed
from engine.states import INSTANCE
from engine.tables import Definition, Instance, Job, Site, Timer
from engine.variables import check_size

MAX_BUSINESS_KEY = 255
EARLIEST_YEAR = 1900  # nothing that a case is about happened before


@dataclass(frozen=True)
class Caller:
    """The instance and token that call another process."""

    instance: Instance
    token: str


@db.decided
def start(
    session: Session,
    key: str,
    site: str,
    actor: Actor,
    now: datetime,
    variables: Mapping[str, Any] | None = None,
    business_key: str | None = None,
    occurred_at: datetime | None = None,
    start_event: str | None = None,
    caller: Caller | None = None,
) -> runner.Step:
    """Start the newest version of a process at a site, with its number, and run it to its first resting place.

    `variables` are checked against the form of the start event. `occurred_at` is when it happened, if it is entered later (B04).
    Raises NotFound for an unknown process or site, Forbidden for who may not start it, Invalid for variables that the form refuses.
    """
    rights.require_site(actor, site)
    if session.get(Site, site) is None:
        raise NotFound(f"Expected a site, but there is none with the code {site!r}")
    definition = definitions.latest(session, key)
    loaded = definitions.load(session, definition.id)
    # A message of a person starts no more than the person may; another system's and a process' own say where they may go.
    if caller is None and (start_event is None or actor.login is not None):
        rights.require(rights.may_start(actor, loaded.process, site), f"start {definition.name or key}")
    payload = _check_start(session, loaded, site, variables or {}, called=caller is not None or start_event is not None)
    _check_facts(business_key, occurred_at, now)
    instance = _create(session, definition, site, actor, now, business_key, occurred_at or now, caller)
    _number(session, instance, loaded, caller, now)
    held = runner.begin(session, instance, loaded, payload, start_event)
    data = {"key": key, "version": definition.version, "number": instance.number, "business_key": business_key}
    event = Event("instance.started", None, {**data, "parent": instance.parent_id}, at=instance.occurred_at)
    return runner.advance(session, held, Start(), event, actor, now)


def _check_start(session: Session, loaded: Loaded, site: str, variables: Mapping[str, Any], called: bool) -> Mapping[str, Any]:
    check_size(variables, db.of(session).settings.limits)
    form = loaded.process.start_form
    if form is None or called:
        return variables
    checked: Mapping[str, Any] = loaded.forms[form].check(variables, {})
    attachments.require_known(session, loaded.forms[form], checked, site)
    require_holders(session, loaded.forms[form], checked, site)
    require_listed(session, loaded.forms[form], checked, site)
    return checked


def _check_facts(business_key: str | None, occurred_at: datetime | None, now: datetime) -> None:
    if business_key is not None and len(business_key) > MAX_BUSINESS_KEY:
        raise Invalid(f"Expected a business key of at most {MAX_BUSINESS_KEY} characters", {"business_key": f"≤ {MAX_BUSINESS_KEY}"})
    if occurred_at is None:
        return
    if occurred_at.tzinfo is None or occurred_at.year < EARLIEST_YEAR:
        raise Invalid(f"Expected a time with its zone, after {EARLIEST_YEAR}, but got {occurred_at}", {"occurred_at": "请填写日期和时间"})
    if occurred_at > now:
        raise Invalid("Expected a time that has passed, but occurred_at lies in the future", {"occurred_at": "不能晚于现在"})


def _create(
    session: Session,
    definition: Definition,
    site: str,
    actor: Actor,
    now: datetime,
    business_key: str | None,
    occurred_at: datetime,
    caller: Caller | None,
) -> Instance:
    parent = caller.instance if caller else None
    person = None if actor.is_by_link else actor.login  # a resident holds no duty in the company
    instance = Instance(
        definition_id=definition.id,
        key=definition.key,
        version=definition.version,
        site=site,
        business_key=business_key,
        title=(parent.title if parent else None) or definition.name,
        state="running",
        starter=parent.starter if parent else person,
        first_responder=parent.first_responder if parent else person,
        occurred_at=occurred_at,
        started_at=now,
        parent_id=parent.id if parent else None,
        parent_token=caller.token if caller else None,
        depth=parent.depth + 1 if parent else 0,
        incidents=0,
        moves=0,
        chain_length=0,
        chain_head=history.EMPTY,
    )
    session.add(instance)
    session.flush()
    instance.root_id = (parent.root_id or parent.id) if parent else instance.id
    return instance


def _number(session: Session, instance: Instance, loaded: Loaded, caller: Caller | None, now: datetime) -> None:
    series = loaded.process.properties.get("numberSeries")
    if series:
        instance.number = numbering.allocate(session, series, instance.site, instance.id, now)
    elif caller is not None:
        instance.number = caller.instance.number


def visible(session: Session, instance_id: int, actor: Actor) -> Instance:
    """The instance, for reading; another site's is not found."""
    instance = session.get(Instance, instance_id)
    if instance is None or not rights.may_see_instance(actor, instance.site):
        raise NotFound(f"Expected an instance, but there is none with id {instance_id}")
    return instance


def held(session: Session, instance_id: int, actor: Actor) -> Instance:
    """The instance, locked; another site's is not found."""
    instance = runner.lock(session, instance_id)
    if not rights.may_see_instance(actor, instance.site):
        raise NotFound(f"Expected an instance, but there is none with id {instance_id}")
    return instance


def cancel(session: Session, instance_id: int, reason: str, actor: Actor, now: datetime) -> Instance:
    """End an instance before its time; what it called ends with it, its number stays and is marked void."""
    instance = _operated(session, instance_id, reason, actor, "cancelled")
    return void(session, instance, Event("instance.cancelled", None, {"reason": reason}), actor, now)


def void(session: Session, instance: Instance, event: Event, actor: Actor, now: datetime) -> Instance:
    """End an instance that this transaction holds; `event` tells how. Its number stays, marked void."""
    runner.cancel(session, instance, event, actor, now)
    if instance.number and instance.parent_id is None:
        numbering.void(session, instance.number)
    return instance


def suspend(session: Session, instance_id: int, reason: str, actor: Actor, now: datetime) -> Instance:
    """Stop an instance where it stands: no task, timer or job of it moves until it is resumed."""
    instance = _operated(session, instance_id, reason, actor, "suspended")
    instance.state = "suspended"
    session.execute(update(Timer).where(Timer.instance_id == instance_id, Timer.state == "open").values(state="held"))
    session.execute(update(Job).where(Job.instance_id == instance_id, Job.state == "ready").values(state="held"))
    history.append(session, instance, [Event("instance.suspended", None, {"reason": reason})], actor, now)
    return instance


def resume(session: Session, instance_id: int, reason: str, actor: Actor, now: datetime) -> Instance:
    """Let a suspended instance go on; timers that fell due meanwhile fire by their rule."""
    instance = _operated(session, instance_id, reason, actor, "running")
    instance.state = "running"
    session.execute(update(Timer).where(Timer.instance_id == instance_id, Timer.state == "held").values(state="open"))
    session.execute(update(Job).where(Job.instance_id == instance_id, Job.state == "held").values(state="ready"))
    history.append(session, instance, [Event("instance.resumed", None, {"reason": reason})], actor, now)
    return instance


def _operated(session: Session, instance_id: int, reason: str, actor: Actor, state: str) -> Instance:
    instance = held(session, instance_id, actor)
    rights.require(rights.may_operate(actor, instance.site), "cancel, suspend or resume cases")
    if not reason.strip():
        raise Invalid("Expected a reason, but it is empty", {"reason": "请填写原因"})
    if state not in INSTANCE[instance.state]:
        raise Conflict(f"Expected an instance that can be {state}, but {instance.number or instance.id} is {instance.state}")
    return instance


@db.decided
def set_variables(
    session: Session, instance_id: int, variables: Mapping[str, Any], reason: str, actor: Actor, now: datetime
) -> runner.Step:
    """Correct variables of a running instance by hand; history keeps old and new."""
    instance = held(session, instance_id, actor)
    rights.require(rights.may_operate(actor, instance.site), "change variables of cases")
    if not reason.strip():
        raise Invalid("Expected a reason, but it is empty", {"reason": "请填写原因"})
    check_size(variables, db.of(session).settings.limits)
    holding = runner.hold(session, instance)
    return runner.advance(session, holding, SetVariables("", variables), Event("variables.set", None, {"reason": reason}), actor, now)


def hand_over(session: Session, instance_id: int, to: str, reason: str, actor: Actor, now: datetime) -> Instance:
    """Give the first responder's duty to somebody else; only a supervisor may, and says why (A31, D04)."""
    instance = held(session, instance_id, actor)
    rights.require(rights.may_supervise(actor, instance.site), "hand on the first responder's duty")
    if not reason.strip():
        raise Invalid("Expected a reason, but it is empty", {"reason": "请填写原因"})
    if instance.state not in ("running", "suspended"):
        raise Conflict(f"Expected a running instance, but {instance.number or instance.id} is {instance.state}")
    require_person_at(session, to, instance.site)
    before, instance.first_responder = instance.first_responder, to
    data = {"before": before, "after": to, "reason": reason}
    history.append(session, instance, [Event("first_responder.handed_over", None, data)], actor, now)
    return instance


def family(session: Session, instance: Instance) -> list[Instance]:
    """The case as a whole: the outermost instance and everything it called, oldest first."""
    return list(session.scalars(select(Instance).where(Instance.root_id == instance.root_id).order_by(Instance.id)))
