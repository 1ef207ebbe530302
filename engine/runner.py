"""★ How everything moves: load, apply one trigger, advance to the next resting place, match the rows, tell history, save.

Every command that changes an instance ends here, inside one transaction that its caller opened. Nothing outside the database happens:
what the process sends or calls becomes jobs, done after the commit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from engine import clocks, db, definitions, history, incidents, sites, thrown, waits
from engine.actors import Actor
from engine.bpmn import sandbox
from engine.bpmn.triggers import Cancel, Change, Compared, Complete, Context, Failure, Outcome, StateCorrupt, Trigger
from engine.bpmn.workflow import Workflow
from engine.db import core
from engine.definitions import Loaded
from engine.errors import Conflict, LimitExceeded, NotFound, NotRunnable, Unusable
from engine.history import Event
from engine.prepared import Prepared, detached
from engine.reckoning import Scopes, Subject, changed_variables, reckon
from engine.search import index as index_case
from engine.settings import Limits
from engine.tables import CaseField, Incident, Instance, InstanceState
from engine.workflows import WorkflowCache

_STATE, _INSTANCE = core(InstanceState), core(Instance)
_COLUMNS = tuple(_INSTANCE.c.keys())
# The lock leaves the key alone: rows that refer to the instance, such as a job for its caller, are written without waiting for it.
_LOCK = select(Instance).where(Instance.id == bindparam("wanted")).with_for_update(key_share=True).execution_options(populate_existing=True)
_LOAD_STATE = Prepared(select(_STATE.c.state).where(_STATE.c.instance_id == bindparam("of_instance")))
_SAVE_STATE = Prepared(update(_STATE).where(_STATE.c.instance_id == bindparam("of_instance")).values(state=bindparam("state")))
_INSERT_STATE = Prepared(insert(_STATE))
_REMOVE_FIELDS = Prepared(delete(core(CaseField)).where(core(CaseField).c.instance_id == bindparam("of_instance")))
_INSERT_FIELDS = Prepared(insert(core(CaseField)))
_REVISION = Prepared(select(_INSTANCE.c.revision).where(_INSTANCE.c.id == bindparam("wanted")))
# What a step changes of an instance, besides its revision.
_FIELDS = ("searchable", "ledger", "register")  # properties of a process that name its business fields
_CHANGED = ("state", "incidents", "ended_at", "title", "first_responder", "moves", "chain_length", "chain_head")
_SAVE = Prepared(
    update(_INSTANCE)
    .where(_INSTANCE.c.id == bindparam("wanted"), _INSTANCE.c.revision == bindparam("read"))
    .values({name: bindparam(name) for name in (*_CHANGED, "revision")})
)


@dataclass
class Held:
    """An instance that this transaction holds, with its workflow."""

    instance: Instance
    loaded: Loaded
    facts: sites.SiteFacts
    limits: Limits
    subject: Subject
    opening: Callable[[], bool] | None = None  # what is written first; tells whether the instance still has the revision that was read

    @property
    def workflow(self) -> Workflow:
        return self.subject.workflow

    @property
    def is_new(self) -> bool:
        return self.subject.is_new

    @property
    def process_properties(self) -> Mapping[str, str]:
        return self.loaded.process.properties


@dataclass(frozen=True)
class Step:
    """What one trigger brought about."""

    instance: Instance
    events: Sequence[Event]
    incidents: Sequence[Incident] = field(default_factory=list)


def lock(session: Session, instance_id: int) -> Instance:
    """The instance, held until the end of the transaction; raises NotFound."""
    instance = session.scalars(_LOCK, {"wanted": instance_id}).first()
    if instance is None:
        raise NotFound(f"Expected an instance, but there is none with id {instance_id}")
    return instance


def found_by(instance_id: ColumnElement[int]) -> Prepared:
    """The statement that finds an instance by an expression with one parameter, `wanted`, and locks it where the database can."""
    return Prepared(select(_INSTANCE).where(_INSTANCE.c.id == instance_id).with_for_update(key_share=True))


def find(session: Session, statement: Prepared, wanted: int) -> Instance | None:
    """The instance as a row that no session looks after; `advance` makes sure that nobody has moved it since, and writes it back."""
    rows = statement.rows(session, {"wanted": wanted})
    instance: Instance | None = detached(Instance, _COLUMNS, rows[0]) if rows else None
    return instance


@contextmanager
def usable(instance: Instance) -> Iterator[None]:
    """Raises Unusable when the definition or the state by which the instance goes on cannot be read within."""
    try:
        yield
    except (NotFound, NotRunnable, StateCorrupt) as error:
        kind = "state" if isinstance(error, StateCorrupt) else "definition"
        message = f"Expected a {kind} by which {instance.number or instance.id} can go on, but there is none. {error}"
        raise Unusable(instance.id, kind, message) from error


def hold(session: Session, instance: Instance) -> Held:
    """The instance with its workflow, from memory or decoded from its stored state; raises Unusable when it cannot be made."""
    with usable(instance):
        loaded = definitions.load(session, instance.definition_id)
        workflow = _cache(session).take(instance.id, instance.moves) or decoded(session, instance, loaded)
    facts = sites.facts(session, instance.site)
    # The revision alone would not do: when a commit fails, another makes the next revision, of the same number. Its history differs.
    state = (instance.id, instance.revision, instance.chain_head, facts)
    return Held(instance, loaded, facts, _limits(session), Subject(workflow, state, partial(decoded, session, instance, loaded)))


def decoded(session: Session, instance: Instance, loaded: Loaded) -> Workflow:
    """The workflow as it is stored, for who only looks. Raises StateCorrupt, also where nothing is stored."""
    rows = _LOAD_STATE.rows(session, {"of_instance": instance.id})
    if not rows:
        raise StateCorrupt("Expected a stored state, but its row is missing")
    return Workflow.load(loaded.executable, rows[0][0], instance.id)


def begin(session: Session, instance: Instance, loaded: Loaded, variables: Mapping[str, Any], start_event: str | None = None) -> Held:
    """A workflow for a new instance, in which nothing has run yet."""
    again = partial(Workflow.begin, loaded.executable, dict(variables), start_event)
    workflow = again()
    facts = sites.facts(session, instance.site)
    state = (loaded.executable.fingerprint, start_event, dict(workflow.variables), facts)
    return Held(instance, loaded, facts, _limits(session), Subject(workflow, state, again, is_new=True))


def advance(session: Session, held: Held, trigger: Trigger, event: Event, actor: Actor, now: datetime) -> Step:
    """Apply the trigger and everything that follows from it; `event` is the line of history that tells the trigger."""
    _refuse_unless_running(held.instance)
    session.flush()  # what the caller changed: the statements of a step pass the session by
    context = _context(held, now)
    outcome = reckon(session, held.subject, trigger, context)
    error = _leaving(held.instance, outcome)
    if error is not None:
        held.workflow.advance(Cancel(), context)
    _begin_to_write(session, held)
    compared = held.workflow.compared()
    done = trigger.token if isinstance(trigger, Complete) else None
    difference = waits.difference(compared.waits_before, compared.waits_after, done)

    events = [_told(event, compared, outcome.changes), *(Event(told.type, told.activity_id, told.data) for told in outcome.told)]
    events += waits.sync(session, held.instance, held.loaded.process, difference, now)
    opened = _open_incidents(session, held, [] if error else outcome.failures, trigger, now, events)
    # Asked of the whole instance, however large it is: only where somebody wants to know.
    asks = held.instance.incidents or held.loaded.clocks
    waiting, stuck = (held.workflow.waiting, held.workflow.failed) if asks else ({}, {})
    events += incidents.resolve_gone(session, held.instance, stuck, waiting, now, actor.login)
    thrown.send(session, held.instance, outcome.messages, now, events)
    _sync_clocks(session, held, outcome, context, set(waiting.values()), now, events)
    _describe(session, held, {} if held.is_new else compared.scopes_before, context)
    if error is not None:
        events.append(Event("instance.cancelled", error.activity_id, {"reason": error.message, "error": error.error_code}))
        events += _end(session, held.instance, held.loaded, held.facts, "cancelled", now, error)
    elif held.workflow.is_completed:
        events += _end(session, held.instance, held.loaded, held.facts, "completed", now)
    history.append(session, held.instance, events, actor, now)
    _save(session, held)
    return Step(held.instance, events, opened)


def _begin_to_write(session: Session, held: Held) -> None:
    """From here on it is written: nobody may have moved the instance since it was read."""
    connection, instance = session.info["connection"], held.instance
    if held.opening is not None:
        is_as_read = held.opening()
    else:
        is_as_read = not connection.has_looked_ahead or _has_revision(session, instance)
    if not is_as_read:
        raise db.Overtaken
    connection.has_looked_ahead = False


def _has_revision(session: Session, instance: Instance) -> bool:
    """Whether the instance still has the revision that was read, asked in the turn to write."""
    session.info["connection"].writing()
    return _REVISION.rows(session, {"wanted": instance.id}) == [(instance.revision,)]


def _leaving(instance: Instance, outcome: Outcome) -> Failure | None:
    """A BPMN error that nobody in a called process catches: it ends that process and goes on in its caller (BPMN 2.0.2 §10.5.1)."""
    if instance.parent_id is None:
        return None
    return next((failure for failure in outcome.failures if failure.error_code is not None), None)


def cancel(session: Session, instance: Instance, event: Event, actor: Actor, now: datetime) -> Step:
    """End the instance from outside, even one whose state or definition can no longer be read."""
    try:
        held = hold(session, instance)
        held.workflow.advance(Cancel(), _context(held, now))
    except Unusable:
        held = None
    facts = sites.facts(session, instance.site)
    waits.remove_all(session, instance, now)
    events = [event, *(incidents.resolve(instance, one, now, actor.login) for one in incidents.open_of(session, instance.id))]
    events += _end(session, instance, held.loaded if held else None, facts, "cancelled", now)
    history.append(session, instance, events, actor, now)
    if held is not None:
        _save(session, held)
    return Step(instance, events)


def _limits(session: Session) -> Limits:
    return db.of(session).settings.limits


def _refuse_unless_running(instance: Instance) -> None:
    if instance.state != "running":
        raise Conflict(f"Expected a running instance, but {instance.number or instance.id} is {instance.state}")


def case_of(instance: Instance) -> dict[str, Any]:
    """What expressions see as `case`."""
    return {
        "id": instance.id,
        "number": instance.number,
        "site": instance.site,
        "starter": instance.starter,
        "first_responder": instance.first_responder,
        "started_at": instance.started_at.isoformat(),
        "occurred_at": instance.occurred_at.isoformat(),
        "business_key": instance.business_key,
        "parent": instance.parent_id,
    }


def _context(held: Held, now: datetime) -> Context:
    return Context(
        now=now,
        functions=held.facts.functions(now),
        case=case_of(held.instance),
        max_steps=held.limits.steps,
        max_seconds=held.limits.seconds,
        max_items=held.limits.multi_instance,
        zone=held.facts.zone_name,
        staff=held.facts.staff,
    )


def _told(event: Event, compared: Compared, changes: Sequence[Change]) -> Event:
    """The trigger's event with what it changed: variables old → new, and the way the tokens took."""
    data = dict(event.data)
    changed = changed_variables(compared.scopes_before, compared.scopes_after)
    if changed:
        data["variables"] = changed
    path = [[change.activity_id, change.event, *change.flows] for change in changes]
    if path:
        data["path"] = path
    return Event(event.type, event.activity, data, event.at)


def _open_incidents(
    session: Session, held: Held, failures: Sequence[Failure], trigger: Trigger, now: datetime, events: list[Event]
) -> list[Incident]:
    opened = []
    known = {one.token for one in incidents.open_of(session, held.instance.id)} if held.instance.incidents else set()
    for failure in failures:
        if failure.token in known:
            continue
        message = failure.message if failure.line is None else f"{failure.message} (line {failure.line})"
        told = {"step": True, "after": type(trigger).__name__.lower()}
        incident, event = incidents.open_incident(
            session, held.instance, failure.activity_id, failure.kind, message, now, token=failure.token, trigger=told
        )
        opened.append(incident)
        events.append(event)
    return opened


def _sync_clocks(
    session: Session, held: Held, outcome: Outcome, context: Context, waiting: set[str], now: datetime, events: list[Event]
) -> None:
    rules = held.loaded.clocks
    if not rules:
        return
    happened = clocks.moments(outcome.changes, held.loaded.process, held.instance.occurred_at, now)
    standing = waiting | set(held.workflow.failed.values())
    result = clocks.sync(session, held.instance, rules, happened, held.workflow.variables, context, held.facts.calendar, standing)
    events += result.events
    for name, message in result.failures:
        _, event = incidents.open_incident(session, held.instance, f"clock.{name}", "clock", message, now)
        events.append(event)


def _describe(session: Session, held: Held, before: Scopes, context: Context) -> None:
    """Title, first responder and business fields, as the diagram declares them."""
    variables = held.workflow.variables
    if not held.is_new and variables == before.get("", {}):
        return
    properties = held.process_properties
    names = {**variables, "case": context.case}
    if "title" in properties:
        title = sandbox.compile_template(properties["title"])
        held.instance.title = _text(title, names, context) or held.instance.title
    if "firstResponder" in properties and (held.is_new or held.instance.first_responder is None):
        person = sandbox.compile_expression(properties["firstResponder"])
        held.instance.first_responder = _text(person, names, context) or held.instance.first_responder
    fields = _declared(properties, variables, *_FIELDS)
    if held.is_new or fields != _declared(properties, before.get("", {}), *_FIELDS):
        _write_fields(session, held.instance, fields, _declared(properties, variables, "searchable"))


def _declared(properties: Mapping[str, str], variables: Mapping[str, Any], *kinds: str) -> dict[str, str]:
    """The business fields that the diagram declares, as far as the case has them."""
    names = [name.strip() for kind in kinds for name in properties.get(kind, "").split(",")]
    return {name: str(variables[name]) for name in names if variables.get(name) not in (None, "")}


def _text(expression: sandbox.Expression, names: Mapping[str, Any], context: Context) -> str | None:
    # What cannot be reckoned is no reason to stop the work; lint has checked that it compiles.
    try:
        value = expression.evaluate(names, context.functions)
    except sandbox.EvaluationFailed:
        return None
    return None if value is None else str(value)


def _write_fields(session: Session, instance: Instance, fields: Mapping[str, str], found_by: Mapping[str, str]) -> None:
    _REMOVE_FIELDS.run(session, {"of_instance": instance.id})
    _INSERT_FIELDS.run_all(session, [{"instance_id": instance.id, "name": name, "value": value} for name, value in fields.items()])
    numbered = {"number": instance.number} if instance.number else {}
    index_case(session, instance.id, instance.site, {**found_by, **numbered})


def _end(
    session: Session,
    instance: Instance,
    loaded: Loaded | None,
    facts: sites.SiteFacts,
    state: str,
    now: datetime,
    error: Failure | None = None,
) -> list[Event]:
    instance.state, instance.ended_at = state, now
    events = clocks.stop_all(session, instance, now, facts.calendar) if loaded is None or loaded.clocks else []
    if state == "completed":
        events.append(Event("instance.completed"))
    if instance.parent_id is not None and instance.parent_token is not None:
        # The caller is moved by a job of its own.
        payload = {"child": instance.id, "state": state}
        if error is not None:
            payload |= {"error": error.error_code, "message": error.message}
        row = waits.job(instance, waits.RETURN, "-", payload, now, token=instance.parent_token)
        waits.insert_jobs(session, [{**row, "instance_id": instance.parent_id}])
    return events


def _save(session: Session, held: Held) -> None:
    state = held.workflow.dump(held.instance.id)
    limit = db.of(session).settings.limits.instance
    if len(state) > limit:
        raise LimitExceeded(f"Expected an instance of at most {limit} bytes, but this one would have {len(state)}")
    instance = held.instance
    instance.moves += 1
    if held.is_new:
        _INSERT_STATE.run(session, {"instance_id": instance.id, "state": state})
        held.subject.is_new = False
    else:
        _SAVE_STATE.run(session, {"of_instance": instance.id, "state": state})
    changed = {name: getattr(instance, name) for name in _CHANGED} | {"revision": instance.revision + 1}
    if not _SAVE.run(session, {"wanted": instance.id, "read": instance.revision, **changed}):
        raise RuntimeError(f"Expected revision {instance.revision} of instance {instance.id}, but somebody wrote another while it was held")
    db.note(instance, changed)
    if instance.state == "running":
        cache, instance_id, moves = _cache(session), instance.id, instance.moves
        db.on_commit(session, lambda: cache.give_back(instance_id, moves, held.workflow))


def _cache(session: Session) -> WorkflowCache:
    keep = db.of(session).keep
    cache: WorkflowCache = keep.get("workflows") or keep.setdefault("workflows", WorkflowCache())
    return cache
