"""SLA clocks: started and stopped by activities, paused while waiting for others, warned before the limit, marked at breach.

A clock is declared on the process: `steward:clock.<name>` = `from=<activity>.started|completed; to=<activity>.started|completed;
limit=<expression>; time=running|working; pause=<activity>,…; warn=0.8; kpi=<code>; tell=<who>; escalate=<code>`. The start event is
"started" when the case happened in the world and "completed" when it was entered, so that a late entry shows.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from engine import waits
from engine.bpmn import sandbox
from engine.bpmn.clock_rules import Rule
from engine.bpmn.model import Process
from engine.bpmn.timing import parse_duration, parse_moment
from engine.bpmn.triggers import Change, Context
from engine.calendar import WorkingCalendar
from engine.db import core
from engine.history import Event
from engine.prepared import Prepared, detached
from engine.tables import Instance, KpiPoint, SlaClock

MOMENTS = {"entered": "started", "left": "completed"}

_CLOCK = core(SlaClock)
_COLUMNS = tuple(_CLOCK.c.keys())
_CHANGED = ("state", "used_seconds", "resumed_at", "due_at", "alarm_at", "warned_at", "breached_at", "stopped_at")
_LIVE = Prepared(select(_CLOCK).where(_CLOCK.c.instance_id == bindparam("of_instance"), _CLOCK.c.state != "stopped").order_by(_CLOCK.c.id))
_INSERT = Prepared(insert(_CLOCK))
_SAVE = Prepared(update(_CLOCK).where(_CLOCK.c.id == bindparam("saved")).values({name: bindparam(name) for name in _CHANGED}))


@dataclass(frozen=True)
class Moment:
    """Something that may start, pause or stop a clock."""

    name: str  # <activity>.started, .completed or .cancelled
    activity_id: str
    at: datetime


@dataclass
class Result:
    events: list[Event] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)  # name of the clock, what was wrong with its limit


def moments(changes: Sequence[Change], process: Process, occurred_at: datetime, now: datetime) -> list[Moment]:
    """What happened to activities in a step, as clocks see it."""
    found = []
    for change in changes:
        activity = process.activities.get(change.activity_id)
        began = change.event == "entered" and activity is not None and activity.type == "startEvent"
        name = f"{change.activity_id}.{MOMENTS.get(change.event, change.event)}"
        found.append(Moment(name, change.activity_id, occurred_at if began else now))
    return found


def sync(
    session: Session,
    instance: Instance,
    rules: Sequence[Rule],
    happened: Sequence[Moment],
    variables: Mapping[str, Any],
    context: Context,
    calendar: WorkingCalendar,
    standing: Collection[str] = (),
) -> Result:
    """Start, pause, resume and stop the instance's clocks by what happened; `standing` is where tokens stand after it."""
    concerned = [(rule, moment) for moment in happened for rule in rules if _concerns(rule, moment)]
    if not concerned:
        return Result()
    running = {clock.name: clock for clock in _live(session, instance)}
    step = _Step(session, instance, variables, context, calendar, standing, running)
    for rule, moment in concerned:
        step.apply(rule, moment)
    _INSERT.run_all(session, [_row(clock) for clock in step.changed.values() if clock.id is None])
    _save(session, [clock for clock in step.changed.values() if clock.id is not None])
    follow(session, instance, rules, step.result.events, context.now)
    return step.result


def _concerns(rule: Rule, moment: Moment) -> bool:
    return moment.name in (rule.starts, rule.stops) or moment.activity_id in rule.pauses


@dataclass
class _Step:
    """What one step of an instance does to its clocks."""

    session: Session
    instance: Instance
    variables: Mapping[str, Any]
    context: Context
    calendar: WorkingCalendar
    standing: Collection[str]
    running: dict[str, SlaClock]
    changed: dict[int, SlaClock] = field(default_factory=dict)
    result: Result = field(default_factory=Result)

    def apply(self, rule: Rule, moment: Moment) -> None:
        clock = self.running.get(rule.name)
        if clock is None:
            if moment.name == rule.starts:
                self._start(rule, moment)
            return
        if moment.name == rule.stops:
            del self.running[rule.name]
            self.result.events += stop(self.session, clock, moment.at, self.calendar)
        elif moment.activity_id in rule.pauses:
            is_paused = not rule.pauses.isdisjoint(self.standing)
            self.result.events += _pause_or_resume(self.session, clock, moment, self.calendar, is_paused)
        self.changed[id(clock)] = clock

    def _start(self, rule: Rule, moment: Moment) -> None:
        try:
            limit = _limit(rule, self.variables, self.context, moment.at)
            if limit is None:
                return
            clock = _start(self.instance, rule, moment.at, limit, self.calendar)
        except (sandbox.EvaluationFailed, ValueError, OverflowError) as error:
            self.result.failures.append((rule.name, str(error)))
            return
        self.running[rule.name] = self.changed[id(clock)] = clock
        self.result.events.append(_told("clock.started", clock, due_at=clock.due_at))
        if paused_by := rule.pauses.intersection(self.standing):  # what it waits for was there before it
            pausing = Moment(f"{min(paused_by)}.started", min(paused_by), self.context.now)
            self.result.events += _pause_or_resume(self.session, clock, pausing, self.calendar, is_paused=True)


def _live(session: Session, instance: Instance) -> list[SlaClock]:
    """The instance's clocks that have not stopped, as rows that no session looks after."""
    return [detached(SlaClock, _COLUMNS, row) for row in _LIVE.rows(session, {"of_instance": instance.id})]


def _row(clock: SlaClock) -> dict[str, Any]:
    return {name: getattr(clock, name) for name in _COLUMNS if name != "id"}


def _save(session: Session, clocks: Iterable[SlaClock]) -> None:
    _SAVE.run_all(session, [{"saved": clock.id, **{name: getattr(clock, name) for name in _CHANGED}} for clock in clocks])


def _start(instance: Instance, rule: Rule, at: datetime, limit: timedelta, calendar: WorkingCalendar) -> SlaClock:
    clock = SlaClock(
        instance_id=instance.id,
        site=instance.site,
        name=rule.name,
        state="running",
        time=rule.time,
        limit_seconds=round(limit.total_seconds()),
        warn_share=rule.warn,
        used_seconds=0,
        started_at=at,
        resumed_at=at,
        kpi=rule.kpi,
    )
    _set_alarm(clock, calendar)
    return clock


def _limit(rule: Rule, variables: Mapping[str, Any], context: Context, at: datetime) -> timedelta | None:
    """The limit: an expression gives a duration, the moment at which it is due (an appointment), or null for no clock in this case."""
    names = {**variables, "case": context.case}
    value = sandbox.compile_expression(rule.limit).evaluate(names, context.functions)
    if isinstance(value, str):
        value = parse_duration(value).after(at) if value.startswith("P") else parse_moment(value, context.zone)
    if isinstance(value, datetime):
        value = value - at
    if value is None:
        return None
    if not isinstance(value, timedelta):
        raise ValueError(f"Expected the limit of clock {rule.name} to be a duration or a moment, but it is {value!r}")
    return max(value, timedelta(0))


def _pause_or_resume(session: Session, clock: SlaClock, moment: Moment, calendar: WorkingCalendar, is_paused: bool) -> list[Event]:
    """KPI clocks never pause: what the company owes is counted in full. One that is over already is breached, pause or not."""
    events: list[Event] = []
    if clock.kpi is not None:
        return events
    if moment.name.endswith(".started") and clock.state == "running":
        if _is_overdue(clock, moment.at):
            events.append(_breach(session, clock))
        clock.used_seconds += round(_spent(clock, moment.at, calendar).total_seconds())
        clock.state, clock.resumed_at, clock.due_at, clock.alarm_at = "paused", None, None, None
    elif not moment.name.endswith(".started") and clock.state == "paused" and not is_paused:
        clock.state, clock.resumed_at = "running", moment.at
        _set_alarm(clock, calendar)
    return events


def _is_overdue(clock: SlaClock, now: datetime) -> bool:
    return clock.due_at is not None and now > clock.due_at and clock.breached_at is None


def _spent(clock: SlaClock, now: datetime, calendar: WorkingCalendar) -> timedelta:
    """The time that has run since the clock last began to run."""
    assert clock.resumed_at is not None
    if clock.time == "working":
        return calendar.working_time_between(clock.resumed_at, now)
    return now - clock.resumed_at


def _after(clock: SlaClock, share: float, calendar: WorkingCalendar) -> datetime:
    """The moment at which a share of the limit will have run."""
    assert clock.resumed_at is not None
    left = timedelta(seconds=max(clock.limit_seconds * share - clock.used_seconds, 0))
    if clock.time == "working":
        return calendar.add_working_time(clock.resumed_at, left)
    return clock.resumed_at + left


def _set_alarm(clock: SlaClock, calendar: WorkingCalendar) -> None:
    clock.due_at = _after(clock, 1.0, calendar)
    if clock.breached_at is not None:
        clock.alarm_at = None
    elif clock.warned_at is not None or clock.warn_share >= 1:
        clock.alarm_at = clock.due_at
    else:
        clock.alarm_at = _after(clock, clock.warn_share, calendar)


def stop(session: Session, clock: SlaClock, now: datetime, calendar: WorkingCalendar) -> list[Event]:
    """Stop a clock; one that stopped too late is a breach even if nobody looked in time."""
    events = []
    if clock.state == "running" and _is_overdue(clock, now):
        events.append(_breach(session, clock))
    if clock.state == "running":
        clock.used_seconds += round(_spent(clock, now, calendar).total_seconds())
    clock.state, clock.stopped_at, clock.alarm_at = "stopped", now, None
    events.append(_told("clock.stopped", clock, used_seconds=clock.used_seconds, limit_seconds=clock.limit_seconds))
    return events


def stop_all(session: Session, instance: Instance, now: datetime, calendar: WorkingCalendar) -> list[Event]:
    """The case is over: whatever still runs stops."""
    live = _live(session, instance)
    events = [event for clock in live for event in stop(session, clock, now, calendar)]
    _save(session, live)
    return events


def due(session: Session, now: datetime, limit: int, apart_from: Collection[int] = ()) -> list[tuple[int, int]]:
    """Clocks at which something is to be marked, each with its instance, the longest due first; none of the instances in `apart_from`."""
    query = select(SlaClock.id, SlaClock.instance_id).where(SlaClock.alarm_at <= now, SlaClock.instance_id.not_in(apart_from))
    return [(clock_id, of) for clock_id, of in session.execute(query.order_by(SlaClock.alarm_at, SlaClock.id).limit(limit))]


def ring(session: Session, clock: SlaClock, now: datetime, calendar: WorkingCalendar) -> list[Event]:
    """Mark a warning or a breach that is due; the caller holds the instance."""
    if clock.alarm_at is None or clock.alarm_at > now or clock.state != "running" or clock.due_at is None:
        return []
    if now >= clock.due_at:
        return [_breach(session, clock)]
    clock.warned_at = now
    _set_alarm(clock, calendar)
    return [_told("clock.warned", clock, due_at=clock.due_at)]


def _breach(session: Session, clock: SlaClock) -> Event:
    clock.breached_at, clock.alarm_at = clock.due_at, None
    if clock.kpi is not None and clock.due_at is not None:
        session.add(KpiPoint(site=clock.site, instance_id=clock.instance_id, clock=clock.name, code=clock.kpi, at=clock.due_at))
    return replace(_told("clock.breached", clock, due_at=clock.due_at, kpi=clock.kpi), at=clock.due_at)


def follow(session: Session, instance: Instance, rules: Iterable[Rule], events: Iterable[Event], now: datetime) -> None:
    """Leave to the worker what the diagram wants done when a clock has warned or is over its limit."""
    wanted = {rule.name for rule in rules if rule.tell or rule.escalate}
    rang = [event for event in events if event.type in ("clock.warned", "clock.breached") and event.data["clock"] in wanted]
    if rang:
        payloads = [{"clock": event.data["clock"], "event": event.type.removeprefix("clock.")} for event in rang]
        waits.insert_jobs(session, [waits.job(instance, waits.ALARM, f"clock.{one['clock']}", one, now) for one in payloads])


def _told(kind: str, clock: SlaClock, **data: Any) -> Event:
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in data.items()}
    return Event(kind, data={"clock": clock.name, **said})


def recalculate(session: Session, site: str, calendar: WorkingCalendar) -> int:
    """Set the alarms of the site's working-time clocks anew after its calendar changed; returns how many."""
    running = (SlaClock.site == site, SlaClock.state == "running", SlaClock.time == "working")
    # Their cases first, in one order: a step under way holds its case, and may be stopping the very clock.
    cases = select(Instance.id).where(Instance.id.in_(select(SlaClock.instance_id).where(*running)))
    session.execute(cases.order_by(Instance.id).with_for_update())
    affected = select(SlaClock).where(*running).execution_options(populate_existing=True)
    clocks = list(session.scalars(affected))
    for clock in clocks:
        _set_alarm(clock, calendar)
    return len(clocks)
