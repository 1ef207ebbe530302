"""Processes that the clock starts: when the newest version of each is due next, at each site."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engine import sites
from engine.bpmn.cycles import skip_missed
from engine.bpmn.executable import Beginning, Executable
from engine.bpmn.instance import StepFailed
from engine.bpmn.model import Process
from engine.errors import DeploymentRefused, Problem
from engine.tables import Definition, Schedule, Site

SITES = "sites"  # the property that says at which sites; without it, at all


def arm(session: Session, definition: Definition, compiled: Executable, now: datetime) -> None:
    """The newest version takes the place of the one before. A cycle that is written as before goes on in step.

    What should have been before the deployment is not made up for. Raises DeploymentRefused for a time that cannot be computed.
    """
    before = {(row.activity_id, row.part, row.site): row for row in session.scalars(select(Schedule).where(Schedule.key == definition.key))}
    timers = [each for each in compiled.beginnings if each.timer is not None]
    session.execute(delete(Schedule).where(Schedule.key == definition.key))
    for timer in timers:
        for site in _sites(session, compiled.process.properties):
            row = _row(session, definition, timer, site, now)
            old = before.get((timer.activity_id, timer.part, site))
            if old is not None and old.interval is not None and old.text == row.text and old.state == "open":
                row.due_at, row.repeats_left = old.due_at, old.repeats_left
            session.add(row)


def new_sites(session: Session, process: Process) -> list[str]:
    """Sites that came after the deployment of a process that the clock may start, and do not have its starts yet."""
    if not any(one.type == "startEvent" and one.event in ("timer", "multiple") for one in process.activities.values()):
        return []
    armed = set(session.scalars(select(Schedule.site).where(Schedule.key == process.key)))
    return [site for site in _sites(session, process.properties) if site not in armed]


def arm_at(session: Session, definition: Definition, compiled: Executable, codes: Sequence[str], now: datetime) -> None:
    """The same at sites that do not have its starts yet."""
    timers = [each for each in compiled.beginnings if each.timer is not None]
    session.add_all(_row(session, definition, timer, site, now) for site in codes for timer in timers)


def _sites(session: Session, properties: Mapping[str, str]) -> Sequence[str]:
    named = [code.strip() for code in properties.get(SITES, "").split(",") if code.strip()]
    return [code for code in session.scalars(select(Site.code).order_by(Site.code)) if not named or code in named]


def _row(session: Session, definition: Definition, beginning: Beginning, site: str, now: datetime) -> Schedule:
    facts, timer = sites.facts(session, site), beginning.timer
    assert timer is not None
    try:
        details = timer.reckon(timer.value({}, facts.functions(now)), now, facts.zone_name)
    except StepFailed as failure:
        message = f"Expected a time that can be computed at {site}, but: {failure.message}"
        raise DeploymentRefused([Problem(definition.file, 1, beginning.activity_id, "timer", message)]) from failure
    due, left, state = datetime.fromisoformat(details["due_at"]), details["repeats_left"], "open"
    if due < now:
        following, passed = (None, 1) if details["interval"] is None else skip_missed(details["interval"], due, now, left, facts.zone_name)
        left = None if left is None else left - passed
        due, state = (due, "done") if following is None or left == 0 else (following, "open")
    return Schedule(
        key=definition.key,
        definition_id=definition.id,
        activity_id=beginning.activity_id,
        part=beginning.part,
        site=site,
        text=timer.text,
        due_at=due,
        interval=details["interval"],
        repeats_left=left,
        catch_up=timer.catch_up,
        state=state,
    )


def upcoming(session: Session, definition_id: int, codes: Collection[str]) -> list[tuple[str, datetime]]:
    """When the clock starts this version next, at each of these sites: name of the site and moment, the next first."""
    query = select(Site.name, func.min(Schedule.due_at)).join(Site, Site.code == Schedule.site).group_by(Site.code, Site.name)
    wanted = query.where(Schedule.definition_id == definition_id, Schedule.state == "open", Schedule.site.in_(codes))
    return sorted(((name, due_at) for name, due_at in session.execute(wanted)), key=lambda each: (each[1], each[0]))
