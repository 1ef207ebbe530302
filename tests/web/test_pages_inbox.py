"""The inbox: what stands in which box, in which order, and how it is narrowed."""

import pytest

from engine import user_tasks
from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, task
from tests.people import ANNA, DONG
from tests.web.forms import CALL, FILES, PROCESS


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture(autouse=True)
def processes(company: Company) -> None:
    company.deploy(PROCESS, **FILES)


def urgent(company: Company, due: str) -> int:
    company.deploy(diagram(chain(BEGIN, task("work", dueDate=due), END), key="job", name=f"Job {due}"))
    return company.start("job")


def test_one_begins_where_there_is_something_to_do(visit, company):
    assert visit("anna").open("/").text(".tabs [aria-current]") == "我的"
    company.start(variables=CALL)
    visitor = visit("anna").open("/")
    assert visitor.text(".tabs [aria-current]") == "岗位 1"
    assert visitor.texts(".list .does") == ["Repair"] and "A-12 厨房漏水" in visitor.text(".list")


def test_overdue_comes_first_and_is_said_in_words(visit, company):
    company.start(variables=CALL)
    urgent(company, "PT2H")
    urgent(company, "PT5M")
    company.pass_time(minutes=17)
    visitor = visit("anna").open("/inbox?box=posts")
    assert visitor.texts(".list .clock") == ["超时 12 分钟", "还有 1 小时"]
    assert visitor.texts(".list .does")[-1] == "Repair"
    assert visitor.open("/inbox?box=posts&late=1").texts(".list .clock") == ["超时 12 分钟"]


def test_a_task_is_taken_from_the_list(visit, company):
    company.start(variables=CALL)
    visitor = visit("anna").open("/inbox?box=posts").submit(".list form")
    assert company.task("repair").assignee == "anna"
    assert visitor.open("/inbox?box=posts").texts(".list .does") == []
    assert visitor.open("/inbox?box=mine").texts(".list .does") == ["Repair"]
    assert visit("bao").open("/inbox?box=posts").texts(".list .does") == []


@pytest.mark.parametrize("q", ["漏水", "A-12", "李雷", "13800001234", "1234", "WX-S1-202603-0001"])
def test_a_task_is_found_by_number_house_name_and_telephone(visit, company, q):
    company.start(variables=CALL)
    company.start(variables={"house": "B-3", "caller_name": "韩梅梅", "telephone": "13900005678", "content": "门坏了"})
    visitor = visit("anna").open(f"/inbox?box=posts&q={q}")
    assert len(visitor.texts(".list .does")) == 1 and "A-12" in visitor.text(".list")


def test_a_finished_order_is_found_too(visit, company):
    case = company.start(variables=CALL)
    company.complete("repair", ANNA, {"result": "done", "done_text": "好了"})
    company.complete("check", DONG)
    visitor = visit("chen").open("/inbox?box=cases&q=漏水")
    assert visitor.texts(".list .does") == ["WX-S1-202603-0001"] and "已完成" in visitor.text(".list")
    assert visitor.page.cssselect(".list .does")[0].get("href") == f"/orders/{case}"


def test_cases_that_one_was_asked_first_stay_listed_until_they_end(visit, company):
    company.start(variables=CALL)
    assert visit("chen").open("/inbox?box=first_asked").texts(".list .does") == ["WX-S1-202603-0001"]
    assert "没有由您首问负责" in visit("anna").open("/inbox?box=first_asked").text(".empty")


def test_another_sites_work_is_in_no_box(visit, company):
    company.start(variables=CALL)
    visitor = visit("hua")
    for box in ("mine", "posts", "all", "first_asked"):
        assert visitor.open(f"/inbox?box={box}").page.cssselect(".list") == []
    assert visitor.open("/inbox?box=cases&q=漏水").page.cssselect(".list") == []


def test_the_list_goes_on_page_by_page_without_losing_its_filters(visit, company):
    for _ in range(27):
        company.start(variables=CALL)
    visitor = visit("anna").open("/inbox?box=posts&q=漏水")
    first = [link.get("href") for link in visitor.page.cssselect(".list .does")]
    following = visitor.page.cssselect(".more a")[0].get("href")
    assert "q=" in following
    visitor.open(following)
    second = [link.get("href") for link in visitor.page.cssselect(".list .does")]
    assert len(first) == 25 and len(second) == 2 and not set(first) & set(second)
    assert visitor.page.cssselect(".more") == []


def test_a_cursor_of_somewhere_else_is_refused(visit):
    visit("anna").open("/inbox?box=posts&cursor=nonsense", status=422)


def test_filters_stand_in_the_address_and_can_be_taken_away(visit, company):
    company.start(variables=CALL)
    visitor = visit("anna").open("/inbox?box=posts&q=漏水&late=1")
    assert "没有符合条件的任务" in visitor.text(".empty")
    chips = {" ".join(chip.text_content().split()): chip.get("href") for chip in visitor.page.cssselect(".chip[aria-current]")}
    assert chips.keys() == {"只看超时", "“漏水”"}
    assert visitor.open(chips["只看超时"]).texts(".list .does") == ["Repair"]


@pytest.mark.parametrize(
    ("box", "sentence"),
    [("mine", "您手上没有任务"), ("posts", "没有待领取的任务"), ("all", "目前没有未完成的任务"), ("cases", "查找任何工单")],
)
def test_an_empty_list_says_why_and_what_to_do(visit, box, sentence):
    assert sentence in visit("anna").open(f"/inbox?box={box}").text(".empty")


def test_who_only_audits_sees_work_and_no_button(visit, company):
    company.start(variables=CALL)
    visitor = visit("fang").open("/inbox?box=all")
    assert visitor.texts(".list .does") == ["Repair"] and visitor.page.cssselect(".list form") == []


def test_a_held_task_is_not_offered_again(visit, company):
    company.start(variables=CALL)
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("repair").id, ANNA, company.now)
    visitor = visit("bao").open("/inbox?box=all")
    assert "Anna" in visitor.text(".list") and visitor.page.cssselect(".list form") == []
