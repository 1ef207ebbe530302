"""Work for people, at the command line."""

from typing import Any

import click

from web.cli import shapes
from web.cli.console import Console, JsonData, as_json, every_page, pass_console, print_json, show

COLUMNS = ("id", "number", "site", "activity", "name", "state", "assignee", "candidate_groups", "due_at")
as_somebody = click.option("--as", "login", metavar="USER", required=True, help="Who acts.")


@click.command()
@click.option("--user", help="Those that this person holds or may take.")
@click.option("--group", help="Those that this post may take.")
@click.option("--site")
@click.option("--instance", help="Id or number.")
@as_json
@pass_console
def tasks(console: Console, user: str | None, group: str | None, site: str | None, instance: str | None, wants_json: bool) -> None:
    """List open user tasks, by due time."""
    from engine import identity, inbox, listings
    from web.cli.instances import find

    with console.steward.db.read() as session:
        actor = console.actor(session, None)
        of = find(session, instance, actor).id if instance else None
        wanted = {"candidate": group, "site": site, "instance": of, "limit": 200}
        found = every_page(lambda cursor: listings.tasks(session, actor, **wanted, cursor=cursor))
        if user:
            person = identity.actor_of(session, identity.get(session, user), "cli", console.now())
            mine = {
                item.task.id
                for box in ("mine", "posts")
                for item in every_page(lambda cursor, box=box: inbox.inbox(session, person, box, limit=200, cursor=cursor))
            }
            found = [row for row in found if row.id in mine]
        show(shapes.tasks(found), COLUMNS, wants_json)


@click.command()
@click.argument("task", type=click.IntRange(1, 2**63 - 1))
@as_somebody
@pass_console
def claim(console: Console, task: int, login: str) -> None:
    """Take TASK out of the pool."""
    from engine import user_tasks

    with console.steward.db.transaction() as session:
        user_tasks.claim(session, task, console.actor(session, login), console.now())
    click.echo(f"{login} holds task {task}")


@click.command()
@click.argument("task", type=click.IntRange(1, 2**63 - 1))
@as_somebody
@click.option("--data", type=JsonData(), default="{}", help="What was filled in.")
@as_json
@pass_console
def complete(console: Console, task: int, login: str, data: dict[str, Any], wants_json: bool) -> None:
    """Complete TASK; tells where the case stands now, and what failed after the act."""
    from engine import listings, user_tasks, worker

    with console.steward.db.transaction() as session:
        done = user_tasks.complete(session, task, data, console.actor(session, login), console.now())
        instance, root = done.instance.id, done.instance.root_id or done.instance.id
        incidents = shapes.incidents(done.incidents)
    worker.run_jobs_of(console.steward.db, root, console.steward.clock)
    with console.steward.db.read() as session:
        operator = console.actor(session, None)
        row = shapes.tasks([listings.task(session, task, operator)])[0]
        case = shapes.instances([listings.instance(session, instance, operator)])[0]
    if wants_json:
        print_json({"task": row, "instance": case, "incidents": incidents})
        return
    click.echo(
        f"Task {task} is completed; {case['number'] or case['id']} is {case['state']}, waiting at {', '.join(case['waiting']) or '-'}"
    )
    for incident in incidents:
        click.echo(f"incident {incident['id']} at {incident['activity']}: {incident['message']}")
