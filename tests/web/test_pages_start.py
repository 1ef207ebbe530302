"""Recording something new: what one may begin, the reception's shortcut, and what is refused."""

from datetime import UTC, datetime

import pytest

from engine import queries_case
from engine.tables import House, Instance, Resident
from tests.factories import END_EVENT, ONE_TASK, Company, chain, diagram, task
from tests.web.forms import FILES, PROCESS


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture(autouse=True)
def houses(company: Company) -> None:
    company.deploy(PROCESS, **FILES)
    with company.database.transaction() as session:
        for code, name, telephone in (("A-12", "李雷", "13800001234"), ("A-2", "韩梅梅", "13900005678")):
            house = House(site="S1", code=code, address=f"一号楼{code}")
            session.add(house)
            session.flush()
            session.add(Resident(site="S1", house_id=house.id, name=name, telephone=telephone, kind="owner"))


def newest(company: Company) -> Instance:
    with company.database.read() as session:
        instance = session.query(Instance).order_by(Instance.id.desc()).first()
        assert instance is not None
        session.expunge_all()
        return instance


def test_one_chooses_among_what_ones_posts_may_begin(visit, company):
    company.deploy(
        ONE_TASK.replace(b'isExecutable="true"', b'isExecutable="true" camunda:candidateStarterGroups="customer_service"').replace(
            b'"order"', b'"sale"'
        )
    )
    assert len(visit("chen").open("/start").texts(".choices h2")) == 2
    assert visit("anna").open("/start").texts(".choices h2") == ["报修"]
    assert "没有可以登记的事项" in visit("fang").open("/start").text()
    visit("anna").open("/start/sale", status=403)
    visit("anna").open("/start/nothing", status=404)


def test_choosing_reads_the_words_of_processes_and_compiles_none(visit, company):
    """A company has dozens, and most days only a few of them run in a process that serves."""
    assert visit("anna").open("/start").texts(".choices h2") == ["报修"]
    assert company.database.keep.get("definitions", {}) == {}


def test_who_may_only_read_is_not_asked_to_begin_anything(visit):
    assert visit("fang").open("/inbox").page.cssselect("a[href^='/start']") == []
    assert visit("anna").open("/inbox").page.cssselect("a[href^='/start']")


def test_what_only_a_signal_starts_is_nobodys_to_choose(visit, company):
    start = '<startEvent id="begin"><signalEventDefinition signalRef="g"/></startEvent>'
    company.deploy(diagram(chain(start, END_EVENT), key="storm", name="Storm", before='<signal id="g" name="storm"/>'))
    assert "Storm" not in visit("chen").open("/start").text()


def test_the_page_of_a_process_says_when_the_clock_starts_it_next(visit, company):
    start = '<startEvent id="begin"><timerEventDefinition><timeCycle>0 9 * * *</timeCycle></timerEventDefinition></startEvent>'
    [definition] = company.deploy(diagram(chain(start, task("look"), END_EVENT), key="round", name="Round")).created
    page = visit("chen").open(f"/processes/{definition.id}").text()
    assert "下一次自动开始" in page
    assert "小区S1" in page
    assert "小区S2" not in page


@pytest.mark.parametrize("typed", ["1234", "13800001234", "李雷", "a-12"])
def test_a_resident_is_found_by_what_the_caller_says(visit, typed):
    visitor = visit("chen")
    answer = visitor.client.get("/houses", query_string={"site": "S1", "find": typed, "form": "1/report"}).get_data(as_text=True)
    assert "A-12" in answer and "李雷" in answer and "13800001234" in answer and "韩梅梅" not in answer


def test_what_was_found_fills_house_caller_and_telephone(visit):
    visitor = visit("chen").open("/houses?site=S1&find=1234&form=1/report")
    address = visitor.page.cssselect("button")[0].get("hx-get")
    visitor.open(address)
    filled = {field.get("name"): field.get("value") for field in visitor.page.cssselect("input")}
    assert filled == {"house": "A-12", "caller_name": "李雷", "telephone": "13800001234"}
    assert all(field.get("hx-swap-oob") for field in visitor.page.cssselect(".field"))


def test_a_number_that_one_may_not_see_is_neither_shown_nor_filled_in(visit):
    visitor = visit("anna").open("/houses?site=S1&find=1234&form=1/report")
    assert "13800001234" not in visitor.answer.get_data(as_text=True)
    visitor.open(visitor.page.cssselect("button")[0].get("hx-get"))
    assert [field.get("name") for field in visitor.page.cssselect("input")] == ["house"]


def test_nothing_found_says_what_to_do(visit):
    assert "请直接在下面填写" in visit("chen").client.get("/houses?site=S1&find=没有这人").get_data(as_text=True)
    assert visit("chen").client.get("/houses?site=S1&find=没").get_data(as_text=True).strip() == ""


def test_another_sites_houses_are_not_found(visit):
    visit("hua").open("/houses?site=S1&find=1234", status=404)


def test_a_case_begins_and_says_its_number_and_what_follows(visit, company):
    visitor = (
        visit("chen")
        .open("/start/order")
        .submit("form.next", house="A-12", caller_name="李雷", telephone="13800001234", content="厨房漏水")
    )
    assert visitor.texts(".notice.done") == ["已登记 WX-S1-202603-0001。 接下来：维修技工 “Repair”。"]
    instance = newest(company)
    assert instance.first_responder == "chen" and instance.title == "A-12 厨房漏水" and instance.occurred_at == company.now


def test_what_happened_before_keeps_its_own_time(visit, company):
    visitor = visit("chen").open("/start/order")
    visitor.submit("form.next", house="A-12", content="夜里爆管", occurred_at="2026-03-02T02:30")
    assert newest(company).occurred_at == datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    assert "09:00 补录" in visitor.open(f"/orders/{newest(company).id}").text(".timeline")


def test_what_is_missing_is_named_and_nothing_begins(visit, company):
    visitor = visit("chen").open("/start/order").submit("form.next", status=422, caller_name="李雷", occurred_at="2026-03-02T08:00")
    assert visitor.texts(".wrong") == ["请填写“房屋”。", "请填写“内容”。"]
    assert visitor.page.cssselect("[name=caller_name]")[0].value == "李雷"
    assert visitor.page.cssselect("[name=occurred_at]")[0].value == "2026-03-02T08:00"
    with company.database.read() as session:
        assert session.query(Instance).count() == 0


@pytest.mark.parametrize(("moment", "sentence"), [("2027-01-01T00:00", "不能晚于现在"), ("gestern", "请填写日期和时间")])
def test_a_time_that_cannot_be_is_refused(visit, moment, sentence):
    visitor = visit("chen").open("/start/order").submit("form.next", status=422, house="A-12", content="x", occurred_at=moment)
    assert sentence in visitor.texts(".wrong")


def test_fields_that_the_form_does_not_have_are_not_taken(visit, company):
    visit("chen").open("/start/order").submit("form.next", house="A-12", content="x", typename="smuggled", __builtins__="too")
    with company.database.read() as session:
        assert queries_case.variables_of(session, newest(company).id).keys().isdisjoint({"typename", "__builtins__"})


def test_another_site_cannot_be_chosen(visit):
    visit("chen").open("/start/order?site=S2", status=404)
    visit("chen").open("/start/order").submit("form.next", status=404, site="S2", house="A-12", content="x")
