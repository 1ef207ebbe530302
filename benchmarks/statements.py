"""Statements and commits that one completion takes: of each task of the repair order, those that open and end its transaction left out."""

from collections.abc import Iterator

from benchmarks.diagrams import row_of_tasks
from benchmarks.figure import Figure
from benchmarks.orders import Orders, repair_company
from benchmarks.stage import empty_company
from benchmarks.statement_log import listening

ALLOWED = 15


def measure() -> Iterator[Figure]:
    with repair_company(durable=False) as company:
        counts = counted(company)
        most = max(counts, key=lambda activity: counts[activity][0])
        yield Figure("statements", counts[most][0], f"at {most}, the most of a repair order", ALLOWED, 1.0, at_most=True)
        commits = max(commits for _, commits in counts.values())
        yield Figure("statements.commits", commits, "a completion at most", 1, 1.0, at_most=True)
    yield Figure("statements.row", in_a_row(), "a completion of a row of tasks", ALLOWED, 1.0, at_most=True)


def counted(company: Orders) -> dict[str, tuple[int, int]]:
    """Statements and commits of each task of an order, by activity."""
    company.settle(company.call())  # whatever is read once is read by now
    case, counts = company.call(), {}
    for act in company.acts:
        task = company.task(case, act)
        with listening(company.database) as log:
            company.complete(task, act)
        counts[act.activity] = len(log.statements), log.commits
        company.settle(case)
    return counts


def in_a_row() -> int:
    with empty_company(durable=False) as stage:
        stage.deploy(row_of_tasks(2))
        task = stage.open_task(stage.start("row"))
        with listening(stage.database) as log:
            stage.complete(task, {"done": True})
        return len(log.statements)
