"""Alembic migrations: every release's database is brought up to the present one."""
