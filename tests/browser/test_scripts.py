"""The scripts of web/frontend in a real browser, on a bare page with the strict content policy that every page has."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from web.headers import CONTENT_SECURITY_POLICY

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
TYPES = {".js": "text/javascript", ".css": "text/css", ".bpmn": "text/xml"}
DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
  xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" targetNamespace="x">
  <process id="p"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t" name="修理"/></process>
  <bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="p">
    <bpmndi:BPMNShape bpmnElement="s"><dc:Bounds x="100" y="100" width="36" height="36"/></bpmndi:BPMNShape>
    <bpmndi:BPMNShape bpmnElement="t"><dc:Bounds x="200" y="78" width="100" height="80"/></bpmndi:BPMNShape>
    <bpmndi:BPMNEdge bpmnElement="f"><di:waypoint x="136" y="118"/><di:waypoint x="200" y="118"/></bpmndi:BPMNEdge>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</definitions>"""
PLAIN = """<?xml version="1.0" encoding="GBK"?>
<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x"><b:process id="p">
<b:startEvent id="s"/><b:userTask id="t" name="修理"/><b:exclusiveGateway id="g"/><b:task id="u"/><b:endEvent id="e" name="完成"/>
</b:process></b:definitions>"""
HEAD = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>t</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="csrf-token" content="token-1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/build/app.css">
<script type="module" src="/static/build/app.js"></script></head><body>"""


class Site(ThreadingHTTPServer):
    """Serves pages given as text, the built assets, and an attachment address; remembers what was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.uploads: dict[str, bytes] = {}
        self.tokens: list[str | None] = []
        self.submitted: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path in self.server.pages:
            self.answer(HEAD + self.server.pages[path], "text/html; charset=utf-8")
        elif path == "/expired.bpmn":
            self.send_response(302)
            self.send_header("Location", "/login")
            self.end_headers()
        elif path == "/diagram.bpmn":
            self.answer(DIAGRAM, "text/xml")
        elif path == "/plain.bpmn":
            self.answer(PLAIN.encode("gbk"), "text/plain; charset=utf-8")
        elif path.startswith("/attachments/"):
            self.answer(self.server.uploads[path.rpartition("/")[2]], "image/jpeg")
        else:
            file = ROOT / "web" / path[1:]
            self.answer(file.read_bytes(), TYPES[file.suffix])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/attachments":
            content = body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
            name = hashlib.sha256(content).hexdigest()
            self.server.uploads[name] = content
            self.server.tokens.append(self.headers["X-CSRFToken"])
            self.answer(f'{{"hash": "{name}"}}', "application/json")
        else:
            self.server.submitted.append(body.decode())
            self.answer(HEAD + self.server.pages.get("/after", "<p id=done>好</p>"), "text/html; charset=utf-8")

    def answer(self, content: str | bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.end_headers()
        self.wfile.write(content.encode() if isinstance(content, str) else content)

    def log_message(self, *_: object) -> None:
        """Quiet: pytest shows what matters."""


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def wait_until_kept(page: Page, text: str) -> None:
    deadline = time.monotonic() + 5
    while text not in page.evaluate("JSON.stringify(sessionStorage)"):
        assert time.monotonic() < deadline, f"Expected {text} to be kept in the session's storage, but it is not there"
        page.wait_for_timeout(50)


def sign(page: Page) -> None:
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 60, steps=5)
    page.mouse.up()


def test_a_diagram_asked_for_after_the_login_expired_says_so_in_place_of_the_login_page(site: Site, desktop: Page) -> None:
    site.pages["/login"] = "<form>登录</form>"
    site.pages["/"] = """<div data-diagram="/expired.bpmn" data-progress='{}'></div>"""
    desktop.goto(site.address)
    expect(desktop.locator("[data-diagram][data-state=failed]")).to_have_text("登录已过期，请刷新本页后重新登录。")


def test_a_process_without_a_drawing_shows_its_steps_in_the_encoding_of_its_file(site: Site, desktop: Page) -> None:
    site.pages["/"] = """<div data-diagram="/plain.bpmn" data-progress='{"done":["s"],"late":["t"]}' data-labels='{"t":"12 分钟"}'></div>"""
    desktop.goto(site.address)
    expect(desktop.locator("[data-diagram][data-state=listed] li")).to_have_text(["修理 !12 分钟", "u ", "完成 "])
    expect(desktop.locator(".diagram-mark.is-late")).to_have_attribute("title", "超时")


def test_the_diagram_is_drawn_and_marked_when_it_is_unfolded(site: Site, desktop: Page) -> None:
    site.pages["/"] = """<details><summary>流程图</summary>
        <div data-diagram="/diagram.bpmn" data-progress='{"done":["s"],"late":["t"],"flows":["f"]}'
        data-labels='{"t":"12 分钟"}'></div></details>"""
    desktop.goto(site.address)
    expect(desktop.locator("svg")).to_have_count(0)
    desktop.get_by_text("流程图").click()
    expect(desktop.locator("[data-diagram][data-state=shown]")).to_be_visible()
    expect(desktop.locator(".djs-element.is-late .djs-visual")).to_be_visible()
    expect(desktop.locator(".diagram-mark.is-late")).to_have_text("!")
    expect(desktop.locator(".diagram-label")).to_have_text("12 分钟")
    stroke = desktop.locator("[data-element-id=f] .djs-visual > path").evaluate("line => getComputedStyle(line).stroke")
    assert stroke == "rgb(27, 110, 60)"


def test_a_signature_is_uploaded_before_the_form_is_sent(site: Site, phone: Page) -> None:
    site.pages["/"] = """<form method="post" action="/submit">
        <div data-signature data-name="signed" data-upload="/attachments" data-required></div><button>完成</button></form>"""
    phone.goto(site.address)
    sign(phone)
    phone.get_by_role("button", name="完成").click()
    expect(phone.locator("#done")).to_be_visible()
    (name,) = site.uploads
    assert site.submitted == [f"signed={name}"]
    assert site.uploads[name].startswith(b"\x89PNG")
    assert site.tokens == ["token-1"]


def test_a_required_signature_stops_the_form_with_a_sentence(site: Site, phone: Page) -> None:
    site.pages["/"] = """<form method="post" action="/submit">
        <div data-signature data-name="signed" data-upload="/attachments" data-required></div><button>完成</button></form>"""
    phone.goto(site.address)
    expect(phone.locator("canvas")).to_be_visible()
    phone.get_by_role("button", name="完成").click()
    expect(phone.get_by_role("alert")).to_have_text("请先签名。")
    assert site.submitted == []


def test_a_signature_cleared_and_drawn_again_is_the_one_that_counts(site: Site, phone: Page) -> None:
    site.pages["/"] = """<form method="post" action="/submit">
        <div data-signature data-name="signed" data-upload="/attachments"></div><button>完成</button></form>"""
    phone.goto(site.address)
    sign(phone)
    expect(phone.locator("[name=signed]")).not_to_have_value("")
    phone.get_by_role("button", name="重签").click()
    expect(phone.locator("[name=signed]")).to_have_value("")


def photograph(page: Page) -> bytes:
    """A large picture, painted by the browser itself."""
    page.set_viewport_size({"width": 2000, "height": 3000})
    picture = page.screenshot()
    page.set_viewport_size({"width": 390, "height": 844})
    return picture


PHOTOS = """<form method="post" action="/submit" data-keep="k">
    <div data-photos data-name="photo" data-upload="/attachments" data-view="/attachments/" data-max="2">
    <input type="file" accept="image/*" multiple aria-label="照片"><ul></ul></div><button>完成</button></form>"""


def test_photographs_are_shrunk_uploaded_and_sent_as_hashes(site: Site, open_context: Callable[..., BrowserContext]) -> None:
    page = open_context(viewport={"width": 390, "height": 844}).new_page()
    site.pages["/"] = PHOTOS
    page.goto(site.address)
    picture = {"name": "leak.png", "mimeType": "image/png", "buffer": photograph(page)}
    page.get_by_label("照片").set_input_files([picture])
    expect(page.get_by_role("status")).to_have_text("已上传")
    expect(page.locator("ul img")).to_have_count(1)
    (name,) = site.uploads
    size = page.locator("ul img").evaluate(
        "async picture => { await picture.decode(); return [picture.naturalWidth, picture.naturalHeight]; }"
    )
    assert max(size) == 1600
    page.get_by_role("button", name="完成").click()
    expect(page.locator("#done")).to_be_visible()
    assert site.submitted == [f"photo={name}"]


def test_uploaded_photographs_are_still_there_after_a_reload(site: Site, open_context: Callable[..., BrowserContext]) -> None:
    page = open_context(viewport={"width": 390, "height": 844}).new_page()
    site.pages["/"] = PHOTOS
    page.goto(site.address)
    page.get_by_label("照片").set_input_files([{"name": "a.png", "mimeType": "image/png", "buffer": photograph(page)}])
    expect(page.locator("ul img")).to_have_count(1)
    wait_until_kept(page, '\\"photo\\"')
    page.reload()
    expect(page.locator("ul img")).to_have_count(1)
    page.get_by_role("button", name="删除").click()
    expect(page.locator("ul img")).to_have_count(0)


def test_a_file_that_is_no_picture_is_refused_in_words(site: Site, desktop: Page) -> None:
    site.pages["/"] = PHOTOS
    desktop.goto(site.address)
    desktop.get_by_label("照片").set_input_files([{"name": "a.txt", "mimeType": "text/plain", "buffer": b"no picture"}])
    expect(desktop.get_by_role("status")).to_have_text("这个文件不是可以识别的图片。")
    assert site.uploads == {}


KEPT = """<form method="post" action="/submit" data-keep="task-1"><input name="note" aria-label="备注">
    <input type="checkbox" name="tick" aria-label="已查">
    <input type="password" name="secret" aria-label="口令"><button>完成</button></form>"""


def type_into(page: Page) -> None:
    page.get_by_label("备注").fill("水管漏水")
    page.get_by_label("已查").check()
    page.get_by_label("口令").fill("geheim")
    wait_until_kept(page, "水管漏水")


def test_what_was_typed_is_back_after_a_reload_but_never_a_password(site: Site, phone: Page) -> None:
    site.pages["/"] = KEPT
    phone.goto(site.address)
    type_into(phone)
    phone.reload()
    expect(phone.get_by_label("备注")).to_have_value("水管漏水")
    expect(phone.get_by_label("已查")).to_be_checked()
    expect(phone.get_by_label("口令")).to_have_value("")
    assert "geheim" not in phone.evaluate("JSON.stringify(sessionStorage)")


def test_what_was_typed_is_forgotten_once_it_was_accepted(site: Site, phone: Page) -> None:
    site.pages["/"] = KEPT
    phone.goto(site.address)
    type_into(phone)
    phone.get_by_role("button", name="完成").click()
    expect(phone.locator("#done")).to_be_visible()
    phone.wait_for_load_state("load")
    phone.goto(site.address)
    expect(phone.get_by_label("备注")).to_have_value("")


def test_what_was_typed_outlives_an_expired_session(site: Site, phone: Page) -> None:
    site.pages["/"] = KEPT
    site.pages["/after"] = "<form data-login method=post><input name=user aria-label=用户></form>"
    phone.goto(site.address)
    type_into(phone)
    phone.get_by_role("button", name="完成").click()
    expect(phone.get_by_label("用户")).to_be_visible()
    phone.goto(site.address)
    expect(phone.get_by_label("备注")).to_have_value("水管漏水")


def test_what_was_typed_outlives_a_refusal_on_a_page_of_its_own(site: Site, phone: Page) -> None:
    site.pages["/"] = KEPT
    site.pages["/after"] = "<section data-refused id=refused>系统出错了</section>"
    phone.goto(site.address)
    type_into(phone)
    phone.get_by_role("button", name="完成").click()
    expect(phone.locator("#refused")).to_be_visible()
    phone.wait_for_load_state("load")  # its script has seen the refusal
    site.pages["/inbox"] = "<h1>待办</h1>"
    phone.goto(f"{site.address}/inbox")
    phone.goto(site.address)
    expect(phone.get_by_label("备注")).to_have_value("水管漏水")


def test_who_logs_in_next_in_the_same_tab_reads_nothing_of_what_was_typed(site: Site, phone: Page) -> None:
    site.pages["/"] = f"<div>{KEPT}</div>"
    phone.goto(site.address)
    phone.evaluate("document.body.dataset.person = 'anna'")
    type_into(phone)
    phone.wait_for_timeout(400)
    phone.goto(site.address)
    expect(phone.get_by_label("备注")).to_have_value("")


def test_without_a_network_the_form_stays_and_says_so(site: Site, phone: Page) -> None:
    site.pages["/"] = KEPT
    phone.goto(site.address)
    type_into(phone)
    phone.context.set_offline(True)
    phone.get_by_role("button", name="完成").click()
    expect(phone.get_by_role("alert")).to_contain_text("没有网络")
    expect(phone.get_by_label("备注")).to_have_value("水管漏水")
    assert site.submitted == []


def test_clocks_are_said_in_words_and_turn_late_by_themselves(site: Site, phone: Page) -> None:
    phone.clock.install(time="2026-03-02T09:00:00Z")
    site.pages["/"] = (
        '<time id="a" data-due="2026-03-02T09:04:30Z" data-soon="2026-03-02T09:02:00Z"></time>'
        '<time id="b" data-since="2026-03-02T08:00:00Z"></time>'
    )
    phone.goto(site.address)
    expect(phone.locator("#a")).to_have_text("还有 4 分钟")
    expect(phone.locator("#a")).to_have_attribute("data-state", "ok")
    expect(phone.locator("#b")).to_have_text("已 60 分钟")
    phone.clock.run_for(3 * 60_000)
    expect(phone.locator("#a")).to_have_attribute("data-state", "soon")
    phone.clock.run_for(13 * 60_000)
    expect(phone.locator("#a")).to_have_text("超时 11 分钟")
    expect(phone.locator("#a")).to_have_attribute("data-state", "late")
