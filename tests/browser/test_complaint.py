"""A complaint until it is accepted, by the pages alone: the desk at desktops, supervisor, technician and resident on phones."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.live import LiveSteward
from tests.browser.office import NUMBER, Desk

pytestmark = pytest.mark.browser
NEXT_WEEK = timedelta(days=8)


def record(office: Desk, kind: str, content: str) -> str:
    """Customer service writes the complaint down while listening; gives back its number."""
    page = office.page
    page.goto(f"{office.live.address}/start/complaint")
    page.locator("#find").press_sequentially("1234")
    page.locator("#found").get_by_text("A-12").first.click()
    expect(office.field("house")).to_have_value("A-12")
    office.pick(kind=kind)
    office.write(content=content)
    told = office.finish()
    found = NUMBER.search(told)
    assert found is not None, told
    return found.group()


def test_a_complaint_runs_until_the_complainant_accepts(live: LiveSteward, sit_down: Callable[..., Desk]) -> None:
    office, second = sit_down("customer_service"), sit_down("customer_service_2")
    supervisor, technician = sit_down("cs_supervisor", **PHONE), sit_down("technician", **PHONE)
    number = record(office, "repair", "上周修过的阳台又渗水")
    supervisor.open_task(number, "主管阅示")
    supervisor.write(acknowledge_note="今天派人复修")
    supervisor.finish()
    look_into(number, office)
    settle(number, supervisor, technician)
    call_back(number, supervisor, office, "dissatisfied")
    # Not satisfied: back to the supervisor, a second round.
    settle(number, supervisor, technician)
    call_back(number, supervisor, office, "satisfied", second)
    office.open_task(number, "征询投诉人")
    office.choose(accept_result="accepted")
    office.pick(accept_how="face")
    office.sign("accept_signature")
    office.finish()
    supervisor.open_task(number, "检查归档")
    supervisor.tick("register_checked", "handling_checked", "typical")
    supervisor.write(library_title="渗水复修", library_lesson="修后做闭水试验")
    supervisor.finish()
    live.wait(NEXT_WEEK)
    office = sit_down("customer_service")  # nobody stays logged in for a week
    office.open_task(number, "事后联系")
    office.write(contact_note="一周没有再渗水")
    office.choose(contact_result="well")
    office.finish()
    see_it_closed(number, office)
    see_the_library(number, office)


def look_into(number: str, office: Desk) -> None:
    office.open_task(number, "了解核实并答复")
    office.write(details="维修后未做闭水试验", told="今天派人复修")
    office.choose(finding="true", look_result="assign")
    office.pick(told_by="telephone")
    office.finish()


def settle(number: str, supervisor: Desk, technician: Desk) -> None:
    """The supervisor finds the department that the table proposes, and the day by which it must be done."""
    supervisor.open_task(number, "定责派办")
    expect(supervisor.field("department")).to_have_value("engineering")
    expect(supervisor.field("complete_by")).not_to_have_value("")
    supervisor.finish()
    technician.open_task(number, "处理")
    technician.choose(handle_result="done")
    technician.write(measures="重做防水并闭水二十四小时", settlement="阳台不再渗水")
    technician.finish()


def call_back(number: str, supervisor: Desk, first: Desk, verdict: str, second: Desk | None = None) -> None:
    """On a visit by one person; with a second person by telephone, who signs."""
    supervisor.open_task(number, "会同安排")
    supervisor.write(department_supervisor="工程主管")
    supervisor.finish()
    first.open_task(number, "回访")
    first.choose(reached="yes", attitude="4", quality="3", verdict=verdict)
    first.pick(channel="telephone" if second else "visit")
    if second:
        first.choose(manners="5")
    first.write(opinion="还有一处滴水" if verdict == "dissatisfied" else "修好了")
    first.finish()
    if second:
        second.open_task(number, "会签")
        second.tick("countersigned")
        second.finish()


def see_it_closed(number: str, office: Desk) -> None:
    page = office.page
    page.goto(f"{office.live.address}/inbox?box=cases&q={number}")
    page.get_by_role("link", name=number, exact=True).first.click()
    expect(page).to_have_title(re.compile(number))
    expect(page.locator(".badge").first).to_have_text("已完成")
    expect(page.locator("[data-diagram][data-state=shown]").first).to_be_visible()
    for activity in ("acknowledge", "handle", "count_round", "accept", "keep_case", "archived"):
        expect(page.locator(f".djs-element.is-done[data-element-id={activity}]")).to_be_attached()
    story = page.locator("main").inner_text()
    assert "完成了“征询投诉人”" in story


def see_the_library(number: str, office: Desk) -> None:
    """Whoever looks into the next complaint of that kind sees what was learnt."""
    following = record(office, "repair", "厨房渗水复修过")
    office.open_task(following, "了解核实并答复")
    expect(office.page.locator("form.next")).to_contain_text(f"渗水复修 {number}(修后做闭水试验)")


def test_a_complaint_in_english_is_accepted_by_the_resident_through_the_link(
    live: LiveSteward, sit_down: Callable[..., Desk], open_context: Callable[..., BrowserContext]
) -> None:
    office, supervisor = sit_down("customer_service").in_english(), sit_down("cs_supervisor", **PHONE).in_english()
    number = record(office, "noise", "楼上深夜拖动家具")
    office.open_task(number, "了解核实并答复")
    expect(office.page.get_by_text("What was found, in detail")).to_be_visible()
    office.write(details="到现场听到噪声", told="已劝止")
    office.choose(finding="true", look_result="settled")
    expect(office.page.locator("label", has_text="Settled on the spot")).to_be_visible()
    office.write(settlement="已当场劝止")
    office.finish()
    supervisor.complete(number, "主管阅示")
    call_back(number, supervisor, office, "satisfied")
    resident = follow(number, office, open_context(**PHONE))
    expect(resident.get_by_text("已当场劝止").first).to_be_visible()
    resident.locator("label:has([name='accept_result'][value='accepted'])").click()
    resident.locator("form.next button.main").click()
    expect(resident.locator(".notice.done")).to_be_visible()
    live.catch_up()
    office.page.goto(f"{live.address}/inbox?box=all&q={number}")
    names = office.page.locator("a.does").all_inner_texts()
    assert names == ["检查归档"]


def follow(number: str, office: Desk, context: BrowserContext) -> Page:
    """The office makes the personal link; the resident opens it on their own phone."""
    page = office.page
    page.goto(f"{office.live.address}/inbox?box=cases&q={number}")
    page.get_by_role("link", name=number, exact=True).first.click()
    making = page.locator("form[action$='/links']")
    page.locator("details.fold", has=making).locator("summary").click()
    making.locator("button").click()
    address = page.locator(".link-made .secret").inner_text()
    resident = context.new_page()
    resident.goto(address)
    return resident
