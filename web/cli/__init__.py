"""The command line: `steward`. Exit 0 done, 1 refused (one line on stderr), 2 wrong usage.

Each command lives in the file of its group and is imported only when it is called, so that starting stays quick.
"""

import importlib

import click

from engine.errors import DeploymentRefused, StewardError, Unusable
from web.cli.console import Console

# Which file holds which command.
COMMANDS = {
    "backup": "copies",
    "bench": "figures",
    "claim": "tasks",
    "complete": "tasks",
    "demo": "database",
    "deploy": "definitions",
    "history": "instances",
    "hook": "hooks",
    "import": "directory",
    "incidents": "incidents",
    "init": "database",
    "instances": "instances",
    "lint": "definitions",
    "message": "messages",
    "restore": "copies",
    "retry": "incidents",
    "serve": "serving",
    "show": "instances",
    "signal": "messages",
    "site": "estates",
    "start": "instances",
    "tasks": "tasks",
    "test": "definitions",
    "token": "people",
    "up": "serving",
    "user": "people",
    "verify": "database",
    "worker": "serving",
}


class Refused(click.ClickException):
    """A refusal on its way to stderr, on one line, with exit code 1."""

    exit_code = 1

    def show(self, file: object = None) -> None:
        click.echo(" ".join(self.message.split()), err=True)


class Commands(click.Group):
    """The commands by name, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"web.cli.{COMMANDS[cmd_name]}")
        # `import` is a word of Python's, and `show` prints tables.
        command: click.Command = getattr(module, f"{cmd_name}_" if cmd_name in ("import", "show") else cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DeploymentRefused as refusal:
            for problem in refusal.problems:
                click.echo(str(problem))
            raise Refused(str(refusal)) from refusal
        except Unusable as unusable:
            from engine import standstill

            steward = ctx.ensure_object(Console).steward
            standstill.report(steward.db, unusable, steward.clock.now())
            raise Refused(str(unusable)) from unusable
        except StewardError as refusal:
            raise Refused(_sentence(refusal)) from refusal
        except BrokenPipeError:
            raise  # whoever read along has seen enough: click ends quietly
        except OSError as error:
            raise Refused(f"Expected files and addresses that can be used, but: {error}") from error
        except Exception as error:
            sentence = _of_the_database(error)
            if sentence is None:
                raise
            raise Refused(sentence) from error


def _sentence(refusal: StewardError) -> str:
    fields = getattr(refusal, "fields", {})
    sentence = str(refusal) if str(refusal).startswith("Expected") else f"Expected a form without mistakes, but: {refusal}"
    return f"{sentence} ({'; '.join(f'{name}: {text}' for name, text in fields.items())})" if fields else sentence


def _of_the_database(error: Exception) -> str | None:
    """What to tell when the database does not do what it is asked; None when the error is not the database's."""
    # The libraries are imported only now: most commands never fail, and some never need them.
    import sqlite3

    from sqlalchemy.exc import OperationalError, ProgrammingError

    if not isinstance(error, OperationalError | ProgrammingError | sqlite3.OperationalError):
        return None
    cause = str(getattr(error, "orig", error))
    if "locked" in cause:
        return "Expected a turn to write within some seconds, but others were writing all the time: try again"
    if any(words in cause for words in ("no such", "does not exist", "unable to open")):
        return f'Expected a database made by "steward init", but: {cause}'
    return f"Expected the database to answer and to have room, but: {cause}"


@click.group(cls=Commands)
@click.option("--database", metavar="URL", help="The database; default $STEWARD_DATABASE_URL or sqlite:///var/steward.db.")
@click.version_option(package_name="steward")
@click.pass_context
def main(context: click.Context, database: str | None) -> None:
    """Runs the service processes of a property-management company."""
    context.obj = Console.of(database)
    context.call_on_close(context.obj.close)
