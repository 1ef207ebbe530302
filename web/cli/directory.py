"""Houses and residents from a file."""

from pathlib import Path

import click

from web.cli.console import Console, as_person, pass_console


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--site", help="Where a line names none.")
@as_person
@pass_console
def import_(console: Console, file: Path, site: str | None, login: str | None) -> None:
    """Add and change houses and residents from the CSV FILE; all of it or nothing."""
    from engine import imports

    with console.steward.db.transaction() as session:
        report = imports.import_csv(session, imports.decode(file.read_bytes()), site, console.actor(session, login), console.now())
    click.echo(
        f"{report.houses_added} houses and {report.residents_added} residents added, {report.houses_changed} and "
        f"{report.residents_changed} changed, {report.unchanged} lines said nothing new"
    )
