"""Memory of the serving process: the most it ever held while eight people worked with pages and programs, and the same after the very first
`steward up`, which makes everything that it then serves."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.figure import Figure
from benchmarks.orders import CLERK, Orders, person, repair_company
from benchmarks.over_http import tokens_of
from benchmarks.serving import Client, serving
from benchmarks.stage import OPERATOR
from engine import identity

LIMIT = 180.0  # megabytes
PROCESSES = "processes"
PEOPLE = 8
ORDERS_EACH = 4
PAGES = ("/inbox", "/inbox?box=posts", "/inbox?box=all", "/inbox?q=A-12", "/start", "/start/repair")


def measure() -> Iterator[Figure]:
    yield Figure("memory", under_load(), "MB at most, under load", LIMIT, 1.0, at_most=True)
    yield Figure("memory.first", after_the_first_start(), "MB at most, after the very first start", LIMIT, 1.0, at_most=True)


def under_load() -> float:
    with repair_company() as company, serving(company.database.url, company.stage.directory, "serve") as served:
        login = str(person(CLERK).login)
        with company.database.transaction() as session:
            password = identity.reset_password(session, login, OPERATOR, company.clock.now(), must_change=False)
        with closing(Client(served.address)) as client:
            work(company, client, login, password)
        return served.memory()


def after_the_first_start() -> float:
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as directory:
        home = Path(directory)
        with serving(f"sqlite:///{home / 'steward.db'}", home, "up", PROCESSES) as served:
            login, password = re.findall(r"^(customer_service\.s1) +(\S+)", served.said, re.MULTILINE)[0]
            with closing(Client(served.address)) as client:
                look(client, login, password, ("/inbox", "/start"))
            return served.memory()


def work(company: Orders, client: Client, login: str, password: str) -> None:
    """Eight people tell whole orders over the API, and look at pages between their acts."""
    tokens = tokens_of(company)

    def tell(_number: int) -> None:
        cookie = log_in(client, login, password)
        for _ in range(ORDERS_EACH):
            case = company.call()
            for act in company.acts:
                client.post(f"/user-tasks/{company.task(case, act)}/complete", tokens[act.who], {"variables": act.data})
                read(client, cookie, [*PAGES, f"/orders/{case}"])
                company.settle(case)

    with ThreadPoolExecutor(PEOPLE) as people:
        list(people.map(tell, range(PEOPLE)))


def look(client: Client, login: str, password: str, pages: Sequence[str]) -> None:
    """Somebody logs in and goes through the pages."""
    cookie = log_in(client, login, password)
    for _ in range(10):
        read(client, cookie, pages)


def log_in(client: Client, login: str, password: str) -> str:
    """The cookie of a session."""
    _, page, headers = client.request("GET", "/login")
    token = re.search(r'name="csrf-token" content="([^"]+)"', page.decode())
    assert token is not None
    form = urlencode({"login": login, "password": password, "csrf_token": token[1]})
    said = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": _cookie(headers)}
    status, page, headers = client.request("POST", "/login", form, said)
    assert status in (302, 303), page.decode()[:500]
    return _cookie(headers)


def read(client: Client, cookie: str, paths: Sequence[str]) -> None:
    for path in paths:
        status, page, _ = client.request("GET", path, None, {"Cookie": cookie})
        assert status == 200, f"{path}: {status} {page[:300]!r}"


def _cookie(headers) -> str:  # type: ignore[no-untyped-def]
    return "; ".join(one.split(";")[0] for one in headers.get_all("Set-Cookie") or ())
