"""Statements that one completion takes, those that open and end its transaction left out."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import event

from benchmarks.diagrams import row_of_tasks
from benchmarks.figure import Figure
from benchmarks.stage import empty_company

ALLOWED = 15
TRANSACTION = ("BEGIN", "SAVEPOINT", "RELEASE")


def measure() -> Iterator[Figure]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(TRANSACTION):
            statements.append(statement)

    with empty_company(durable=False) as stage:
        stage.deploy(row_of_tasks(2))
        task = stage.open_task(stage.start("row"))
        event.listen(stage.database.engine, "before_cursor_execute", note)
        stage.complete(task, {"done": True})
    yield Figure("statements", len(statements), "a completion", ALLOWED, 1.0, at_most=True)
