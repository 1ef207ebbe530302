"""The migrations make exactly the tables of the code."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine import schema
from engine.db import Database
from engine.schema import NotReady, upgrade
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


def test_the_newest_revision_is_told_by_the_names_of_the_files() -> None:
    """So that a server need not read Alembic, which knows it from their content."""
    assert ScriptDirectory(str(schema.HERE)).get_heads() == [schema.newest_revision()]


def test_a_database_that_was_never_made_or_is_of_another_release_is_not_served(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'steward.db'}")
    with pytest.raises(NotReady, match="is empty: run `steward init`"):
        schema.check(database)
    upgrade(database)
    schema.check(database)
    with database.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0007'")
    with pytest.raises(NotReady, match=r"of revision 00\d\d, but it is 0007"):
        schema.check(database)
    database.dispose()
