"""Papers of a case: what stands on them, in how many copies, whose numbers are masked, and what is told in history."""

import pytest

from engine import sites
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, DONG, OPERATOR
from tests.web.forms import field, form

CALL = form(
    "call",
    field("house", "房屋", properties={"house": "true"}),
    field("caller_name", "报修人"),
    field("telephone", "电话", properties={"telephone": "true"}),
    field("content", "内容", "textarea"),
    field("quote_items", "项目", "textarea"),
    field("amount", "金额", "number"),
    field("done_text", "维修情况", "textarea"),
    field("order_note", "备注"),
)
REPAIR = diagram(
    chain(
        START_EVENT.replace("/>", ' camunda:formRef="call"/>'),
        task("take"),
        task("work"),
        task("check", "engineering_supervisor"),
        END_EVENT,
    ),
    key="repair",
    name="报修",
    properties={"numberSeries": "WX", "title": "${house}", "searchable": "house,telephone"},
)
SAID = {"house": "A-12", "caller_name": "李雷", "telephone": "13800001234", "content": "厨房漏水", "amount": 120, "order_note": "无"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture
def order(company: Company) -> int:
    company.deploy(REPAIR, **{"call.form": CALL})
    instance = company.start("repair", variables=SAID)
    company.complete("take", ANNA)
    company.complete("work", ANNA, {"done_text": "换了角阀"})
    return instance


def test_a_work_order_has_four_marked_copies_with_the_columns_of_the_register(visit, order):
    page = visit("chen").open(f"/orders/{order}").open(f"/orders/{order}/print/work-order")
    assert page.texts(".mark") == ["第一联 住户", "第二联 财务", "第三联 客服", "第四联 工程"]
    columns = dict(zip(page.texts("article:first-of-type .register th"), page.texts("article:first-of-type .register td"), strict=True))
    assert columns == {
        "序号": "0001", "时间": "2026-03-02 09:00", "单号": "WX-S1-202603-0001", "房号": "A-12", "姓名": "李雷", "电话": "13800001234",
        "接单人": "Anna", "登记人": "Chen", "维修人": "Anna",
    }  # fmt: skip
    rows = dict(zip(page.texts("article:first-of-type .rows th"), page.texts("article:first-of-type .rows td"), strict=True))
    assert rows["内容"] == "厨房漏水" and rows["维修情况"] == "换了角阀" and rows["备注"] == "无"
    assert len(page.page.cssselect("figure svg path")) >= 4 and page.text(".sheet footer").startswith("Chen 打印于 2026-03-02")


def test_three_copies_are_an_option_of_the_site(visit, company, order):
    with company.database.transaction() as session:
        sites.set_variable(session, "S1", "work_order_copies", 3, OPERATOR, company.now)
    page = visit("chen").open(f"/orders/{order}/print/work-order")
    assert page.texts(".mark") == ["第一联 住户", "第二联 财务", "第三联 客服"]


def test_numbers_on_paper_are_masked_by_post_and_opened_with_a_reason_that_is_told(visit, company, order):
    page = visit("dong").open(f"/orders/{order}/print/work-order")
    assert "13800001234" not in page.text() and "138****1234" in page.text() and "李*" in page.text()
    page.submit(".paper-tools details form", 422, reason=" ")
    assert "telephone.unmasked" not in company.told(order)
    page.open(f"/orders/{order}/print/work-order").submit(".paper-tools details form", reason="带去现场")
    assert "13800001234" in page.text(".sheet") and "李雷" in page.text(".sheet")
    assert company.events(order)[-1].data == {"reason": "带去现场"} and company.events(order)[-1].actor == "dong"


def test_who_may_not_unmask_prints_masked_papers_only(visit, company, order):
    company.complete("check", DONG)
    page = visit("anna").open(f"/orders/{order}/print/work-order")
    assert "13800001234" not in page.answer.get_data(as_text=True) and page.page.cssselect(".paper-tools details") == []
    page.send(f"/orders/{order}/print/work-order", 403, unmasked="true", reason="x")


def test_the_residents_copy_takes_a_link_of_their_own(visit, company, order):
    page = visit("chen").open(f"/orders/{order}/print/work-order").submit(".paper-tools > form")
    assert page.texts("figcaption") == ["扫码查看进展", "内部查单", "内部查单", "内部查单"]
    assert company.told(order).count("link.made") == 1


def test_a_permit_has_its_term_the_place_for_the_seal_and_for_signatures(visit, company):
    permit = form(
        "call",
        field("house", "房屋", properties={"house": "true"}),
        field("owner_name", "业主"),
        field("works_text", "装修内容", "textarea"),
        field("site_lead_telephone", "电话", properties={"telephone": "true"}),
        field("permit_from", "开工", "datetime", subtype="date", dateLabel="开工"),
    )
    company.deploy(REPAIR.replace(b'id="repair"', b'id="renovation"'), **{"call.form": permit})
    without = company.start("renovation", variables={"house": "A-12"})
    visit("chen").open(f"/orders/{without}/print/permit", 404)
    said = {
        "house": "A-12",
        "owner_name": "李雷",
        "works_text": "铺地砖",
        "permit_from": "2026-03-05",
        "site_lead_telephone": "13700001111",
    }
    instance = company.start("renovation", variables=said)
    company.complete("take", ANNA, {"permit_until": "2026-05-03"}, instance=instance)
    page = visit("dong").open(f"/orders/{instance}").open(f"/orders/{instance}/print/permit")
    rows = dict(zip(page.texts(".rows th"), page.texts(".rows td"), strict=True))
    assert rows["许可期限"] == "2026-03-05 — 2026-05-03" and rows["装修内容"] == "铺地砖" and rows["负责人电话"] == "137****1111"
    assert rows["备注"] == ""  # free for the pen
    assert page.texts(".seal") == ["（盖章处）"] and page.texts(".mark") == []
    assert [text.split()[0] for text in page.texts(".signatures > div")] == ["业主签名", "施工单位签名", "经办人签名"]


def test_what_is_no_paper_of_the_case_is_not_found(visit, order):
    for path in (f"/orders/{order}/print/permit", f"/orders/{order}/print/payroll"):
        visit("chen").open(path, 404)
    visit("hua").open(f"/orders/{order}/print/work-order", 404)


def test_long_texts_are_cut_and_say_where_the_rest_is(visit, company):
    company.deploy(REPAIR, **{"call.form": CALL})
    instance = company.start("repair", variables=SAID | {"content": "长\n" * 5_000})
    page = visit("chen").open(f"/orders/{instance}/print/work-order")
    assert "（全文见系统）" in page.text(".rows") and len(page.text("article:first-of-type .rows")) < 1_500
