"""Channels by which people are told outside the pages, and tasks of which they have not been told"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NOT_TOLD = sa.text("ended_at IS NULL AND NOT announced")


def upgrade() -> None:
    op.create_table(
        "notice_channel",
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=True),
        sa.Column("tasks", sa.Boolean(), nullable=False),
        sa.Column("notices", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("login", "kind", name=op.f("pk_notice_channel")),
    )
    op.create_table(
        "quiet_hours",
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("begins", sa.String(), nullable=False),
        sa.Column("ends", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_quiet_hours")),
    )
    op.add_column("user_task", sa.Column("announced", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(sa.text("UPDATE user_task SET announced = :told").bindparams(told=True))  # of what is there already people know
    op.create_index("ix_user_task_announced", "user_task", ["id"], sqlite_where=NOT_TOLD, postgresql_where=NOT_TOLD)


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
