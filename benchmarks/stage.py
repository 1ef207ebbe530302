"""An empty company on a temporary SQLite database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine import definitions, instances, schema, user_tasks
from engine.actors import Actor
from engine.clock import SystemClock
from engine.db import Database
from engine.states import OPEN_TASK
from engine.tables import InstanceState, Site, UserTask

SITE = "S1"
WORKER = Actor("worker", "api", frozenset({(SITE, "technician")}))


@dataclass
class Stage:
    """The commands as a benchmark calls them: each in a transaction of its own, as every edge does."""

    database: Database
    clock: SystemClock

    def deploy(self, diagram: bytes) -> None:
        with self.database.transaction() as session:
            definitions.deploy(session, {"benchmark.bpmn": diagram}, Actor.system("cli"), self.clock.now())

    def start(self, key: str) -> int:
        with self.database.transaction() as session:
            return instances.start(session, key, SITE, WORKER, self.clock.now()).instance.id

    def open_task(self, instance: int) -> int:
        with self.database.read() as session:
            return session.scalars(select(UserTask.id).where(UserTask.instance_id == instance, UserTask.state.in_(OPEN_TASK))).one()

    def complete(self, task: int, variables: dict[str, Any]) -> int | None:
        """Complete the task; returns the one that comes after it."""
        with self.database.transaction() as session:
            done = user_tasks.complete(session, task, variables, WORKER, self.clock.now())
        return next((event.data["task"] for event in done.events if event.type == "user_task.created"), None)

    def complete_all(self, task: int) -> None:
        """Complete the task and all that come after it."""
        following: int | None = task
        while following is not None:
            following = self.complete(following, {"done": True})

    def state_size(self, instance: int) -> int:
        with self.database.read() as session:
            return len(session.scalars(select(InstanceState.state).where(InstanceState.instance_id == instance)).one())


@contextmanager
def empty_company(durable: bool = True) -> Iterator[Stage]:
    """A stage that is gone afterwards; `durable` waits for the disk as production does."""
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as directory:
        database = Database(f"sqlite:///{Path(directory) / 'steward.db'}", durable=durable)
        schema.upgrade(database)
        clock = SystemClock()
        with database.transaction() as session:
            session.add(Site(code=SITE, name="S1", zone="Asia/Shanghai", created_at=clock.now()))
        try:
            yield Stage(database, clock)
        finally:
            database.dispose()
