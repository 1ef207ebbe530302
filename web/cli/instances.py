"""Start cases and look at them."""

from datetime import datetime
from typing import Any

import click

from web.cli import shapes
from web.cli.console import Console, JsonData, Moment, as_json, as_person, every_page, pass_console, print_json, show
from web.numbers import whole

COLUMNS = ("id", "number", "key", "site", "state", "waiting", "incidents", "first_responder", "started_at")


@click.command()
@click.argument("key")
@click.option("--site", help="Where; may be left out when there is only one.")
@click.option("--data", type=JsonData(), default="{}", help="Variables.")
@click.option("--business-key", help="Your own reference.")
@click.option("--at", type=Moment(), help="When it happened, if it is entered afterwards; without a zone, in the site's.")
@as_person
@as_json
@pass_console
def start(
    console: Console, key: str, site: str | None, data: dict[str, Any], business_key: str | None, at: datetime | None, login: str | None,
    wants_json: bool,
) -> None:  # fmt: skip
    """Start an instance of the process KEY; prints its id and number."""
    from engine import instances as commands
    from engine import listings, worker
    from engine.sites import facts
    from web.cli import sites

    with console.steward.db.transaction() as session:
        actor = console.actor(session, login)
        place = site or sites.only(sites.codes(session, actor))
        if at is not None and at.tzinfo is None:
            at = at.replace(tzinfo=facts(session, place).zone)
        begun = commands.start(session, key, place, actor, console.now(), data, business_key, at).instance.id
    worker.run_jobs_of(console.steward.db, begun, console.steward.clock)
    with console.steward.db.read() as session:
        found = shapes.instances([listings.instance(session, begun, console.actor(session, None))])[0]
    if wants_json:
        print_json(found)
    else:
        click.echo(f"{found['id']} {found['number'] or '-'}")


@click.command()
@click.option("--site")
@click.option("--key")
@click.option("--state")
@click.option("--find", "q", help="By number, house, name or telephone.")
@as_person
@as_json
@pass_console
def instances(
    console: Console, site: str | None, key: str | None, state: str | None, q: str | None, login: str | None, wants_json: bool
) -> None:
    """List instances, newest first."""
    from engine import listings

    with console.steward.db.read() as session:
        actor = console.actor(session, login)
        wanted = {"site": site, "key": key, "state": state, "q": q, "limit": 200}
        found = every_page(lambda cursor: listings.instances(session, actor, **wanted, cursor=cursor))
        show(shapes.instances(found), COLUMNS, wants_json)


@click.command(name="show")
@click.argument("instance")
@as_person
@as_json
@pass_console
def show_(console: Console, instance: str, login: str | None, wants_json: bool) -> None:
    """Show INSTANCE (id or number): its state, variables and open tasks."""
    from engine import listings
    from engine.errors import Unusable

    with console.steward.db.read() as session:
        actor = console.actor(session, login)
        found = find(session, instance, actor)
        row = shapes.instances([found])[0]
        try:
            row["variables"] = dict(listings.variables(session, found.id, actor)[""])
        except Unusable as unusable:
            row["variables"], row["unusable"] = {}, unusable.message
        row["tasks"] = shapes.tasks(listings.tasks(session, actor, instance=found.id, limit=200).items)
    if wants_json:
        print_json(row)
        return
    for name, value in row.items():
        if name not in ("variables", "tasks"):
            click.echo(f"{name}: {'-' if value is None else ', '.join(map(str, value)) if isinstance(value, list) else value}")
    for name, value in row["variables"].items():
        click.echo(f"  {name} = {value}")
    for task in row["tasks"]:
        click.echo(f"task {task['id']}: {task['name']} ({task['assignee'] or ', '.join(task['candidate_groups'])})")


@click.command()
@click.argument("instance")
@as_person
@as_json
@pass_console
def history(console: Console, instance: str, login: str | None, wants_json: bool) -> None:
    """Tell the history of INSTANCE (id or number), oldest first."""
    from engine import listings

    with console.steward.db.read() as session:
        actor = console.actor(session, login)
        found = find(session, instance, actor).id
        lines = every_page(lambda cursor: listings.history_of(session, found, actor, limit=200, cursor=cursor))
    show(shapes.events(lines), ("seq", "at", "type", "activity", "actor", "source"), wants_json)


def find(session: Any, text: str, actor: Any) -> Any:
    """The instance of that id or number."""
    from engine import listings
    from engine.errors import NotFound

    number = whole(text)
    if number is not None:
        return listings.instance(session, number, actor)
    found = listings.instances(session, actor, number=text, limit=200).items
    if not found:
        raise NotFound(f"Expected the id or number of an instance, but there is no {text!r}")
    return found[-1]  # a called process bears the number of its caller, which is older
