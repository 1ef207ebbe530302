"""Where a completion's time goes, layer by layer: `python -m benchmarks.profile` prints it as the table of docs/performance.md.

Functions of the C library count to whoever called them. The profiler makes calls look dearer than they are: the shares say where to look;
the processor time is that of a run without it.
"""

import cProfile
import pstats
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import thread_time
from typing import Any

from benchmarks.orders import Act, Orders, repair_company
from benchmarks.over_http import tokens_of
from benchmarks.stage import HOME
from web import wiring
from web.app import create_app

ORDERS = 20
SHOWN = 12  # functions
LAYERS: Mapping[str, tuple[str, ...]] = {  # the first one that a file's path holds, from the top
    "the diagram's tokens, scopes and state": ("engine/bpmn/", "SpiffWorkflow/"),
    "expressions and scripts": ("engine/bpmn/expressions", "engine/bpmn/sandbox", "engine/bpmn/feel", "engine/bpmn/decision"),
    "forms": ("engine/form", "marshmallow/"),
    "history and its hashes": ("engine/history", "engine/append_only"),
    "the turn, the transaction and its flush": ("engine/db", "engine/turns"),
    "statements": ("engine/prepared", "sqlalchemy/", "sqlite3/", "psycopg/"),
    "clocks, waits, rights, search": ("engine/",),
    "the API and its answers": ("web/",),
    "Flask and its kin": ("flask", "apiflask", "werkzeug", "webargs", "jinja2", "itsdangerous", "babel"),
}
FINER_FIRST = ("expressions and scripts", *(name for name in LAYERS if name != "expressions and scripts"))
REST = "Python itself"


@contextmanager
def calls(over_http: bool) -> Iterator[tuple[Orders, Callable[[int, Act], None]]]:
    """How a task is completed: by the command in process, or by a request to the application, without the network."""
    with repair_company(durable=False) as company:
        if not over_http:
            yield company, company.complete
            return
        application, tokens = create_app(wiring.Steward(company.database.settings, company.database, company.clock)), tokens_of(company)

        def request(task: int, act: Act) -> None:
            headers = {"Authorization": f"Bearer {tokens[act.who]}"}
            answer = client.post(f"/api/v1/user-tasks/{task}/complete", json={"variables": act.data}, headers=headers)
            assert answer.status_code == 200, answer.text

        with application.test_client() as client:
            yield company, request


def told(company: Orders, complete: Callable[[int, Act], None], profile: cProfile.Profile | None = None) -> float:
    """Milliseconds of processor time of a completion, over so many orders; those after the completions belong to no person."""
    spent = 0.0
    for _ in range(ORDERS):
        case = company.call()
        for act in company.acts:
            task = company.task(case, act)
            begun = thread_time()
            if profile is None:
                complete(task, act)
            else:
                profile.runcall(complete, task, act)
            spent += thread_time() - begun
            company.settle(case)
    return spent / ORDERS / len(company.acts) * 1_000


def layers(stats: Mapping[Any, Any]) -> Mapping[str, float]:
    """Seconds of each layer. What has no file of its own is divided among its callers."""
    found: defaultdict[str, float] = defaultdict(float)
    for (file, _, _), (_, _, own, _, callers) in stats.items():
        if file.startswith(("~", "<")):
            for (caller, _, _), (_, _, share, _) in callers.items():
                found[layer_of(caller)] += share
        else:
            found[layer_of(file)] += own
    return found


def layer_of(file: str) -> str:
    path = file.removeprefix(f"{HOME}/").rpartition("site-packages/")[2]
    return next((name for name in FINER_FIRST if path.startswith(LAYERS[name])), REST)


def main() -> None:
    """Print a table for a completion in process, and one for a completion by a request."""
    for name, over_http in (("in process", False), ("by a request", True)):
        with calls(over_http) as (company, complete):
            told(company, complete)  # whatever is made once is made by now
            processor, profile = told(company, complete), cProfile.Profile()
            told(company, complete, profile)
            show(name, processor, pstats.Stats(profile), ORDERS * len(company.acts))


def show(name: str, processor: float, stats: pstats.Stats, count: int) -> None:
    every: Mapping[Any, Any] = stats.stats  # type: ignore[attr-defined]
    total, made = layers(every), sum(entry[1] for entry in every.values())
    print(f"\nA completion {name}: {processor:.2f} ms of processor time, {made / count:.0f} calls\n\n| layer | share |\n|---|---|")
    for layer, seconds in sorted(total.items(), key=lambda one: -one[1]):
        print(f"| {layer} | {seconds / sum(total.values()):.0%} |")
    print("\n| function | calls a completion | share, with what it calls |\n|---|---|---|")
    ours = [(entry[3], entry[1], key) for key, entry in every.items() if _is_named(key)]
    for seconds, called, (file, _, function) in sorted(ours, reverse=True)[:SHOWN]:
        print(f"| `{Path(file).relative_to(HOME)}` {function} | {called / count:.1f} | {seconds / sum(total.values()):.0%} |")


def _is_named(key: tuple[str, int, str]) -> bool:
    file, _, function = key
    return file.startswith((f"{HOME}/engine", f"{HOME}/web")) and not function.startswith("<")


if __name__ == "__main__":
    main()
