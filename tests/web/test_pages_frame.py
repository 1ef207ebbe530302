"""What every page keeps to: nothing inline, no other site, a title of its own, both languages, refusals that say what to do."""

import gzip
import re
import tomllib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from PIL import Image

import web
from engine.errors import Rejected
from engine.settings import Settings
from tests.factories import ONE_TASK, Company
from tests.web.forms import CALL, FILES, PROCESS
from web.errors import SENTENCES, status_of
from web.headers import CONTENT_SECURITY_POLICY


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


WEB = Path(web.__file__).parent
PAGES = [
    "/inbox",
    "/inbox?box=cases&q=x",
    "/start",
    "/start/order",
    "/tasks/1",
    "/orders/1",
    "/people",
    "/people/anna",
    "/processes",
    "/processes/1",
    "/password",
]


@pytest.fixture
def order(company: Company) -> int:
    company.deploy(PROCESS, **FILES)
    return company.start(variables=CALL)


def test_every_page_has_a_title_of_its_own_and_nothing_inline(visit, order):
    visitor, titles = visit("emma"), set()
    for path in PAGES:
        visitor.open(path)
        titles.add(visitor.title)
        text = visitor.answer.get_data(as_text=True)
        assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|<style|\son[a-z]+=|javascript:", text), path
        assert visitor.answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert len(visitor.page.cssselect("h1")) == 1 and len(visitor.page.cssselect("main")) == 1
        ids = [element.get("id") for element in visitor.page.cssselect("[id]")]
        assert len(ids) == len(set(ids)), f"{path}: ids that stand twice"
    assert len(titles) == len(PAGES)


def test_every_field_has_a_label_and_every_form_its_token(visit, order):
    visitor = visit("emma")
    for path in PAGES:
        visitor.open(path)
        labelled = {label.get("for") for label in visitor.page.cssselect("label")}
        for field in visitor.page.cssselect("input:not([type=hidden]), select, textarea"):
            named = field.get("id") in labelled or field.get("aria-label") or any(one.tag == "label" for one in field.iterancestors())
            assert named, f"{path}: {field.get('name')}"
        for form in visitor.page.cssselect("form[method=post]"):
            assert form.cssselect("input[name=csrf_token]"), path


def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_inline():
    assert "unsafe" not in CONTENT_SECURITY_POLICY and "http" not in CONTENT_SECURITY_POLICY and "*" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY and "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("path", ["/login", "/nothing", "/api/v1/user-tasks", "/static/icons.svg", "/healthz"])
def test_every_answer_carries_the_headers(app, path):
    headers = app.test_client().get(path, buffered=True).headers
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin" and "Content-Security-Policy" in headers


def test_pages_stay_in_no_cache_and_static_files_do(app, visit):
    assert visit("anna").answer.headers["Cache-Control"] == "no-store"
    assert "immutable" in app.test_client().get("/static/icons.svg?v=1", buffered=True).headers["Cache-Control"]
    assert "immutable" not in app.test_client().get("/static/icons.svg", buffered=True).headers["Cache-Control"]


def test_scripts_and_styles_travel_packed_where_the_browser_can_unpack(app, tmp_path):
    folder = app.static_folder = str(tmp_path)
    Path(folder, "app.css").write_text("body { color: red }")
    Path(folder, "app.css.gz").write_bytes(gzip.compress(b"body { color: red }"))
    plain = app.test_client().get("/static/app.css", buffered=True)
    assert plain.get_data(as_text=True) == "body { color: red }" and "Content-Encoding" not in plain.headers
    small = app.test_client().get("/static/app.css", headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert gzip.decompress(small.get_data()) == b"body { color: red }"
    assert small.headers["Content-Encoding"] == "gzip" and small.mimetype == "text/css" and "Accept-Encoding" in small.headers["Vary"]
    assert app.test_client().get("/static/../app.py", headers={"Accept-Encoding": "gzip"}).status_code == 404


def test_an_unknown_address_says_what_to_do(visit):
    visitor = visit("anna").open("/nothing", status=404)
    assert "找不到这个页面" in visitor.text() and visitor.page.cssselect("a[href='/inbox']")


def test_programs_are_refused_in_their_own_shape(app):
    answer = app.test_client().get("/api/v1/nothing")
    assert answer.status_code in (401, 404) and answer.json["error"].keys() == {"code", "message"}


def test_our_own_mistakes_have_a_number_that_the_log_knows(app, visit, caplog):
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("a secret of ours")

    visitor = visit("anna").open("/broken", status=500)
    [number] = visitor.texts("code")
    assert number in caplog.text and "a secret of ours" in caplog.text
    assert "a secret of ours" not in visitor.answer.get_data(as_text=True)


def test_a_refusal_inside_a_page_is_put_into_its_notices(visit):
    visitor = visit("anna")
    answer = visitor.client.get("/houses?site=S9&find=xx", headers={"HX-Request": "true"})
    assert answer.status_code == 404 and answer.get_data(as_text=True).startswith('<p class="notice problem"')


def test_a_page_that_finds_its_session_ended_leads_to_the_login(app):
    answer = app.test_client().get("/houses?site=S1&find=xx", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer.headers["HX-Redirect"] == "/login"


def test_a_request_that_is_too_large_is_refused(visit, app):
    app.config["MAX_CONTENT_LENGTH"] = 1_000
    visit("anna").send("/language", status=413, language="x" * 2_000)


def test_every_kind_of_refusal_has_a_status():
    def kinds(kind: type[Rejected]) -> list[type[Rejected]]:
        return [kind, *(one for below in kind.__subclasses__() for one in kinds(below))]

    for kind in kinds(Rejected):
        error = kind.__new__(kind)
        assert 400 <= status_of(error) < 500 and status_of(error) in SENTENCES


def test_processes_are_read_with_their_versions_files_and_lint(visit, company):
    company.deploy(ONE_TASK)
    visitor = visit("anna").open("/processes")
    assert visitor.texts(".list .does") == ["Order"]
    visitor.open(visitor.page.cssselect(".list .does")[0].get("href"))
    assert "第 1 版" in visitor.text(".title") and "检查结果" in visitor.text()
    file = visitor.page.cssselect(".fold a")[0].get("href")
    answer = visitor.client.get(file)
    assert answer.data == ONE_TASK and answer.content_type.startswith("text/plain")
    visitor.open("/processes/999", status=404)
    visitor.open("/processes/1/files/etc/passwd", status=404)


def test_a_file_is_kept_shown_to_its_site_and_to_nobody_else(visit, app, tmp_path, monkeypatch):
    """Where nothing else is said, files lie in a directory that is named from where Steward was begun."""
    monkeypatch.chdir(tmp_path)
    app.extensions["steward"] = replace(app.extensions["steward"], settings=Settings(attachments=Path("var/files")))
    stream = BytesIO()
    Image.new("RGB", (8, 8), "red").save(stream, "PNG")
    picture = stream.getvalue()
    visitor = visit("anna")
    headers = {"X-CSRFToken": visitor.token()}
    answer = visitor.client.post("/files?site=S1", data={"file": (BytesIO(picture), "pipe.png")}, headers=headers)
    assert answer.status_code == 201, answer.get_data()
    address = f"/files/{answer.json['hash']}"
    shown = visit("bao").client.get(address, buffered=True)
    assert shown.data == picture and shown.content_type == "image/png" and "sandbox" in shown.headers["Content-Security-Policy"]
    assert visit("hua").client.get(address).status_code == 404
    wrong = visitor.client.post("/files?site=S1", data={"file": (BytesIO(b"<svg onload=alert(1)>"), "x.png")}, headers=headers)
    assert wrong.status_code == 422 and wrong.json["error"]["message"] == "只能上传照片、PDF、Word、Excel 或文本文件"
    kept = sorted(tmp_path.rglob("*"))
    assert (
        visitor.client.post("/files?site=S2", data={"file": (BytesIO(picture + b"another"), "x.png")}, headers=headers).status_code == 404
    )
    assert visitor.client.post("/files?site=S1", data={"file": (BytesIO(picture), "x.png")}).status_code == 400
    assert sorted(tmp_path.rglob("*")) == kept


def test_every_text_of_the_pages_has_its_english() -> None:
    mappings = tomllib.loads((WEB / "translations" / "babel.toml").read_text(encoding="utf-8"))["mappings"]
    methods = [(mapping["pattern"], mapping["method"]) for mapping in mappings]
    options = {mapping["pattern"]: mapping for mapping in mappings}
    keywords = {"_": None, "gettext": None, "lazy_gettext": None}
    found = {message for _, _, message, _, _ in extract_from_dir(WEB, methods, options, keywords=keywords)}
    with (WEB / "translations" / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    english = {message.id: message.string for message in catalogue if message.id}
    assert [text for text in sorted(found) if not english.get(text)] == []
    holes = re.compile(r"%\(\w+\)[sd]")
    wrong = [text for text in found if sorted(holes.findall(text)) != sorted(holes.findall(english[text]))]
    assert wrong == [] and not any(message.fuzzy for message in catalogue)
    assert sorted(english.keys() - found) == []
