"""Bring a database to the present shape, and tell whether it is."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine import append_only
from engine.db import Database
from engine.errors import StewardError

HERE = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 7_381_274  # any number of our own: two nodes that start together upgrade one after the other


class NotReady(StewardError):
    """The database was not made, or is of another release."""


def upgrade(database: Database) -> None:
    """Create or upgrade all tables and triggers; running it again changes nothing."""
    with database.engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
        command.upgrade(_config(connection), "head")
        append_only.create(connection)


def check(database: Database) -> None:
    """Raise NotReady unless tables and triggers are those of this release."""
    with database.engine.connect().execution_options(steward_read=True) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        wanted = ScriptDirectory.from_config(_config(connection)).get_current_head()
        if found != wanted:
            raise NotReady(f"Expected a database of revision {wanted}, but it is {found or 'empty'}: run `steward init`")
        if missing := append_only.missing_triggers(connection):
            raise NotReady(f"Expected the triggers that protect history, but {', '.join(missing)} is missing: run `steward init`")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config
