"""Database triggers that keep history append-only, on SQLite and PostgreSQL alike."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

# table, operation, and the condition under which it is allowed after all
_RULES = (
    ("history_event", "UPDATE", None),
    ("history_event", "DELETE", None),
    ("history_content", "UPDATE", None),
    ("history_content", "DELETE", "EXISTS (SELECT 1 FROM disposal WHERE disposal.chain = OLD.chain)"),
    ("disposal", "UPDATE", None),
    ("disposal", "DELETE", None),
    ("number", "DELETE", None),
)


@dataclass(frozen=True)
class Trigger:
    name: str
    table: str
    operation: str
    unless: str | None


TRIGGERS = [Trigger(f"{table}_refuse_{operation.lower()}", table, operation, unless) for table, operation, unless in _RULES]


def create(connection: Connection) -> None:
    """Make the triggers that are missing."""
    missing = set(missing_triggers(connection))
    for trigger in TRIGGERS:
        if trigger.name in missing:
            for statement in _statements(trigger, connection.dialect.name):
                connection.execute(text(statement))


def missing_triggers(connection: Connection) -> list[str]:
    """Names of the triggers that should be there and are not (or were disabled)."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    there = set(connection.execute(text(query)).scalars())
    return [trigger.name for trigger in TRIGGERS if trigger.name not in there]


def _statements(trigger: Trigger, dialect: str) -> list[str]:
    message = f"Expected {trigger.table} to be append-only, but somebody wants to {trigger.operation.lower()} it"
    condition = f"NOT ({trigger.unless})" if trigger.unless else None
    if dialect == "sqlite":
        when = f"WHEN {condition} " if condition else ""
        head = f"CREATE TRIGGER {trigger.name} BEFORE {trigger.operation} ON {trigger.table} {when}"
        return [f"{head}BEGIN SELECT RAISE(ABORT, '{message}'); END"]
    guard = f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN OLD;" if condition else f"RAISE EXCEPTION '{message}';"
    function = f"CREATE OR REPLACE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {guard} END $$"
    head, call = "CREATE OR REPLACE TRIGGER", f"EXECUTE FUNCTION {trigger.name}()"
    created = f"{head} {trigger.name} BEFORE {trigger.operation} ON {trigger.table} FOR EACH ROW {call}"
    truncate = f"{head} {trigger.name}_all BEFORE TRUNCATE ON {trigger.table} FOR EACH STATEMENT {call}"
    # TRUNCATE fires no row trigger: without this it would be a way around.
    return [function, created] + ([truncate] if trigger.operation == "DELETE" else [])
