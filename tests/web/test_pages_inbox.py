"""The inbox: what stands in which box, in which order, and how it is narrowed."""

import pytest

from engine import identity, instances, user_tasks
from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, task
from tests.people import ANNA, BAO, DONG, EMMA, OPERATOR
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


def test_the_number_of_a_cancelled_order_stays_in_search_and_on_its_page_as_void(visit, company):
    case = company.start(variables=CALL)
    with company.database.transaction() as session:
        instances.cancel(session, case, "entered twice", EMMA, company.now)
    visitor = visit("chen").open("/inbox?box=cases&q=WX-S1-202603-0001")
    assert visitor.texts(".list .does s") == ["WX-S1-202603-0001"] and "作废" in visitor.text(".list .does")
    assert "作废" in visitor.open(f"/orders/{case}").text("h1")
    company.start(variables=CALL)
    assert visitor.open("/inbox?box=cases&q=漏水").texts(".list .does s") == ["WX-S1-202603-0001"]


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


def test_tabs_tell_what_is_late_and_what_soon_will_be(visit, company):
    urgent(company, "PT5M")
    urgent(company, "PT25M")
    urgent(company, "PT9H")
    company.pass_time(minutes=10)
    visitor = visit("anna").open("/inbox?box=mine")
    assert visitor.texts(".tabs a")[1] == "岗位 3 !1 超时 ◕1 即将到期"
    assert visitor.open("/inbox?box=posts&soon=1").texts(".list .clock") == ["还有 15 分钟"]


def test_what_is_counted_beyond_a_hundred_is_still_told_apart(visit, company):
    many = "<multiInstanceLoopCharacteristics><loopCardinality>101</loopCardinality></multiInstanceLoopCharacteristics></userTask>"
    company.deploy(diagram(chain(BEGIN, task("walk", dueDate="PT5M").replace("</userTask>", many), END), key="rounds"))
    company.start("rounds")
    company.pass_time(minutes=10)
    urgent(company, "PT15M")
    assert visit("anna").open("/inbox?box=posts").texts(".tabs a")[1] == "岗位 99+ !99+ 超时 ◕1 即将到期"


def test_each_post_of_a_person_has_its_count_and_its_list(visit, company):
    company.deploy(diagram(chain(BEGIN, task("paint", "gardener"), END), key="painting"))
    company.start(variables=CALL)
    company.start("painting")
    with company.database.transaction() as session:
        identity.add_post(session, "anna", "S1", "gardener", OPERATOR, company.now)
    visitor = visit("anna").open("/inbox?box=posts")
    assert visitor.texts(".list .does") == ["Repair", "Paint"]
    chips = {" ".join(chip.text_content().split()): chip.get("href") for chip in visitor.page.cssselect(".chip")}
    assert {"维修技工 1", "绿化 1"} <= chips.keys()
    assert visitor.open(chips["绿化 1"]).texts(".list .does") == ["Paint"]


@pytest.mark.parametrize("box", ["posts", "all"])
def test_a_list_is_narrowed_to_a_process_a_step_and_a_post(visit, company, box):
    company.start(variables=CALL)
    urgent(company, "PT2H")
    visitor = visit("anna")
    assert visitor.open(f"/inbox?box={box}&key=job").texts(".list .does") == ["Work"]
    assert visitor.open(f"/inbox?box={box}&key=order&activity=repair").texts(".list .does") == ["Repair"]
    assert visitor.open(f"/inbox?box={box}&key=order&activity=check").page.cssselect(".list") == []
    assert visitor.open(f"/inbox?box={box}&post=technician").texts(".list .does") == ["Work", "Repair"]
    assert visitor.open(f"/inbox?box={box}&post=buyer").page.cssselect(".list") == []


def test_work_of_a_colleague_is_listed_by_their_name(visit, company):
    company.start(variables=CALL)
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("repair").id, ANNA, company.now)
    visitor = visit("dong").open("/inbox?box=all&who=anna")
    assert visitor.texts(".list .does") == ["Repair"] and "Anna" in visitor.texts(".chip[aria-current]")
    assert visitor.open("/inbox?box=all&who=bao").page.cssselect(".list") == []


def test_what_is_to_be_followed_up_now_is_a_list_of_its_own(visit, company):
    company.deploy(diagram(chain(BEGIN, task("visit", followUpDate="PT1H"), END), key="visits"))
    company.start("visits")
    visitor = visit("anna")
    assert visitor.open("/inbox?box=posts&follow_up=1").page.cssselect(".list") == []
    company.pass_time(hours=2)
    assert visitor.open("/inbox?box=posts&follow_up=1").texts(".list .does") == ["Visit"]
    assert visitor.open("/inbox?box=all&follow_up=1").texts(".list .does") == ["Visit"]


def test_the_fields_of_a_process_become_columns_of_ones_own_choice(visit, company):
    company.start(variables=CALL)
    visitor = visit("chen").open("/inbox?box=all&key=order")
    assert visitor.texts(".list th")[3:-2] == ["房屋"]
    visitor.submit("form[action='/inbox/columns']", columns=["caller_name", "telephone"])
    assert visitor.path == "/inbox" and visitor.texts(".list th")[3:-2] == ["报修人", "电话"]
    assert "李雷" in visitor.text(".list") and "13800001234" in visitor.text(".list")
    assert visit("dong").open("/inbox?box=all&key=order").texts(".list th")[3:-2] == ["房屋"]


def test_names_and_numbers_of_residents_are_masked_in_columns_for_who_does_not_call(visit, company):
    company.start(variables=CALL)
    visitor = visit("dong").open("/inbox?box=all&key=order").submit("form[action='/inbox/columns']", columns=["caller_name", "telephone"])
    assert "李*" in visitor.text(".list") and "138****1234" in visitor.text(".list")
    assert "李雷" not in visitor.answer.text and "13800001234" not in visitor.answer.text


def test_a_list_that_asks_for_itself_again_costs_no_page_until_something_changes(visit, company):
    company.start(variables=CALL)
    visitor = visit("anna").open("/inbox?box=posts")
    shown = visitor.page.cssselect("[data-live]")[0].get("data-version")

    def ask() -> int:
        headers = {"X-Background": "yes", "If-None-Match": f'"{shown}"'}
        return int(visitor.client.get("/inbox?box=posts", headers=headers).status_code)

    assert ask() == 304
    urgent(company, "PT2H")
    assert ask() == 200
    shown = visitor.open("/inbox?box=posts").page.cssselect("[data-live]")[0].get("data-version")
    assert ask() == 304
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("work").id, BAO, company.now)
    assert ask() == 200


def test_who_opens_a_list_is_given_it_though_nothing_has_changed(visit, company):
    visitor = visit("anna").open("/inbox?box=all")
    version = visitor.page.cssselect("[data-live]")[0].get("data-version")
    assert visitor.client.get("/inbox?box=all", headers={"If-None-Match": f'"{version}"'}).status_code == 200


def test_a_list_changes_as_time_passes_and_what_was_soon_is_late(visit, company):
    urgent(company, "PT5M")
    visitor = visit("anna").open("/inbox?box=all")
    version = visitor.page.cssselect("[data-live]")[0].get("data-version")
    company.pass_time(minutes=6)
    headers = {"X-Background": "yes", "If-None-Match": f'"{version}"'}
    assert visitor.client.get("/inbox?box=all", headers=headers).status_code == 200


def test_news_name_tasks_and_numbers_and_nothing_of_residents(visit, company):
    company.start(variables=CALL)
    visitor = visit("anna")
    answer = visitor.client.get("/inbox/news")
    [news] = answer.get_json()["items"]
    assert (news["title"], news["text"]) == ("新任务：Repair", "WX-S1-202603-0001")
    assert visitor.client.get("/inbox/news", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert visit("hua").client.get("/inbox/news").get_json() == {"items": []}
