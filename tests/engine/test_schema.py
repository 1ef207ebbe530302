"""The migrations make exactly the tables of the code."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from engine.db import Database
from engine.schema import upgrade
from engine.tables import Base


def test_tables_equal_migrations(database_url: str) -> None:
    database = Database(database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    database.dispose()


def test_upgrading_again_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database)
    upgrade(database)
    database.dispose()
