"""Tasks that were returned"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "task_return",
        sa.Column("task_id", ID, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=op.f("fk_task_return_task_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task_return")),
    )


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
