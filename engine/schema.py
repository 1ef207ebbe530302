"""Bring a database to the present shape, and tell whether it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from engine import append_only
from engine.db import Database
from engine.errors import StewardError

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 7_381_274  # any number of our own: two nodes that start together upgrade one after the other


class NotReady(StewardError):
    """The database was not made, or is of another release."""


def upgrade(database: Database) -> None:
    """Create or upgrade all tables and triggers; running it again changes nothing."""
    from alembic import command

    with database.engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
        command.upgrade(_config(connection), "head")
        append_only.create(connection)


def check(database: Database) -> None:
    """Raise NotReady unless tables and triggers are those of this release."""
    with database.engine.connect().execution_options(steward_read=True) as connection:
        found, wanted = _revision(connection), newest_revision()
        if found != wanted:
            raise NotReady(f"Expected a database of revision {wanted}, but it is {found or 'empty'}: run `steward init`")
        if missing := append_only.missing_triggers(connection):
            raise NotReady(f"Expected the triggers that protect history, but {', '.join(missing)} is missing: run `steward init`")


def newest_revision() -> str:
    """The revision of this release: files of migrations begin with theirs, in rising order.

    Alembic knows it too, but takes 11 MB for as long as the process serves.
    """
    return max(file.name for file in (HERE / "versions").glob("[0-9]*.py")).partition("_")[0]


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config
