"""Lists that the processes of a site keep: standing services, known answers"""

import sqlalchemy as sa
from alembic import op

from engine.tables import Json

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "list_entry",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("list", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("instance_id", ID, nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_list_entry_instance_id")),
        sa.ForeignKeyConstraint(["site"], ["site.code"], name=op.f("fk_list_entry_site")),
        sa.PrimaryKeyConstraint("site", "list", "key", name=op.f("pk_list_entry")),
    )


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
