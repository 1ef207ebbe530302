"""The supervisors' board: what is late, what waits for them, today's callbacks and appointments, where work stands, who holds it."""

import pytest

from engine import identity, user_tasks
from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, task
from tests.people import ANNA, BAO, OPERATOR
from tests.web.forms import CALL, FILES, PROCESS, field, form

REPAIR = diagram(chain(BEGIN, task("arrive", dueDate="PT2H"), END), key="repair", name="报修")
CALLBACK = diagram(chain(BEGIN, task("call_back", "customer_service", dueDate="PT5H"), END), key="callback", name="回访")
VISIT = diagram(chain(BEGIN, task("visit", followUpDate="PT3H"), END), key="visits")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture(autouse=True)
def processes(company: Company) -> None:
    company.deploy(PROCESS, REPAIR, CALLBACK, VISIT, **FILES)


def claim(company: Company, activity: str) -> None:
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task(activity).id, ANNA, company.now)


def test_what_is_late_comes_first_with_who_holds_it(visit, company):
    company.start("repair")
    claim(company, "arrive")
    company.start(variables=CALL)
    company.pass_time(hours=1, minutes=40)
    visitor = visit("dong").open("/board")
    assert visitor.texts("#list .clock") == ["还有 20 分钟"] and "Anna" in visitor.text("#list")
    company.pass_time(hours=1)
    assert visitor.open("/board").texts("#list .clock") == ["超时 40 分钟"]
    assert visitor.texts("#figures strong") == ["2", "1", "0", "1"]


def test_it_tells_where_work_stands_and_leads_there(visit, company):
    company.start("repair")
    company.start("repair")
    company.start("callback")
    company.pass_time(hours=3)
    visitor = visit("dong").open("/board")
    rows = visitor.texts("#standings tbody tr")
    assert rows == ["报修 Arrive 2 2", "回访 Call_Back 1 0"]
    visitor.open(visitor.page.cssselect("#standings .does")[0].get("href"))
    assert visitor.texts(".list .does") == ["Arrive", "Arrive"]


def test_the_load_of_each_person_is_told_and_who_has_none(visit, company):
    company.start("repair")
    claim(company, "arrive")
    company.pass_time(hours=3)
    visitor = visit("dong").open("/board")
    assert visitor.texts("#loads tbody tr") == ["Anna 维修技工 1 1"]
    idle = visitor.texts("#loads dt")
    assert "Bao" in idle and "Fang" not in idle and "Hua" not in idle
    assert visitor.open(visitor.page.cssselect("#loads .does")[0].get("href")).texts(".list .does") == ["Arrive"]


def test_todays_callbacks_and_appointments_are_listed_and_tomorrows_are_not(visit, company):
    company.start("callback")
    company.start("visits")
    company.deploy(diagram(chain(BEGIN, task("visit", followUpDate="P1D"), END), key="visits"))
    company.start("visits")
    visitor = visit("dong").open("/board")
    assert visitor.texts("#today .does") == ["Call_Back", "Visit"]
    assert "12:00" in visitor.text("#today")


def test_what_waits_for_the_supervisor_is_theirs_to_do(visit, company):
    company.start(variables=CALL)
    company.complete("repair", ANNA, {"result": "done", "done_text": "好了"})
    visitor = visit("dong").open("/board")
    assert visitor.texts("#own .does") == ["Check"]
    address = visitor.page.cssselect("#own [data-opens-over]")[0].get("href")
    visitor.open(address).submit("form.next", next="/board")
    assert visitor.path == "/board" and "已完成" in visitor.text("#notices")


def test_a_task_is_handed_over_from_the_board_and_one_is_back_there(visit, company):
    company.start("repair")
    claim(company, "arrive")
    visitor = visit("dong").open("/board").open(f"/tasks/{company.task('arrive').id}")
    visitor.submit("#do-assign form", to="bao", reason="Anna 在别处", next="/board?site=S1")
    assert visitor.path == "/board" and company.task("arrive").assignee == "bao"


def test_only_who_supervises_has_a_board(visit):
    visitor = visit("anna")
    assert "看板" not in visitor.text(".places")
    visitor.open("/board", status=403)
    assert "看板" in visit("dong").text(".places")


def test_a_supervisor_sees_the_sites_that_they_supervise_alone(visit, company):
    company.start("repair", site="S2", actor=OPERATOR)
    with company.database.transaction() as session:
        identity.add_post(session, "dong", "S2", "technician", OPERATOR, company.now)
    visitor = visit("dong").open("/board")
    assert visitor.texts("#standings tbody tr") == []
    visitor.open("/board?site=S2", status=404)


def test_the_board_asks_for_itself_again_and_is_given_again_when_something_changed(visit, company):
    visitor = visit("dong").open("/board")
    version = visitor.page.cssselect("[data-live]")[0].get("data-version")
    headers = {"X-Background": "yes", "If-None-Match": f'"{version}"'}
    assert visitor.client.get("/board", headers=headers).status_code == 304
    company.start("repair")
    assert visitor.client.get("/board", headers=headers).status_code == 200


def test_copied_records_are_told_with_their_cases_and_who_wrote_how_many(visit, company):
    record = task("walk", properties={"individual": "note"}, formRef="walk")
    files = {"walk.form": form("walk", field("note", "记录"))}
    company.deploy(diagram(chain(BEGIN, record, END), key="patrol", properties={"numberSeries": "XC"}), **files)
    for actor, note in ((ANNA, "走道已铺保护垫，工人三名证件齐全"), (BAO, "室内贴砖"), (ANNA, "走道已铺保护垫,工人三名证件齐全")):
        company.complete("walk", actor, {"note": note}, instance=company.start("patrol"))
        company.pass_time(hours=1)
    board = visit("dong").open("/board")
    assert "Anna 1 处" in board.text("#copied")
    assert board.texts("#copied tbody tr") == ["11:00 XC-S1-202603-0003 Walk Anna XC-S1-202603-0001 Anna 09:00"]
    assert "XC-S1-202603-0003" in board.open(board.page.cssselect("#copied a.does")[0].get("href")).text("main")
    company.pass_time(days=31)
    assert "近 30 天没有雷同的记录。" in visit("dong").open("/board").text("#copied")
