"""The database itself: make it, fill it for a demonstration, prove its history."""

import click

from web.cli.console import Console, as_json, pass_console, print_json


@click.command()
@pass_console
def init(console: Console) -> None:
    """Create or upgrade the database; changes nothing that is up to date."""
    from engine import schema

    schema.upgrade(console.steward.db)
    click.echo("The database is ready")


@click.command()
@pass_console
def demo(console: Console) -> None:
    """Fill an empty database with the demonstration sites S1, S2 and S3; prints each person's password once."""
    from engine import demo as demonstration
    from engine import demo_orders

    with console.steward.db.transaction() as session:
        people = demonstration.build(session, console.now())
    if not people:
        click.echo("The demonstration sites are there already")
        return
    width = max(len(person.login) for person in people)
    for person in people:
        click.echo(f"{person.login:{width}}  {person.password}  {person.name}")
    for told in demo_orders.tell(console.steward.db, console.now()):
        if told.refused is not None:
            click.echo(f"The sample order {told.number} stopped early: {told.refused}", err=True)
    click.echo("These passwords are shown only once. `steward user password NAME` makes a new one.")


@click.command()
@click.option("--instance", type=click.IntRange(1), help="Only the chain of this instance.")
@click.option("--seals", type=click.Path(exists=True), help="Compare with seals that were held elsewhere.")
@as_json
@pass_console
@click.pass_context
def verify(context: click.Context, console: Console, instance: int | None, seals: str | None, wants_json: bool) -> None:
    """Check the history's hash chains and the triggers that protect them; exit 1 and the first bad event when they do not hold."""
    from engine import history, schema
    from engine.errors import NotFound
    from engine.tables import Instance

    if seals is not None:
        raise click.UsageError("Expected no seals, but --seals is not built yet")
    with console.steward.db.read() as session:
        if instance is not None and session.get(Instance, instance) is None:
            raise NotFound(f"Expected an instance, but there is none with id {instance}")
        faults = list(history.verify(session, instance))
    if wants_json:
        rows = [{"chain": fault.chain, "seq": fault.seq, "reason": fault.reason} for fault in faults]
        print_json({"holds": not faults, "faults": rows})
    else:
        for fault in faults:
            click.echo(f"{fault.chain} event {fault.seq}: {fault.reason}")
    if faults:
        first = faults[0]
        click.echo(f"Expected an untouched history, but event {first.seq} of {first.chain} does not hold: {first.reason}", err=True)
        context.exit(1)
    schema.check(console.steward.db)  # a history that holds but is not protected is no better than one that was never checked
    if not wants_json:
        click.echo("The history holds")
