"""Messages and signals, at the command line."""

from collections.abc import Sequence
from typing import Any

import click

from web.cli.console import Console, JsonData, Pair, as_person, pass_console

site_option = click.option("--site", required=True)
data_option = click.option("--data", type=JsonData(), default="{}", help="Variables.")


@click.command()
@click.argument("name")
@site_option
@click.option("--key", "keys", type=Pair(), multiple=True, help="The value by which the waiting instance is found.")
@data_option
@as_person
@pass_console
def message(console: Console, name: str, site: str, keys: Sequence[tuple[str, str]], data: dict[str, Any], login: str | None) -> None:
    """Send the message NAME: it reaches the one instance that waits for it, or is kept until one does."""
    from engine import messages

    with console.steward.db.transaction() as session:
        sent = messages.publish(session, name, site, dict(keys), data, console.actor(session, login), console.now())
        reached = f"reached instance {sent.instance_id}" if sent.instance_id else "is kept until somebody waits for it"
        told = f"Message {sent.id} {reached}"
    click.echo(told)


@click.command()
@click.argument("name")
@site_option
@data_option
@as_person
@pass_console
def signal(console: Console, name: str, site: str, data: dict[str, Any], login: str | None) -> None:
    """Send the signal NAME to every instance of the site that waits for it now."""
    from engine import messages, worker

    with console.steward.db.transaction() as session:
        messages.broadcast(session, name, site, data, console.actor(session, login), console.now())
    worker.run_due(console.steward.db, console.steward.clock)
    click.echo(f"Signal {name} is sent")
