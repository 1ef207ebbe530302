"""Deploy, lint and test diagrams."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from engine.errors import DeploymentRefused, NotFound
from engine.settings import language_of_terminal
from web.cli.console import Console, as_json, as_person, pass_console, print_json
from web.problems import LANGUAGES, line, sentence

ENDINGS = (".bpmn", ".bpmn20.xml", ".dmn", ".form")
paths_required = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))


in_language = click.option(
    "--language", type=click.Choice(LANGUAGES), default=language_of_terminal, help="Of the sentences: zh or en; default as the terminal's."
)


@click.command()
@paths_required
@click.option("--executable", is_flag=True, help='Run also what is marked isExecutable="false", as some editors write everything.')
@in_language
@as_person
@as_json
@pass_console
def deploy(console: Console, paths: Sequence[Path], executable: bool, language: str, login: str | None, wants_json: bool) -> None:
    """Deploy the files or folders PATHS: all or nothing; unchanged content makes no new version."""
    from engine import definitions

    files = read_files(paths)
    with console.steward.db.read() as session:
        actor, known = console.actor(session, login), definitions.known_keys(session)
    definitions.require_right(actor)
    with _naming_every_problem(wants_json, language):
        checked = definitions.check(files, known, executable)  # takes long: nobody else may wait for it
    with console.steward.db.transaction() as session:
        deployed = definitions.register(session, checked, actor, console.now())
        created = {definition.id for definition in deployed.created}
        rows = [
            {"key": one.key, "version": one.version, "id": one.id, "new": one.id in created, "name": one.name, "hash": one.hash}
            for one in deployed.definitions
        ]
        warnings = [str(problem) for problem in deployed.warnings]
    for problem in () if wants_json else deployed.warnings:
        click.echo(line(problem, language), err=True)
    if wants_json:
        print_json({"definitions": rows, "warnings": warnings})
        return
    for row in rows:
        click.echo(f"{row['key']} {row['version']} {row['id']}{'' if row['new'] else '  (unchanged)'}")


@contextmanager
def _naming_every_problem(wants_json: bool, language: str) -> Iterator[None]:
    """A refusal is one line; what has to be put right are many, and they are wanted at once."""
    try:
        yield
    except DeploymentRefused as refused:
        if wants_json:
            print_json({"problems": [problem.as_dict() for problem in refused.problems]})
        else:
            for problem in refused.problems:
                click.echo(line(problem, language))
        raise


@click.command()
@paths_required
@in_language
@as_json
@pass_console
@click.pass_context
def lint(context: click.Context, console: Console, paths: Sequence[Path], language: str, wants_json: bool) -> None:
    """Print every problem of the files or folders PATHS, each with what to do; exit 1 when any is an error."""
    from engine import definitions

    problems = sorted(definitions.lint_files(read_files(paths)), key=lambda problem: (problem.file, problem.line, problem.element))
    if wants_json:
        print_json([{**problem.as_dict(), "message": sentence(problem, language)} for problem in problems])
    else:
        for problem in problems:
            click.echo(line(problem, language))
    errors = sum(problem.severity == "error" for problem in problems)
    if errors:
        click.echo(f"Expected files without errors, but found {errors}", err=True)
        context.exit(1)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@as_json
@click.pass_context
def test(context: click.Context, paths: Sequence[Path], wants_json: bool) -> None:
    """Run the scenarios of the processes in PATHS (default processes/) on a virtual clock; prints what they cover."""
    from engine import scenarios

    folders = _with_scenarios(paths or [Path("processes")])
    # What a process calls lies beside it.
    report = scenarios.run(folders, read_files(sorted({folder.parent for folder in folders})))
    if wants_json:
        results = [{"process": one.scenario.key, "scenario": one.scenario.file.stem, "failure": one.failure} for one in report.results]
        print_json({"scenarios": results, "coverage": [_covered(one) for one in report.coverage]})
    else:
        for one in report.results:
            click.echo(f"{'FAIL' if one.failure else 'pass'}  {one.scenario.key}/{one.scenario.file.stem}  {one.scenario.name}")
            if one.failure:
                click.echo(f"      {one.failure}")
        for said in map(_covered, report.coverage):
            missing = [*said["missing_nodes"], *said["missing_flows"]]
            nodes, flows = f"{said['seen_nodes']} of {said['nodes']} nodes", f"{said['seen_flows']} of {said['flows']} flows"
            click.echo(f"{said['process']}: {nodes}, {flows}{'; missing ' + ', '.join(missing) if missing else ''}")
    if not report.passed:
        failed = sum(one.failure is not None for one in report.results)
        click.echo(f"Expected every scenario to pass, but {failed} of {len(report.results)} did not", err=True)
        context.exit(1)


def _with_scenarios(paths: Sequence[Path]) -> list[Path]:
    """The process folders that have scenarios, at the paths or below them."""
    found = {folder.parent for path in paths for folder in [path / "scenarios", *path.rglob("scenarios")] if folder.is_dir()}
    if not found:
        raise NotFound(f"Expected folders with scenarios, but found none in {', '.join(map(str, paths))}")
    return sorted(found)


def _covered(one: Any) -> dict[str, Any]:
    return {
        "process": one.key,
        "nodes": len(one.nodes),
        "seen_nodes": len(one.nodes & one.seen),
        "missing_nodes": one.missing_nodes,
        "flows": len(one.flows),
        "seen_flows": len(one.flows & one.seen),
        "missing_flows": one.missing_flows,
    }


def read_files(paths: Sequence[Path]) -> dict[str, bytes]:
    """The content of every file that can be deployed, by its path; folders with everything below them."""
    files: dict[str, bytes] = {}
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.name.endswith(ENDINGS) and file.is_file())
        else:
            found = [path]
        for file in found:
            try:
                files[file.as_posix()] = file.read_bytes()
            except OSError as error:
                raise NotFound(f"Expected a file that can be read, but {file}: {error.strerror}") from None
    if not files:
        raise NotFound(f"Expected BPMN files, decisions or forms, but found none in {', '.join(map(str, paths))}")
    return files
