"""What people of the office do with the pages, in their words: open a task, tick, choose, sign, take a photograph."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.live import LiveSteward

NUMBER = re.compile(r"[A-Z]{2}-S1-\d{6}-\d{4,}")
FINISH = ".finish button.main"


@dataclass(frozen=True)
class Desk:
    """One person at one browser."""

    page: Page
    live: LiveSteward

    def in_english(self) -> "Desk":
        """The same person, who reads the pages in English from now on."""
        self.page.locator("details.me summary").click()
        self.page.get_by_role("button", name="English").click()
        expect(self.page.locator("html")).to_have_attribute("lang", "en")
        return self

    def open_task(self, number: str, name: str) -> None:
        """Find the order's task in the inbox, the way a person does, and open it."""
        self.page.goto(f"{self.live.address}/inbox?box=all&q={number}")
        self.page.get_by_role("link", name=name, exact=True).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)

    def write(self, **fields: str) -> None:
        for key, text in fields.items():
            self.field(key).fill(text)

    def pick(self, **fields: str) -> None:
        for key, value in fields.items():
            self.field(key).select_option(value)

    def choose(self, **fields: str) -> None:
        """One of several: by thumb, on the text beside the button."""
        for key, value in fields.items():
            self.page.locator(f"label:has([name='{key}'][value='{value}'])").click()

    def tick(self, *keys: str) -> None:
        for key in keys:
            self.page.locator(f"label:has([name='{key}'])").click()

    def field(self, key: str) -> Locator:
        return self.page.locator(f"form.next [name='{key}']:visible")

    def sign(self, key: str) -> None:
        """Draw on the glass, and see that the signature was kept."""
        place = self.page.locator(f"[data-signature][data-name='{key}']")
        canvas = place.locator("canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + 30, box["y"] + 30)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + 160, box["y"] + 90, steps=8)
        self.page.mouse.move(box["x"] + 230, box["y"] + 40, steps=8)
        self.page.mouse.up()
        expect(place.locator("input[type=hidden]")).to_have_value(re.compile(r"^[0-9a-f]{64}$"))

    def photograph(self, key: str, picture: bytes) -> None:
        place = self.page.locator(f"[data-photos][data-name='{key}']")
        place.locator("input[type=file]").last.set_input_files([{"name": "photo.png", "mimeType": "image/png", "buffer": picture}])
        expect(place.locator("ul img")).to_have_count(1)

    def finish(self, decision: str | None = None) -> str:
        """Press the one button of the form, or that of a decision; gives back what the next page says came of it."""
        form = self.page.locator("form.next")
        before = self.page.url
        (form.locator(FINISH) if decision is None else form.get_by_role("button", name=decision, exact=True)).click()
        expect(self.page.locator("#notices .notice.done")).to_be_visible()
        assert "/complete" not in self.page.url, f"Expected the form at {before} to be accepted, but it came back"
        return self.page.locator("#notices").inner_text()

    def complete(self, number: str, name: str) -> str:
        """A task that asks nothing."""
        self.open_task(number, name)
        return self.finish()
