"""People, their passwords and their tokens."""

import click

from web.cli.console import Console, as_person, pass_console


@click.group()
def user() -> None:
    """People who can log in."""


@user.command()
@click.argument("name")
@click.option("--site", required=True, help="Where the person works.")
@click.option("--post", "posts", required=True, multiple=True, help="A post held there; repeat for more.")
@click.option("--full-name", help="As people say it; default the login name.")
@click.option("--telephone")
@click.option("--language", default="zh", type=click.Choice(("zh", "en")), show_default=True)
@as_person
@pass_console
def add(
    console: Console, name: str, site: str, posts: tuple[str, ...], full_name: str | None, telephone: str | None, language: str,
    login: str | None,
) -> None:  # fmt: skip
    """Add the person NAME; prints the first password, to be changed at the first login."""
    from engine import identity

    with console.steward.db.transaction() as session:
        actor = console.actor(session, login)
        person = identity.add_person(
            session, name, full_name or name, site, posts, actor, console.now(), telephone=telephone, language=language
        )
        added = person.login
        secret = identity.reset_password(session, added, actor, console.now())
    click.echo(f"{added} may log in with the password {secret}")


@user.command()
@click.argument("name")
@as_person
@pass_console
def password(console: Console, name: str, login: str | None) -> None:
    """Give NAME a new random password and end all sessions; prints it, to be changed at the next login."""
    from engine import identity

    with console.steward.db.transaction() as session:
        secret = identity.reset_password(session, name, console.actor(session, login), console.now())
    click.echo(f"{name} may log in with the password {secret}")


@user.command()
@click.argument("name")
@click.option("--leaving-work", is_flag=True, help="Even while NAME has open work that nobody has taken over.")
@as_person
@pass_console
def disable(console: Console, name: str, leaving_work: bool, login: str | None) -> None:
    """Lock NAME out at once."""
    from engine import identity

    with console.steward.db.transaction() as session:
        identity.disable(session, name, console.actor(session, login), console.now(), leaves_work=leaving_work)
    click.echo(f"{name} is disabled")


@user.command()
@click.argument("name")
@as_person
@pass_console
def enable(console: Console, name: str, login: str | None) -> None:
    """Let NAME in again."""
    from engine import identity

    with console.steward.db.transaction() as session:
        identity.enable(session, name, console.actor(session, login), console.now())
    click.echo(f"{name} is enabled")


@click.command()
@click.argument("name")
@as_person
@pass_console
def token(console: Console, name: str, login: str | None) -> None:
    """Issue an API token for NAME; it is the last word printed, and is shown only once."""
    from engine import api_tokens

    with console.steward.db.transaction() as session:
        secret = api_tokens.issue(session, name, console.actor(session, login), console.now())
    click.echo(f"The token of {name}, shown only once: {secret}")
