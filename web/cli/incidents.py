"""What needs a person because a process cannot go on."""

import click

from web.cli import shapes
from web.cli.console import Console, as_json, as_person, every_page, pass_console, show


@click.command()
@click.option("--site")
@click.option("--resolved", is_flag=True, help="Those that are resolved, instead of the open ones.")
@as_json
@pass_console
def incidents(console: Console, site: str | None, resolved: bool, wants_json: bool) -> None:
    """List incidents, oldest first."""
    from engine import listings

    with console.steward.db.read() as session:
        actor = console.actor(session, None)
        found = every_page(lambda cursor: listings.incidents(session, actor, site=site, resolved=resolved, limit=200, cursor=cursor))
        show(shapes.incidents(found), ("id", "instance", "activity", "kind", "message", "created_at", "resolved_at"), wants_json)


@click.command()
@click.argument("incident", type=click.IntRange(1, 2**63 - 1))
@as_person
@pass_console
@click.pass_context
def retry(context: click.Context, console: Console, incident: int, login: str | None) -> None:
    """Try again what INCIDENT is about."""
    from engine import retries, worker

    with console.steward.db.transaction() as session:
        tried = retries.retry(session, incident, console.actor(session, login), console.now())
        resolved = tried.resolved_at is not None
    worker.run_due(console.steward.db, console.steward.clock)
    if resolved:
        click.echo(f"Incident {incident} is resolved")
        return
    click.echo(f"Expected incident {incident} to be resolved, but it failed again", err=True)
    context.exit(1)
