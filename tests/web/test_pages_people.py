"""People and posts of a site: who may see them, who may change them, and what follows at once."""

import pytest

from engine import identity
from tests.factories import ONE_TASK, Company
from tests.people import ANNA, OPERATOR


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.mark.parametrize(("login", "status"), [("emma", 200), ("dong", 200), ("fang", 200), ("anna", 403), ("chen", 403)])
def test_who_leads_administers_or_audits_sees_the_people(visit, login, status):
    visitor = visit(login)
    assert bool(visitor.page.cssselect("a[href='/people']")) == (status == 200)
    visitor.open("/people", status=status)
    if status == 200:
        assert "Anna" in visitor.text(".list") and "维修技工" in visitor.text(".list") and "Hua" not in visitor.text(".list")


def test_a_new_person_gets_a_password_that_is_shown_once_and_has_to_be_changed(visit):
    manager = visit("emma").open("/people/new?site=S1")
    manager.submit(name="李明", login="liming", telephone="13811112222", posts=["technician"])
    password = manager.text(".secret")
    assert len(password) > 15
    newcomer = visit().log_in("liming", password)
    assert newcomer.path == "/password"
    assert password not in manager.open("/people/liming").answer.get_data(as_text=True)


def test_what_is_wrong_with_a_new_person_is_named_beside_the_field(visit):
    visitor = visit("emma").open("/people/new?site=S1").submit(status=422, name="", login="Ü", telephone="abc")
    assert len(visitor.texts(".wrong")) == 4
    visitor.submit(status=409, name="Anna", login="anna", telephone="", posts=["technician"])
    assert visitor.texts(".wrong") == ["这个用户名已经有人用了"]
    assert visitor.page.cssselect("#name")[0].value == "Anna"


def test_a_person_is_changed(visit, company):
    visitor = visit("emma").open("/people/anna").submit("form[method=post].panel", name="安娜", telephone="13899990000", language="en")
    assert visitor.text("h1") == "安娜" and "已保存" in visitor.text(".notice.done")
    assert visit("anna").page.get("lang") == "en"


def test_posts_count_from_the_next_click_on(visit, company):
    anna, emma = visit("anna"), visit("emma").open("/people/anna")
    anna.open("/people", status=403)
    emma.submit("form[action$='/posts']", posts=["technician", "engineering_supervisor"])
    anna.open("/people")
    emma.submit("form[action$='/posts']", posts=["technician"])
    anna.open("/people", status=403)


def test_a_post_that_one_may_not_give_is_neither_offered_nor_taken_away(visit, company):
    with company.database.transaction() as session:
        identity.add_post(session, "anna", "S1", "process_owner", OPERATOR, company.now)
    visitor = visit("emma").open("/people/anna")
    assert visitor.page.cssselect("form[action$='/posts']") == []
    visitor.send("/people/anna/posts", site="S1", posts="technician")
    with company.database.read() as session:
        assert ("S1", "process_owner") in identity.memberships(session, "anna")
    visit("emma").send("/people/bao/posts", site="S1", posts="process_owner", status=403)


def test_a_disabled_person_is_out_and_comes_back_when_enabled(visit):
    anna, emma = visit("anna"), visit("emma").open("/people/anna")
    emma.submit("form[action$='/disable']")
    assert "已停用" in emma.text(".title") and anna.open("/inbox").path == "/login"
    visit().log_in("anna", status=401)
    emma.submit("form[action$='/enable']")
    assert visit("anna").path == "/inbox"


def test_nobody_disables_themselves(visit):
    visitor = visit("emma").open("/people/emma")
    assert visitor.page.cssselect("form[action$='/disable']") == []
    visitor.send("/people/emma/disable", status=409)


def test_a_reset_password_ends_the_old_one(visit):
    anna, emma = visit("anna"), visit("emma").open("/people/anna").submit("form[action$='/password']")
    assert anna.open("/inbox").path == "/login"
    visit().log_in("anna", status=401)
    assert visit().log_in("anna", emma.text(".secret")).path == "/password"


def test_another_sites_person_is_not_found(visit):
    visitor = visit("emma").open("/people/hua", status=404)
    for act in ("", "/posts", "/disable", "/enable", "/password"):
        visitor.send(f"/people/hua{act}", status=404, name="x", site="S1")
    visitor.open("/people?site=S2", status=404)


def test_who_only_looks_changes_nothing(visit, company: Company):
    visitor = visit("dong").open("/people/anna")
    assert visitor.page.cssselect("main form") == []
    for act in ("", "/disable", "/password"):
        visitor.send(f"/people/anna{act}", status=403, name="x")
    visitor.send("/people/new", status=403, site="S1", name="x", login="xx", posts="technician")


def test_the_open_work_of_a_person_is_handed_over_before_they_are_disabled(visit, company):
    company.deploy(ONE_TASK)
    order = company.start(actor=ANNA)
    emma = visit("emma").open("/people/anna")
    assert "首问负责的事项 1 件" in emma.text("#open-work-S1")
    emma.submit("form[action$='/disable']")
    assert emma.texts(".notice.problem") == ["anna 还有未完的工作，请先交接，或勾选不交接也停用。"]
    emma.submit("form[action$='/hand-over']", status=422, to="", reason="离职")
    assert emma.texts("#open-work-S1 .wrong") == ["请选择本项目的在职人员"]
    emma.submit("form[action$='/hand-over']", to="chen", reason="离职")
    assert emma.texts(".notice.done") == ["Anna 的 0 项任务和 1 件首问事项已交给 Chen。"]
    assert company.instance(order).first_responder == "chen"
    emma.submit("form[action$='/disable']")
    assert "已停用" in emma.text(".notice.done")
