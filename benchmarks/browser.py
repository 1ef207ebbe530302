"""Pages in a real browser on the same machine: when a task can be worked on, and when the inbox shows something."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.figure import Figure, middle
from benchmarks.orders import CLERK, Orders, person, repair_company
from benchmarks.serving import serving
from benchmarks.stage import OPERATOR
from engine import identity

if TYPE_CHECKING:
    from playwright.sync_api import Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
VISITS = 15
USABLE = 1_000.0  # milliseconds
HOW_TO_INSTALL = "Chromium and playwright are needed. Install them with: sudo apt install chromium, and make install"
# From the click on the address: the button of the form is there, can be pressed, and the page's scripts have run.
READY = (
    """() => performance.getEntriesByType('navigation')[0]?.loadEventEnd > 0 && document.querySelector('form.next button.main:enabled')"""
)
LOADED = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"


def measure() -> Iterator[Figure]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        yield Figure("browser.task", 0, f"left out: {HOW_TO_INSTALL}")
        return
    with repair_company() as company, serving(company.database.url, company.stage.directory, "serve") as served, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page(base_url=served.address)
        _log_in(company, page)
        task = _task(company)
        usable, painted = _times(page, f"/tasks/{task}", READY), _times(page, "/inbox?box=all", "() => true")
        browser.close()
    yield Figure("browser.task", middle([loaded for loaded, _ in usable]), "ms until a task can be worked on", USABLE, 1.0, at_most=True)
    yield Figure("browser.task.first", usable[0][0], "ms at the first visit, with nothing kept", USABLE, 1.0, at_most=True)
    yield Figure("browser.painted", middle([first for _, first in painted]), "ms until the inbox shows something")


def _log_in(company: Orders, page: "Page") -> None:
    login = str(person(CLERK).login)
    with company.database.transaction() as session:
        password = identity.reset_password(session, login, OPERATOR, company.clock.now(), must_change=False)
    page.goto("/login")
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill(password)
    page.locator("form[data-login] button").click()
    page.wait_for_url("**/inbox")


def _task(company: Orders) -> int:
    """A repair order at the first task that customer service does itself, with everything that happened before."""
    case = company.call()
    for act in company.acts:
        task = company.task(case, act)
        if act.who == CLERK:
            return task
        company.complete(task, act)
        company.settle(case)
    raise LookupError(f"Expected a task of {CLERK}, but the order has none")


def _times(page: "Page", address: str, ready: str) -> list[tuple[float, float]]:
    """Loaded and first painted, in milliseconds of the browser's own clock, of each visit."""
    times = []
    for _ in range(VISITS):
        page.goto(address)
        page.wait_for_function(ready)
        page.wait_for_function(f"() => ({PAINTED})() > 0")
        times.append((float(page.evaluate(LOADED)), float(page.evaluate(PAINTED))))
    return times
