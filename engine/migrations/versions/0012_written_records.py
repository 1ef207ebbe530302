"""Records that must be their author's own"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "written_record",
        sa.Column("id", ID, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("root_id", ID, nullable=False),
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("task_id", ID, nullable=False),
        sa.Column("activity_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("earlier_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["root_id"], ["instance.id"], name=op.f("fk_written_record_root_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_written_record_instance_id")),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=op.f("fk_written_record_task_id")),
        sa.ForeignKeyConstraint(["earlier_id"], ["written_record.id"], name=op.f("fk_written_record_earlier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_written_record")),
    )
    op.create_index(op.f("ix_written_record_digest_site"), "written_record", ["digest", "site"])
    op.create_index(op.f("ix_written_record_root_id_id"), "written_record", ["root_id", "id"])
    op.create_index(op.f("ix_written_record_site_author_id"), "written_record", ["site", "author", "id"])
    op.create_index(op.f("ix_written_record_site_at"), "written_record", ["site", "at"])


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
