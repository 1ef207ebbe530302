"""Several tasks at once from the list: each by itself, and for each what came of it."""

import pytest

from engine import user_tasks
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO
from tests.web.forms import field, form

BUTTONS = {"buttons": "approve=同意; reject=不同意!reason"}
DECIDED = diagram(chain(START_EVENT, task("decide", properties=BUTTONS), END_EVENT))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


def ids(company: Company, activity: str, *instances: int) -> list[str]:
    return [str(company.task(activity, instance).id) for instance in instances]


def outcomes(visitor) -> list[str]:
    return [text.split(" ", 1)[-1] for text in visitor.texts("tbody tr")]


def test_several_are_taken_and_who_was_first_is_named(visit, company):
    company.deploy(ONE_TASK)
    first, second, third = company.start(), company.start(), company.start()
    anna = visit("anna").open("/inbox?box=posts")
    assert len(anna.page.cssselect("input[form=bulk]")) == 3 and "同意所选" not in anna.text("#bulk")
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("work", second).id, BAO, company.now)
    anna.submit("form#bulk", act="claim", task=[*ids(company, "work", first, second, third), "999", "x"])
    assert anna.texts(".notice[role=status]") == ["4 项中成功 2 项。"]
    assert [text.split()[-1] for text in anna.texts("tbody tr")] == ["已领取", "已先处理", "已领取", "找不到这项任务"]
    assert company.task("work", first).assignee == "anna" and company.task("work", second).assignee == "bao"
    assert anna.open("/inbox/bulk").path == "/inbox"


def test_what_has_buttons_and_asks_for_nothing_is_approved_from_the_list(visit, company):
    company.deploy(DECIDED)
    first, second = company.start(), company.start()
    anna = visit("anna").open("/inbox?box=posts")
    done = ids(company, "decide", first, second)
    anna.submit("form#bulk", act="approve", task=done)
    assert anna.texts(".notice[role=status]") == ["2 项中成功 2 项。"]
    assert {company.instance(one).state for one in (first, second)} == {"completed"}
    assert "approve" in str(company.variables(first))


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({}, {}),
        ({"buttons": "approve=同意!signature; reject=不同意"}, {}),
        ({"buttons": "approve=同意!reason"}, {}),
        ({**BUTTONS, "signatures": "two_people"}, {}),
        (BUTTONS, {"formRef": "ask"}),
    ],
)
def test_what_must_be_looked_at_is_not_approved_from_the_list(visit, company, properties, named):
    files = {"ask.form": form("ask", field("price", "金额", required=True))} if named else {}
    company.deploy(diagram(chain(START_EVENT, task("decide", properties=properties, **named), END_EVENT)), **files)
    order, _ = company.start(), company.start()
    anna = visit("anna").open("/inbox?box=posts")
    assert "同意所选" not in anna.text("#bulk")
    anna.submit("form#bulk", act="approve", task=ids(company, "decide", order))
    assert "这项任务要打开填写后才能完成。" in anna.text("tbody")
    assert company.waiting(order) == ["decide"]


def test_a_form_that_asks_for_nothing_is_no_hindrance(visit, company):
    files = {"ask.form": form("ask", field("note", "备注"))}
    company.deploy(diagram(chain(START_EVENT, task("decide", properties=BUTTONS, formRef="ask"), END_EVENT)), **files)
    order, _ = company.start(), company.start()
    anna = visit("anna").open("/inbox?box=posts").submit("form#bulk", act="approve", task=ids(company, "decide", order))
    assert anna.texts(".notice[role=status]") == ["1 项中成功 1 项。"]


def test_too_many_and_unknown_acts_are_refused(visit, company):
    company.deploy(ONE_TASK)
    anna = visit("anna")
    anna.send("/inbox/bulk", status=422, act="claim", task=[str(number) for number in range(1, 102)])
    anna.open("/inbox").send("/inbox/bulk", status=404, act="delete", task="1")
    assert "没有选中任务" in anna.open("/inbox").send("/inbox/bulk", act="claim").text()
    assert "没有选中任务" in anna.open("/inbox").send("/inbox/bulk", act="claim", task=["9" * 5000, "²", "-1", "0"]).text()


def test_other_sites_tasks_are_not_found_in_bulk_either(visit, company):
    company.deploy(ONE_TASK)
    order = company.start()
    hua = visit("hua").open("/inbox").send("/inbox/bulk", act="claim", task=ids(company, "work", order))
    assert "找不到这项任务" in hua.text() and company.task("work", order).assignee is None
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("work", order).id, ANNA, company.now)


def test_who_has_an_interest_in_a_matter_takes_it_neither_from_the_list_nor_on_its_page(visit, company):
    company.deploy(diagram(chain(START_EVENT, task("work", properties={"excludes": "interested"}), END_EVENT)))
    excluded, free = company.start(variables={"interested": ["anna"]}), company.start(variables={"interested": None})
    anna = visit("anna").open("/inbox?box=posts")
    anna.submit("form#bulk", act="claim", task=ids(company, "work", excluded, free))
    assert anna.texts(".notice[role=status]") == ["2 项中成功 1 项。"]
    assert "与此事有利害关系的人须回避“Work”，请由其他人办理。" in anna.text("tbody")
    [task_id] = ids(company, "work", excluded)
    page = anna.open(f"/tasks/{task_id}")
    assert "这一步须回避" in page.text("main") and not page.page.cssselect("form.next, form[action$='/claim']")
    page.send(f"/tasks/{task_id}/claim", status=200)
    assert "请由其他人办理" in page.text(".notice") and company.task("work", excluded).assignee is None
    assert visit("bao").open(f"/tasks/{task_id}").page.cssselect("form[action$='/claim']")
