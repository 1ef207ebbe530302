"""Webhooks that come in."""

import click

from web.cli.console import Console, as_person, pass_console


@click.group()
def hook() -> None:
    """Addresses at which other systems may knock: POST /hooks/NAME."""


@hook.command()
@click.argument("name")
@click.option("--site", required=True)
@click.option("--message", required=True, help="The message that a delivery becomes.")
@as_person
@pass_console
def add(console: Console, name: str, site: str, message: str, login: str | None) -> None:
    """Open the endpoint NAME; its secret is the last word printed, and is shown only once."""
    from webhooks import inbound

    with console.steward.db.transaction() as session:
        secret = inbound.add_endpoint(session, name, site, message, console.actor(session, login), console.now())
    click.echo(f"POST /hooks/{name} takes deliveries signed with the secret {secret}")


@hook.command()
@click.argument("name")
@as_person
@pass_console
def rotate(console: Console, name: str, login: str | None) -> None:
    """Give NAME a new secret; the one before it is accepted until the next change."""
    from webhooks import inbound

    with console.steward.db.transaction() as session:
        secret = inbound.rotate_secret(session, name, console.actor(session, login), console.now())
    click.echo(f"POST /hooks/{name} takes deliveries signed with the new secret {secret}")


@hook.command()
@click.argument("name")
@as_person
@pass_console
def disable(console: Console, name: str, login: str | None) -> None:
    """Close the endpoint NAME."""
    from webhooks import inbound

    with console.steward.db.transaction() as session:
        inbound.disable_endpoint(session, name, console.actor(session, login), console.now())
    click.echo(f"POST /hooks/{name} is closed")
