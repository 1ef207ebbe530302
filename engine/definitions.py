"""Deploy definitions, and load them again: versions by content hash, all or nothing, running instances keep theirs."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import TypeVar

from lxml import etree
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from engine import db, history, loaded, schedules
from engine.actors import Actor
from engine.bpmn import decisions, executable, form_data, lint, parser, vocabulary
from engine.bpmn.model import Process
from engine.errors import DeploymentRefused, Forbidden, NotFound, NotRunnable, Problem
from engine.forms import Form, compile_form
from engine.history import COMPANY
from engine.loaded import Described as Described
from engine.loaded import Loaded as Loaded
from engine.tables import Definition, DefinitionResource, Instance, StartSubscription

BPMN_ENDINGS = (".bpmn", ".bpmn20.xml")
KINDS = {".dmn": "dmn", ".form": "form"}
DEFAULT_RETENTION = "10y"

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Deployment:
    """What a deployment gave: each process's newest version (new or unchanged), and what could be better."""

    definitions: list[Definition]
    created: list[Definition]
    warnings: list[Problem]


@dataclass
class _Diagram:
    """A BPMN file on its way into a deployment, with the files that it may use."""

    file: str
    files: Mapping[str, bytes]
    root: etree._Element
    processes: Sequence[Process]
    forms: Mapping[str, tuple[str, Form]]
    decisions: Mapping[str, tuple[str, decisions.Decision]]
    compiled: dict[str, executable.Executable] = field(default_factory=dict)


Checked = tuple[list[_Diagram], list[Problem]]


def deploy(
    session: Session, files: Mapping[str, bytes], actor: Actor, now: datetime, keep_newer: bool = False, executable: bool = False
) -> Deployment:
    """Check the files (path → content) and register them, in one transaction: for when nobody else is kept waiting by it."""
    require_right(actor)
    return register(session, check(files, known_keys(session), executable), actor, now, keep_newer)


def require_right(actor: Actor) -> None:
    """Raise Forbidden unless the actor may deploy."""
    if not actor.is_system and not actor.holds("process_owner"):
        raise Forbidden("Expected a process owner to deploy, but the person has no such post")


def register(session: Session, checked: Checked, actor: Actor, now: datetime, keep_newer: bool = False) -> Deployment:
    """Register new versions of the processes in files that were checked; unchanged content makes no new version.

    With `keep_newer` content that was deployed before and has been replaced since stays replaced: for files that come with the release.
    Raises Forbidden when the actor is no process owner.
    """
    require_right(actor)
    diagrams, warnings = checked
    _hold_against_other_deployments(session)
    newest, created = [], []
    for diagram in diagrams:
        for process in diagram.processes:
            definition, is_new = _register(session, diagram, process, actor, now, keep_newer)
            newest.append(definition)
            if is_new:
                created.append(definition)
    for definition in created:
        said = {"key": definition.key, "version": definition.version, "hash": definition.hash}
        history.append_site(session, COMPANY, "definition.deployed", actor, now, said)
    return Deployment(newest, created, warnings)


def check(files: Mapping[str, bytes], known: frozenset[str] = frozenset(), executable: bool = False) -> Checked:
    """Read, lint and compile the files without a database, since it takes long. Returns the diagrams and the warnings.

    With `executable` pools run that are marked isExecutable="false".
    A diagram uses the forms and decisions that lie beside or below it, or, where it has none of that name, any in the deployment.
    Raises DeploymentRefused with every problem of every file.
    """
    problems: list[Problem] = []
    diagrams = _read(files, problems, executable)
    keys = [process.key for diagram in diagrams for process in diagram.processes]
    problems += _twice(diagrams)
    handed = lint.handed_over(diagram.root for diagram in diagrams)
    for diagram in diagrams:
        available = lint.Available(
            forms={name: form for name, (_, form) in diagram.forms.items()},
            decisions={key: decision for key, (_, decision) in diagram.decisions.items()},
            processes=known | set(keys),
            handed=handed,
        )
        found = lint.check(diagram.root, diagram.processes, diagram.file, available)
        problems += found
        if not any(problem.severity == "error" for problem in found):
            problems += _compile(diagram)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise DeploymentRefused(problems)
    return diagrams, problems


def lint_files(files: Mapping[str, bytes], known: frozenset[str] = frozenset(), executable: bool = False) -> list[Problem]:
    """Every problem of the files, warnings included."""
    try:
        return check(files, known, executable)[1]
    except DeploymentRefused as refused:
        return refused.problems


def _read(files: Mapping[str, bytes], problems: list[Problem], executable: bool) -> list[_Diagram]:
    files = dict(files)  # forms that are written into a diagram join it
    forms: dict[str, Form] = {}
    tables: dict[str, dict[str, decisions.Decision]] = {}
    sources: list[tuple[str, etree._Element, Sequence[Process]]] = []
    for file, content in sorted(files.items()):
        try:
            if file.endswith(BPMN_ENDINGS):
                root, adopted = vocabulary.read_bpmn(content, file, executable)
                problems += adopted
                sources.append((file, root, vocabulary.read_processes(root, file)))
                for name, form in form_data.forms_within(root).items():
                    path = str(PurePosixPath(file).with_name(f"{name}.form"))
                    files[path], forms[path] = form, compile_form(form, file)
            elif file.endswith(".dmn"):
                table = parser.read_xml(content, file)
                tables[file] = decisions.compile_decisions(table, file)
                problems += decisions.check_types(table, file)
            elif file.endswith(".form"):
                forms[file] = compile_form(content, file)
            else:
                problems.append(Problem(file, 1, "-", "kind-of-file", "Expected a .bpmn, .dmn or .form file, but it has another ending"))
        except DeploymentRefused as refused:
            problems += refused.problems
    if not sources and not problems:
        problems.append(Problem("-", 1, "-", "no-process", "Expected at least one BPMN file, but there is none"))
    return [_with_resources(*source, files, forms, tables) for source in sources]


def _with_resources(
    file: str,
    root: etree._Element,
    processes: Sequence[Process],
    files: Mapping[str, bytes],
    forms: Mapping[str, Form],
    tables: Mapping[str, Mapping[str, decisions.Decision]],
) -> _Diagram:
    # Nearest last, so that what lies beside the diagram wins over a namesake elsewhere.
    usable_forms = {PurePosixPath(path).stem: (path, forms[path]) for path in _nearest_last(file, forms)}
    usable_decisions = {name: (path, table) for path in _nearest_last(file, tables) for name, table in tables[path].items()}
    return _Diagram(file, files, root, processes, usable_forms, usable_decisions)


def _nearest_last(file: str, others: Mapping[str, object]) -> list[str]:
    folder = PurePosixPath(file).parent
    return sorted(others, key=lambda path: (PurePosixPath(path).is_relative_to(folder), path))


def _twice(diagrams: Sequence[_Diagram]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for diagram in diagrams:
        for process in diagram.processes:
            if process.key in seen:
                message = f"Expected each process once in a deployment, but {process.key} is also in {seen[process.key]}"
                yield Problem(diagram.file, 1, process.key, "duplicate-process", message)
            seen[process.key] = diagram.file


def _compile(diagram: _Diagram) -> list[Problem]:
    usable = {name: decision for name, (_, decision) in diagram.decisions.items()}
    problems: list[Problem] = []
    for process in diagram.processes:
        try:
            diagram.compiled[process.key] = executable.compile_process(diagram.root, process, usable)
        except DeploymentRefused as refused:
            problems += refused.problems
    return problems


def _register(
    session: Session, diagram: _Diagram, process: Process, actor: Actor, now: datetime, keep_newer: bool
) -> tuple[Definition, bool]:
    resources = _resources(diagram, process)
    digest = _hash(resources)
    newest = _newest(session, process.key)
    if newest is not None and (newest.hash == digest or (keep_newer and _was_deployed(session, process.key, digest))):
        return newest, False
    definition = Definition(
        key=process.key,
        version=newest.version + 1 if newest else 1,
        name=process.name,
        version_tag=process.version_tag,
        file=diagram.file,
        hash=digest,
        retention=process.properties.get("retention", DEFAULT_RETENTION),
        deployed_at=now,
        deployed_by=actor.login,
        compiler=diagram.compiled[process.key].fingerprint,
    )
    session.add(definition)
    session.flush()
    rows = [{"definition_id": definition.id, "name": name, "kind": kind, "content": content} for name, kind, content in resources]
    session.execute(insert(DefinitionResource), rows)
    compiled = diagram.compiled[process.key]
    _subscribe_starts(session, definition, compiled)
    schedules.arm(session, definition, compiled, now)
    return definition, True


def _resources(diagram: _Diagram, process: Process) -> list[tuple[str, str, bytes]]:
    """Name, kind and content of what the process uses: its diagram, and the forms and decisions that it names."""
    activities = process.activities.values()
    named_forms = {activity.form for activity in activities if activity.form}
    named_decisions = {activity.decision for activity in activities if activity.decision}
    used = {diagram.file: "bpmn"}
    for name in named_forms & diagram.forms.keys():
        used[diagram.forms[name][0]] = "form"
    for name in named_decisions & diagram.decisions.keys():
        used[diagram.decisions[name][0]] = "dmn"
    normalised = (f"{process.key}.normalised.bpmn", "normalised", diagram.compiled[process.key].normalised)
    return [(name, kind, diagram.files[name]) for name, kind in sorted(used.items())] + [normalised]


def _hash(resources: Sequence[tuple[str, str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, kind, content in resources:
        if kind != "normalised":
            digest.update(f"{kind}\0{PurePosixPath(name).name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _subscribe_starts(session: Session, definition: Definition, compiled: executable.Executable) -> None:
    session.execute(delete(StartSubscription).where(StartSubscription.key == definition.key))
    starts = {(each.kind, each.name, each.activity_id) for each in compiled.beginnings if each.kind in ("message", "signal")}
    session.add_all(
        StartSubscription(kind=kind, message=name, key=definition.key, activity_id=activity_id, definition_id=definition.id)
        for kind, name, activity_id in sorted(starts)
    )


def _hold_against_other_deployments(session: Session) -> None:
    """Two deployments at once would give two definitions the same version; the company's chain is the lock."""
    history.hold_site(session, COMPANY)


def known_keys(session: Session) -> frozenset[str]:
    return frozenset(session.scalars(select(Definition.key).distinct()))


def _newest(session: Session, key: str) -> Definition | None:
    return session.scalars(select(Definition).where(Definition.key == key).order_by(Definition.version.desc()).limit(1)).first()


def _was_deployed(session: Session, key: str, digest: str) -> bool:
    return session.scalars(select(Definition.id).where(Definition.key == key, Definition.hash == digest).limit(1)).first() is not None


def latest(session: Session, key: str) -> Definition:
    """The newest version of a process; raises NotFound."""
    definition = _newest(session, key)
    if definition is None:
        raise NotFound(f"Expected the key of a deployed process, but there is no {key!r}")
    return definition


def get(session: Session, definition_id: int) -> Definition:
    definition = session.get(Definition, definition_id)
    if definition is None:
        raise NotFound(f"Expected a definition, but there is none with id {definition_id}")
    return definition


def newest_of_all(session: Session) -> list[Definition]:
    """The newest version of each process, by key."""
    newest = select(Definition.key, func.max(Definition.version).label("version")).group_by(Definition.key).subquery()
    query = select(Definition).join(newest, (Definition.key == newest.c.key) & (Definition.version == newest.c.version))
    return list(session.scalars(query.order_by(Definition.key)))


def versions(session: Session, key: str) -> list[Definition]:
    """Every version of a process, newest first."""
    return list(session.scalars(select(Definition).where(Definition.key == key).order_by(Definition.version.desc())))


def resources(session: Session, definition_id: int) -> list[DefinitionResource]:
    query = select(DefinitionResource).where(DefinitionResource.definition_id == definition_id).order_by(DefinitionResource.name)
    return list(session.scalars(query))


def load(session: Session, definition_id: int) -> Loaded:
    """The definition, compiled; kept in memory, since it never changes once it is committed.

    Raises NotFound when there is none, NotRunnable when what is stored of it cannot be compiled.
    """
    return _kept(session, "definitions", definition_id, lambda: _load(session, get(session, definition_id)))


def describe(session: Session, instance: Instance) -> Described:
    """The definition of an instance, for reading: an instance can be shown though nobody knows any more how it goes on."""
    try:
        return load(session, instance.definition_id)
    except (NotFound, NotRunnable):
        return loaded.unknown(instance.definition_id, instance.key, instance.version)


def describe_version(session: Session, definition: Definition) -> Described:
    """A definition, for reading alone: nothing is compiled, since pages that list every process would keep much that never runs."""
    try:
        return _described(session, definition)
    except NotRunnable:
        return loaded.unknown(definition.id, definition.key, definition.version)


def _load(session: Session, definition: Definition) -> Loaded:
    return loaded.compiled(_described(session, definition), resources(session, definition.id))


def _described(session: Session, definition: Definition) -> Described:
    return _kept(session, "descriptions", definition.id, lambda: loaded.described(definition, resources(session, definition.id)))


def _kept(session: Session, what: str, definition_id: int, make: Callable[[], Kept]) -> Kept:
    kept: dict[int, Kept] = db.of(session).keep.setdefault(what, {})
    if known := kept.get(definition_id):
        return known
    own: dict[int, Kept] = session.info.setdefault(what, {})
    made = own[definition_id] = own.get(definition_id) or make()
    # Not before the commit: were this deployment rolled back, the next one would be given the same id. Asked for each time, since a
    # command that steps back (db.decide) forgets what it wanted done after its commit.
    db.on_commit(session, lambda: kept.update({definition_id: made}))
    return made
