"""Make the pictures of the README anew: `make screenshots`. A fresh demonstration, a still clock, the machine's own Chromium."""

import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import DESKTOP, PHONE, chromium  # noqa: E402
from tests.browser.live import LiveSteward, serving  # noqa: E402

IMAGES = ROOT / "docs/images"
COLOURS = 128  # a page has few; the files stay small


def order(page: Page, live: LiveSteward) -> None:
    """An order in the middle of its way, with the diagram."""
    page.goto(f"{live.address}/inbox?box=all")
    page.get_by_role("link", name="登入汇总表").click()
    page.locator("p.crumbs a").last.click()
    expect(page.locator("[data-diagram][data-state=shown]").first).to_be_visible()


def inbox(page: Page, live: LiveSteward) -> None:
    page.goto(f"{live.address}/inbox?box=all")


def quote(page: Page, live: LiveSteward) -> None:
    """The technician's quote, signed on the glass."""
    page.goto(f"{live.address}/inbox")
    page.get_by_role("link", name="报价").click()
    page.locator("[name=quote_items]").fill("更换水龙头阀芯一只")
    page.locator("[name=amount]").fill("60")
    page.locator("label:has([name=quote_result][value=agreed])").click()
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 90):
        turn = step / 6
        page.mouse.move(box["x"] + 40 + step * 2.2 + 18 * math.sin(turn), box["y"] + 75 + 28 * math.cos(turn * 1.3) - step / 5)
    page.mouse.up()


PICTURES: dict[str, tuple[str, dict[str, Any], Callable[[Page, LiveSteward], None]]] = {
    "order": ("customer_service", {"viewport": {"width": 1280, "height": 1300}}, order),
    "inbox": ("customer_service", DESKTOP, inbox),
    "phone-inbox": ("technician", PHONE, lambda page, live: None),
    "phone-quote": ("technician", PHONE, quote),
}


def shoot(browser: Browser, live: LiveSteward, name: str) -> None:
    who, device, go = PICTURES[name]
    with browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **device) as context:
        page = live.log_in(context, who)
        go(page, live)
        page.wait_for_timeout(1500)
        path = IMAGES / f"{name}.png"
        page.screenshot(path=path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)} {path.stat().st_size // 1024} kB")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, serving(Path(directory), samples=True) as live, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name in sys.argv[1:] or PICTURES:
            shoot(browser, live, name)
        browser.close()


if __name__ == "__main__":
    main()
