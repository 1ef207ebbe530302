"""One scenario in progress: its steps are the commands that people, timers and other systems give."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import incidents, instances, messages, retries, returning, signers, user_tasks, withdrawing, worker
from engine.actors import Actor
from engine.bpmn.timing import parse_duration
from engine.bpmn.vocabulary import BUILT_IN_TOPICS
from engine.clock import VirtualClock
from engine.db import Database
from engine.errors import NotFound, Rejected, StewardError
from engine.jobs import Handler, Work
from engine.states import OPEN_TASK
from engine.tables import Instance, Job, SlaClock, Timer, UserTask

SITE = "S1"
ZONE = ZoneInfo("Asia/Shanghai")  # of the site on which scenarios play
MAX_MOMENTS = 10_000  # moments at which something is due within one wait


class StepFailed(StewardError):
    """A scenario did not go as its file says."""


class Play:
    """The case that a scenario tells, in a database of its own."""

    def __init__(self, database: Database, clock: VirtualClock, key: str, topics: set[str]) -> None:
        self.database = database
        self.clock = clock
        self.key = key
        self.root_id: int | None = None
        self._failing: set[str] = set()
        self._results: dict[str, Mapping[str, Any]] = {}
        self._handlers: dict[str, Handler] = dict.fromkeys(topics - BUILT_IN_TOPICS, self._handle)
        self._steps: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "start": self._start,
            "complete": self._complete,
            "claim": self._claim,
            "unclaim": self._unclaim,
            "assign": self._assign,
            "add_signer": self._add_signer,
            "remove_signer": self._remove_signer,
            "wait": self._wait,
            "message": self._message,
            "signal": self._signal,
            "job_fails": self._job_fails,
            "job_result": self._job_result,
            "retry": self._retry,
            "cancel": self._cancel,
            "hand_over": self._hand_over,
            "return": self._return,
            "withdraw": self._withdraw,
            "withdraw_case": self._withdraw_case,
        }

    def perform(self, step: Mapping[str, Any]) -> None:
        """Do one step; where it says `refused`, exactly that refusal is expected."""
        verb = next((name for name in self._steps if name in step), None)
        if verb is None:
            raise StepFailed(f"Expected a step of {', '.join(self._steps)} or expect, but got {sorted(step)}")
        refused = step.get("refused")
        try:
            self._steps[verb](step)
        except Rejected as rejected:
            if refused != rejected.code:
                raise
            return
        if refused is not None:
            raise StepFailed(f"Expected to be refused with {refused}, but it was done")
        self._run_due()

    def family(self, session: Session, key: str | None = None) -> list[Instance]:
        """The instance started last and everything that it called."""
        if self.root_id is None:
            raise StepFailed("Expected a start before this step, but nothing was started")
        query = select(Instance).where(Instance.root_id == self.root_id).order_by(Instance.id)
        return [one for one in session.scalars(query) if key is None or one.key == key]

    def actor(self, name: str | None) -> Actor:
        """The person of a post; `technician_2` is the second technician. Nobody named: the operator."""
        if name is None:
            return Actor.system("cli")
        if name == "resident":
            return Actor.by_link(1, SITE)
        return Actor(name, "page", frozenset({(SITE, re.sub(r"_\d$", "", name))}))

    def task(self, session: Session, activity_id: str, key: str | None, who: str | None = None) -> UserTask:
        """The open task of an activity: of several, that of the person who is about to act, else the oldest."""
        ids = [one.id for one in self.family(session, key)]
        query = select(UserTask).where(UserTask.instance_id.in_(ids), UserTask.activity_id == activity_id, UserTask.state.in_(OPEN_TASK))
        found = session.scalars(query.order_by(UserTask.id)).all()
        mine = [task for task in found if who is not None and task.assignee == who]
        task = next(iter([*mine, *(one for one in found if one.assignee is None), *found]), None)
        if task is None:
            there = sorted(
                session.scalars(select(UserTask.activity_id).where(UserTask.instance_id.in_(ids), UserTask.state.in_(OPEN_TASK)))
            )
            raise StepFailed(f"Expected an open task {activity_id}, but open are {there}")
        return task

    def moment(self, text: Any) -> datetime | None:
        """A time as scenarios write it: ISO, or an offset from now such as -PT2H."""
        if text is None:
            return None
        if isinstance(text, str) and text.startswith("-P"):
            return self.clock.now() - parse_duration(text[1:]).span
        moment = text if isinstance(text, datetime) else datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)

    def _start(self, step: Mapping[str, Any]) -> None:
        said = step["start"] or {}
        with self.database.transaction() as session:
            started = instances.start(
                session,
                said.get("key", self.key),
                SITE,
                self.actor(said.get("as")),
                self.clock.now(),
                said.get("data") or {},
                business_key=said.get("business_key"),
                occurred_at=self.moment(said.get("occurred_at")),
            )
            self.root_id = started.instance.id

    def _complete(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            task = self.task(session, step["complete"], step.get("in"), step.get("as"))
            user_tasks.complete(session, task.id, step.get("data") or {}, self.actor(step.get("as")), self.clock.now())

    def _claim(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            task = self.task(session, step["claim"], step.get("in"), step.get("as"))
            user_tasks.claim(session, task.id, self.actor(step.get("as")), self.clock.now())

    def _unclaim(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            task = self.task(session, step["unclaim"], step.get("in"))
            user_tasks.unclaim(session, task.id, self.actor(step.get("as")), self.clock.now())

    def _assign(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            task = self.task(session, step["assign"], step.get("in"))
            user_tasks.assign(session, task.id, step["to"], self.actor(step.get("as")), self.clock.now())

    def _add_signer(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            task = self.task(session, step["add_signer"], step.get("in"), step.get("as"))
            where, reason = step.get("where", "beside"), step.get("reason", "-")
            signers.add(session, task.id, step["login"], where, self.actor(step.get("as")), self.clock.now(), reason)

    def _remove_signer(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            ids = [one.id for one in self.family(session, step.get("in"))]
            query = select(UserTask.id).where(UserTask.instance_id.in_(ids), UserTask.activity_id == step["remove_signer"])
            actor, now, reason = self.actor(step.get("as")), self.clock.now(), step.get("reason", "-")
            for task_id in session.scalars(query.order_by(UserTask.id.desc())).all():  # to one of them the signer was added
                with suppress(NotFound):
                    signers.remove(session, task_id, step["login"], actor, now, reason)
                    return
            raise NotFound(f"Expected an added signer {step['login']} who has not signed yet, but there is none")

    def _message(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            correlation, data = step.get("correlation"), step.get("data") or {}
            actor, now = self.actor(step.get("as")), self.clock.now()
            message = messages.publish(session, step["message"], SITE, correlation, data, actor, now, message_id=step.get("id"))
            if self.root_id is None and message.instance_id is not None:
                self.root_id = message.instance_id

    def _signal(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            messages.broadcast(session, step["signal"], SITE, step.get("data") or {}, self.actor(step.get("as")), self.clock.now())

    def _job_fails(self, step: Mapping[str, Any]) -> None:
        self._failing.add(step["job_fails"])

    def _job_result(self, step: Mapping[str, Any]) -> None:
        self._results[step["job_result"]] = step.get("data") or {}

    def _retry(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            found = [one for member in self.family(session) for one in incidents.open_of(session, member.id)]
            for incident in found:
                if incident.activity_id == step["retry"]:
                    retries.retry(session, incident.id, self.actor(step.get("as")), self.clock.now())

    def _cancel(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            assert self.root_id is not None
            instances.cancel(session, self.root_id, step["cancel"] or "-", self.actor(step.get("as")), self.clock.now())

    def _hand_over(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            assert self.root_id is not None
            reason = step.get("reason", "-")
            instances.hand_over(session, self.root_id, step["hand_over"], reason, self.actor(step.get("as")), self.clock.now())

    def _return(self, step: Mapping[str, Any]) -> None:
        """`return: check`, `to: work` (an activity, initiator or end), `reason:`, `as:`."""
        with self.database.transaction() as session:
            task, actor = self.task(session, step["return"], step.get("in")), self.actor(step.get("as"))
            returning.return_task(session, task.id, step["to"], step.get("reason", "-"), actor, self.clock.now())

    def _withdraw(self, step: Mapping[str, Any]) -> None:
        """`withdraw: work`, `as:` who completed it."""
        with self.database.transaction() as session:
            actor = self.actor(step.get("as"))
            ids = [one.id for one in self.family(session, step.get("in"))]
            query = select(UserTask).where(UserTask.instance_id.in_(ids), UserTask.activity_id == step["withdraw"])
            done = session.scalars(query.where(UserTask.completed_by == actor.login).order_by(UserTask.id.desc())).first()
            if done is None:
                raise StepFailed(f"Expected {step['withdraw']} to be completed by {actor.login}, but it is not")
            withdrawing.withdraw(session, done.id, actor, self.clock.now(), step.get("reason", ""))

    def _withdraw_case(self, step: Mapping[str, Any]) -> None:
        with self.database.transaction() as session:
            assert self.root_id is not None
            withdrawing.withdraw_case(session, self.root_id, step["withdraw_case"] or "-", self.actor(step.get("as")), self.clock.now())

    def _wait(self, step: Mapping[str, Any]) -> None:
        """Go through every moment at which something is due, up to the end of the wait."""
        end = parse_duration(step["wait"]).after(self.clock.now())
        for _ in range(MAX_MOMENTS):
            self._run_due()
            moment = self._next_due()
            if moment is None or moment > end:
                break
            self.clock.set(max(moment, self.clock.now() + timedelta(microseconds=1)))
        self.clock.set(end)

    def _next_due(self) -> datetime | None:
        with self.database.read() as session:
            moments = [
                session.scalar(select(func.min(Timer.due_at)).where(Timer.state == "open")),
                session.scalar(select(func.min(SlaClock.alarm_at))),
                session.scalar(select(func.min(Job.due_at)).where(Job.state == "ready")),
            ]
        return min((moment for moment in moments if moment is not None), default=None)

    def _run_due(self) -> None:
        worker.run_due(self.database, self.clock, self._handlers)

    def _handle(self, work: Work) -> Mapping[str, Any]:
        """Stands in for whoever does the jobs of an external topic."""
        if work.activity_id in self._failing:
            self._failing.remove(work.activity_id)
            raise StewardError("Expected to be done, but this scenario lets it fail")
        return self._results.get(work.activity_id, {})
