"""What a scenario may expect of its case at a moment."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import definitions
from engine.bpmn import codec
from engine.inbox import participants_of
from engine.plays import Play, StepFailed
from engine.states import OPEN_TASK
from engine.tables import Incident, Instance, InstanceState, KpiPoint, Notice, SlaClock, UserTask


@dataclass(frozen=True)
class _Scene:
    """The case as it stands: `subject` is the instance that variables and state are asked of."""

    session: Session
    play: Play
    subject: Instance
    family: list[Instance]

    @property
    def ids(self) -> list[int]:
        return [one.id for one in self.family]


def check(play: Play, expected: Mapping[str, Any], key: str | None = None) -> None:
    """Raise StepFailed for the first thing that is not as expected; `key` narrows it to the newest instance of that process."""
    unknown = expected.keys() - _CHECKS.keys()
    if unknown:
        raise StepFailed(f"Expected to be asked about {', '.join(_CHECKS)}, but got {', '.join(sorted(unknown))}")
    with play.database.read() as session:
        family = play.family(session, key)
        if not family:
            raise StepFailed(f"Expected an instance of {key}, but there is none in the case")
        subject = family[-1] if key else family[0]
        scene = _Scene(session, play, subject, [subject] if key else family)
        for name, value in expected.items():
            _CHECKS[name](scene, value)


def _equal(what: str, expected: Any, found: Any) -> None:
    if expected != found:
        raise StepFailed(f"Expected {what} to be {expected!r}, but found {found!r}")


def _waiting(scene: _Scene, expected: list[str]) -> None:
    missing = set(expected) - set(standing(scene))
    if missing:
        raise StepFailed(f"Expected to wait at {sorted(missing)}, but waiting are {sorted(standing(scene))}")


def _not_waiting(scene: _Scene, expected: list[str]) -> None:
    there = set(expected) & set(standing(scene))
    if there:
        raise StepFailed(f"Expected not to wait at {sorted(there)}, but it does")


def standing(scene: _Scene) -> list[str]:
    """Where the tokens of the running members stand, boundary events left out."""
    found = []
    for member in scene.family:
        if member.state in ("running", "suspended"):
            state = scene.session.scalars(select(InstanceState.state).where(InstanceState.instance_id == member.id)).one()
            activities = definitions.load(scene.session, member.definition_id).process.activities
            places = codec.read_places(state)
            found += [place for place in places if place in activities and activities[place].type != "boundaryEvent"]
    return found


def _variables(scene: _Scene, expected: Mapping[str, Any]) -> None:
    state = scene.session.scalars(select(InstanceState.state).where(InstanceState.instance_id == scene.subject.id)).one()
    found = codec.read_scopes(state)[""]
    for name, value in expected.items():
        _equal(f"variable {name}", value, found.get(name))


def _tasks(scene: _Scene) -> dict[str, UserTask]:
    query = select(UserTask).where(UserTask.instance_id.in_(scene.ids), UserTask.state.in_(OPEN_TASK)).order_by(UserTask.id)
    return {task.activity_id: task for task in scene.session.scalars(query)}


def _task(scene: _Scene, activity_id: str) -> UserTask:
    tasks = _tasks(scene)
    if activity_id not in tasks:
        raise StepFailed(f"Expected an open task {activity_id}, but open are {sorted(tasks)}")
    return tasks[activity_id]


def _candidate_groups(scene: _Scene, expected: Mapping[str, list[str]]) -> None:
    for activity_id, groups in expected.items():
        task = _task(scene, activity_id)
        found, _ = participants_of(scene.session, [task.id])[task.id]
        _equal(f"candidate groups of {activity_id}", sorted(groups), found)


def _assignee(scene: _Scene, expected: Mapping[str, str | None]) -> None:
    for activity_id, login in expected.items():
        _equal(f"assignee of {activity_id}", login, _task(scene, activity_id).assignee)


def _open_tasks(scene: _Scene, expected: Mapping[str, int]) -> None:
    query = select(UserTask.activity_id).where(UserTask.instance_id.in_(scene.ids), UserTask.state.in_(OPEN_TASK))
    found = list(scene.session.scalars(query))
    for activity_id, count in expected.items():
        _equal(f"open tasks of {activity_id}", count, found.count(activity_id))


def _clock_states(scene: _Scene) -> dict[str, SlaClock]:
    query = select(SlaClock).where(SlaClock.instance_id.in_(scene.ids)).order_by(SlaClock.id)
    return {clock.name: clock for clock in scene.session.scalars(query)}


def _clocks(scene: _Scene, expected: Mapping[str, str]) -> None:
    found = _clock_states(scene)
    for name, state in expected.items():
        clock = found.get(name)
        now = None if clock is None else "breached" if state == "breached" and clock.breached_at else clock.state
        _equal(f"clock {name}", state, now)


def _overdue(scene: _Scene, expected: list[str]) -> None:
    late = sorted({name for name, clock in _clock_states(scene).items() if clock.breached_at})
    _equal("overdue clocks", sorted(expected), late)


def _kpi(scene: _Scene, expected: list[str]) -> None:
    found = scene.session.scalars(select(KpiPoint.code).where(KpiPoint.instance_id.in_(scene.ids)).order_by(KpiPoint.id)).all()
    _equal("KPI points", sorted(expected), sorted(found))


def _children(scene: _Scene, expected: Mapping[str, str]) -> None:
    found = {one.key: one.state for one in scene.family if one.parent_id is not None}
    for key, state in expected.items():
        _equal(f"called process {key}", state, found.get(key))


def _incidents(scene: _Scene, expected: int) -> None:
    query = select(Incident.message).where(Incident.instance_id.in_(scene.ids), Incident.resolved_at.is_(None))
    found = scene.session.scalars(query).all()
    if len(found) != expected:
        raise StepFailed(f"Expected {expected} open incidents, but there are {len(found)}: {list(found)}")


def _number(scene: _Scene, expected: str) -> None:
    if not re.fullmatch(expected, scene.subject.number or ""):
        raise StepFailed(f"Expected a number like {expected}, but it is {scene.subject.number}")


def _notices(scene: _Scene, expected: list[str]) -> None:
    found = scene.session.scalars(select(Notice.recipient).where(Notice.instance_id.in_(scene.ids)).order_by(Notice.id)).all()
    missing = set(expected) - set(found)
    if missing:
        raise StepFailed(f"Expected notices to {sorted(missing)}, but they went to {sorted(set(found))}")


_CHECKS: dict[str, Callable[[_Scene, Any], None]] = {
    "waiting": _waiting,
    "not_waiting": _not_waiting,
    "variables": _variables,
    "state": lambda scene, expected: _equal("the state", expected, scene.subject.state),
    "title": lambda scene, expected: _equal("the title", expected, scene.subject.title),
    "first_responder": lambda scene, expected: _equal("the first responder", expected, scene.subject.first_responder),
    "candidate_groups": _candidate_groups,
    "assignee": _assignee,
    "open_tasks": _open_tasks,
    "clocks": _clocks,
    "overdue": _overdue,
    "kpi": _kpi,
    "children": _children,
    "incidents": _incidents,
    "number": _number,
    "notices": _notices,
}
