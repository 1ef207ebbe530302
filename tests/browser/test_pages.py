"""Every page, at the width of an old phone and of a desktop: axe finds nothing, nothing sticks out, titles differ, English is there."""

import gzip
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from engine import definitions
from tests.browser.conftest import DESKTOP, NARROWEST, Troubles, axe_violations
from tests.browser.live import LiveSteward

pytestmark = pytest.mark.browser
SAMPLES = True
MANAGER = "project_manager"
ADDRESSES = {
    MANAGER: [
        "/inbox?box=posts",
        "/inbox?box=all",
        "/inbox?box=cases",
        "/inbox?box=all&key=repair&activity=take",
        "/board",
        "/ledgers",
        "/ledgers?key=callback&period=2026-W10",
        "/audit",
        "/audit?site=*&kind=definition.deployed",
        "/people",
        "/people/new?site=S1",
        "/people/technician.s1",
        "/password",
    ],
    "customer_service": ["/inbox", "/start", "/start/repair", "/processes", "/processes/4", "/no-such-page"],
    "technician": ["/inbox", "/inbox?box=all&late=1"],
}


def stick_out(page: Page) -> list[str]:
    """What makes the page wider than the screen."""
    script = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '.' + e.className)"""
    return [f"{page.url}: {element}" for element in page.evaluate(script)]


def small_targets(page: Page) -> list[str]:
    """Buttons and fields that a thumb in a glove would miss."""
    script = """() => [...document.querySelectorAll('main button, main input:not([type=hidden]), main select, main textarea, nav a')]
        .map(e => [e, (e.closest('label') ?? e).getBoundingClientRect()])
        .filter(([e, box]) => box.width > 0 && e.checkVisibility() && (box.height < 43.5 || box.width < 43.5))
        .map(([e, box]) => `${e.tagName} ${e.name ?? ''} ${e.textContent.trim().slice(0, 20)} ${box.width}x${box.height}`)"""
    return [f"{page.url}: {element}" for element in page.evaluate(script)]


def tasks_of(page: Page) -> list[str]:
    """Addresses of the first tasks and orders in the list on the page."""
    return page.evaluate("[...document.querySelectorAll('a.does, td.number a')].slice(0, 6).map(a => a.getAttribute('href'))")


@pytest.mark.parametrize("device", [NARROWEST, DESKTOP], ids=["narrowest", "desktop"])
@pytest.mark.parametrize("who", ADDRESSES)
def test_every_page_can_be_used_by_everybody(
    live: LiveSteward, open_context: Callable[..., BrowserContext], troubles: Troubles, who: str, device: dict[str, object]
) -> None:
    page = live.log_in(open_context(**device), who)
    addresses = list(ADDRESSES[who])
    page.goto(f"{live.address}/inbox?box=all")
    addresses += tasks_of(page)
    found, titles = [], set()
    for address in addresses:
        page.goto(live.address + address)
        page.wait_for_load_state("networkidle")
        found += axe_violations(page) + stick_out(page) + (small_targets(page) if device is NARROWEST else [])
        titles.add(page.title())
    troubles.forgive("/no-such-page")
    assert found == []
    assert len(titles) > len(addresses) // 2


def test_the_login_page_can_be_used_by_everybody(live: LiveSteward, phone: Page) -> None:
    phone.goto(f"{live.address}/login")
    assert axe_violations(phone) + stick_out(phone) + small_targets(phone) == []


def test_pages_are_in_english_for_who_wants_it(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> None:
    page = live.log_in(open_context(**DESKTOP), "property_officer")
    page.locator("details.me summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    with live.steward.db.read() as session:
        # Names of processes, posts' people and houses are the company's own words.
        processes = "|".join(one.name or one.key for one in definitions.newest_of_all(session))
    for address in ("/inbox?box=all", "/start", "/processes", "/password", "/orders/1"):
        page.goto(live.address + address)
        frame = page.locator("nav, h1, h2, th, main button, label, summary").all_inner_texts()
        chinese = [text for text in frame if re.search(r"[一-鿿]", text) and not re.search(f"{processes}|采购|通知|登记", text)]
        own = page.locator("details.me summary").inner_text()
        assert [text for text in chinese if text != own and text != "中文"] == [], address


def test_a_list_can_be_worked_through_by_keyboard(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> None:
    page = live.log_in(open_context(**DESKTOP), "engineering_supervisor")
    page.goto(f"{live.address}/inbox?box=posts")
    wanted = page.locator("a.does").first
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("form.next")).to_be_visible()


def test_the_dark_side_is_as_readable_as_the_bright_one(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> None:
    page = live.log_in(open_context(**DESKTOP, color_scheme="dark"), "customer_service")
    for address in ("/inbox?box=all", "/start/repair", "/orders/1"):
        page.goto(live.address + address)
        page.wait_for_load_state("networkidle")
        assert axe_violations(page) == []


def test_a_staff_page_weighs_less_than_a_hundred_kilobytes(live: LiveSteward, phone: Page) -> None:
    """What a phone must fetch for its first page, as it is sent compressed by any proxy in front."""
    bodies: dict[str, bytes] = {}
    phone.on("response", lambda answer: bodies.update({answer.url: answer.body()}) if answer.status == 200 else None)
    phone.goto(f"{live.address}/login")
    phone.wait_for_load_state("networkidle")
    assert 5_000 < sum(len(gzip.compress(body)) for body in bodies.values()) < 100_000
