"""A renovation from the application to the owner file, by the pages alone: the office at desktops, patrols by phone, one in English."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.live import LiveSteward
from tests.browser.office import Desk

pytestmark = pytest.mark.browser
NUMBER = re.compile(r"ZX-S1-\d{6}-\d{4,}")
ROUND, SAME_ROUND = "客厅贴砖两人，门敞开，出入证已看", "客厅贴砖两人 门敞开 出入证已看…。"
VIOLATION = "WZ-S1-202603-0001"
WALKING, ENGLISH = ("order_officer", "technician"), "engineering_supervisor"
FOUR_POINTS = {"door_open": "ok", "in_hours": "ok", "corridor": "ok", "passes_seen": "ok"}


class Staff:
    """Those concerned, each at a browser of their own from the moment when they are needed; nobody stays logged in over night."""

    def __init__(self, live: LiveSteward, open_context: Callable[..., BrowserContext]) -> None:
        self.live, self._open_context = live, open_context
        self._seated: dict[str, Desk] = {}

    def __getitem__(self, who: str) -> Desk:
        if who not in self._seated:
            desk = Desk(self.live.log_in(self._open_context(**(PHONE if who in WALKING else DESKTOP)), who), self.live)
            self._seated[who] = desk.in_english() if who == ENGLISH else desk
        return self._seated[who]

    def next_day(self) -> None:
        self.live.wait(timedelta(days=1, minutes=1))
        self.live.catch_up()  # the timer has called what is due; now it begins
        self._seated.clear()


@pytest.fixture
def staff(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> Staff:
    return Staff(live, open_context)


def test_a_renovation_runs_from_the_application_to_the_owner_file(staff: Staff) -> None:
    number = apply(staff["customer_service"])
    check_and_approve(number, staff)
    issue_permit(number, staff)
    patrol(number, staff)
    rectify(staff)
    accept(number, staff)
    close(number, staff)


def picture(desk: Desk, number: int) -> bytes:
    """A photograph that no other one equals."""
    return desk.page.screenshot(clip={"x": 0, "y": 0, "width": 60 + number, "height": 60})


def apply(office: Desk) -> str:
    page = office.page
    page.goto(f"{office.live.address}/start/renovation")
    office.write(house="A-12", owner_name="陈女士", telephone="13800001234", works_text="客厅铺砖、全屋涂刷", company="安居装饰")
    office.write(site_lead="周师傅", site_lead_telephone="13900002345", worker_names="周师傅")
    office.write(planned_from="2026-03-05", planned_until="2026-04-20")
    office.choose(works="floor", papers="drawings")
    office.photograph("paper_photos", picture(office, 1))
    found = NUMBER.search(office.finish())
    assert found is not None
    return found.group()


def check_and_approve(number: str, staff: Staff) -> None:
    office, supervisor = staff["customer_service"], staff["cs_supervisor"]
    supervisor.open_task(number, "指定专办人")
    supervisor.pick(handler="customer_service.s1")
    supervisor.tick("trained")
    supervisor.write(trained_on="2026-01-10")
    supervisor.finish()
    office.open_task(number, "核验身份与资料")
    office.pick(identity_paper="id_card")
    office.choose(identity_result="matches", papers_result="complete")
    office.tick("handler_clean")
    office.finish()
    engineering = staff["engineering_supervisor"]
    engineering.open_task(number, "会审 工程")
    expect(engineering.page.locator("form.next")).to_contain_text("Agree with conditions")
    expect(engineering.field("neighbours_told")).to_have_count(0)
    engineering.page.locator("form.next [name=reason]").fill("不得破坏防水层")
    engineering.tick("reviewer_clean")
    engineering.finish("Agree with conditions")
    supervisor.open_task(number, "会审 客服")
    supervisor.tick("neighbours_told", "reviewer_clean")
    supervisor.finish("同意")
    manager = staff["project_manager"]
    manager.open_task(number, "审批")
    expect(manager.page.locator("form.next")).to_contain_text("不得破坏防水层")
    manager.tick("manager_clean")
    manager.finish("批准")


def issue_permit(number: str, staff: Staff) -> None:
    office, engineering = staff["customer_service"], staff["engineering_supervisor"]
    office.open_task(number, "签协议与禁止事项")
    office.write(agreement_number="ZX-26-01")
    office.tick("prohibited_told", "handler_told")
    office.sign("owner_signature")
    office.sign("company_signature")
    office.finish()
    staff["finance"].open_task(number, "收押金与费用")
    staff["finance"].write(deposit="2000", deposit_receipt="SJ-101", fee="300", fee_receipt="SJ-102")
    staff["finance"].finish()
    office.open_task(number, "发装修许可证")
    office.write(permit_from="2026-03-05")
    office.tick("sealed")
    office.finish()
    office.open_task(number, "发证 周师傅")
    office.photograph("pass_photo", picture(office, 2))
    office.write(pass_number="G-1", pass_until="2026-04-20")
    office.tick("pass_id_checked")
    office.finish()
    engineering.open_task(number, "接收装修资料")
    engineering.tick("papers_kept")
    engineering.sign("keeper_signature")
    engineering.finish()


def patrol(number: str, staff: Staff) -> None:
    """Two rounds; the second is copied from the first, and finds a violation."""
    for text in (ROUND, SAME_ROUND):
        staff.next_day()
        guard = staff["order_officer"]
        guard.open_task(number, "现场巡查")
        guard.choose(**FOUR_POINTS)
        guard.write(patrol_text=text)
        guard.photograph("patrol_photos", picture(guard, len(text)))
        if text == SAME_ROUND:
            guard.tick("violation_found")
            guard.pick(violation_kind="corridor")
            guard.write(violation_text="走道堆放沙石，没有保护")
        guard.finish()
    staff.live.catch_up()
    supervisor = staff["order_supervisor"]
    supervisor.open_task(number, "核对雷同记录")
    expect(supervisor.page.locator("form.next")).to_contain_text(SAME_ROUND)
    expect(supervisor.page.locator("main")).to_contain_text("内容与以前的记录雷同")
    supervisor.choose(copy_verdict="copied")
    supervisor.write(copy_note="监控未见其上楼")
    supervisor.finish()


def rectify(staff: Staff) -> None:
    office, guard, technician = staff["customer_service"], staff["order_officer"], staff["technician"]
    office.open_task(VIOLATION, "开整改通知书")
    office.write(owner_name="陈女士", correct_what="清运沙石，走道铺保护", correct_by="2026-03-06T18:00")
    office.pick(responsible_department="order")
    office.finish()
    guard.open_task(VIOLATION, "送达并请住户签收")
    guard.write(delivered_at="2026-03-04T11:30")
    guard.sign("resident_signature")
    guard.sign("deliverer_signature")
    guard.finish()
    staff["butler"].open_task(VIOLATION, "第二送达人签字")
    staff["butler"].sign("second_deliverer_signature")
    staff["butler"].finish()
    technician.open_task(VIOLATION, "复查整改")
    technician.choose(recheck_result="corrected")
    technician.write(recheck_text="沙石已清，走道已铺保护垫")
    technician.photograph("recheck_photos", picture(technician, 5))
    technician.finish()


def accept(number: str, staff: Staff) -> None:
    technician, engineering = staff["technician"], staff["engineering_supervisor"]
    technician.open_task(number, "登记完工、延期或取消")
    technician.choose(works_event="completed", reported_by="maintenance")
    technician.write(completed_on="2026-03-04")
    technician.finish()
    staff.live.catch_up()
    engineering.open_task(number, "现场验收")
    engineering.choose(accept_result="passed")
    engineering.write(accept_text="符合图纸，试水不漏", accept_signed_on="2026-03-04", owner_signed_on="2026-03-04")
    engineering.photograph("accept_photos", picture(engineering, 6))
    engineering.sign("accept_signature")
    engineering.sign("owner_accept_signature")
    engineering.tick("accept_clean")
    engineering.finish()


def close(number: str, staff: Staff) -> None:
    guards, engineering, office = staff["order_supervisor"], staff["engineering_supervisor"], staff["customer_service"]
    guards.open_task(number, "查清运与损坏")
    guards.choose(waste_cleared="yes")
    guards.write(waste_text="已清运，公共部位完好", deduction="0")
    guards.photograph("waste_photos", picture(guards, 7))
    guards.finish()
    staff["finance"].open_task(number, "退押金")
    staff["finance"].write(refunded="2000", refund_receipt="TK-9")
    staff["finance"].finish()
    guards.open_task(number, "收回出入证")
    guards.write(passes_collected="1")
    guards.finish()
    engineering.open_task(number, "移交装修资料")
    engineering.tick("handed_over")
    engineering.sign("hand_over_signature")
    engineering.finish()
    office.open_task(number, "归入业主档案")
    office.write(file_number="A-12-7")
    office.tick("filed", "entered_electronically")
    office.finish()
    see_it_closed(number, office)


def see_it_closed(number: str, office: Desk) -> None:
    page = office.page
    page.goto(f"{office.live.address}/inbox?box=cases&q={number}")
    page.get_by_role("link", name=number, exact=True).first.click()
    expect(page).to_have_title(re.compile(number))
    expect(page.locator(".badge").first).to_have_text("已完成")
    expect(page.locator("[data-diagram][data-state=shown]").first).to_be_visible()
    for activity in ("approve", "issue_permit", "works", "accept", "closed"):
        expect(page.locator(f".djs-element.is-done[data-element-id={activity}]")).to_be_attached()
