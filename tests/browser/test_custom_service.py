"""A special service from the wish to the standing list, by its people alone: assistant and resident on phones, the officers at desktops.

Then the next order, which goes by the list, in English.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NARROWEST, PHONE
from tests.browser.live import LiveSteward
from tests.browser.office import NUMBER, Desk

pytestmark = pytest.mark.browser


def test_a_wish_becomes_a_standing_service_which_the_next_order_goes_by(
    live: LiveSteward, sit_down: Callable[..., Desk], open_context: Callable[..., BrowserContext]
) -> None:
    assistant, officer = sit_down("property_assistant", **PHONE), sit_down("property_officer")
    number = receive(assistant, wish="家有老人，请避开午休")
    review(number, assistant, officer)
    approve(number, sit_down("project_manager"))
    agree_by_link(number, assistant, open_context(**NARROWEST).new_page())
    carry_out(number, assistant)
    settle(number, sit_down("finance"), "6800")
    call_back(number, assistant, sit_down("customer_service"))
    convert(number, officer)
    order_in_english(assistant)


def receive(assistant: Desk, wish: str) -> str:
    page = assistant.page
    page.goto(f"{assistant.live.address}/start/custom_service")
    page.locator("#find").press_sequentially("1234")
    page.locator("#found").get_by_text("A-12").first.click()
    expect(assistant.field("house")).to_have_value("A-12")
    assistant.pick(service="other")
    assistant.write(service_name="高空擦窗", content="客厅四扇落地窗外侧擦洗")
    assistant.tick("individual")
    assistant.write(wish=wish)
    return number_in(assistant.finish())


def number_in(told: str) -> str:
    found = NUMBER.search(told)
    assert found is not None and found.group().startswith("TY-"), told
    return found.group()


def review(number: str, assistant: Desk, officer: Desk) -> None:
    """Two suppliers asked side by side, the opinion at once, confirmed by somebody else."""
    assistant.open_task(number, "选定征询的供应商")
    assistant.write(suppliers="洁安保洁\n明亮保洁")
    assistant.finish()
    assistant.open_task(number, "征询 明亮保洁")
    assistant.choose(quote_result="declined")
    assistant.finish()
    assistant.open_task(number, "征询 洁安保洁")
    assistant.write(price="6800", terms="含吊篮与保险")
    assert "提出评审意见" in assistant.finish()
    assistant.open_task(number, "提出评审意见")
    expect(assistant.page.locator("form.next")).to_contain_text("洁安保洁 6800")
    assistant.write(supplier_chosen="洁安保洁", amount="6800", contract_content="四扇落地窗外侧擦洗", review_note="唯一承接，报价合理")
    assistant.finish()
    officer.open_task(number, "确认评审意见")
    expect(officer.page.locator("form.next")).to_contain_text("6800")
    officer.finish("确认办理")


def approve(number: str, manager: Desk) -> None:
    """Above the site's threshold by the decision table."""
    manager.open_task(number, "批准")
    manager.finish("同意")


def agree_by_link(number: str, assistant: Desk, resident: Page) -> None:
    """The resident reads price and content on a small phone, without a login, and signs."""
    page = assistant.page
    page.goto(f"{assistant.live.address}/inbox?box=cases&q={number}")
    page.get_by_role("link", name=number, exact=True).click()
    making = page.locator("form[action$='/links']")
    if not making.is_visible():
        page.locator("details:has(form[action$='/links']) > summary").click()
    making.locator("button").click()
    resident.goto(page.locator(".secret").inner_text().strip())
    expect(resident.locator("form.next h2")).to_have_text("请确认价格与服务内容")
    expect(resident.locator("form.next")).to_contain_text("6800")
    at_home = Desk(resident, assistant.live)
    at_home.choose(agree_result="agreed")
    at_home.sign("agree_signature")
    resident.locator("form.next button.main").click()
    expect(resident.locator(".timeline")).to_contain_text("您已答复价格与内容")
    assert "洁安" not in resident.locator(".timeline").inner_text()


def carry_out(number: str, assistant: Desk) -> None:
    """The first execution is recorded in full."""
    assistant.open_task(number, "执行并记录全过程")
    assistant.write(carried_out_at="2026-03-02T15:00", carried_out_by="王师傅等二人")
    assistant.write(steps="先试一扇，住户验看后完成其余三扇", materials="清洁剂两瓶，四小时")
    assistant.photograph("photos", assistant.page.screenshot())
    assistant.finish()


def settle(number: str, finance: Desk, amount: str) -> None:
    finance.open_task(number, "收费入账")
    finance.write(charge=amount, receipt="SJ-0107")
    finance.finish()


def call_back(number: str, assistant: Desk, second: Desk) -> None:
    assistant.open_task(number, "回访")
    assistant.choose(reached="yes", attitude="5", quality="5", verdict="satisfied")
    assistant.pick(channel="telephone")
    assistant.choose(manners="5")
    assistant.finish()
    second.open_task(number, "会签")
    second.tick("countersigned")
    second.finish()


def convert(number: str, officer: Desk) -> None:
    officer.open_task(number, "决定是否转专项")
    officer.choose(convert="yes")
    officer.write(standing_name="高空擦窗", standing_price="120", standing_content="落地窗外侧擦洗，按扇", conversion_reason="首次记录完整")
    assert "已办结" in officer.finish()
    page = officer.page
    page.goto(f"{officer.live.address}/inbox?box=cases&q={number}")
    page.get_by_role("link", name=number, exact=True).click()
    expect(page.locator("[data-diagram][data-state=shown]").first).to_be_visible()
    for activity in ("review", "confirm", "approve", "agree", "carry_out", "converted"):
        expect(page.locator(f".djs-element.is-done[data-element-id={activity}]")).to_be_attached()


def order_in_english(assistant: Desk) -> None:
    """The list offers what was entered; no review, no approval: supplier and price are known."""
    page, live = assistant.page, assistant.live
    page.goto(f"{live.address}/inbox")
    assistant.in_english()
    page.goto(f"{live.address}/start/custom_service")
    page.locator("#find").press_sequentially("1234")
    page.locator("#found").get_by_text("A-12").first.click()
    assistant.pick(service="高空擦窗")
    expect(assistant.field("service_name")).to_have_count(0)
    assistant.write(content="两扇")
    number = number_in(assistant.finish())
    page.goto(f"{live.address}/inbox?box=all&q={number}")
    page.locator(".list .does").first.click()
    expect(assistant.field("supplier_chosen")).to_have_value("洁安保洁")
    expect(page.locator("form.next")).to_contain_text("Price (yuan)")
    assistant.tick("resident_told")
    assistant.finish()
    live.wait(timedelta(minutes=1))
    page.goto(f"{live.address}/inbox?box=all&q={number}")
    expect(page.locator(".list .does")).to_have_count(1)
