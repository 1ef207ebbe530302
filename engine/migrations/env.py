"""Run by Alembic; the connection is handed over by engine/schema.py."""

from alembic import context

from engine.tables import Base

# Batch mode: SQLite changes a table by copying it, which drops its triggers; schema.upgrade() makes them anew.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()
