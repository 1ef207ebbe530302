"""User tasks of the repair order completed a second over HTTP, by one client and by eight, beside the same engine called in process by as
many callers: bearer token, form check, history and the jobs that follow are in both, the rest is what a request costs.

The clients are threads of this process with a connection each that stays open; the server is a process of its own.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial

from benchmarks.figure import Figure, beside
from benchmarks.orders import Act, Orders, person, repair_company, rounds
from benchmarks.serving import Client, serving
from benchmarks.stage import OPERATOR
from engine import api_tokens, worker

CLIENTS = (1, 8)
ORDERS = 16
TURNS = 5
BAR = 0.5


def measure() -> Iterator[Figure]:
    with repair_company() as company, _client(company) as client:
        tokens = tokens_of(company)

        def over_http(_case: int, task: int, act: Act) -> None:
            client.post(f"/user-tasks/{task}/complete", tokens[act.who], {"variables": act.data})

        def in_process(case: int, task: int, act: Act) -> None:
            company.complete(task, act)
            worker.run_jobs_of(company.database, case, company.clock)

        for clients in CLIENTS:
            served, called = partial(_a_second, company, clients, over_http), partial(_a_second, company, clients, in_process)
            value, reference = beside(served, called, TURNS)
            yield Figure(f"http.{clients}", value, "completions/s", reference, BAR)


@contextmanager
def _client(company: Orders) -> Iterator[Client]:
    """A client of a process that serves the company."""
    with (
        serving(company.database.url, company.stage.directory, "serve") as served,
        closing(Client(served.address)) as client,
    ):
        yield client


def tokens_of(company: Orders) -> Mapping[str, str]:
    """A bearer token of everybody who has a part in the order."""
    with company.database.transaction() as session:
        return {
            who: api_tokens.issue(session, str(person(who).login), OPERATOR, company.clock.now())
            for who in {act.who for act in company.acts}
        }


def _a_second(company: Orders, callers: int, do) -> float:  # type: ignore[no-untyped-def]
    cases = [company.call() for _ in range(ORDERS)]
    with ThreadPoolExecutor(callers) as pool:
        return ORDERS * len(company.acts) / rounds(company, cases, do, pool).acting
