"""The settings of a site: its figures and its working days, as who administers it sees and sets them."""

import pytest

from engine import site_lists, sites
from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, script, task
from tests.people import EMMA

ASKS = """
a = site("desk", "duty_officer")
b = site("from", "08:30")
c = site("rounds", 2)
d = site("strict", True)
"""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture(autouse=True)
def process(company: Company) -> None:
    work = task("work", dueDate="${now() + duration(site('work_limit', 'PT24H'))}")
    company.deploy(diagram(chain(BEGIN, script("reckon", ASKS), work, END)))


def figures(company: Company) -> dict[str, object]:
    with company.database.read() as session:
        return dict(sites.facts(session, "S1").variables)


@pytest.mark.parametrize(("login", "status"), [("emma", 200), ("dong", 403), ("fang", 403), ("anna", 403), ("hua", 404)])
def test_who_administers_the_site_opens_its_settings(visit, login, status):
    visitor = visit(login)
    visitor.open("/sites/S1", status=status)
    visitor.send("/sites/S1/figures", status=status, desk="control_room")
    visitor.send("/sites/S1/days", status=status, day="2026-03-03", kind="holiday")


def test_the_people_of_the_site_lead_to_its_settings(visit):
    assert visit("emma").open("/people?site=S1").page.cssselect("a[href='/sites/S1']")
    assert not visit("dong").open("/people?site=S1").page.cssselect("a[href='/sites/S1']")


def test_every_figure_is_shown_with_its_default_in_words(visit):
    visitor = visit("emma").open("/sites/S1")
    assert visitor.texts(".figures td[data-label]") == ["值班员", "08:30", "2", "是", "1 天"]
    assert "Work work_limit" in visitor.text(".figures") and visitor.texts("h3") == ["Order"]


def test_figures_are_set_together_and_cleared_to_the_default(visit, company):
    emma = visit("emma").open("/sites/S1")
    said = {"desk": "control_room", "from": "09:00", "rounds": "3", "strict": "false", "work_limit": "90", "work_limit.unit": "M"}
    emma.submit("form[action$=figures]", **said)
    assert "已保存" in emma.text(".notice.done")
    expected = {"desk": "control_room", "from": "09:00", "rounds": 3, "strict": False, "work_limit": "PT90M"}
    assert figures(company) == expected
    form = emma.page.cssselect("form[action$=figures]")[0]
    assert {name: form.fields[name] for name in said} == said
    emma.submit("form[action$=figures]", work_limit="", rounds="")
    assert figures(company) == {"desk": "control_room", "from": "09:00", "strict": False}


def test_what_cannot_be_used_is_named_beside_its_field_and_nothing_is_set(visit, company):
    emma = visit("emma").open("/sites/S1")
    emma.submit("form[action$=figures]", status=422, **{"rounds": "zwei", "from": "8", "work_limit": "-1", "desk": "control_room"})
    assert emma.texts(".figures .wrong") == ["请按 08:30 的样子填写时间", "请填写数字", "请填写大于零的时长"]
    assert figures(company) == {}
    emma.submit("form[action$=figures]", **{"rounds": "4", "from": "", "work_limit": "2"})
    assert figures(company) == {"desk": "control_room", "rounds": 4, "work_limit": "P2D"}


def test_what_somebody_else_has_changed_meanwhile_stays(visit, company):
    emma = visit("emma").open("/sites/S1")
    with company.database.transaction() as session:
        sites.set_variable(session, "S1", "desk", "control_room", EMMA, company.now)
    emma.submit("form[action$=figures]", rounds="3")
    assert figures(company) == {"desk": "control_room", "rounds": 3}


def test_a_figure_that_no_form_can_say_is_left_alone(visit, company):
    with company.database.transaction() as session:
        sites.set_variable(session, "S1", "work_limit", "P1M2D", EMMA, company.now)
        sites.set_variable(session, "S1", "rounds", {"odd": 1}, EMMA, company.now)
    visit("emma").open("/sites/S1").submit("form[action$=figures]", strict="false")
    assert figures(company) == {"work_limit": "P1M2D", "rounds": {"odd": 1}, "strict": False}


def test_a_day_of_the_site_is_set_and_taken_back(visit, company):
    emma = visit("emma").open("/sites/S1")
    emma.submit("form.day", day="2026-03-03", kind="holiday")
    assert "3月3日 周二 放假 本项目设定 取消设定" in emma.text("#calendar .list")
    emma.submit("#calendar td form", kind="default")
    assert "3月3日" not in emma.text("#calendar .list")


def test_the_calendar_tells_announced_years_from_assumed_ones(visit):
    emma = visit("emma").open("/sites/S1")
    assert emma.text("#calendar p .badge") == "已公布" and "10月1日 周四 至 10月7日 周三 放假" in emma.text("#calendar .list")
    emma.open("/sites/S1?year=2090")
    assert emma.text("#calendar p .badge") == "暂定" and "9月30日 周六 至 10月3日 周二 放假 推算" in emma.text("#calendar .list")
    emma.open("/sites/S1?year=99999")
    emma.open(f"/sites/S1?year={'9' * 5000}")


def test_a_day_that_is_none_is_refused_in_words(visit):
    emma = visit("emma").open("/sites/S1")
    assert emma.submit("form.day", status=422, day="", kind="holiday").text("#day-wrong") == "请选择日期"
    assert emma.submit("form.day", status=422, day="1999-01-01").text("#day-wrong") == "请填写 2000 到 2100 年之间的日期"


def test_entries_of_lists_are_shown_and_taken_off_by_who_administers_the_site(visit, company):
    with company.database.transaction() as session:
        for key in ("擦窗", "<b>"):
            site_lists.enter(session, "S1", "standing_services", {"key": key, "price": 120}, EMMA, company.now)
    emma = visit("emma").open("/sites/S1")
    assert emma.texts("#lists .does") == ["<b>", "擦窗"] and "120" in emma.text("#lists") and emma.text("#lists h3") == "专项服务"
    visit("dong").send("/sites/S1/entries", status=403, list="standing_services", key="擦窗")
    emma.send("/sites/S1/entries", list="standing_services", key="擦窗")
    assert emma.open("/sites/S1").texts("#lists .does") == ["<b>"]
    emma.send("/sites/S1/entries", status=404, list="standing_services", key="擦窗")
