"""Personal links, by which residents come in without a login"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "personal_link",
        sa.Column("id", ID, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("instance_id", ID, nullable=True),
        sa.Column("house", sa.String(), nullable=True),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_personal_link_instance_id")),
        sa.ForeignKeyConstraint(["site"], ["site.code"], name=op.f("fk_personal_link_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_link")),
        sa.UniqueConstraint("hash", name=op.f("uq_personal_link_hash")),
    )
    op.create_index(op.f("ix_personal_link_instance_id"), "personal_link", ["instance_id"])
    op.create_index(op.f("ix_personal_link_site_kind"), "personal_link", ["site", "kind"])


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
