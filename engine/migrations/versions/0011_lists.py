"""Lists of open tasks: by process and activity, under a name, with columns of one's own"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = "ended_at IS NULL"
INDEXES = {
    "ix_user_task_open": (["site", "sort_at", "id"], OPEN),
    "ix_user_task_open_key": (["site", "key", "sort_at", "id"], OPEN),
    "ix_user_task_open_activity": (["site", "key", "activity_id", "sort_at", "id"], OPEN),
    "ix_user_task_follow_up": (["site", "follow_up_at"], f"{OPEN} AND follow_up_at IS NOT NULL"),
}


def upgrade() -> None:
    op.drop_index("ix_user_task_site", "user_task")
    for name, (columns, condition) in INDEXES.items():
        op.create_index(name, "user_task", columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
    op.create_table(
        "saved_list",
        sa.Column("id", ID, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("post", sa.String(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site"], ["site.code"], name=op.f("fk_saved_list_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_list")),
        sa.UniqueConstraint("owner", "name", name=op.f("uq_saved_list_owner_name")),
    )
    op.create_index(op.f("ix_saved_list_site_post"), "saved_list", ["site", "post"])
    op.create_table(
        "chosen_columns",
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("login", "key", name=op.f("pk_chosen_columns")),
    )


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
