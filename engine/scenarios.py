"""Play the scenarios of a process on a virtual clock, through the real commands, and tell which nodes and flows they reached."""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import select

from engine import definitions, expectations, history, sites
from engine.actors import Actor
from engine.clock import VirtualClock
from engine.db import Database
from engine.errors import StewardError
from engine.plays import SITE, Play, StepFailed
from engine.posts import POSTS
from engine.schema import upgrade
from engine.settings import Settings
from engine.tables import Attachment, AttachmentUse, HistoryEvent, Instance, Membership, Person, Site

START = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Monday
OPERATOR = Actor.system("cli")
SPECIMENS = [letter * 64 for letter in "abcdef0123456789"]


@dataclass(frozen=True)
class Scenario:
    """A story of a process: a list of steps, as its file says."""

    file: Path
    key: str
    name: str
    clock: datetime
    site: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]


@dataclass
class Coverage:
    """What of a process was reached, by element id."""

    key: str
    nodes: frozenset[str]
    flows: frozenset[str]
    seen: set[str] = field(default_factory=set)

    @property
    def missing_nodes(self) -> list[str]:
        return sorted(self.nodes - self.seen)

    @property
    def missing_flows(self) -> list[str]:
        return sorted(self.flows - self.seen)


@dataclass(frozen=True)
class Result:
    """How one scenario ended; `failure` names the step and what was expected, `reached` the element ids it passed, by process."""

    scenario: Scenario
    failure: str | None
    reached: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    results: Sequence[Result]
    coverage: Sequence[Coverage]

    @property
    def passed(self) -> bool:
        return all(result.failure is None for result in self.results)


def read(file: Path) -> Scenario:
    """Read a scenario file; raises StewardError for one that is none."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StewardError(f"Expected a scenario in YAML, but {file.name} cannot be read: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("steps"), list):
        raise StewardError(f"Expected a scenario with name and steps, but {file.name} has none")
    clock = content.get("clock", START)
    clock = datetime.fromisoformat(clock) if isinstance(clock, str) else clock
    clock = clock if clock.tzinfo else clock.replace(tzinfo=START.tzinfo)
    key = content.get("process", file.parent.parent.name)
    return Scenario(file, key, content.get("name", file.stem), clock, content.get("site") or {}, content["steps"])


def run(folders: Sequence[Path], files: Mapping[str, bytes]) -> Report:
    """Deploy `files` into an empty database of its own and play every scenario of the folders, each from the same beginning."""
    scenarios = [read(file) for folder in folders for file in sorted(folder.glob("scenarios/*.yaml"))]
    keys = {folder.name for folder in folders}
    with tempfile.TemporaryDirectory(prefix="steward-scenarios-") as directory:
        stage = _Stage(Path(directory), files)
        results = [stage.play(scenario) for scenario in scenarios]
        return Report(results, [coverage for coverage in stage.coverage.values() if coverage.key in keys])


class _Stage:
    """An empty company with one site, its people and the deployed processes, copied for each scenario."""

    def __init__(self, directory: Path, files: Mapping[str, bytes]) -> None:
        self._directory = directory
        template = self._open("template")
        upgrade(template)
        with template.transaction() as session:
            session.add(Site(code=SITE, name="示范小区", zone="Asia/Shanghai", created_at=START))
            session.flush()
            _hire(session)
            _keep_specimens(session)
            definitions.deploy(session, files, OPERATOR, START)
        with template.read() as session:
            loaded = [definitions.load(session, row.id) for row in definitions.newest_of_all(session)]
        self._compiled = template.keep["definitions"]
        self.coverage = {one.key: Coverage(one.key, frozenset(one.process.activities), frozenset(one.process.flows)) for one in loaded}
        self._topics = {activity.topic for one in loaded for activity in one.process.activities.values() if activity.topic}
        template.dispose()
        self._template = (directory / "template.db").read_bytes()

    def play(self, scenario: Scenario) -> Result:
        name = f"{scenario.key}-{scenario.file.stem}"
        (self._directory / f"{name}.db").write_bytes(self._template)
        database = self._open(name)
        database.keep["definitions"] = dict(self._compiled)
        try:
            failure = self._play(database, scenario)
            return Result(scenario, failure, self._cover(database))
        finally:
            database.dispose()

    def _open(self, name: str) -> Database:
        # Nothing here outlives the test: there is no flush to wait for.
        return Database(f"sqlite:///{self._directory / name}.db", Settings(), durable=False)

    def _play(self, database: Database, scenario: Scenario) -> str | None:
        clock = VirtualClock(scenario.clock)
        with database.transaction() as session:
            for name, value in scenario.site.items():
                sites.set_variable(session, SITE, name, value, OPERATOR, clock.now())
        play = Play(database, clock, scenario.key, self._topics)
        for number, step in enumerate(scenario.steps, start=1):
            try:
                if "expect" in step:
                    expectations.check(play, step["expect"], step.get("in"))
                else:
                    play.perform(step)
            except (StepFailed, StewardError) as error:
                return f"step {number} {_short(step)}: {error}"
        return _broken_history(database)

    def _cover(self, database: Database) -> dict[str, frozenset[str]]:
        """What this scenario reached of each process; the coverage grows by it."""
        found: dict[str, set[str]] = {}
        with database.read() as session:
            keys = {row.id: row.key for row in session.execute(select(Instance.id, Instance.key))}
            chains = session.scalars(select(HistoryEvent.chain).distinct().where(HistoryEvent.chain.startswith("i"))).all()
            for chain in chains:
                seen = found.setdefault(keys[int(chain[1:])], set())
                for line in history.lines(session, chain):
                    seen.update(_reached(line))
        for key, seen in found.items():
            self.coverage[key].seen |= seen
        return {key: frozenset(seen) for key, seen in found.items()}


def _reached(line: history.Line) -> Iterator[str]:
    for activity_id, _, *flows in (line.data or {}).get("path", ()):
        yield activity_id
        yield from flows


def _hire(session: Any) -> None:
    """One person a post, and a second technician and clerk, with the post's key as login."""
    for post in [*(post.key for post in POSTS.values() if not post.outside), "technician_2", "customer_service_2"]:
        person = Person(login=post, name=post, created_at=START, password_hash=None)
        session.add(person)
        session.flush()
        session.add(Membership(person_id=person.id, site=SITE, post=re.sub(r"_\d$", "", post)))


def _keep_specimens(session: Any) -> None:
    """The files that stand for the photographs and signatures of scenarios; nothing of them lies on a disk."""
    session.add_all(Attachment(hash=one, media_type="image/png", size=1, created_at=START) for one in SPECIMENS)
    session.add_all(AttachmentUse(hash=one, site=SITE, file_name="specimen.png", uploaded_by=None, at=START) for one in SPECIMENS)


def _broken_history(database: Database) -> str | None:
    with database.read() as session:
        fault = next(history.verify(session), None)
    return f"history does not hold: {fault}" if fault else None


def _short(step: Mapping[str, Any]) -> str:
    return str(dict(list(step.items())[:2]))[:160]
