"""Sending back, taking back and withdrawing, on the pages of a task and of a case."""

import pytest

from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, task

BACK = {"returnTo": "earlier, end", "withdraw": "allowed"}


@pytest.fixture
def case(company: Company) -> int:
    tasks = (task("fill_in", "customer_service", BACK), task("check", "engineering_supervisor", BACK))
    company.deploy(diagram(chain(START_EVENT, *tasks, END_EVENT), properties={"withdraw": "allowed"}))
    return company.start()


def page(company: Company, activity: str) -> str:
    return f"/tasks/{company.task(activity).id}"


def test_a_task_is_sent_back_from_its_page_and_the_other_page_says_why(visit, company, case):
    chen, dong = visit("chen"), visit("dong")
    chen.open(page(company, "fill_in")).submit("form.next")
    dong.open(page(company, "check"))
    choices = dong.texts("#do-return option")
    assert choices == ["请选择", "发起人 Chen：Fill_In", "Fill_In（Chen 办过）", "驳回，结束整个工单"]
    dong.submit("form[action$='/do/return']", return_to="fill_in", reason="请补<照片>")
    assert "“Check”已退回。" in dong.text(".notice.done")
    chen.open(page(company, "fill_in"))
    assert chen.text(".notice.problem") == "Dong 把“Check”退回到这里： 请补<照片>"
    assert "Dong 把“Check”退回到“Fill_In” 请补<照片>" in chen.text(".timeline")


def test_a_return_without_target_or_reason_keeps_what_was_typed(visit, company, case):
    visit("chen").open(page(company, "fill_in")).submit("form.next")
    dong = visit("dong").open(page(company, "check"))
    dong.submit("form[action$='/do/return']", 422, return_to="", reason="少一张照片")
    assert dong.texts("#do-return .wrong") == ["请选择退回到哪一步"]
    assert "少一张照片" in dong.text("#do-return textarea")
    dong.submit("form[action$='/do/return']", 422, return_to="fill_in", reason="")
    assert dong.texts("#do-return .wrong") == ["请填写原因"]
    assert company.waiting() == ["check"]


def test_rejecting_ends_the_case(visit, company, case):
    dong = visit("dong")
    visit("chen").open(page(company, "fill_in")).submit("form.next")
    dong.open(page(company, "check")).submit("form[action$='/do/return']", return_to="end", reason="重复登记")
    assert "“Check”已驳回，工单结束。" in dong.text(".notice.done")
    assert "Dong 驳回了“Check”，工单结束 重复登记" in dong.open(f"/orders/{case}").text(".timeline")


def test_who_just_did_a_task_is_offered_to_take_it_back(visit, company, case):
    done = company.task("fill_in").id
    chen = visit("chen").open(page(company, "fill_in")).submit("form.next")
    assert chen.page.cssselect(f"#notices a[href='/tasks/{done}']")
    assert visit("dong").open(f"/tasks/{done}").page.cssselect("form[action$='/withdraw']") == []
    assert visit("chen").open(f"/orders/{case}").page.cssselect(f"form[action='/tasks/{done}/withdraw']")
    chen.open(f"/tasks/{done}").submit("form[action$='/withdraw']")
    assert chen.texts(".notice.done") == ["“Fill_In”已撤回，请重新办理。"]
    assert chen.path == page(company, "fill_in")
    assert company.task("fill_in").assignee == "chen"
    assert "Chen 撤回了“Fill_In”的办理" in chen.text(".timeline")


def test_what_somebody_has_begun_with_is_not_taken_back_and_the_page_says_why(visit, company, case):
    done = company.task("fill_in").id
    chen = visit("chen").open(page(company, "fill_in")).submit("form.next").open(f"/tasks/{done}")
    visit("dong").open(page(company, "check")).submit("form[action$='/claim']")
    chen.submit("form[action$='/withdraw']")
    assert "不能撤回了" in chen.text(".notice.problem")
    assert chen.page.cssselect("form[action$='/withdraw']") == []


def test_who_began_a_case_withdraws_it_on_its_page(visit, company, case):
    assert visit("dong").open(f"/orders/{case}").page.cssselect("form[action$='/withdraw']") == []
    chen = visit("chen").open(f"/orders/{case}").submit("form[action$='/withdraw']", reason="登记错了")
    assert chen.texts(".notice.done") == ["工单已撤销。"]
    assert "Chen 撤销了工单 登记错了" in chen.text(".timeline")
    assert company.instance(case).state == "cancelled"


def test_a_message_that_the_case_waits_for_is_given_on_its_page_by_those_to_whom_it_is_offered(visit, company):
    offer = extensions({"offeredTo": "customer_service"})
    off = f'<boundaryEvent id="off" name="住户取消" attachedToRef="work">{offer}<messageEventDefinition messageRef="m"/></boundaryEvent>'
    nodes = chain(START_EVENT, task("work"), END_EVENT) + off + task("note") + '<sequenceFlow id="x" sourceRef="off" targetRef="note"/>'
    company.deploy(diagram(nodes, before='<message id="m" name="called.off"/>'))
    case = company.start()
    assert visit("anna").open(f"/orders/{case}").page.cssselect("form[action*='/offers/']") == []
    chen = visit("chen").open(f"/orders/{case}").submit("form[action*='/offers/']", reason="住户不要了")
    assert company.waiting(case) == ["note"] and "流程" in chen.text("#notices")
    assert "住户不要了" in chen.open(f"/orders/{case}").text("main") and not chen.page.cssselect("form[action*='/offers/']")
