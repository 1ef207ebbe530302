"""`steward backup` and `steward restore`: the database and the attachments, while everything runs.

The database is copied first: attachments are only ever added, so whatever the copied database names is there afterwards.
"""

import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import URL, create_engine, inspect, make_url

from engine.errors import Conflict, NotFound, Rejected
from web.cli.console import Console, pass_console

FORMAT = 2
FORMATS = (1, 2)  # that can be brought back
MANIFEST = "backup.json"
ATTACHMENTS = "attachments"
FILES = {"sqlite": "steward.db", "postgresql": "steward.dump"}


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@pass_console
def backup(console: Console, directory: Path) -> None:
    """Copy database and attachments to a new DIRECTORY, while running."""
    if directory.exists() and any(directory.iterdir()):
        raise Conflict(f"Expected a new or empty directory, but {directory} holds something")
    # Whatever interrupts this, nothing is left that looks like a whole backup.
    partial = directory.parent / f".{directory.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _copy(console, partial)
        if directory.exists():
            directory.rmdir()
        partial.rename(directory)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    click.echo(f"Backed up to {directory}")


def _copy(console: Console, partial: Path) -> None:
    url = make_url(console.settings.database_url)
    kind = url.get_backend_name()
    at = console.now()
    if kind == "sqlite":
        _copy_sqlite(_file_of(url), partial / FILES[kind])
    else:
        _postgresql("pg_dump", url, "--format=custom", f"--file={partial / FILES[kind]}")
    if console.settings.attachments.is_dir():
        # What is just being received may be gone in the next moment; nobody names it yet.
        shutil.copytree(console.settings.attachments, partial / ATTACHMENTS, ignore=shutil.ignore_patterns(".*"))
    manifest = {"format": FORMAT, "database": kind, "at": at.isoformat(), "files": _digests(partial)}
    (partial / MANIFEST).write_text(json.dumps(manifest) + "\n", encoding="utf-8")


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True))
@pass_console
def restore(console: Console, directory: Path) -> None:
    """Bring a backup in DIRECTORY back, into an empty database and an empty attachment store."""
    url = make_url(console.settings.database_url)
    kind = url.get_backend_name()
    manifest = _manifest(directory)
    if manifest["database"] != kind:
        raise Conflict(f"Expected a backup of {kind}, but {directory} holds one of {manifest['database']}")
    _refuse_what_is_broken(directory, manifest["files"])
    store = console.settings.attachments
    _refuse_what_is_there(url, store)
    # The database comes last: with it, everything is there.
    try:
        if (directory / ATTACHMENTS).is_dir():
            shutil.copytree(directory / ATTACHMENTS, store, dirs_exist_ok=True)
        _bring_back(directory / FILES[kind], url)
    except BaseException:
        shutil.rmtree(store, ignore_errors=True)
        raise
    click.echo(f"Restored the backup of {manifest['at']}")


def _bring_back(copy: Path, url: URL) -> None:
    if url.get_backend_name() != "sqlite":
        _postgresql("pg_restore", url, "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", str(copy))
        return
    target = _file_of(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    _copy_sqlite(copy, partial)
    partial.rename(target)


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise NotFound(f"Expected a whole backup in {directory}, but there is none") from None
    if not isinstance(manifest, dict) or manifest.get("format") not in FORMATS:
        raise Rejected(f"Expected a backup of format {FORMAT}, but {directory} holds something else")
    if manifest.get("database") not in FILES or not isinstance(manifest.setdefault("files", {}), dict):
        raise Rejected(f"Expected a backup that says what it holds, but the one in {directory} does not")
    return manifest


def _refuse_what_is_broken(directory: Path, digests: Mapping[str, str]) -> None:
    """Compare every file with what it was when it was copied; backups of the first format did not say."""
    found = _digests(directory)
    for name, digest in digests.items():
        if found.get(name) != digest:
            state = "has changed since" if name in found else "is missing"
            raise Rejected(f"Expected a backup as it was made, but in {directory} {name} {state}")


def _digests(directory: Path) -> dict[str, str]:
    """The SHA-256 of every file of a backup, by its path within."""
    digests = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            with path.open("rb") as file:
                digests[path.relative_to(directory).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _refuse_what_is_there(url: URL, attachments: Path) -> None:
    if attachments.is_dir() and any(attachments.iterdir()):
        raise Conflict(f"Expected an empty attachment store, but {attachments} holds something")
    if url.get_backend_name() == "sqlite":
        target = _file_of(url)
        if not target.exists():
            # SQLite would take them for a part of the database that is brought back.
            for left in (target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-journal")):
                if left.exists():
                    raise Conflict(f"Expected nothing of an earlier database, but {left} is left of one: remove it")
            return
    engine = create_engine(url)
    try:
        tables = inspect(engine).get_table_names()
    finally:
        engine.dispose()
    if tables:
        raise Conflict(f"Expected an empty database, but it has {len(tables)} tables")


def _file_of(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise Rejected("Expected a database in a file, but this one is in memory")
    return Path(url.database)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise NotFound(f"Expected a database at {source}, but there is none")
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
        result = writing.execute("PRAGMA integrity_check").fetchone()[0]
    if result != "ok":
        raise Rejected(f"Expected a whole copy, but SQLite found: {result}")


def _postgresql(program: str, url: URL, *options: str) -> None:
    with _connection_text(url) as connection:
        command = [_program(program), f"--dbname={connection}", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Rejected(f"Expected {program} to succeed, but it said: {done.stderr.strip()}")


@contextmanager
def _connection_text(url: URL) -> Iterator[str]:
    """libpq's words for the address; the password goes through a file, since anybody may read a command line."""
    from psycopg.conninfo import make_conninfo

    facts = {name: str(value) for name, value in {**url.query, **url.translate_connect_args(username="user", database="dbname")}.items()}
    password = facts.pop("password", None)
    if password is None:
        yield make_conninfo(**facts)
        return
    with tempfile.NamedTemporaryFile("w", prefix="steward-pgpass-") as file:
        escaped = re.sub(r"([:\\])", r"\\\1", password)
        file.write(f"*:*:*:*:{escaped}\n")
        file.flush()
        yield make_conninfo(**facts, passfile=file.name)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not installed:
        raise NotFound(f"Expected {name}, but it is not installed. Install it with: sudo apt install postgresql-client")
    return str(installed[-1])
