"""A Steward with the demonstration site, served to a browser by this process, on a clock that the tests move."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from engine import definitions, demo, demo_orders, schema, worker
from engine.actors import Actor
from engine.clock import VirtualClock
from engine.settings import Settings
from tests.servers import answering
from web import wiring
from web.app import create_app
from web.cli.definitions import read_files
from web.wiring import Steward

ROOT = Path(__file__).parents[2]
MONDAY_MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten o'clock in Shanghai


@dataclass(frozen=True)
class LiveSteward:
    """A running server: its address, its clock, and how the demonstration's people log in."""

    address: str
    steward: Steward
    clock: VirtualClock
    passwords: dict[str, str]

    def log_in(self, context: BrowserContext, who: str) -> Page:
        """A page on which the demonstration person of that post at S1 has just logged in."""
        page = context.new_page()
        page.goto(f"{self.address}/login")
        page.locator("[name=login]").fill(demo.login_of(who, "S1"))
        page.locator("[name=password]").fill(self.passwords[demo.login_of(who, "S1")])
        page.locator("form[data-login] button").click()
        expect(page.locator("form[data-login]")).to_have_count(0)
        return page

    def wait(self, span: timedelta) -> None:
        """Let time pass, and do what falls due on the way."""
        self.clock.advance(span)
        self.catch_up()

    def catch_up(self) -> None:
        worker.run_due(self.steward.db, self.clock)


def prepare(directory: Path, samples: bool) -> tuple[Steward, VirtualClock, dict[str, str]]:
    """What `make run` prepares: tables, processes, the demonstration's people; and its sample orders when asked for."""
    clock = VirtualClock(MONDAY_MORNING)
    settings = replace(Settings(), database_url=f"sqlite:///{directory / 'steward.db'}", attachments=directory / "attachments")
    steward = wiring.build(settings, clock)
    schema.upgrade(steward.db)
    with steward.db.transaction() as session:
        definitions.deploy(session, read_files([ROOT / "processes"]), Actor.system("cli"), clock.now())
        credentials = demo.build(session, clock.now(), codes=["S1"])
        demo.build(session, clock.now(), with_passwords=False)
    if samples:
        demo_orders.tell(steward.db, clock.now())
    return steward, clock, {one.login: one.password for one in credentials}


@contextmanager
def serving(directory: Path, samples: bool = False) -> Iterator[LiveSteward]:
    """A Steward in the directory, served on a free port for as long as the block lasts."""
    steward, clock, passwords = prepare(directory, samples)
    try:
        with answering(create_app(steward), 2 * steward.settings.limits.request) as port:
            yield LiveSteward(f"http://127.0.0.1:{port}", steward, clock, passwords)
    finally:
        steward.db.dispose()
