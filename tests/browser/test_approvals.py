"""A countersigning in real browsers: a phone and a desktop, a signer added before, a refusal with its reason."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from engine import definitions, demo, instances
from engine.actors import Actor
from tests.browser.conftest import DESKTOP, NARROWEST, Troubles, axe_violations
from tests.browser.live import LiveSteward
from tests.engine.test_approvals import approval
from tests.factories import END_EVENT, START_EVENT, chain, diagram

pytestmark = pytest.mark.browser


def begin(live: LiveSteward) -> int:
    drawn = diagram(chain(START_EVENT, approval("all"), END_EVENT), key="plan", name="方案会签")
    people = [demo.login_of(post, "S1") for post in ("finance", "property_officer")]
    with live.steward.db.transaction() as session:
        definitions.deploy(session, {"plan.bpmn": drawn}, Actor.system("cli"), live.clock.now())
        started = instances.start(session, "plan", "S1", Actor.system("cli"), live.clock.now(), {"people": people})
        return started.instance.id


def test_people_countersign_and_one_asks_another_first(
    live: LiveSteward, open_context: Callable[..., BrowserContext], troubles: Troubles
) -> None:
    begin(live)
    finance = live.log_in(open_context(**NARROWEST), "finance")
    finance.get_by_role("link", name="会签").first.click()
    expect(finance.locator(".finish button")).to_have_text(["同意", "不同意"])
    assert axe_violations(finance) == []
    finance.locator("details.operations > summary").click()
    finance.locator("#do-add_signer > summary").click()
    finance.locator("#add_signer-login").select_option(demo.login_of("storekeeper", "S1"))
    finance.locator("#add_signer-where").select_option("before")
    finance.locator("#add_signer-reason").fill("先看一下库存")
    finance.locator("#do-add_signer button").click()
    expect(finance.locator(".notice.done")).to_contain_text("先由")

    keeper = live.log_in(open_context(**DESKTOP), "storekeeper")
    keeper.get_by_role("link", name="会签").first.click()
    expect(keeper.locator("#signing")).to_contain_text("先看一下库存")
    keeper.locator("#reason").fill("库存够用")
    keeper.get_by_role("button", name="同意", exact=True).click()
    expect(keeper.locator(".notice.done")).to_be_visible()

    finance.goto(f"{live.address}/inbox")
    finance.get_by_role("link", name="会签").first.click()
    expect(finance.locator("#signing")).to_contain_text("库存够用")
    finance.get_by_role("button", name="不同意").click()
    expect(finance.locator("#reason-wrong")).to_be_visible()
    troubles.forgive("422")
    assert axe_violations(finance) == []
    finance.locator("#reason").fill("太贵")
    finance.get_by_role("button", name="不同意").click()
    expect(finance.locator(".notice.done")).to_be_visible()
