"""The page of an order: where it stands, the way it took, what happened, and what a supervisor or an operator may do."""

import json

import pytest

from engine import comments, instances
from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, script, task
from tests.people import ANNA, BAO, CHEN, DONG, EMMA
from tests.web.forms import CALL, FILES, PROCESS

CLOCK = {"clock.arrive": "from=start.completed; to=work.completed; limit=duration('PT10M')"}


@pytest.fixture
def order(company: Company) -> int:
    company.deploy(PROCESS, **FILES)
    return company.start(variables=CALL)


def progress(visitor) -> dict[str, list[str]]:
    found = visitor.page.cssselect("[data-diagram]")[0]
    assert visitor.client.get(found.get("data-diagram")).status_code == 200
    return json.loads(found.get("data-progress"))


def test_one_sees_who_has_it_and_since_when(visit, company, order):
    visitor = visit("dong").open(f"/orders/{order}")
    assert visitor.title.startswith("WX-S1-202603-0001 A-12 厨房漏水")
    assert "进行中" in visitor.text(".title") and "首问：Chen" in visitor.text(".title")
    assert visitor.texts(".now li") == ["Repair 维修技工"]
    company.complete("repair", ANNA, {"result": "done", "done_text": "换了角阀"})
    assert visitor.open(f"/orders/{order}").texts(".now li") == ["Check 工程主管"]
    assert "换了角阀" in visitor.text(".facts")


def test_the_diagram_shows_the_way_that_was_taken(visit, company, order):
    visitor = visit("dong").open(f"/orders/{order}")
    assert progress(visitor) == {"done": ["start"], "here": ["repair"], "late": [], "failed": [], "flows": ["start_repair"]}
    company.complete("repair", ANNA, {"result": "done", "done_text": "x"})
    company.complete("check", DONG)
    assert progress(visitor.open(f"/orders/{order}")) == {
        "done": ["check", "end", "repair", "start"],
        "here": [],
        "late": [],
        "failed": [],
        "flows": ["check_end", "repair_check", "start_repair"],
    }
    assert "已完成" in visitor.text(".title") and "已于 09:00 结束" in visitor.text()


def test_the_story_is_told_in_sentences_in_both_languages(visit, company, order):
    company.complete("repair", ANNA, {"result": "done", "done_text": "x"})
    visitor = visit("dong").open(f"/orders/{order}")
    told = ["Chen 登记了“报修”", "“Repair”等待 维修技工", "Anna 完成了“Repair”", "“Check”等待 工程主管"]
    assert visitor.texts(".timeline p") == told
    visitor.send("/language", language="en", next=f"/orders/{order}")
    assert visitor.texts(".timeline p")[0] == "Chen recorded “报修”"
    assert visitor.texts(".timeline p")[1] == "“Repair” waits for Technician"


def test_a_copied_record_is_told_with_the_one_that_it_repeats(visit, company):
    patrols = [task(name, properties={"individual": "note"}, formRef="round") for name in ("morning", "evening")]
    form = {"type": "default", "id": "round", "components": [{"type": "textarea", "key": "note", "id": "a", "label": "记录"}]}
    series = {"numberSeries": "ZX"}
    company.deploy(diagram(chain(BEGIN, *patrols, END), properties=series), **{"round.form": json.dumps(form).encode()})
    order = company.start()
    company.complete("morning", ANNA, {"note": "门已关，走道干净"})
    company.complete("evening", BAO, {"note": "门已关 走道干净。"})
    lines = visit("dong").open(f"/orders/{order}").page.cssselect(".timeline li")
    [copied] = [line.text_content() for line in lines if "内容与以前的记录雷同" in line.text_content()]
    assert "Bao 完成了“Evening”" in copied and "ZX-S1-202603-0001 Anna" in copied and "09:00" in copied


def test_a_very_long_story_is_told_from_its_end_and_in_full_on_demand(visit, company, order):
    for number in range(120):
        with company.database.transaction() as session:
            comments.add_to_case(session, order, f"备注 {number}", CHEN, company.now)
    visitor = visit("dong").open(f"/orders/{order}")
    assert len(visitor.texts(".timeline li")) == 100 and visitor.texts(".timeline blockquote")[-1] == "备注 119"
    visitor.open(visitor.page.cssselect("a[href$='story=all#story']")[0].get("href"))
    assert visitor.texts(".timeline p")[0] == "Chen 登记了“报修”" and len(visitor.texts(".timeline li")) == 122


def test_what_is_late_is_said_at_the_top(visit, company):
    company.deploy(diagram(chain(BEGIN, task("work"), END), properties=CLOCK))
    case = company.start()
    visitor = visit("dong").open(f"/orders/{case}")
    assert visitor.texts(".clocks li") == ["到场 还有 10 分钟"] and visitor.page.cssselect(".notice.problem") == []
    company.pass_time(minutes=15)
    visitor.open(f"/orders/{case}")
    assert visitor.texts(".notice.problem") == ["已超时：到场"] and visitor.texts(".clocks li") == ["到场 超时 5 分钟"]
    assert "“到场”超过时限" in visitor.text(".timeline")


def test_what_a_called_process_does_is_part_of_the_order(visit, company):
    calling = '<callActivity id="ask" name="回访" calledElement="callback"/>'
    company.deploy(diagram(chain(BEGIN, calling, END)), diagram(chain(BEGIN, task("call"), END), key="callback", name="回访"))
    case = company.start()
    company.work()
    visitor = visit("dong").open(f"/orders/{case}")
    assert visitor.texts(".now li") == ["Call 维修技工"]
    assert len(visitor.page.cssselect("[data-diagram]")) == 2
    assert "开始“回访”" in visitor.text(".timeline")


def test_an_incident_is_shown_and_tried_again_by_who_operates(visit, company):
    company.deploy(diagram(chain(BEGIN, task("work"), script("sum", "total = price + 1"), END)))
    case = company.start()
    company.complete("work", ANNA)
    assert "“sum”出错" in visit("dong").open(f"/orders/{case}").text(".notice.problem")
    visitor = visit("emma").open(f"/orders/{case}").submit("form[action$='/retry']")
    assert "还是出错" in visitor.text(".notice.problem")
    with company.database.transaction() as session:
        instances.set_variables(session, case, {"price": 2}, "补录", EMMA, company.now)
    visitor.submit("form[action$='/retry']")
    assert "流程继续了" in visitor.text(".notice.done") and "已完成" in visitor.text(".title")


def test_an_operator_finds_what_failed_from_the_inbox(visit, company):
    company.deploy(diagram(chain(BEGIN, task("work"), script("sum", "total = price + 1"), END)))
    case = company.start()
    company.complete("work", ANNA)
    visitor = visit("emma")
    assert visitor.texts(".notice.problem") == ["有 1 处流程出错停住，需要处理"]
    visitor.open(visitor.page.cssselect(".notice.problem a")[0].get("href"))
    assert visitor.page.cssselect(".list .does")[0].get("href") == f"/orders/{case}" and "price" in visitor.text(".list")
    assert visit("anna").page.cssselect(".notice.problem") == []
    visit("anna").open("/orders/failed", status=403)


def test_who_does_not_operate_cannot_try_again_nor_cancel(visit, company, order):
    visitor = visit("anna").open(f"/orders/{order}")
    assert visitor.page.cssselect("form[action$='/retry'], [formaction]") == []
    for act in ("cancel", "suspend", "resume"):
        visitor.send(f"/orders/{order}/{act}", status=403, reason="x")


def test_an_operator_suspends_resumes_and_cancels_with_a_reason(visit, company, order):
    visitor = visit("emma").open(f"/orders/{order}")
    visitor.send(f"/orders/{order}/suspend", reason="住户出差")
    assert "已暂停" in visitor.text(".title") and "住户出差" in visitor.text(".timeline")
    visitor.send(f"/orders/{order}/resume", reason="住户回来")
    assert "进行中" in visitor.text(".title")
    visitor.send(f"/orders/{order}/cancel", status=422, reason="  ")
    visitor.open(f"/orders/{order}").send(f"/orders/{order}/cancel", reason="重复登记")
    assert "已取消" in visitor.text(".title") and company.waiting(order) == []


def test_an_operator_moves_a_stuck_order_on_and_its_story_tells(visit, company, order):
    waiting = company.waiting(order)
    assert visit("anna").open(f"/orders/{order}").page.cssselect("form[action$='/modify']") == []
    visitor = visit("emma").open(f"/orders/{order}")
    [box] = visitor.page.cssselect("form[action$='/modify'] input[name=cancel]")
    visitor.submit("form[action$='/modify']", status=409, cancel=box.get("value"), start_before="", reason="x")
    assert company.waiting(order) == waiting
    for nonsense in ("", "-1", "many"):  # without the number nobody would notice that the order has moved since
        visitor.send(f"/orders/{order}/modify", status=422, cancel=box.get("value"), start_before="check", reason="x", moves=nonsense)
    assert company.waiting(order) == waiting
    visitor.open(f"/orders/{order}").submit("form[action$='/modify']", cancel=box.get("value"), start_before="check", reason="前台已派人")
    assert company.waiting(order) != waiting
    assert "人工调整了流程：从“" in visitor.text(".timeline") and "前台已派人" in visitor.text(".timeline")


def test_a_supervisor_hands_the_first_responders_duty_on(visit, company, order):
    visitor = visit("dong").open(f"/orders/{order}").submit("form[action$='/hand-over']", to="emma", reason="调岗")
    assert "首问：Emma" in visitor.text(".title") and "调岗" in visitor.text(".timeline")
    assert visit("anna").open(f"/orders/{order}").page.cssselect("form[action$='/hand-over']") == []


def test_another_sites_order_is_not_found(visit, order):
    visitor = visit("hua").open(f"/orders/{order}", status=404)
    for act in ("comment", "hand-over", "cancel", "incidents/1/retry"):
        visitor.send(f"/orders/{order}/{act}", status=404, text="x", reason="x", to="hua")


def test_an_auditor_reads_and_changes_nothing(visit, company, order):
    visitor = visit("fang").open(f"/orders/{order}")
    assert [form.get("action") for form in visitor.page.cssselect("main form")] == [f"/orders/{order}/unmask"]
    visitor.send(f"/orders/{order}/comment", status=403, text="x")


def test_names_and_numbers_of_residents_are_opened_by_exception_and_history_tells_who_looked(visit, order):
    visitor = visit("fang").open(f"/orders/{order}")
    assert "李雷" not in visitor.text() and "13800001234" not in visitor.text() and "138****1234" in visitor.text(".facts")
    visitor.submit("form[action$='/unmask']", status=422, reason=" ")
    visitor.open(f"/orders/{order}").submit("form[action$='/unmask']", reason="核对投诉")
    assert "李雷" in visitor.text(".facts") and "13800001234" in visitor.text(".facts")
    assert "13800001234" not in visitor.open(f"/orders/{order}").text()
    assert "Fang 查看了完整电话 核对投诉" in visitor.text(".timeline")
    visit("anna").open(f"/orders/{order}").send(f"/orders/{order}/unmask", status=403, reason="neugierig")
