"""Cases of a process by the time of their entry, and those that are late, for ledgers"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_instance_ledger", "instance", ["site", "key", "started_at", "id"])
    breached = sa.text("breached_at IS NOT NULL")
    op.create_index("ix_sla_clock_breached", "sla_clock", ["instance_id"], sqlite_where=breached, postgresql_where=breached)


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
