"""The only module that builds objects: settings become a database, a clock and everything that hangs on them."""

from dataclasses import dataclass

from engine import settings as engine_settings
from engine.clock import Clock, SystemClock
from engine.db import Database
from engine.settings import Settings


@dataclass(frozen=True)
class Steward:
    """One running Steward: what every edge (pages, API, command line, worker) is given."""

    settings: Settings
    db: Database
    clock: Clock


def build(settings: Settings | None = None, clock: Clock | None = None) -> Steward:
    """A Steward as the environment describes it, or as the caller does."""
    chosen = settings or engine_settings.from_environment()
    return Steward(chosen, Database(chosen.database_url, chosen), clock or SystemClock())
