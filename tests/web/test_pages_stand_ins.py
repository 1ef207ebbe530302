"""The page on which people settle who stands in for them, and the box of what was copied to them."""

import pytest

from engine import copies, user_tasks
from engine.tables import Proxy
from tests.factories import ONE_TASK, Company
from tests.people import ANNA, DONG


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


def rows(company: Company) -> list[tuple[str, str, str | None]]:
    with company.database.read() as session:
        return [(one.principal, one.proxy, one.ended_by) for one in session.query(Proxy).order_by(Proxy.id)]


def test_somebody_settles_who_stands_in_and_ends_it_again(visit, company):
    company.deploy(ONE_TASK)
    anna = visit("anna").open("/proxies")
    assert "现在没有人代您办理。" in anna.text() and anna.page.cssselect("#principal") == []
    anna.submit("form[action='/proxies']", proxy="chen", until="2026-03-09T18:00", keys=["order"])
    assert anna.texts(".notice.done") == ["Chen 将代 Anna 办理任务。"]
    assert "Chen代Anna" in anna.text(".proxies") and "Order" in anna.text(".proxies") and "代理中" in anna.text(".proxies")
    assert "我代别人办理" in visit("chen").open("/proxies").text()
    anna.submit("form[action$='/end']")
    assert anna.texts(".notice.done") == ["代理已结束，任务回到本人。"] and rows(company) == [("anna", "chen", "anna")]
    assert "已结束" in anna.text(".proxies")


def test_what_cannot_be_is_said_beside_its_field_and_what_was_typed_stays(visit, company):
    anna = visit("anna").open("/proxies").submit("form[action='/proxies']", status=422, proxy="", until="2026-03-01T18:00")
    assert anna.texts(".field .wrong") == ["请选择本项目的在职人员"]
    anna.submit("form[action='/proxies']", status=422, proxy="bao", until="2026-03-01T18:00")
    assert anna.texts(".field .wrong") == ["结束时间要晚于开始时间和现在"]
    assert anna.page.cssselect("#until")[0].get("value") == "2026-03-01T18:00"
    anna.submit("form[action='/proxies']", proxy="bao", until="2026-03-09T18:00")
    anna.submit("form[action='/proxies']", status=409, proxy="chen", until="2026-03-05T18:00")
    assert anna.texts(".field .wrong") == ["那段时间已由 bao 代理。"]


def test_supervisors_settle_it_for_their_people(visit, company):
    dong = visit("dong").open("/proxies")
    dong.submit("form[action='/proxies']", principal="anna", proxy="bao", until="2026-03-09T18:00")
    assert "Bao代Anna" in dong.text(".proxies") and rows(company) == [("anna", "bao", None)]
    assert visit("chen").open("/proxies").page.cssselect(".proxies") == []
    visit("chen").open("/proxies").send("/proxies/1/end", status=403)
    visit("hua").open("/proxies").send("/proxies/1/end", status=404)
    visit("hua").open("/proxies?site=S1", status=404)


def test_what_was_copied_is_new_until_it_is_opened(visit, company):
    company.deploy(ONE_TASK)
    company.start()
    task_id = company.task("work").id
    with company.database.transaction() as session:
        user_tasks.assign(session, task_id, "anna", DONG, company.now)
        copies.send(session, task_id, ["chen"], ANNA, company.now, "请知悉")
    chen = visit("chen").open("/inbox?box=copies")
    assert "Work" in chen.text("table") and "请知悉" in chen.text("table") and "未读" in chen.text("table")
    assert chen.texts(".tabs [aria-current] .count") == ["1"]
    chen.open(f"/tasks/{task_id}").open("/inbox?box=copies")
    assert "未读" not in chen.text("table") and chen.texts(".tabs [aria-current] .count") == []
    assert "没有抄送给您的事项" in visit("bao").open("/inbox?box=copies").text()


def test_the_first_responder_sees_where_each_case_stands_and_who_holds_it(visit, company):
    company.deploy(ONE_TASK)
    company.start()
    with company.database.transaction() as session:
        user_tasks.assign(session, company.task("work").id, "anna", DONG, company.now)
    chen = visit("chen").open("/inbox?box=first_asked")
    assert "Work" in chen.text("table") and "Anna" in chen.text("table")


def test_the_page_speaks_english(visit, company):
    visitor = visit("anna").send("/language", language="en", next="/proxies")
    assert "Standing in" in visitor.text("h1") and "Nobody stands in for you" in visitor.text()
