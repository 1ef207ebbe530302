"""Processes that start by a signal or by the clock"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _subscriptions()
    op.create_table(
        "schedule",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("definition_id", ID, nullable=False),
        sa.Column("activity_id", sa.String(), nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interval", sa.String(), nullable=True),
        sa.Column("repeats_left", ID, nullable=True),
        sa.Column("catch_up", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name=op.f("fk_schedule_definition_id")),
        sa.ForeignKeyConstraint(["site"], ["site.code"], name=op.f("fk_schedule_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("key", "activity_id", "part", "site", name=op.f("uq_schedule_key_activity_id_part_site")),
    )
    op.create_index(op.f("ix_schedule_state_due_at"), "schedule", ["state", "due_at"])


def _subscriptions() -> None:
    """The key of the table takes in what kind of thing starts the process, so the table is made anew around its rows."""
    columns = ("message", "key", "definition_id", "activity_id")
    old = sa.table("start_subscription", *(sa.column(name) for name in columns))
    kept = [dict(row._mapping) | {"kind": "message"} for row in op.get_bind().execute(sa.select(old))]
    op.drop_table("start_subscription")
    made = op.create_table(
        "start_subscription",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("activity_id", sa.String(), nullable=False),
        sa.Column("definition_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name=op.f("fk_start_subscription_definition_id")),
        sa.PrimaryKeyConstraint("kind", "message", "key", "activity_id", name=op.f("pk_start_subscription")),
    )
    if kept:
        op.bulk_insert(made, kept)


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
