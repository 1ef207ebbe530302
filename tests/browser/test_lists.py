"""Lists at work in a real browser: by keyboard, while others act, told of when one looks elsewhere, and acted upon from the board."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from engine import definitions, identity, instances, user_tasks
from engine.actors import Actor
from engine.demo import login_of
from engine.tables import UserTask
from tests.browser.conftest import DESKTOP, PHONE, axe_violations
from tests.browser.live import LiveSteward, serving
from tests.factories import END_EVENT, START_EVENT, chain, diagram, task

pytestmark = pytest.mark.browser
ERRAND = diagram(chain(START_EVENT, task("fetch", dueDate="PT1H"), END_EVENT), key="errand", name="跑腿")
LOOK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"  # somebody comes back to the page, which asks at once
BROWSER_NOTICES = """
    window.told = [];
    window.Notification = class extends EventTarget {
        static permission = 'granted';
        static requestPermission = async () => 'granted';
        constructor(title, options) { super(); window.told.push([title, options.body]); }
    };
    let hidden = false;
    Object.defineProperty(document, 'hidden', { get: () => hidden });
    window.lookAway = (away) => { hidden = away; document.dispatchEvent(new Event('visibilitychange')); };
"""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveSteward]:
    with serving(tmp_path) as running:
        with running.steward.db.transaction() as session:
            definitions.deploy(session, {"errand.bpmn": ERRAND}, Actor.system("cli"), running.clock.now())
        yield running


def person(live: LiveSteward, who: str) -> Actor:
    with live.steward.db.read() as session:
        return identity.actor_of(session, identity.get(session, login_of(who, "S1")), "page", live.clock.now())


def send_out(live: LiveSteward) -> int:
    """Somebody starts an errand; returns its task."""
    with live.steward.db.transaction() as session:
        case = instances.start(session, "errand", "S1", person(live, "customer_service"), live.clock.now()).instance.id
        return session.query(UserTask.id).filter_by(instance_id=case).scalar()


def take(live: LiveSteward, task_id: int, who: str) -> None:
    with live.steward.db.transaction() as session:
        user_tasks.claim(session, task_id, person(live, who), live.clock.now())


def posts(live: LiveSteward, page: Page) -> Page:
    page.goto(f"{live.address}/inbox?box=posts")
    expect(page.locator("[data-keys]")).to_be_visible()  # the scripts of the list are there
    return page


def test_a_list_is_worked_through_by_keys_that_keep_out_of_the_way(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> None:
    for _ in range(3):
        send_out(live)
    page = posts(live, live.log_in(open_context(**DESKTOP), "technician"))
    links = page.locator("#list a.does")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("j?c")
    expect(page.locator("[name=q]")).to_have_value("j?c")
    page.locator("[name=q]").fill("")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("[data-keys] dl")).to_be_visible()
    page.locator("label:has([data-keys-on])").click()
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(links.first).not_to_be_focused()
    page.reload()
    page.locator("[data-keys] summary").click()
    page.locator("label:has([data-keys-on])").click()
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator("#notices .done")).to_be_visible()


def test_new_work_is_told_and_moves_nothing_until_one_asks_for_it(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> None:
    first, second = send_out(live), send_out(live)
    page = posts(live, live.log_in(open_context(**PHONE), "technician"))
    place = page.locator(f"#task-{second}").bounding_box()
    take(live, first, "technician_2")
    live.clock.advance(-timedelta(minutes=5))
    new = send_out(live)
    page.evaluate(LOOK_AGAIN)
    button = page.locator("[data-live] button")
    expect(button).to_have_text("1 条新任务")
    expect(page.locator("[data-live] [role=status]")).to_have_text("1 条新任务")
    expect(page.locator(f"#task-{first}.gone button")).to_be_disabled()
    assert page.locator(f"#task-{second}").bounding_box() == place
    assert axe_violations(page) == []
    button.click()
    expect(page.locator("#list a.does").first).to_be_focused()
    expect(page.locator(f"#task-{new}")).to_be_visible()
    expect(page.locator(f"#task-{first}")).to_have_count(0)


def test_who_looks_elsewhere_is_told_by_the_browser_and_who_looks_is_not(
    live: LiveSteward, open_context: Callable[..., BrowserContext]
) -> None:
    context = open_context(**DESKTOP)
    context.add_init_script(BROWSER_NOTICES)
    page = live.log_in(context, "technician")
    page.clock.install()
    posts(live, page)
    page.locator("[data-keys] summary").click()
    with page.expect_response("**/inbox/news"):
        page.locator("label:has([data-notify])").click()
    expect(page.locator("[data-notify-says]")).to_contain_text("已打开")
    send_out(live)
    with page.expect_response("**/inbox/news"):
        page.clock.run_for(31_000)
    assert page.evaluate("told") == []
    page.evaluate("lookAway(true)")
    page.clock.run_for(60_000)
    send_out(live)
    with page.expect_response(lambda answer: answer.url.endswith("/inbox/news") and answer.status == 200):
        page.clock.run_for(31_000)
    page.wait_for_function("told.length")
    assert page.evaluate("told") == [["新任务：Fetch", ""]]


def test_a_supervisor_hands_over_from_the_board_without_leaving_it(live: LiveSteward, open_context: Callable[..., BrowserContext]) -> None:
    task_id = send_out(live)
    take(live, task_id, "technician")
    live.clock.advance(timedelta(minutes=45))
    page = live.log_in(open_context(**PHONE), "engineering_supervisor")
    page.goto(f"{live.address}/board")
    page.locator(f"#task-{task_id} [data-opens-over]").click()
    over = page.locator("dialog[open]")
    over.locator("#do-assign > summary").click()
    over.locator("#do-assign select").select_option(login_of("technician_2", "S1"))
    assert axe_violations(page) == []
    over.locator("#do-assign button").click()
    expect(page.locator("#notices .done")).to_contain_text("已转给")
    expect(page).to_have_url(f"{live.address}/board")
    expect(page.locator("#loads")).to_contain_text("1")
