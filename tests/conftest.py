"""What every test may ask for. People and things are made in people.py and factories.py, databases in databases.py."""

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine

from engine.tables.base import Base
from tests.databases import database_url, postgresql, postgresql_url, sqlite_template, sqlite_url

__all__ = ["database_url", "postgresql", "postgresql_url", "sqlite_template", "sqlite_url"]


@pytest.fixture(scope="session")
def make_tables() -> Callable[[str], None]:
    """Makes all tables in an empty database."""

    def make(url: str) -> None:
        engine = create_engine(url)
        Base.metadata.create_all(engine)
        engine.dispose()

    return make
