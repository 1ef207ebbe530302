"""What people do with each other's tasks, on the task's page: offered to whom it concerns, told in the story, refused in a sentence."""

from datetime import timedelta

import pytest

from engine import delegations, proxies, user_tasks
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA
from tests.web.forms import CALL, FILES, PROCESS


@pytest.fixture
def order(company: Company) -> int:
    """An order whose repair Anna holds."""
    company.deploy(PROCESS, **FILES)
    instance = company.start(variables=CALL)
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("repair").id, ANNA, company.now)
    return instance


def page(company: Company) -> str:
    return f"/tasks/{company.task('repair').id}"


def offered(visitor):
    return visitor.texts(".operation > summary")


OURS = {"转办", "委派", "催办", "抄送", "稍后处理", "优先级"}


@pytest.mark.parametrize(
    ("login", "may"),
    [
        ("anna", {"转办", "委派", "抄送", "稍后处理"}),
        ("chen", {"催办"}),
        ("dong", {"转办", "催办", "抄送", "稍后处理", "优先级"}),
        ("fang", set()),
    ],
)
def test_everybody_is_offered_what_they_may_do(visit, company, order, login, may):
    assert set(offered(visit(login).open(page(company)))) & OURS == may


def test_a_helper_fills_in_and_hands_back_and_the_owner_finds_it_in_the_form(visit, company, order):
    anna = visit("anna").open(page(company)).submit("form[action$='/do/delegate']", to="bao", question="多少钱？")
    assert anna.texts(".notice.done") == ["已请 Bao 协助“Repair”，答复后回到您这里。"]
    assert "Anna 已请 Bao 协助，等待答复。" in anna.text() and anna.page.cssselect("form.next") == []
    bao = visit("bao").open("/inbox?box=notices")
    assert "Anna 请您协助“Repair”：多少钱？" in bao.text()
    bao.open(page(company))
    assert bao.texts("form.next button.main") == ["交回给 Anna"]
    bao.submit("form.next", done_text="换角阀", price="80", **{"answer-note": "要等配件"})
    assert bao.texts(".notice.done") == ["“Repair”已交回给 Anna。"]
    anna.open(page(company))
    form = dict(anna.page.cssselect("form.next")[0].form_values())
    assert (form["done_text"].strip(), form["price"]) == ("换角阀", "80")
    story = anna.text(".timeline")
    assert "Anna 请 Bao 协助“Repair” 多少钱？" in story and "Bao 协助后把“Repair”交回给 Anna 要等配件" in story
    assert "已完成" in anna.submit("form.next").text(".notice.done")


def test_what_was_delegated_is_taken_back(visit, company, order):
    with company.database.transaction() as session:
        delegations.delegate(session, company.task("repair").id, "bao", ANNA, company.now)
    anna = visit("anna").open("/inbox?box=mine")
    assert "Anna 请人协助" in anna.text("table")
    anna.open(page(company))
    assert "收回委派" in offered(anna)
    anna.submit("form[action$='/do/call-off']", reason="不等了")
    assert anna.page.cssselect("form.next") != []
    assert "Anna 从 Bao 手上收回“Repair”" in anna.text(".timeline")


def test_reminders_are_counted_on_task_and_list_and_too_many_refused(visit, company, order):
    chen = visit("chen").open(page(company)).submit("form[action$='/do/remind']", note="住户在等")
    assert chen.texts(".notice.done") == ["已催办，这是第 1 次。"]
    assert "已催 1 次" in chen.text(".title")
    chen.submit("form[action$='/do/remind']")
    assert chen.texts(".notice.problem") == ["同一项任务 10 分钟内只能催一次，请稍后再催。"]
    anna = visit("anna").open("/inbox?box=mine")
    assert "已催 1 次" in anna.text("table")
    assert "Chen 催办“Repair”：住户在等" in anna.open("/inbox?box=notices").text()


def test_a_copy_and_its_story(visit, company, order):
    anna = visit("anna").open(page(company)).submit("form[action$='/do/copy']", **{"to[]": ["chen", "emma"], "note": "请知悉"})
    assert anna.texts(".notice.done") == ["已抄送 Chen、Emma。"]
    assert "Anna 把“Repair”抄送给 Chen、Emma 请知悉" in anna.text(".timeline")
    anna.submit("form[action$='/do/copy']", status=422, **{"to[]": []})
    assert anna.texts("#do-copy .wrong") == ["请选择本人以外的人"]


def test_a_task_that_is_put_off_and_made_urgent_says_so(visit, company, order):
    anna = visit("anna").open(page(company)).submit("form[action$='/do/put-off']", **{"until@": "2026-03-02T15:00", "reason": "住户下午在"})
    assert anna.texts(".notice.done") == ["“Repair”推后到 15:00，时限不变。"]
    assert "推后到 15:00" in anna.open("/inbox?box=mine").text("table")
    anna.open(page(company)).submit("form[action$='/do/put-off']", status=422, **{"until@": "2026-03-01T15:00"})
    assert anna.texts("#do-put-off .wrong") == ["请选择今后一年内的时间"]
    anna.open(page(company)).submit("form[action$='/do/take-up']")
    dong = visit("dong").open(page(company)).submit("form[action$='/do/prioritize']", priority="100", reason="停水")
    assert "紧急" in dong.text(".title") and "Dong 把“Repair”的优先级从 50 改为 100 停水" in dong.text(".timeline")
    dong.submit("form[action$='/do/prioritize']", status=422, priority="")
    dong.submit("form[action$='/do/prioritize']", status=422, priority="9" * 5000)
    assert dong.texts("#do-prioritize .wrong") == ["请填写 0 到 100"]


def test_who_is_named_in_a_note_is_told(visit, company, order):
    anna = visit("anna").open(page(company)).submit("form[action$='/comment']", text="@Chen 请回电，@Changing 不是人", mention="emma")
    assert "备注已保存" in anna.text(".notice.done")
    assert "Anna 在备注里提到您：@Chen 请回电" in visit("chen").open("/inbox?box=notices").text()
    assert "Anna 在备注里提到您" in visit("emma").open("/inbox?box=notices").text()
    dong = visit("dong").open(f"/orders/{order}").submit("form[action$='/comment']", text="收到 @anna")
    assert "备注已保存" in dong.text(".notice.done")
    assert "Dong 在备注里提到您" in visit("anna").open("/inbox?box=notices").text()


def test_a_proxy_is_told_in_whose_name_and_the_story_says_so(visit, company, order):
    with company.database.transaction() as session:
        proxies.appoint(session, "anna", "chen", "S1", company.now, company.now + timedelta(days=1), ANNA, company.now)
    chen = visit("chen").open("/inbox?box=mine")
    assert "Repair" in chen.text("table")
    chen.open(page(company))
    assert "您在代 Anna 办理。" in chen.text(".notice")
    address = page(company)
    chen.submit("form.next", done_text="好了")
    assert "Chen代Anna 完成了“Repair”" in visit("dong").open(f"/orders/{order}").text(".timeline")
    assert "这项任务已由 Chen代Anna 在 09:00 完成。" in chen.open(address).text()


def test_a_proxy_that_ends_while_the_form_is_open_is_refused_and_what_was_typed_is_kept(visit, company, order):
    with company.database.transaction() as session:
        made = proxies.appoint(session, "anna", "chen", "S1", company.now, company.now + timedelta(days=1), ANNA, company.now).id
    chen = visit("chen").open(page(company))
    with company.database.transaction() as session:
        proxies.end(session, made, ANNA, company.now)
    chen.submit("form.next", done_text="修了一半")
    assert chen.texts(".notice.problem") == ["您对 anna 的代理已经结束，不能再办理；您填写的内容已保存为草稿。"]
    assert company.task("repair").assignee == "anna"
    with company.database.transaction() as session:
        proxies.appoint(session, "anna", "chen", "S1", company.now, company.now + timedelta(days=1), ANNA, company.now)
    assert "修了一半" in chen.open(page(company)).text("form.next")


def test_the_operations_speak_english(visit, company, order):
    visitor = visit("anna").send("/language", language="en", next=page(company))
    assert {"Hand over", "Ask for help", "Copy", "Put off"} <= set(offered(visitor))
    visitor.submit("form[action$='/do/delegate']", status=422, to="anna")
    assert visitor.texts("#do-delegate .wrong") == ["This person holds the task already"]


def test_other_sites_find_nothing(visit, company):
    company.deploy(diagram(chain(START_EVENT, task("repair"), END_EVENT)))
    company.start()
    hua = visit("hua")
    for name in ("assign", "delegate", "call-off", "remind", "copy", "put-off", "take-up", "prioritize"):
        hua.send(f"{page(company)}/do/{name}", status=404)
    hua.send(f"{page(company)}/answer", status=404)
