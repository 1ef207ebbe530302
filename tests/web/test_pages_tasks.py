"""The page of a task: what it shows, what it takes, what it says afterwards, and what happens when somebody was first."""

import pytest

from engine import instances, queries_case, user_tasks
from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, script, task
from tests.people import ANNA, EMMA
from tests.web.forms import CALL, FILES, PROCESS


@pytest.fixture
def order(company: Company) -> int:
    """An order that waits for a technician."""
    company.deploy(PROCESS, **FILES)
    return company.start(variables=CALL)


def page(company: Company, activity: str = "repair") -> str:
    return f"/tasks/{company.task(activity).id}"


def test_the_form_comes_first_and_the_case_around_it(visit, company, order):
    visitor = visit("anna").open(page(company))
    assert visitor.text("h1") == "Repair" and "WX-S1-202603-0001" in visitor.title
    assert visitor.text("form.next .prose") == "去 A-12：厨房漏水，电话 138****1234"
    assert visitor.texts(".panel:not(.next) .facts dd") == ["A-12", "李*", "138****1234", "厨房漏水"]
    assert "Chen 登记了“报修”" in visitor.text(".timeline")


def test_a_telephone_is_a_link_for_who_holds_the_task_and_masked_for_who_does_not(visit, company, order):
    visitor = visit("anna").open(page(company))
    assert visitor.page.cssselect("a[href^='tel:']") == []
    visitor.submit("form[action$='/claim']")
    assert [link.get("href") for link in visitor.page.cssselect("a[href^='tel:']")] == ["tel:13800001234"]
    assert "13800001234" in visitor.text("form.next .prose")
    assert "13800001234" not in visit("fang").open(f"/orders/{order}").answer.get_data(as_text=True)


def test_what_is_filled_in_becomes_the_cases_data(visit, company, order):
    visitor = visit("anna").open(page(company))
    visitor.submit(
        "form.next",
        done_text="换了角阀",
        checks=["badge", "covers"],
        price="12.5",
        next_visit="2026-03-05T09:30",
        helper="bao",
        paid="true",
    )
    with company.database.read() as session:
        known = queries_case.variables_of(session, order)
    assert known["result"] == "done" and known["checks"] == ["badge", "covers"] and known["price"] == 12.5
    assert known["next_visit"] == "2026-03-05T09:30:00+08:00" and known["helper"] == "bao" and known["paid"] is True
    assert known["reason"] is None


def test_afterwards_the_person_reads_what_it_caused(visit, company, order):
    visitor = visit("anna").open(page(company)).submit("form.next", done_text="换了角阀")
    assert visitor.path == "/inbox"
    assert visitor.texts(".notice.done") == ["WX-S1-202603-0001：“Repair”已完成。 接下来：工程主管 “Check”。"]


def test_ones_own_next_task_follows_at_once(visit, company):
    company.deploy(diagram(chain(BEGIN, task("work"), task("clean"), END)))
    company.start()
    visitor = visit("anna").open(page(company, "work")).submit("form.next")
    assert visitor.path == page(company, "clean")


def test_every_wrong_field_is_named_and_what_was_typed_stays(visit, company, order):
    visitor = visit("anna").open(page(company)).submit("form.next", status=422, price="-1", helper="bao")
    assert visitor.texts(".wrong") == ["请填写“维修情况”。", "“金额”不能小于 0。"]
    assert "有 2 处需要修改" in visitor.text(".notice.problem")
    form = dict(visitor.page.cssselect("form.next")[0].form_values())
    assert form["price"] == "-1" and form["helper"] == "bao"
    assert company.task("repair").state == "ready"


def test_a_refused_form_can_be_loaded_again(visit, company, order):
    visitor = visit("anna").open(page(company)).submit("form.next", status=422)
    assert visitor.open(visitor.answer.request.path).path == page(company)


def test_what_is_wrong_is_said_in_the_readers_language(visit, company, order):
    visitor = visit("anna").send("/language", language="en", next=page(company))
    assert visitor.submit("form.next", status=422).texts(".wrong") == ["Please fill in “维修情况”."]


def test_a_hidden_field_is_neither_asked_for_nor_taken(visit, company, order):
    visitor = visit("anna").open(page(company))
    hidden = {element.get("data-field") for element in visitor.page.cssselect("[data-field][hidden]")}
    assert hidden == {"field_reason"}
    assert visitor.page.cssselect("[name=reason]")[0].get("disabled") is not None
    visitor.submit("form.next", done_text="好了", reason="smuggled")
    with company.database.read() as session:
        assert queries_case.variables_of(session, order)["reason"] is None


def test_the_browser_is_told_which_fields_to_hide_and_the_draft_is_kept(visit, company, order):
    visitor = visit("anna").open(page(company))
    said = {"csrf_token": visitor.token(), "result": "returned", "reason": "住户不在"}
    answer = visitor.client.post(f"{page(company)}/draft", data=said)
    assert answer.status_code == 204 and answer.headers["HX-Trigger"] == '{"steward:hidden":{"keys":["field_done_text"]}}'
    assert visitor.open(page(company)).page.cssselect("[name=reason]")[0].text_content() == "住户不在"
    assert visit("bao").open(page(company)).page.cssselect("[name=reason]")[0].text_content() == ""


def test_the_people_of_the_post_can_be_chosen(visit, company, order):
    visitor = visit("anna").open(page(company))
    assert visitor.texts("#f-helper option") == ["请选择", "Anna", "Bao"]


def test_markup_in_a_case_is_shown_as_text(visit, company):
    company.deploy(PROCESS, **FILES)
    company.start(variables={**CALL, "content": "<script>alert(1)</script>"})
    text = visit("anna").open(page(company)).answer.get_data(as_text=True)
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_task_without_a_form_is_one_button(visit, company):
    company.deploy(diagram(chain(BEGIN, task("work"), END)))
    company.start()
    visitor = visit("anna").open(page(company, "work"))
    assert visitor.texts("form.next") == ["完成：Work"]
    assert "已办结" in visitor.submit("form.next").text(".notice.done")


def test_a_colleague_who_was_first_is_named_with_the_time(visit, company, order):
    slow = visit("bao").open(page(company))
    address = slow.answer.request.path
    company.complete("repair", ANNA, {"result": "done", "done_text": "好了"})
    slow.submit("form.next", done_text="我也修好了")
    assert slow.path == address
    assert slow.texts(".notice.problem") == ["“Repair”已由 Anna 在 09:00 完成，没有重复处理。"]
    assert "这项任务已由 Anna 在 09:00 完成。" in slow.text()


def test_a_task_that_a_colleague_holds_cannot_be_taken(visit, company, order):
    slow = visit("bao").open(page(company))
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("repair").id, ANNA, company.now)
    slow.submit("form[action$='/claim']")
    assert slow.texts(".notice.problem") == ["“Repair”已由 Anna 领取，没有重复处理。"]
    assert slow.page.cssselect("form.next") == [] and "在 Anna 手上" in slow.text()


def test_a_task_can_be_taken_put_back_and_given_away(visit, company, order):
    visitor = visit("anna").open(page(company)).submit("form[action$='/claim']")
    assert company.task("repair").assignee == "anna" and "已由您领取" in visitor.text(".notice.done")
    visitor.submit("form[action$='/unclaim']")
    assert company.task("repair").assignee is None
    visitor.open(page(company)).submit("form[action$='/claim']").submit("form[action$='/do/assign']", to="bao", reason="请假")
    assert company.task("repair").assignee == "bao" and "已转给 Bao" in visitor.text(".notice.done")
    assert "请假" in visit("dong").open(f"/orders/{order}").text(".timeline")


def test_only_who_may_sees_the_form_and_others_see_why_not(visit, company, order):
    visitor = visit("chen").open(page(company))
    assert visitor.page.cssselect("form.next") == []
    assert "这项任务由 维修技工 办理" in visitor.text()
    visitor.send(f"{page(company)}/complete", status=403, result="done", done_text="x")
    assert company.task("repair").state == "ready"


def test_another_sites_task_is_not_found(visit, company, order):
    visitor = visit("hua").open(page(company), status=404)
    assert "找不到这个页面" in visitor.text()
    for act in ("complete", "claim", "unclaim", "do/assign", "comment", "draft"):
        visitor.send(f"{page(company)}/{act}", status=404)


def test_what_must_be_somebody_elses_is_said_before_it_is_tried(visit, company):
    second = task("sign", properties={"differsFrom": "work"})
    company.deploy(diagram(chain(BEGIN, task("work"), second, END)))
    company.start()
    company.complete("work", ANNA)
    visitor = visit("anna").open(page(company, "sign"))
    assert visitor.page.cssselect("form.next") == [] and "须由另一个人完成" in visitor.text()
    assert visit("bao").open(page(company, "sign")).page.cssselect("form.next") != []


def test_a_failure_after_the_act_keeps_the_act_and_says_so(visit, company):
    company.deploy(diagram(chain(BEGIN, task("work"), script("sum", "total = nothing + 1"), END)))
    case = company.start()
    visitor = visit("anna").open(page(company, "work")).submit("form.next")
    assert "您的操作已保存，但流程在“sum”处出错" in visitor.text(".notice.problem")
    assert company.waiting() == [] and company.incidents()[0].instance_id == case


def test_a_note_stands_in_the_story(visit, company, order):
    visitor = visit("chen").open(page(company)).submit("form[action$='/comment']", text="住户下午在家")
    assert "备注已保存" in visitor.text(".notice.done")
    assert "住户下午在家" in visit("dong").open(page(company)).text(".timeline")


def test_an_overdue_task_says_so_in_words(visit, company):
    company.deploy(diagram(chain(BEGIN, task("work", dueDate="PT10M"), END)))
    company.start()
    visitor = visit("anna").open(page(company, "work"))
    assert visitor.texts(".title .clock") == ["还有 10 分钟"]
    company.pass_time(minutes=22)
    clock = visitor.open(page(company, "work")).page.cssselect(".title .clock")[0]
    assert clock.text_content() == "超时 12 分钟" and clock.get("data-state") == "late"


def test_a_refused_operation_stays_open_with_what_was_typed(visit, company, order):
    visitor = visit("anna").open(page(company)).submit("form[action$='/claim']")
    visitor.submit("form[action$='/do/assign']", status=422, to="anna", reason="请假")
    assert visitor.page.cssselect("#do-assign")[0].get("open") is not None
    assert visitor.texts("#do-assign .wrong") == ["任务已经在这个人手上"]
    assert visitor.page.cssselect("#assign-reason")[0].get("value") == "请假"
    visitor.submit("form[action$='/do/assign']", status=422, to="hua", reason="x" * 501)
    assert visitor.texts("#do-assign .wrong") == ["最多 500 个字"]
    visitor.send(f"{page(company)}/do/nothing", status=404)


def test_an_operation_on_a_suspended_order_is_refused_in_a_sentence(visit, company, order):
    visitor = visit("dong").open(page(company))
    with company.database.transaction() as session:
        instances.suspend(session, order, "住户不在", EMMA, company.now)
    visitor.submit("form[action$='/do/assign']", to="bao")
    assert visitor.texts(".notice.problem") == ["工单 WX-S1-202603-0001 已暂停，恢复后才能办理。"]
