"""The pages behind a personal link: without a login, without a session, showing the resident what is theirs and nothing else."""

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from engine import attachments, comments, instances, personal_links
from engine.tables import House, Instance, PersonalLink, UserTask
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, CHEN, EMMA
from tests.web.forms import field, form
from tests.web.visitors import Visitor
from web.pages import resident_course

STAFF = "13899990000"
AGREE = form(
    "agree",
    {"type": "text", "text": "{{ items }}：{{ amount }} 元", "properties": {"text_en": "{{ items }}: {{ amount }} yuan"}},
    field(
        "answer",
        "您的意见",
        "radio",
        True,
        values=[{"value": "yes", "label": "同意", "label_en": "I agree"}, {"value": "no", "label": "不同意", "label_en": "I refuse"}],
        properties={"label_en": "Your answer"},
    ),
    field("why", "原因", "textarea", True, conditional={"hide": '=answer != "no"'}, validate={"required": True, "maxLength": 500}),
)
WORK = form(
    "work",
    field("items", "项目"),
    field("amount", "金额", "number"),
    field("staff_note", "内部说明", "textarea"),
    field("colleague", "同事电话", properties={"telephone": "true"}),
)
CALL = form(
    "call",
    field("house", "房屋", properties={"house": "true"}),
    field("content", "内容", "textarea", properties={"label_en": "Content"}),
    field("telephone", "电话", properties={"telephone": "true"}),
    field("photos", "照片", "filepicker", properties={"photo": "true"}),
)
SEES = {"numberSeries": "WX", "residentSees": "house,content,telephone,photos"}
REPAIR = diagram(
    chain(
        START_EVENT.replace("/>", ' camunda:formRef="call"/>'),
        task("work", formRef="work", properties={"residentStep": "已报价 | Priced"}),
        task("agree", "resident", formRef="agree", properties={"residentAsk": "请确认报价 | Please agree to the price"}),
        task("check", "engineering_supervisor"),
        END_EVENT,
    ),
    name="报修",
    properties=SEES,
)
FILES = {"agree.form": AGREE, "work.form": WORK, "call.form": CALL}
ASKED = diagram(
    chain(
        '<startEvent id="told"><messageEventDefinition messageRef="m"/></startEvent>',
        task("take", "customer_service", formRef="call"),
        END_EVENT,
    ),
    key="repair",
    name="报修",
    before='<message id="m" name="repair.requested"/>',
    properties=SEES,
).replace(b'isExecutable="true"', b'isExecutable="true" camunda:candidateStarterGroups="customer_service,resident"')
SAID = {"house": "A-12", "place": "厨房", "content": "水管漏水", "caller_name": "陈女士", "telephone": "13800001234"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture
def resident(app) -> Visitor:
    """A browser that has never been here."""
    return Visitor(app.test_client())


@pytest.fixture
def order(company: Company) -> int:
    """An order whose price waits for the resident; the staff has written what is none of theirs."""
    company.deploy(REPAIR, **FILES)
    said = {"house": "A-12", "content": "水管漏水", "telephone": "13800001234"}
    instance = company.start(variables=said)
    with company.database.transaction() as session:
        comments.add_to_case(session, instance, "住户很难缠", CHEN, company.now)
    company.complete("work", ANNA, {"items": "换角阀", "amount": 120, "staff_note": "多报一点", "colleague": STAFF})
    return instance


def link(company: Company, instance: int, **more: Any) -> str:
    with company.database.transaction() as session:
        return personal_links.make_for_case(session, instance, CHEN, company.now, **more).token


def wall(company: Company, **more: Any) -> str:
    company.deploy(ASKED, **FILES)
    with company.database.transaction() as session:
        return personal_links.make_for_reports(session, "S1", CHEN, company.now, **more).token


def picture(colour: str = "red") -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(drawn, "JPEG")
    return drawn.getvalue()


def bring(resident: Visitor, token: str, content: bytes, name: str = "photo.jpg") -> Any:
    return resident.client.post(f"/r/{token}/files", data={"file": (io.BytesIO(content), name)})


def seen(resident: Visitor, path: str) -> tuple[int, bytes, str]:
    """Status, content and disposition of a picture."""
    with resident.client.get(path) as answer:
        return answer.status_code, answer.data, answer.headers.get("Content-Disposition", "")


def count(company: Company, table: Any) -> int:
    with company.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_page_needs_no_login_sets_no_cookie_and_tells_nobody_where_it_is(resident, company, order):
    resident.open(f"/r/{link(company, order)}")
    headers = resident.answer.headers
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "noindex" in headers["X-Robots-Tag"] and "Set-Cookie" not in headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    text = resident.answer.get_data(as_text=True)
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|<style|\son[a-z]+=|javascript:|https?://(?!www\.w3\.org)", text)


def test_it_shows_the_course_and_nothing_that_is_the_staffs_own(resident, company, order):
    resident.open(f"/r/{link(company, order)}")
    assert resident.texts("h1") == ["报修 WX-S1-202603-0001"] and "等您办理" in resident.text()
    assert [text.split(" ", 1)[1] for text in resident.texts(".timeline li")] == ["已报价"]
    assert "水管漏水" in resident.text(".facts") and "换角阀：120 元" in resident.text("form.next")
    text = resident.answer.get_data(as_text=True)
    for hidden in ("难缠", "多报一点", STAFF, "13800001234", "Anna", "anna", "Chen", "chen"):
        assert hidden not in text, hidden


def test_it_speaks_english_where_the_diagram_and_the_forms_do(resident, company, order):
    token = link(company, order)
    resident.open(f"/r/{token}").submit("form.switch", language="en")
    assert resident.texts("form.next h2") == ["Please agree to the price"] and "I agree" in resident.text("form.next")
    assert [text.split(" ", 1)[1] for text in resident.texts(".timeline li")] == ["Priced"]
    assert "换角阀: 120 yuan" in resident.text("form.next")


def test_the_resident_agrees_and_the_case_goes_on(resident, visit, company, order):
    token = link(company, order)
    resident.open(f"/r/{token}").submit("form.next", answer="yes")
    assert "已提交" in resident.text() and company.waiting() == ["check"]
    assert resident.page.cssselect("form.next") == [] and "正在办理" in resident.text()
    assert "住户（链接 1） 完成了“Agree”" in visit("dong").open(f"/orders/{order}").texts(".timeline p")


def test_what_was_filled_in_wrongly_is_still_there(resident, company, order):
    resident.open(f"/r/{link(company, order)}").submit("form.next", answer="no", status=422)
    assert "有 1 处需要修改" in resident.text("form.next")
    resident.submit("form.next", answer="no", why="长" * 10_000, status=422)
    assert resident.text("form.next textarea") == "长" * 10_000
    resident.submit("form.next", answer="no", why="太贵")
    assert company.variables(order)["why"] == "太贵"


def test_who_comes_second_is_told_who_was_first_by_post(resident, company, order):
    token = link(company, order)
    resident.open(f"/r/{token}")
    other = Visitor(resident.client).open(f"/r/{token}")
    resident.submit("form.next", answer="yes")
    other.submit("form.next", answer="no", why="x")
    assert "您已经提交过了" in other.text(".notice.problem") and company.variables(order)["answer"] == "yes"


def test_the_staffs_act_is_told_by_post_and_not_by_name(resident, company):
    company.deploy(diagram(chain(START_EVENT, task("agree", "resident,technician", formRef="agree"), END_EVENT)), **FILES)
    instance = company.start()
    token = link(company, instance)
    resident.open(f"/r/{token}")
    company.complete("agree", ANNA, {"answer": "no", "why": "x"})
    resident.submit("form.next", answer="yes")
    assert "物业（维修技工）已在 09:00 办好这一步" in resident.text(".notice.problem") and "Anna" not in resident.text()


@pytest.mark.parametrize(
    ("why", "status", "sentence"),
    [("unknown", 404, "打不开"), ("expired", 410, "已过期"), ("revoked", 410, "已停用"), ("used", 410, "只能用一次")],
)
def test_a_link_that_opens_nothing_is_refused_in_one_sentence(resident, company, order, why, status, sentence):
    token = link(company, order, once=True, days=1)
    with company.database.transaction() as session:
        found = personal_links.find(session, token)
        if why == "revoked":
            personal_links.revoke(session, found.id, CHEN, company.now)
        elif why == "used":
            personal_links.use(session, found, company.now)
    if why == "expired":
        company.clock.advance(timedelta(days=2))
    asked = "A" * 22 if why == "unknown" else token
    resident.open(f"/r/{asked}", status)
    assert sentence in resident.text("[data-refused] p") and len(resident.texts("[data-refused] p")) == 1
    assert "A-12" not in resident.text() and "WX-" not in resident.text()
    for path in ("files/" + "a" * 64, f"tasks/{company.task('agree').id}"):
        answer = resident.client.get(f"/r/{asked}/{path}") if path.startswith("files") else resident.client.post(f"/r/{asked}/{path}")
        assert answer.status_code == status


def test_a_link_that_expires_in_the_middle_gives_back_what_was_written(resident, company, order):
    token = link(company, order, days=1)
    resident.open(f"/r/{token}")
    company.clock.advance(timedelta(days=2))
    resident.submit("form.next", answer="no", why="太贵了，我要再想想", status=410)
    assert "太贵了，我要再想想" in resident.text("[data-refused] .prose") and company.waiting() == ["agree"]


def test_guessing_is_slowed_down_and_a_good_link_with_it(resident, company, order):
    token = link(company, order)
    for number in range(20):
        resident.open(f"/r/{number:022d}", 404)
    resident.open(f"/r/{token}", 429)
    assert "尝试次数太多" in resident.text()
    other = resident.client.get(f"/r/{token}", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert other.status_code == 200


def test_another_cases_task_and_pictures_are_not_found(resident, company, order):
    other = company.start(variables={"house": "B-3", "content": "别人的事", "telephone": "13700000000"})
    company.complete("work", ANNA, {"items": "x", "amount": 1}, instance=other)
    token, theirs = link(company, order), link(company, other)
    foreign = company.task("agree", other).id
    assert resident.client.post(f"/r/{token}/tasks/{foreign}", data={"answer": "yes"}).status_code == 404
    assert resident.client.post(f"/r/{token}/tasks/{foreign}/hidden", data={"answer": "yes"}).status_code == 404
    resident.open(f"/r/{token}?late={foreign}")
    assert resident.page.cssselect(".notice.problem") == []
    hash_ = bring(resident, theirs, picture()).get_json()["hash"]
    assert seen(resident, f"/r/{theirs}/files/{hash_}")[0] == 200 and seen(resident, f"/r/{token}/files/{hash_}")[0] == 404


def test_what_the_staff_does_in_the_same_case_is_not_told(resident, company, order):
    token, done = link(company, order), company.task("agree").id - 1
    with company.database.read() as session:
        assert session.get_one(UserTask, done).activity_id == "work"
    resident.open(f"/r/{token}?late={done}")
    assert resident.page.cssselect(".notice.problem") == []
    for path in (f"/r/{token}/tasks/{done}", f"/r/{token}/tasks/{done}/hidden"):
        assert resident.client.post(path, data={"items": "x"}).status_code == 404
    resident.submit("form.next", answer="yes")
    internal = company.task("check").id
    assert resident.client.post(f"/r/{token}/tasks/{internal}", data={}).status_code == 404
    assert resident.client.post(f"/r/{token}/tasks/{internal}/hidden", data={}).status_code == 404


def test_a_picture_of_the_staff_is_not_shown_even_in_a_field_that_is(resident, app, company):
    company.deploy(REPAIR, **FILES)
    with company.database.transaction() as session:
        directory = company.database.settings.attachments
        theirs = attachments.store(session, directory, picture("blue"), "inside.jpg", "S1", ANNA, company.now)
    token = link(company, company.start(variables={"house": "A-12", "photos": [theirs]}))
    assert theirs not in resident.open(f"/r/{token}").answer.get_data(as_text=True)
    assert resident.client.get(f"/r/{token}/files/{theirs}").status_code == 404


@pytest.mark.parametrize(
    "content", [b"", b"<script>alert(1)</script>", b"%PDF-1.7 x", b"plain text", b"\xff\xd8\xff\xe0 no jpeg", picture()[:200]]
)
def test_a_photograph_that_is_none_is_refused(resident, company, order, content):
    answer = bring(resident, link(company, order), content)
    assert answer.status_code == 422 and answer.get_json()["error"]["message"]


def test_a_photograph_that_is_too_large_is_refused_and_a_wild_name_is_tamed(resident, app, company, order):
    token = link(company, order)
    app.config["MAX_CONTENT_LENGTH"] = 10_000
    assert bring(resident, token, picture() + bytes(10_000)).status_code == 413
    hash_ = bring(resident, token, picture(), "../../x").get_json()["hash"]
    _, content, disposition = seen(resident, f"/r/{token}/files/{hash_}")
    assert content == picture() and ".." not in disposition


def test_a_form_of_another_site_does_nothing(resident, company, order):
    path = f"/r/{link(company, order)}/tasks/{company.task('agree').id}"
    answer = resident.client.post(path, data={"answer": "yes"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and company.waiting() == ["agree"]


def test_a_report_becomes_a_case_with_photographs_also_without_a_script(resident, company):
    token = wall(company)
    resident.open(f"/r/{token}")
    data = SAID | {
        "page": resident.page.cssselect("[name=page]")[0].get("value"),
        "process": "repair",
        "photos": [(io.BytesIO(picture()), "a.jpg"), (io.BytesIO(picture("blue")), "../../b.jpg")],
    }
    resident._look(resident.client.post(f"/r/{token}/report", data=data, follow_redirects=True), 200)
    assert "已收到" in resident.text(".notice.done") and company.waiting() == ["take"]
    case = company.open_tasks()[0].instance_id
    assert len(company.variables(case)["photos"]) == 2 and "水管漏水" in resident.text(".facts")
    assert len(resident.page.cssselect(".photos img")) == 2
    assert seen(resident, resident.page.cssselect(".photos img")[0].get("src"))[1] == picture()
    assert "13800001234" not in resident.answer.get_data(as_text=True) and resident.path != f"/r/{token}"


def test_a_report_sent_twice_is_one_case_and_one_page(resident, company):
    token = wall(company)
    resident.open(f"/r/{token}")
    again = Visitor(resident.client)
    again.answer, again.page = resident.answer, resident.page
    resident.submit("form.next", **SAID)
    again.submit("form.next", **SAID)
    assert again.path == resident.path and "没有重复登记" in again.text(".notice.done")
    assert count(company, Instance) == 1 and count(company, PersonalLink) == 2


def test_another_matter_on_a_page_that_was_sent_is_kept_and_becomes_another_report(resident, company):
    token = wall(company)
    resident.open(f"/r/{token}")
    again = Visitor(resident.client)
    again.answer, again.page = resident.answer, resident.page
    resident.submit("form.next", **SAID)
    again.submit("form.next", 409, **SAID | {"content": "灯也坏了"})
    assert "没有丢失" in again.text(".notice.problem") and again.text("form.next textarea") == "灯也坏了"
    again.submit("form.next")
    assert count(company, Instance) == 2 and "灯也坏了" in again.text(".facts")


def test_a_report_that_says_too_little_keeps_what_it_says(resident, company):
    token = wall(company)
    page = resident.open(f"/r/{token}").page.cssselect("[name=page]")[0].get("value")
    resident.submit("form.next", 422, caller_name="陈女士", content="长" * 10_000)
    assert resident.text("form.next textarea") == "长" * 10_000 and len(resident.texts(".wrong")) >= 2
    assert resident.page.cssselect("[name=page]")[0].get("value") == page
    resident.submit("form.next", **SAID)
    assert count(company, Instance) == 1


def test_a_houses_link_asks_for_no_house(resident, company):
    with company.database.transaction() as session:
        session.add(House(site="S1", code="B-3", address="二号楼"))
    resident.open(f"/r/{wall(company, house='B-3')}")
    assert resident.page.cssselect("[name=house]") == [] and "B-3" in resident.text(".title")
    resident.submit("form.next", **{key: text for key, text in SAID.items() if key != "house"})
    assert company.variables(company.open_tasks()[0].instance_id)["house"] == "B-3"


def test_the_staff_makes_a_link_with_its_code_sees_it_listed_and_ends_it(visit, resident, company, order):
    staff = visit("chen").open(f"/orders/{order}")
    staff.submit("form[action$='/links']", days="7")
    address = staff.text(".secret")
    assert re.fullmatch(r"http://localhost/r/[\w-]{22}", address) and staff.page.cssselect(".code-of-link svg path")
    path = address.removeprefix("http://localhost")
    resident.open(path)
    staff.open(f"/orders/{order}")
    assert "Chen 于 09:00 生成" in staff.text(".links") and "首次打开" in staff.text(".links")
    assert path not in staff.answer.get_data(as_text=True)
    staff.submit("form[action$='/revoke']")
    assert "已停用" in staff.text(".links")
    resident.open(path, 410)


def test_the_code_for_a_wall_is_made_on_a_page_of_the_site(visit, company):
    company.deploy(ASKED, **FILES)
    staff = visit("chen").open("/sites/S1/links")
    staff.submit("main form", 422, days="900")
    assert "1 到 366" in staff.text(".wrong")
    staff.submit("main form", 422, house="Z-99", days="30")
    assert "没有这个房号" in staff.text(".wrong")
    staff.submit("main form", days="30")
    assert "有事请扫码告诉我们" in staff.text("h1")
    visit("anna").open("/sites/S1/links", 403)
    visit("hua").open("/sites/S1/links", 404)


def test_the_resident_decides_by_the_buttons_of_the_task(resident, company):
    buttons = {"buttons": "approve=同意|I agree; reject=不同意|I refuse!reason"}
    company.deploy(diagram(chain(START_EVENT, task("agree", "resident", buttons), task("check"), END_EVENT), properties=SEES))
    token = link(company, company.start())
    page = resident.open(f"/r/{token}")
    assert [button.get("value") for button in page.page.cssselect("form.next button[name=decision]")] == ["approve", "reject"]
    refused = resident.submit("form.next", status=422, decision="reject")
    assert "请填写原因。" in refused.text()
    resident.submit("form.next", decision="reject", reason="太贵了")
    assert company.waiting() == ["check"] and "已提交，谢谢您。" in resident.text()


def test_what_was_written_while_the_case_was_paused_is_given_back(resident, company, order):
    token, task_id = link(company, order), company.task("agree").id
    with company.database.transaction() as session:
        instances.suspend(session, order, "等材料", EMMA, company.now)
    answer = resident.client.post(f"/r/{token}/tasks/{task_id}", data={"answer": "no", "why": "太贵了，我要想想"})
    said = answer.get_data(as_text=True)
    assert answer.status_code == 409 and "太贵了，我要想想" in said and "可能已暂停" in said


@pytest.mark.parametrize("key", ["repair", "complaint", "renovation", "custom_service", "inquiry", "assistance"])
def test_what_residents_may_ask_for_tells_its_course_and_has_a_name_in_their_language(app, key):
    drawn = (Path(__file__).parents[2] / f"processes/{key}/{key}.bpmn").read_text(encoding="utf-8")
    assert 'name="steward:residentStep"' in drawn and 'name="steward:residentSees"' in drawn
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert resident_course.process_name(key, "流程").isascii()
