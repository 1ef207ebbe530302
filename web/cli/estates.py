"""Sites: which there are, their figures, and the days on which they work otherwise than the calendar says."""

from datetime import date, datetime

import click

from web.cli.console import Console, as_json, as_person, pass_console, show


@click.group()
def site() -> None:
    """Sites, their figures and their own days."""


@site.command("list")
@as_json
@pass_console
def list_sites(console: Console, wants_json: bool) -> None:
    """List sites by code."""
    from engine import sites

    with console.steward.db.read() as session:
        found = sites.of(session, console.actor(session, None))
        rows = [{"code": one.code, "name": one.name, "zone": one.zone, "created_at": one.created_at} for one in found]
    show(rows, ("code", "name", "zone"), wants_json)


@site.command()
@click.argument("code")
@click.argument("name")
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="Its time zone.")
@pass_console
def add(console: Console, code: str, name: str, zone: str) -> None:
    """Add a site: CODE stands in its numbers, NAME is what people call it."""
    from engine import sites

    with console.steward.db.transaction() as session:
        sites.add(session, code, name, console.actor(session, None), console.now(), zone=zone)
    click.echo(f"Added site {code}")


@site.command()
@click.argument("code")
@as_json
@pass_console
def figures(console: Console, code: str, wants_json: bool) -> None:
    """List the figures that the deployed processes ask of site CODE: default, own value, and who asks."""
    from engine import figures as engine_figures

    with console.steward.db.read() as session:
        found = engine_figures.of(session, code, console.actor(session, None))
    rows = [
        {
            "name": one.name, "kind": one.kind, "default": one.default, "value": one.value,
            "asked_by": list(dict.fromkeys(place.process for place in one.places)),
        }
        for one in found
    ]  # fmt: skip
    show(rows, ("name", "kind", "default", "value", "asked_by"), wants_json)


@site.command("set")
@click.argument("code")
@click.argument("name")
@click.argument("value")
@as_person
@pass_console
def set_value(console: Console, code: str, name: str, value: str, login: str | None) -> None:
    """Set the figure NAME of site CODE to VALUE, of the kind of its default (PT10M, 3, 08:30 …)."""
    from engine import figures as engine_figures

    with console.steward.db.transaction() as session:
        figure = engine_figures.set_figure(session, code, name, value, console.actor(session, login), console.now())
    click.echo(f"{name} is {figure.value} at {code}")


@site.command()
@click.argument("code")
@click.argument("name")
@as_person
@pass_console
def unset(console: Console, code: str, name: str, login: str | None) -> None:
    """Let the default of the figure NAME hold again at site CODE."""
    from engine import figures as engine_figures

    with console.steward.db.transaction() as session:
        figure = engine_figures.set_figure(session, code, name, None, console.actor(session, login), console.now())
    click.echo(f"{name} is {'gone' if figure.default is None else figure.default} at {code}")


@site.command("day")
@click.argument("code")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("kind", type=click.Choice(("workday", "holiday", "default")))
@as_person
@pass_console
def set_day(console: Console, code: str, day: datetime, kind: str, login: str | None) -> None:
    """Make DAY (2027-01-01) a workday or a holiday at site CODE; default gives it back to the calendar."""
    from engine import working_days

    chosen: date = day.date()
    with console.steward.db.transaction() as session:
        actor = console.actor(session, login)
        working_days.set_day(session, code, chosen, None if kind == "default" else kind, actor, console.now())
    click.echo(f"{chosen} is {'as the calendar says' if kind == 'default' else f'a {kind}'} at {code}")


@site.command()
@click.argument("code")
@as_json
@pass_console
def entries(console: Console, code: str, wants_json: bool) -> None:
    """List what stands in the lists of site CODE, such as standing_services."""
    from engine import sites

    with console.steward.db.read() as session:
        sites.get(session, code, console.actor(session, None))
        found = sites.facts(session, code).lists
    rows = [{"list": name, **entry} for name, listed in sorted(found.items()) for entry in listed]
    shown = [
        {"list": row["list"], "key": row["key"], "content": {k: v for k, v in row.items() if k not in ("list", "key")}} for row in rows
    ]
    show(shown, ("list", "key", "content"), wants_json)


@site.command()
@click.argument("code")
@click.argument("name")
@click.argument("entry")
@as_person
@pass_console
def enter(console: Console, code: str, name: str, entry: str, login: str | None) -> None:
    """Put ENTRY, a JSON object with a key, into the list NAME of site CODE, in place of the one of that key."""
    import orjson

    from engine import site_lists

    try:
        content = orjson.loads(entry)
    except orjson.JSONDecodeError as error:
        raise click.UsageError(f"Expected an entry in JSON, but it cannot be read: {error}") from error
    with console.steward.db.transaction() as session:
        site_lists.enter(session, code, name, content, console.actor(session, login), console.now())
    click.echo(f"{content['key']} is in {name} at {code}")


@site.command()
@click.argument("code")
@click.argument("name")
@click.argument("key")
@as_person
@pass_console
def strike(console: Console, code: str, name: str, key: str, login: str | None) -> None:
    """Take the entry KEY off the list NAME of site CODE."""
    from engine import site_lists

    with console.steward.db.transaction() as session:
        site_lists.remove(session, code, name, key, console.actor(session, login), console.now())
    click.echo(f"{key} is no longer in {name} at {code}")
