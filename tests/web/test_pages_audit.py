"""The auditors' first page: whose it is, what is found on it, the file of it, and whether a case's story can be trusted."""

import csv
import io

import pytest

from tests.engine.test_history import without_triggers
from tests.factories import Company
from tests.people import ANNA, CHEN
from tests.web.forms import CALL, FILES, PROCESS
from web import cells
from web.pages import audit as pages


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture
def order(company: Company) -> int:
    company.deploy(PROCESS, **FILES)
    number = company.start(variables=CALL)
    company.pass_time(minutes=30)
    company.complete("repair", ANNA, {"result": "done", "done_text": '=HYPERLINK("http://x")', "price": 20})
    return number


def rows(visitor) -> list[dict[str, str]]:
    text = visitor.answer.get_data(as_text=True)
    assert text.startswith(cells.MARK)
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_who_only_audits_begins_there_and_who_does_not_audit_is_refused(visit, order):
    assert visit("fang").open("/").path == "/audit"
    assert visit("anna").open("/").path == "/inbox"
    for login in ("anna", "dong", "hua"):
        visitor = visit(login)
        assert visitor.page.cssselect("nav a[href='/audit']") == []
        visitor.open("/audit", status=403)
        visitor.open("/audit/history.csv", status=403)
    assert visit("emma").page.cssselect("nav a[href='/audit']")


def test_from_a_number_to_the_full_story_in_two_clicks(visit, order):
    visitor = visit("fang").open("/audit?number=0001")
    link = visitor.page.cssselect("#found a.does")[0]
    assert link.text.startswith("WX-")
    visitor.open(link.get("href").partition("#")[0])
    assert visitor.path == f"/orders/{order}" and "Anna 完成了“Repair”" in visitor.text(".timeline")


def test_each_line_is_a_sentence_with_who_when_and_what_kind(visit, order):
    visitor = visit("fang").open("/audit?kind=user_task.completed")
    [line] = visitor.texts("#found tbody tr")
    assert "Anna 完成了“Repair”" in line and "完成任务" in line and "Anna anna" in line
    assert visitor.page.cssselect("select[name=kind] option[selected]")[0].text == "完成任务"


@pytest.mark.parametrize(
    ("asked", "found"),
    [("who=Anna&kind=user_task.completed", 1), ("who=bao", 0), ("activity=Repair&kind=user_task.completed", 1), ("activity=x", 0),
     ("key=order&kind=instance.started", 1), ("since=2026-03-02&until=2026-03-02&kind=instance.started", 1),
     ("since=2026-03-03", 0), ("until=2026-03-01", 0), ("site=S2", 0), ("number=A-12&kind=instance.started", 1)],
)  # fmt: skip
def test_filters_narrow_what_is_found(visit, order, asked, found):
    visitor = visit("fang").open(f"/audit?{asked}")
    assert len(visitor.texts("#found tbody tr")) == found
    assert bool(visitor.texts("main .empty")) == (found == 0)


def test_odd_filters_are_answered_and_a_foreign_cursor_is_refused(visit, order):
    visitor = visit("fang")
    visitor.open("/audit?since=yesterday&until=9999-12-31&who=%25&activity=%22%5C&number=%27&key=%00&kind=x")
    visitor.open("/audit?cursor=abc", status=422)


def test_pages_follow_one_another_with_their_filters(visit, order, monkeypatch):
    monkeypatch.setattr(pages, "PER_PAGE", 1)
    visitor, seen = visit("fang").open("/audit?who=anna"), []
    while True:
        seen += visitor.texts("#found tbody tr")
        more = visitor.page.cssselect(".more a")
        if not more:
            break
        assert "who=anna" in more[0].get("href")
        visitor.open(more[0].get("href"))
    assert len(set(seen)) == len(seen) == 2 and all("anna" in line for line in seen)


def test_an_event_that_was_entered_later_tells_both_times(visit, company, order):
    from engine import history
    from engine.tables import Instance

    with company.database.transaction() as session:
        instance = session.get_one(Instance, order, with_for_update=True)
        earlier = company.now.replace(hour=0)
        history.append(session, instance, [history.Event("comment.added", data={"text": "补记"}, at=earlier)], CHEN, company.now)
    [line] = visit("fang").open("/audit?kind=comment.added").texts("#found tbody tr")
    assert "入账" in line and "补记" in line
    assert "入账" not in visit("fang").open("/audit?kind=user_task.completed").text("#found tbody")


def test_names_and_numbers_are_masked_by_post_on_the_page_and_in_the_file(visit, order):
    for path in ("/audit?kind=instance.started", "/audit/history.csv?kind=instance.started"):
        masked, whole = (visit(login).open(path).answer.get_data(as_text=True) for login in ("fang", "emma"))
        assert "138****1234" in masked and "13800001234" not in masked and "李雷" not in masked
        assert "13800001234" in whole and "李雷" in whole


def test_the_file_has_what_was_found_and_no_cell_that_a_spreadsheet_would_calculate(visit, order):
    visitor = visit("fang").open("/audit/history.csv?kind=user_task.completed")
    assert visitor.answer.mimetype == "text/csv" and "attachment" in visitor.answer.headers["Content-Disposition"]
    [row] = rows(visitor)
    assert row["人员"] == "Anna" and row["账号"] == "anna" and row["经过"] == "Anna 完成了“Repair”" and row["单号"].startswith("WX-")
    assert row["发生时间"] == "2026-03-02 09:30:00" and "维修情况: =HYPERLINK" in row["填写的内容"]
    assert [cells.harmless(one) for one in ("=1", "＝1", "+1", "-1", "@x", "\t=1", "a=1", None, 7)] == [
        "'=1", "'＝1", "'+1", "'-1", "'@x", "'\t=1", "a=1", "", "7",
    ]  # fmt: skip


def test_the_file_ends_at_a_bound_and_says_so(visit, order, monkeypatch):
    monkeypatch.setattr(pages, "ROWS_AT_MOST", 3)
    monkeypatch.setattr(pages, "PER_STEP", 2)
    found = rows(visit("fang").open("/audit/history.csv"))
    assert len(found) == 4 and "只含最新的 3 条" in found[-1]["发生时间"]
    monkeypatch.setattr(pages, "ROWS_AT_MOST", 10_000)
    whole = rows(visit("fang").open("/audit/history.csv"))
    assert len({(row["链"], row["序号"]) for row in whole}) == len(whole) > 3


def test_another_sites_events_are_not_found(visit, company, order):
    company.start(site="S2", actor=CHEN.system("cli"), variables=CALL)
    visitor = visit("fang")
    assert len(visitor.open("/audit?kind=instance.started").texts("#found tbody tr")) == 1
    assert {row["项目"] for row in rows(visitor.open("/audit/history.csv"))} == {"S1", "全公司"}


def test_a_published_process_is_told_with_its_version_where_a_number_would_stand(visit, order):
    visitor = visit("fang")
    [line] = visitor.open("/audit?site=*").texts("#found tbody tr")
    assert "发布了流程 order 的第 1 版" in line and "全公司" in line and "发布流程" in line
    [row] = rows(visitor.open("/audit/history.csv?site=*"))
    assert row["项目"] == "全公司" and row["流程"] == "报修" and len(row["原话"]) == 64


def test_a_story_that_somebody_touched_says_from_which_event_on_to_those_who_audit(visit, company, order):
    assert "记录完整" in visit("fang").open(f"/orders/{order}").text("#intact")
    assert visit("anna").open(f"/orders/{order}").page.cssselect("#intact") == []
    without_triggers(company.database, f"UPDATE history_event SET at = '2020-01-01 00:00:00' WHERE chain = 'i{order}' AND seq = 2")
    visitor = visit("fang").open(f"/orders/{order}")
    assert f"i{order} 的第 2 条" in visitor.text("#tampered") and visitor.page.cssselect("#intact") == []
    assert visit("anna").open(f"/orders/{order}").page.cssselect("#tampered") == []


def test_the_page_is_told_in_english_too(visit, order):
    visitor = visit("fang")
    visitor.send("/language", language="en", next="/audit")
    assert "Task completed" in visitor.open("/audit?kind=user_task.completed").text("#found")
    assert not any(
        "\u4e00" <= letter <= "\u9fff"
        for letter in " ".join(visitor.texts("main h1, main th, main form label:not(:has([name=key])), main .acts"))
    )
