"""A resident with an old phone and a bad network, and the papers as the printer gets them."""

import io
import re
import unicodedata
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Response, Route, expect
from pypdf import PdfReader
from sqlalchemy import func, select

from engine import instances, personal_links, queries_case, user_tasks
from engine.actors import Actor
from engine.tables import Instance
from tests.browser.conftest import DESKTOP, NARROWEST, PHONE, Troubles, axe_violations
from tests.browser.live import LiveSteward
from tests.browser.test_pages import small_targets, stick_out

pytestmark = pytest.mark.browser
MOST_BYTES = 200_000
SYSTEM = Actor.system("cli")
CALL = {
    "channel": "telephone",
    "area": "indoor",
    "house": "A-12",
    "caller_name": "陈女士",
    "telephone": "13800001234",
    "kind": "door_window",
}


def wall(live: LiveSteward) -> str:
    """The address that a code on the wall of S1 leads to."""
    with live.steward.db.transaction() as session:
        return f"{live.address}/r/{personal_links.make_for_reports(session, 'S1', SYSTEM, live.clock.now()).token}"


def cases(live: LiveSteward) -> int:
    with live.steward.db.read() as session:
        return session.scalar(select(func.count()).select_from(Instance)) or 0


def photograph(width: int = 1200) -> bytes:
    drawn = io.BytesIO()
    Image.effect_noise((width, 900), 60).convert("RGB").save(drawn, "JPEG")
    return drawn.getvalue()


def choose(page: Page, *pictures: bytes) -> None:
    files = [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": content} for n, content in enumerate(pictures)]
    page.locator("[data-photos] input[type=file]").last.set_input_files(files)


def fill(page: Page) -> None:
    for key, text in {"house": "A-12", "place": "厨房", "content": "水管漏水", "caller_name": "陈女士", "telephone": "13800001234"}.items():
        page.locator(f"[name={key}]").fill(text)


def test_the_first_page_weighs_less_than_200_kb_all_in_all(live: LiveSteward, phone: Page) -> None:
    loaded: list[Response] = []
    phone.on("response", lambda one: loaded.append(one))
    phone.goto(wall(live), wait_until="networkidle")
    weights = {one.url: len(one.body()) for one in loaded}
    assert len(weights) >= 4 and all(url.startswith(live.address) for url in weights)
    assert sum(weights.values()) < MOST_BYTES, weights


def test_a_report_and_its_photographs_survive_a_lost_connection(
    live: LiveSteward, open_context: Callable[..., BrowserContext], troubles: Troubles
) -> None:
    context = open_context(**PHONE)
    page, address, before = context.new_page(), wall(live), cases(live)
    page.goto(address)
    fill(page)
    choose(page, photograph())
    expect(page.locator("[data-photos] input[type=hidden][value]:not([value=''])")).to_have_count(1)
    context.set_offline(True)
    choose(page, photograph(800), photograph(700))
    expect(page.locator("[data-photos] li")).to_have_count(3)
    expect(page.locator("[data-photos] [role=status]")).to_contain_text("恢复网络后自动上传")
    context.set_offline(False)
    expect(page.locator("[data-photos] li input[type=hidden]")).to_have_count(3)
    page.route("**/report", _lose)
    page.locator("form.next button.main").click()
    page.wait_for_url(re.compile("chrome-error|/r/"))
    page.unroute("**/report")
    page.goto(address)
    expect(page.locator("[name=content]")).to_have_value("水管漏水")
    expect(page.locator("[data-photos] li input[type=hidden]")).to_have_count(3)
    page.locator("form.next button.main").click()
    expect(page.locator(".notice.done")).to_contain_text("没有重复登记")
    expect(page.locator(".photos img")).to_have_count(3)
    assert cases(live) == before + 1
    troubles.forgive("ERR_INTERNET_DISCONNECTED")
    troubles.forgive("ERR_FAILED")
    troubles.forgive("Failed to load resource")


def _lose(route: Route) -> None:
    """The request arrives, its answer does not."""
    route.fetch(max_redirects=0)
    route.abort()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_resident_agrees_signs_and_rates_on_the_narrowest_phone(
    live: LiveSteward, open_context: Callable[..., BrowserContext], language: str
) -> None:
    instance = _order(live, "门关不上")
    with live.steward.db.transaction() as session:
        token = personal_links.make_for_case(session, instance, SYSTEM, live.clock.now()).token
    page = open_context(**NARROWEST).new_page()
    page.goto(f"{live.address}/r/{token}")
    page.locator(f"form.switch [value={language}]").click()
    page.locator("label:has([name=quote_result][value=agreed])").click()
    _sign(page, "quote_signature")
    assert axe_violations(page) == [] and stick_out(page) == [] and small_targets(page) == []
    page.locator("form.next button.main").click()
    expect(page.locator(".notice.done")).to_be_visible()
    _work(live, instance)
    page.goto(f"{live.address}/r/{token}")
    page.locator("label:has([name=rating][value='5'])").click()
    _sign(page, "resident_signature")
    page.locator("form.next button.main").click()
    expect(page.locator(".timeline")).to_contain_text("您已签名评价" if language == "zh" else "You have signed and rated")
    expect(page.locator("form.next")).to_have_count(0)
    assert axe_violations(page) == [] and stick_out(page) == [] and small_targets(page) == []


def test_papers_are_one_a4_page_a_copy_also_with_the_longest_texts(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> None:
    page = live.log_in(open_context(**DESKTOP), "customer_service")
    short, long = _order(live, "门关不上"), _order(live, "很长的报修内容，一直说不完。" * 70, items="W" * 500)
    for instance in (short, long):
        page.goto(f"{live.address}/orders/{instance}/print/work-order")
        papers = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
        texts = ["".join(unicodedata.normalize("NFKC", one.extract_text()).split()) for one in papers.pages]
        assert [mark for text in texts for mark in ("第一联", "第二联", "第三联", "第四联") if mark in text] == [
            "第一联",
            "第二联",
            "第三联",
            "第四联",
        ]
        assert len(texts) == 4 and all("打印于" in text and "主管签名" in text for text in texts)
        assert [round(float(side)) for side in papers.pages[0].mediabox[2:]] == [595, 842]
        assert not any(menu in texts[0] for menu in ("待办", "返回", "退出登录"))


def test_a_notice_is_one_a4_page_with_the_place_for_the_seal(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> None:
    said = {"department": "cleaning", "place": "地下室", "finding": "垃圾没有清运。" * 140}
    with live.steward.db.transaction() as session:
        instance = instances.start(session, "rectification", "S1", SYSTEM, live.clock.now(), said).instance.id
    page = live.log_in(open_context(**DESKTOP), "customer_service")
    page.goto(f"{live.address}/orders/{instance}")
    page.get_by_role("button", name="打印整改通知单").click()
    expect(page.locator(".sheet .seal")).to_be_visible()
    papers = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    [text] = ["".join(unicodedata.normalize("NFKC", one.extract_text()).split()) for one in papers.pages]
    assert "盖章处" in text and "签收人签名" in text and "垃圾没有清运" in text and "(全文" in text
    assert axe_violations(page) == []


def _order(live: LiveSteward, content: str, items: str = "换门") -> int:
    """An order whose price waits for the resident."""
    with live.steward.db.transaction() as session:
        instance = instances.start(session, "repair", "S1", SYSTEM, live.clock.now(), CALL | {"content": content[:1000]}).instance.id
    for activity, said in (
        ("dispatch", {"technician": "technician.s1"}),
        ("take", {}),
        ("arrive", {"arrival_result": "arrived"}),
        ("enter", {"entry_result": "admitted"} | dict.fromkeys(ENTER, True)),
        ("quote", {"quote_items": items, "amount": 900, "quote_result": "by_link"}),
    ):
        _do(live, instance, activity, said)
    return instance


ENTER = ("verified", "uniform", "badge", "order_shown", "shoe_covers", "tool_mat", "explained")


def _work(live: LiveSteward, instance: int) -> None:
    _do(live, instance, "work", {"work_result": "done", "done_text": "换好了"})
    _do(live, instance, "confirm", {"cleaned": True, "amount": 900, "sign_by_link": True})


def _do(live: LiveSteward, instance: int, activity: str, said: dict[str, object]) -> None:
    live.catch_up()
    with live.steward.db.transaction() as session:
        [task] = [one.task.id for one in queries_case.open_tasks(session, [instance]) if one.task.activity_id == activity]
        user_tasks.complete(session, task, said, SYSTEM, live.clock.now())


def _sign(page: Page, key: str) -> None:
    place = page.locator(f"[data-signature][data-name='{key}']")
    canvas = place.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 90, steps=6)
    page.mouse.up()
    expect(place.locator("input[type=hidden]")).to_have_value(re.compile(r"^[0-9a-f]{64}$"))
