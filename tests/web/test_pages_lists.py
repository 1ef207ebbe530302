"""Lists kept under a name: for oneself, for a post, for a site; each sees by them what they may see."""

import pytest

from tests.factories import Company
from tests.web.forms import CALL, FILES, PROCESS


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture(autouse=True)
def processes(company: Company) -> None:
    company.deploy(PROCESS, **FILES)
    company.start(variables=CALL)


KEEP = "form[action='/inbox/lists']"


def names(visitor) -> list[str]:
    return visitor.open("/inbox").texts(".kept .chip")


def test_a_list_is_kept_under_a_name_and_opened_again(visit):
    visitor = visit("anna").open("/inbox?box=posts&q=漏水&late=1").submit(KEEP, name="漏水超时")
    assert "漏水超时" in visitor.text("#notices") and names(visitor) == ["漏水超时"]
    visitor.open(visitor.page.cssselect(".kept .chip")[0].get("href"))
    assert set(visitor.texts(".chip[aria-current]")) == {"只看超时", "“漏水”"}
    assert names(visit("bao")) == []


def test_the_same_name_again_replaces_what_was_kept(visit):
    visitor = visit("anna").open("/inbox?box=posts&q=漏水").submit(KEEP, name="我的清单")
    visitor.open("/inbox?box=posts&q=门").submit(KEEP, name="我的清单")
    assert names(visitor) == ["我的清单"]
    assert "“门”" in visitor.open(visitor.page.cssselect(".kept .chip")[0].get("href")).text(".chips")


def test_a_list_shared_with_a_post_is_seen_by_its_holders_alone(visit):
    visit("anna").open("/inbox?box=posts&q=漏水").submit(KEEP, name="漏水", share="S1/technician")
    assert names(visit("bao")) == ["漏水"]
    assert names(visit("chen")) == [] and names(visit("hua")) == []


def test_a_list_shared_with_a_site_shows_each_what_they_may_see(visit, company):
    visitor = visit("dong").open("/inbox?box=posts&key=order").submit(KEEP, name="维修", share="S1")
    address = visitor.open("/inbox").page.cssselect(".kept .chip")[0].get("href")
    assert visit("anna").open(address).texts(".list .does") == ["Repair"]
    assert visit("chen").open(address).texts(".list .does") == []
    visit("hua").open(address, status=404)


def test_what_was_shared_is_told_in_the_sites_history_without_what_was_searched_for(visit, company):
    visit("anna").open("/inbox?box=posts&q=13800001234&late=1").submit(KEEP, name="一户", share="S1")
    with company.database.read() as session:
        from engine import history

        lines = [line for line in history.lines(session, history.site_chain("S1")) if line.type == "list.shared"]
    assert [line.data["name"] for line in lines] == ["一户"] and "13800001234" not in str(lines)


def test_who_only_audits_shares_nothing_and_nobody_shares_with_another_site(visit):
    visitor = visit("fang").open("/inbox?box=all&q=漏水")
    assert visitor.page.cssselect("[name=share]") == []
    visitor.send("/inbox/lists", status=403, name="x", q="漏水", share="S1")
    visit("anna").open("/inbox?box=all&q=漏水").send("/inbox/lists", status=404, name="x", q="漏水", share="S2")


def test_its_owner_takes_a_list_away_and_a_colleague_cannot(visit):
    visitor = visit("anna").open("/inbox?box=posts&q=漏水").submit(KEEP, name="漏水", share="S1/technician")
    bao = visit("bao").open("/inbox")
    assert bao.page.cssselect(".kept form") == []
    bao.send("/inbox/lists/1/remove", status=403)
    visitor.open("/inbox").submit(".kept form")
    assert names(visitor) == [] and names(bao) == []


def test_who_administers_the_site_takes_away_what_was_shared_there(visit):
    visit("anna").open("/inbox?box=posts&q=漏水").submit(KEEP, name="漏水", share="S1")
    visitor = visit("emma").open("/inbox").submit(".kept form")
    assert names(visitor) == []


@pytest.mark.parametrize("name", ["", "长" * 41])
def test_a_list_without_a_proper_name_is_refused_and_said_so(visit, name):
    visitor = visit("anna").open("/inbox?box=posts&q=漏水").submit(KEEP, name=name)
    assert "1 到 40 字" in visitor.text("#notices") and names(visitor) == []
