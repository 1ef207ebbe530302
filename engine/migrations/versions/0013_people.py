"""What people do with each other's tasks: proxies, delegation, reminders, copies, notices from person to person"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("user_task", sa.Column("delegated_by", sa.String(), nullable=True))
    op.add_column("user_task", sa.Column("reminders", ID, server_default="0", nullable=False))
    delegated = sa.text("delegated_by IS NOT NULL")
    columns = ["delegated_by", "sort_at", "id"]
    op.create_index("ix_user_task_delegated_by", "user_task", columns, sqlite_where=delegated, postgresql_where=delegated)
    for name, kind in (("kind", sa.String()), ("sender", sa.String()), ("task_id", ID)):
        op.add_column("notice", sa.Column(name, kind, nullable=True))
    _proxies()
    _reminders_and_copies()


def _proxies() -> None:
    op.create_table(
        "proxy",
        sa.Column("id", ID, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("proxy", sa.String(), nullable=False),
        sa.Column("from_at", MOMENT, nullable=False),
        sa.Column("until_at", MOMENT, nullable=False),
        sa.Column("keys", sa.Text(), nullable=True),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["site"], ["site.code"], name=op.f("fk_proxy_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy")),
    )
    op.create_index(op.f("ix_proxy_proxy_until_at"), "proxy", ["proxy", "until_at"])
    op.create_index(op.f("ix_proxy_site_principal"), "proxy", ["site", "principal"])


def _reminders_and_copies() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", ID, nullable=False),
        sa.Column("task_id", ID, nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=op.f("fk_reminder_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
    )
    op.create_index(op.f("ix_reminder_task_id_login"), "reminder", ["task_id", "login"])
    op.create_table(
        "task_copy",
        sa.Column("id", ID, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("task_id", ID, nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=op.f("fk_task_copy_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_copy")),
        sa.UniqueConstraint("task_id", "login", name=op.f("uq_task_copy_task_id_login")),
    )
    op.create_index(op.f("ix_task_copy_login_id"), "task_copy", ["login", "id"])


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only: restore a backup to go back")
