"""A repair order from the first call to the last signature, by the pages alone: the office at desktops, the technician on a phone."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.live import LiveSteward
from tests.browser.office import NUMBER, Desk

pytestmark = pytest.mark.browser
CHECKLIST = ("verified", "uniform", "badge", "order_shown", "shoe_covers", "tool_mat", "explained")


def record_leak(office: Desk) -> str:
    """Customer service records a leaking pipe while listening; gives back the order's number."""
    page = office.page
    page.goto(f"{office.live.address}/start/repair")
    page.locator("#find").press_sequentially("1234")
    page.locator("#found").get_by_text("A-12").first.click()
    expect(office.field("house")).to_have_value("A-12")
    office.pick(kind="pipe_leak")
    office.write(content="厨房水管漏水")
    office.photograph("photos", page.screenshot())
    told = office.finish()
    found = NUMBER.search(told)
    assert found is not None, told
    return found.group()


def test_an_order_runs_from_the_first_call_to_the_last_signature(live: LiveSteward, sit_down: Callable[..., Desk]) -> None:
    office, engineering = sit_down("customer_service"), sit_down("engineering_supervisor")
    technician, finance, second = (
        sit_down("technician", **PHONE).in_english(),
        sit_down("finance").in_english(),
        sit_down("customer_service_2"),
    )
    number = record_leak(office)
    see_it_begun(number, office)
    repair_once(number, engineering, technician, quoted=True)
    hand_in(number, office)
    call_back(number, office, second, "dissatisfied")
    charge(number, finance, office)
    # The resident was not satisfied: back to dispatch, this time free of charge.
    repair_once(number, engineering, technician, quoted=False)
    hand_in(number, office)
    live.wait(timedelta(hours=3))
    call_back(number, office, second, "satisfied")
    see_it_closed(number, office)


def see_it_begun(number: str, office: Desk) -> None:
    """A leaking pipe is an emergency by the decision table; its clocks run."""
    page = office.page
    page.goto(f"{office.live.address}/inbox?box=all&q={number}")
    page.get_by_role("link", name=number, exact=True).click()
    expect(page).to_have_title(re.compile(number))
    expect(page.locator(".now time[data-state=ok]")).to_have_text(re.compile("还有"))
    expect(page.locator("[data-diagram][data-state=shown]").first).to_be_visible()
    expect(page.locator(".djs-element.is-here[data-element-id=dispatch]")).to_be_attached()
    assert "紧急报修" in page.locator("main").inner_text()


def repair_once(number: str, engineering: Desk, technician: Desk, quoted: bool) -> None:
    engineering.open_task(number, "派单")
    engineering.pick(technician="technician.s1")
    assert "接单" in engineering.finish()
    technician.complete(number, "接单")
    technician.open_task(number, "到场")
    technician.choose(arrival_result="arrived")
    technician.finish()
    technician.open_task(number, "入户核对与说明")
    technician.choose(entry_result="admitted")
    technician.tick(*CHECKLIST)
    technician.finish()
    if quoted:
        technician.open_task(number, "报价")
        expect(technician.page.locator("form.next")).to_contain_text("Price (yuan)")  # who reads English
        technician.write(quote_items="换角阀一只", amount="80")
        technician.choose(quote_result="agreed")
        technician.sign("quote_signature")
        technician.finish()
    technician.open_task(number, "维修")
    technician.choose(work_result="done")
    technician.write(done_text="已换角阀，试水不漏")
    technician.finish()
    technician.open_task(number, "清场签字评价")
    technician.tick("cleaned")
    technician.sign("resident_signature")
    technician.choose(rating="4")
    technician.finish()


def hand_in(number: str, office: Desk) -> None:
    office.open_task(number, "收单并告知结果")
    office.pick(told_by="telephone")
    office.finish()


def call_back(number: str, first: Desk, second: Desk, verdict: str) -> None:
    first.open_task(number, "回访")
    first.choose(reached="yes", attitude="5", quality="4", verdict=verdict)
    first.pick(channel="telephone")
    first.choose(manners="5")
    first.write(opinion="说明清楚")
    first.finish()
    second.open_task(number, "会签")
    second.tick("countersigned")
    second.finish()


def charge(number: str, finance: Desk, office: Desk) -> None:
    finance.open_task(number, "登入汇总表")
    finance.write(charge="80", sheet_line="3-12")
    finance.finish()
    office.open_task(number, "收费")
    office.choose(paid="paid")
    office.pick(paid_by="wechat")
    office.write(receipt="SJ-0031")
    office.finish()


def see_it_closed(number: str, office: Desk) -> None:
    page = office.page
    page.goto(f"{office.live.address}/inbox?box=cases&q={number}")
    page.get_by_role("link", name=number, exact=True).first.click()
    expect(page).to_have_title(re.compile(number))
    expect(page.locator(".badge").first).to_have_text("已完成")
    expect(page.locator("[data-diagram][data-state=shown]").first).to_be_visible()
    for activity in ("dispatch", "quote", "confirm", "closed"):
        expect(page.locator(f".djs-element.is-done[data-element-id={activity}]")).to_be_attached()
    story = page.locator("main").inner_text()
    assert "完成了“清场签字评价”" in story
