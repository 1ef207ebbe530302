"""`steward serve` and `steward worker`: the web with timers, or timers alone."""

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from engine.errors import Conflict
from web.cli import allocation
from web.cli.console import Console, pass_console

if TYPE_CHECKING:
    from web.wiring import Steward

host_option = click.option("--host", default="127.0.0.1", show_default=True)
port_option = click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one.")
worker_option = click.option("--worker/--no-worker", default=True, help="Whether timers and jobs run here as well.")


@click.command()
@host_option
@port_option
@worker_option
@pass_console
def serve(console: Console, host: str, port: int, worker: bool) -> None:
    """Serve pages, API and webhooks, with timers and jobs."""
    _prepare()
    _serve(console, host, port, worker)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@host_option
@port_option
@worker_option
@pass_console
@click.pass_context
def up(context: click.Context, console: Console, paths: Sequence[Path], host: str, port: int, worker: bool) -> None:
    """Do what is still missing of init, deploy PATHS and demo, then serve."""
    _prepare()
    _aside(context, lambda: _complete(context, console, paths))
    _serve(console, host, port, worker)


def _aside(context: click.Context, work: Callable[[], None]) -> None:
    """Do it in a child of this process: checking every diagram takes twice the memory of serving, and only an end gives it back."""
    import web.app  # noqa: F401  # both sides need it: read once, before the fork

    child = os.fork()
    if child == 0:
        work()  # what goes wrong is told as that of any command, and ends the child with its exit code
        sys.stdout.flush()
        os._exit(0)  # nothing is left to do, and to tidy up what the parent holds too takes most of a second
    try:
        _, status = os.waitpid(child, 0)
    except SystemExit:
        os.kill(child, signal.SIGTERM)
        raise
    if code := os.waitstatus_to_exitcode(status):
        context.exit(code if code > 0 else 1)


def _complete(context: click.Context, console: Console, paths: Sequence[Path]) -> None:
    from engine import definitions
    from engine.actors import Actor
    from web.cli.database import demo, init
    from web.cli.definitions import read_files

    context.invoke(init)
    if paths:
        with console.steward.db.read() as session:
            known = definitions.known_keys(session)
        checked = definitions.check(read_files(paths), known)
        with console.steward.db.transaction() as session:
            deployed = definitions.register(session, checked, Actor.system("cli"), console.now(), keep_newer=True)
            for definition in deployed.created:
                click.echo(f"Deployed {definition.key} version {definition.version}: {definition.name}")
    context.invoke(demo)


def _serve(console: Console, host: str, port: int, worker: bool) -> None:
    from engine import schema
    from web.app import create_app

    steward = console.steward
    schema.check(steward.db)
    application = create_app(steward)
    server = _listen(application, steward, host, port)
    gc.collect()
    gc.freeze()  # what is there now stays: to look through it for garbage again would hold everybody up for a seventh of a second
    alarm = _alarm(console) if worker else None
    application.extensions["scheduler"] = alarm  # /readyz looks whether it lives
    click.echo(f"Steward serves http://{host}:{server.effective_port}")
    sys.stdout.flush()
    try:
        server.run()
    finally:
        server.close()
        if alarm is not None:
            alarm.stop()


def _listen(application: Any, steward: "Steward", host: str, port: int) -> Any:
    """The server, listening already; refused in a sentence when somebody else has the port."""
    from web import server

    # Beyond the limit Flask refuses in the one shape; far beyond it the server does, before the body is read.
    largest = 2 * steward.settings.limits.request
    try:
        return server.listen(application, host, port, largest, **_behind(steward.settings.trusted_proxy))
    except OSError as error:
        raise Conflict(f"Expected port {port} of {host} to be free, but: {error.strerror} (--port or PORT= takes another)") from None


def _behind(proxy: str) -> dict[str, Any]:
    """Whose word counts about where a request came from: logins are slowed down per address."""
    believed = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
    return {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": believed} if proxy else {}


@click.command()
@pass_console
def worker(console: Console) -> None:
    """Run timers and jobs only: one more machine beside those that serve."""
    _prepare()
    alarm = _alarm(console)
    click.echo("Steward works on timers and jobs")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except SystemExit:
        pass
    finally:
        alarm.stop()


def _alarm(console: Console):  # type: ignore[no-untyped-def]
    from engine.scheduler import Scheduler
    from webhooks import deliveries

    steward = console.steward
    alarm = Scheduler(steward.db, steward.clock, deliveries.handlers(steward.db, steward.settings, steward.clock))
    alarm.start()
    return alarm


def _prepare() -> None:
    """Log to stderr, end cleanly when asked to, keep no memory that is not used."""
    allocation.keep_small()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("alembic", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line for each request that waits its turn helps nobody
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
