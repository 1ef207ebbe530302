"""Messages and signals, at the command line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from engine.actors import Actor
from web.cli.console import Console, JsonData, Pair, as_person, pass_console

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

data_option = click.option("--data", type=JsonData(), default="{}", help="Variables.")


@click.command()
@click.argument("name")
@click.option("--site", help="Where; may be left out when only one site waits for it.")
@click.option("--key", "keys", type=Pair(), multiple=True, help="The value by which the waiting instance is found.")
@data_option
@as_person
@pass_console
def message(
    console: Console, name: str, site: str | None, keys: Sequence[tuple[str, str]], data: dict[str, Any], login: str | None
) -> None:
    """Send the message NAME: it reaches the one instance that waits for it, or is kept until one does."""
    from engine import messages, worker
    from engine.tables import Instance

    with console.steward.db.transaction() as session:
        actor = console.actor(session, login)
        place = site or _waiting_site(session, actor, name, dict(keys))
        sent = messages.publish(session, name, place, dict(keys), data, actor, console.now())
        reached = f"reached instance {sent.instance_id}" if sent.instance_id else "is kept until somebody waits for it"
        told = f"Message {sent.id} {reached}"
        root = session.get_one(Instance, sent.instance_id).root_id if sent.instance_id else None
    if root is not None:
        worker.run_jobs_of(console.steward.db, root, console.steward.clock)
    click.echo(told)


@click.command()
@click.argument("name")
@click.option("--site", help="Where; everywhere when it is left out.")
@data_option
@as_person
@pass_console
def signal(console: Console, name: str, site: str | None, data: dict[str, Any], login: str | None) -> None:
    """Send the signal NAME to every instance that waits for it now."""
    from engine import messages, worker
    from web.cli import sites

    with console.steward.db.transaction() as session:
        actor = console.actor(session, login)
        for place in [site] if site else sites.codes(session, actor):
            messages.broadcast(session, name, place, data, actor, console.now())
    worker.run_due(console.steward.db, console.steward.clock)
    click.echo(f"Signal {name} is sent")


def _waiting_site(session: "Session", actor: Actor, name: str, keys: dict[str, str]) -> str:
    """The site where somebody waits for this message, or the only one that there is."""
    from sqlalchemy import select

    from engine.correlation import canonical_key
    from engine.tables import MessageSubscription
    from web.cli import sites

    mine = sites.codes(session, actor)
    waiting = select(MessageSubscription.site).where(
        MessageSubscription.kind == "message",
        MessageSubscription.name == name,
        MessageSubscription.correlation == canonical_key(keys),
        MessageSubscription.site.in_(mine),
    )
    found = list(session.scalars(waiting.distinct()))
    return found[0] if len(found) == 1 else sites.only(mine)
