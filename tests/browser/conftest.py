"""A real browser: the machine's own Chromium, at the width of a phone and of a desktop."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.live import LiveSteward, serving
from tests.browser.office import Desk

expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong
HOW_TO_INSTALL = "Chromium is not installed on this machine. Install it with: sudo apt install chromium fonts-noto-cjk"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
NARROWEST: dict[str, Any] = {**PHONE, "viewport": {"width": 320, "height": 640}}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
AXE = Path(__file__).parents[2] / "web/frontend/node_modules/axe-core/axe.min.js"


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip(HOW_TO_INSTALL)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield running
        running.close()


class Troubles(list[str]):
    """What the browser complained about: script errors, blocked content, missing files."""

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self.append(f"{page.url}: {message.text}") if message.type == "error" else None)

    def forgive(self, text: str) -> None:
        """What the test itself provoked: browsers log every refusal."""
        self[:] = [trouble for trouble in self if text not in trouble]


@pytest.fixture
def troubles() -> Iterator[Troubles]:
    """Every page of the test is watched; at the end the browser must not have complained."""
    found = Troubles()
    yield found
    assert found == []


@pytest.fixture
def open_context(browser: Browser, troubles: Troubles) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a browser of somebody's own: no cookie is shared between two."""
    contexts: list[BrowserContext] = []

    def open_one(**options: Any) -> BrowserContext:
        context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **options)
        context.set_default_timeout(30_000)
        context.on("page", troubles.watch)
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def phone(open_context: Callable[..., BrowserContext]) -> Page:
    return open_context(**PHONE).new_page()


@pytest.fixture
def desktop(open_context: Callable[..., BrowserContext]) -> Page:
    return open_context(**DESKTOP).new_page()


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSteward]:
    """A Steward for the tests of one file; with the demonstration's sample orders where the file says `SAMPLES = True`."""
    with serving(tmp_path_factory.mktemp("live"), samples=getattr(request.module, "SAMPLES", False)) as running:
        yield running


@pytest.fixture
def sit_down(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> Callable[..., Desk]:
    """Somebody logs in at a browser of their own; at a desktop when nothing else is said."""

    def begin(who: str, **device: Any) -> Desk:
        return Desk(live.log_in(open_context(**(device or DESKTOP)), who), live)

    return begin


def axe_violations(page: Page) -> list[str]:
    """What axe finds on the page, one line each: rule, place, what to do."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})")
    return [
        f"{page.url}: {violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
