"""What goes wrong in an office: gloves, a field forgotten, two people at one task, a night over, no network."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Troubles
from tests.browser.live import LiveSteward
from tests.browser.office import Desk

pytestmark = pytest.mark.browser
SAMPLES = True


def row(page: Page, name: str) -> str:
    """The number of the order that has a task of that name in the list."""
    return page.locator("tr", has=page.get_by_role("link", name=name, exact=True)).first.locator("td.number").inner_text()


def test_an_order_from_the_pool_goes_to_who_is_first_and_the_other_is_told(live: LiveSteward, sit_down: Callable[..., Desk]) -> None:
    engineering = sit_down("engineering_supervisor")
    engineering.page.goto(f"{live.address}/inbox?box=posts")
    number = row(engineering.page, "派单")
    engineering.open_task(number, "派单")
    engineering.finish()  # nobody named: the pool
    first, other = sit_down("technician", **PHONE), sit_down("technician_2", **PHONE)
    other.open_task(number, "接单")
    first.page.goto(f"{live.address}/inbox?box=posts")
    first.page.locator("tr", has_text=number).get_by_role("link", name="接单").tap()
    first.page.locator("form.next .finish button").tap()
    expect(first.page.locator("#notices .notice.done")).to_contain_text("接单")
    other.page.locator("form.next .finish button").tap()
    expect(other.page.get_by_text("何勇").first).to_be_visible()
    expect(other.page.locator("form.next")).to_have_count(0)


def test_a_forgotten_field_is_named_and_nothing_typed_is_lost(live: LiveSteward, sit_down: Callable[..., Desk], troubles: Troubles) -> None:
    office = sit_down("customer_service")
    page = office.page
    page.goto(f"{live.address}/start/repair")
    office.write(house="A-12", content="阳台漏水")
    page.locator("form.next .finish button").click()
    expect(page.locator("#f-caller_name")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#f-kind")).to_have_attribute("aria-invalid", "true")
    expect(office.field("house")).to_have_value("A-12")
    expect(office.field("content")).to_have_value("阳台漏水")
    troubles.forgive("422")


def test_a_field_comes_when_the_answer_asks_for_it(live: LiveSteward, sit_down: Callable[..., Desk]) -> None:
    office = sit_down("customer_service")
    office.page.goto(f"{live.address}/start/repair")
    expect(office.field("place")).to_have_count(0)
    office.choose(area="public")
    expect(office.field("place")).to_be_visible()
    expect(office.field("house")).to_have_count(0)


def test_what_was_typed_before_the_session_ended_is_there_after_the_next_login(
    live: LiveSteward, sit_down: Callable[..., Desk], troubles: Troubles
) -> None:
    technician = sit_down("technician", **PHONE)
    page = technician.page
    page.locator("tr", has=page.get_by_role("link", name="报价", exact=True)).get_by_role("link", name="报价").tap()
    technician.write(quote_items="水龙头阀芯一只", amount="45")
    address = page.url
    page.wait_for_timeout(500)
    page.context.clear_cookies()
    page.locator("form.next .finish button").tap()
    expect(page.locator("form[data-login]")).to_be_visible()
    page.locator("[name=login]").fill("technician.s1")
    page.locator("[name=password]").fill(live.passwords["technician.s1"])
    page.locator("form[data-login] button").tap()
    expect(page).to_have_url(address)
    expect(technician.field("quote_items")).to_have_value("水龙头阀芯一只")
    expect(technician.field("amount")).to_have_value("45")
    troubles.forgive("401")  # the draft was refused, the form was not lost


def test_a_late_task_says_so_in_words_on_every_page_of_it(live: LiveSteward, sit_down: Callable[..., Desk]) -> None:
    supervisor = sit_down("engineering_supervisor")
    page = supervisor.page
    page.goto(f"{live.address}/inbox?box=all")
    number = row(page, "退单签字")
    live.clock.advance(timedelta(days=2))  # the night is over, and so is the session
    late = sit_down("engineering_supervisor").page
    late.goto(f"{live.address}/inbox?box=all&q={number}")
    expect(late.locator("time[data-state=late]").first).to_contain_text("超时")
    late.get_by_role("link", name="退单签字", exact=True).click()
    expect(late.locator("time[data-state=late]").first).to_contain_text("超时")
