"""What every test may ask for. People are named in people.py, diagrams are drawn in factories.py, databases made in databases.py."""

from collections.abc import Callable, Iterator

import pytest

from engine.clock import VirtualClock
from engine.db import Database
from engine.schema import upgrade
from tests.crash.sizes import IN_FULL, seed
from tests.databases import database_url, postgresql, postgresql_url, sqlite_template, sqlite_url
from tests.factories import Company, found_company
from tests.people import START

__all__ = ["database_url", "postgresql", "postgresql_url", "sqlite_template", "sqlite_url"]


@pytest.fixture(scope="session")
def make_tables() -> Callable[[str], None]:
    """Makes all tables and triggers in an empty database, by the migrations."""

    def make(url: str) -> None:
        database = Database(url)
        upgrade(database)
        database.dispose()

    return make


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands at Monday, 2 March 2026, nine in the morning in Shanghai."""
    return VirtualClock(START)


@pytest.fixture
def company(database_url: str, clock: VirtualClock) -> Iterator[Company]:
    """Two sites and their people in a fresh database, on both engines."""
    company = found_company(Database(database_url), clock)
    yield company
    company.database.dispose()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if IN_FULL:
        terminalreporter.write_line(f"STEWARD_SEED={seed()} rolls the same dice again")
