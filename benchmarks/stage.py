"""An empty company on a database of its own."""

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
from engine.posts import POSTS
from engine.settings import Settings
from engine.states import OPEN_TASK
from engine.tables import InstanceState, Membership, Person, Site, UserTask

HOME = Path(__file__).resolve().parents[1]
SITE = "S1"
OPERATOR = Actor.system("cli")
WORKER = Actor("worker", "api", frozenset({(SITE, "technician")}))


@dataclass
class Stage:
    """The commands as a benchmark calls them: each in a transaction of its own, as every edge does."""

    database: Database
    clock: SystemClock
    directory: Path

    def deploy(self, diagram: bytes) -> None:
        with self.database.transaction() as session:
            definitions.deploy(session, {"benchmark.bpmn": diagram}, OPERATOR, self.clock.now())

    def open_site(self) -> None:
        """The one site, with one person who holds every post: a task for which nobody is there is another matter."""
        with self.database.transaction() as session:
            session.add(Site(code=SITE, name="S1", zone="Asia/Shanghai", created_at=self.clock.now()))
            person = Person(login="worker", name="worker", created_at=self.clock.now(), password_hash=None)
            session.add(person)
            session.flush()
            posts = [post.key for post in POSTS.values() if not post.outside]
            session.add_all(Membership(person_id=person.id, site=SITE, post=post) for post in posts)

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
def empty_database(durable: bool = True, url: str | None = None, content: bytes | None = None) -> Iterator[Stage]:
    """A stage with all tables and nothing in them, gone afterwards: on a temporary SQLite file, or at the address given.

    `durable` waits for the disk as production does; `content` is that of another SQLite file, to begin with.
    """
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as directory:
        file = Path(directory) / "steward.db"
        if content is not None:
            file.write_bytes(content)
        settings = Settings(database_url=url or f"sqlite:///{file}", attachments=Path(directory) / "attachments")
        database = Database(settings.database_url, settings, durable)
        try:
            schema.upgrade(database)
            yield Stage(database, SystemClock(), Path(directory))
        finally:
            database.dispose()


@contextmanager
def empty_company(durable: bool = True, url: str | None = None) -> Iterator[Stage]:
    """An empty database with one site."""
    with empty_database(durable, url) as stage:
        stage.open_site()
        yield stage
