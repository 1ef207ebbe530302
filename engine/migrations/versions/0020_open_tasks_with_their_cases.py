"""The index of a site's open tasks holds their cases as well: a search for something common reads no task to look at its case"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_user_task_open", "user_task")
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_user_task_open", "user_task", ["site", "sort_at", "id", "instance_id"], sqlite_where=is_open, postgresql_where=is_open
    )


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
