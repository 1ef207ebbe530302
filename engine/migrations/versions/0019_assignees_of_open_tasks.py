"""The index of tasks by their assignee holds open ones alone"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_user_task_assignee", "user_task")
    held = sa.text("ended_at IS NULL AND assignee IS NOT NULL")
    op.create_index("ix_user_task_assignee", "user_task", ["assignee", "state", "sort_at", "id"], sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
