"""Starting, numbering, cancelling, handing over."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from engine import inbox, inbox_counts, inbox_walks, instances, numbering, queries_case, search
from engine.actors import Actor
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.numbering import accounting_month
from engine.tables import Instance, Number, Person
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, FANG, HUA

NUMBERED = diagram(chain(START_EVENT, task("work"), END_EVENT), properties={"numberSeries": "WX", "searchable": "house, content"})


def numbers(company: Company) -> list[tuple[str, str]]:
    with company.database.read() as session:
        return [(row.number, row.state) for row in session.scalars(select(Number).order_by(Number.number))]


def test_numbers_follow_each_other_without_a_gap(company: Company) -> None:
    company.deploy(NUMBERED)
    for _ in range(3):
        company.start()
    assert [number for number, _ in numbers(company)] == [f"WX-S1-202603-000{n}" for n in (1, 2, 3)]


def test_a_start_that_fails_leaves_no_gap(company: Company) -> None:
    company.deploy(NUMBERED)
    company.start()
    with pytest.raises(ZeroDivisionError), company.database.transaction() as session:
        instances.start(session, "order", "S1", CHEN, company.now)
        raise ZeroDivisionError
    company.start()
    assert [number for number, _ in numbers(company)] == ["WX-S1-202603-0001", "WX-S1-202603-0002"]


def test_thirty_starts_at_once_get_thirty_numbers(company: Company) -> None:
    company.deploy(NUMBERED)
    threads = [threading.Thread(target=company.start) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [number for number, _ in numbers(company)] == [f"WX-S1-202603-{n:04d}" for n in range(1, 31)]


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 3, 29, 15, 59, tzinfo=UTC), "202603"),
        (datetime(2026, 3, 29, 16, 0, tzinfo=UTC), "202604"),
        (datetime(2026, 12, 30, 16, 0, tzinfo=UTC), "202701"),
    ],
)
def test_the_last_two_days_of_a_month_belong_to_the_next(moment: datetime, month: str) -> None:
    assert accounting_month(moment, ZoneInfo("Asia/Shanghai")) == month


def test_numbers_grow_past_9999(company: Company) -> None:
    with company.database.transaction() as session:
        numbering.allocate(session, "WX", "S1", 1, company.now)
        session.flush()
        session.execute(numbering.NumberSeries.__table__.update().values(last=9999))  # type: ignore[attr-defined]
        session.expire_all()
        assert numbering.allocate(session, "WX", "S1", 2, company.now) == "WX-S1-202603-10000"


def test_a_cancelled_orders_number_stays_visible_as_void(company: Company) -> None:
    company.deploy(NUMBERED)
    instance = company.start()
    with company.database.transaction() as session:
        instances.cancel(session, instance, "entered twice", EMMA, company.now)
    assert numbers(company) == [("WX-S1-202603-0001", "void")]
    assert company.instance(instance).state == "cancelled"
    assert company.open_tasks() == []
    with company.database.transaction() as session, pytest.raises(Conflict):
        instances.cancel(session, instance, "again", EMMA, company.now)


def test_what_a_cancelled_order_has_called_is_void_under_its_own_number_and_not_under_a_borrowed_one(company: Company) -> None:
    def calling(called: str) -> bytes:
        call = f'<callActivity id="call" calledElement="{called}"/>'
        return diagram(chain(START_EVENT, call, END_EVENT), key=f"for_{called}", properties={"numberSeries": "WX"})

    own = diagram(chain(START_EVENT, task("ask"), END_EVENT), key="own", properties={"numberSeries": "HF"})
    borrowed = diagram(chain(START_EVENT, task("ask"), END_EVENT), key="borrowed")
    company.deploy(own, borrowed, calling("own"), calling("borrowed"))
    first, second = company.start("for_own"), company.start("for_borrowed")
    company.work()
    with company.database.transaction() as session:
        instances.cancel(session, first, "entered twice", EMMA, company.now)
        child = session.scalars(select(Instance).where(Instance.parent_id == second)).one()
        instances.cancel(session, child.id, "nobody to ask", EMMA, company.now)
    company.work()
    assert numbers(company) == [("HF-S1-202603-0001", "void"), ("WX-S1-202603-0001", "void"), ("WX-S1-202603-0002", "used")]


def test_an_order_whose_state_cannot_be_read_can_still_be_cancelled(company: Company) -> None:
    company.deploy(NUMBERED)
    instance = company.start()
    company.spoil(instance)
    with company.database.transaction() as session:
        instances.cancel(session, instance, "damaged", EMMA, company.now)
    assert company.instance(instance).state == "cancelled"
    assert company.open_tasks() == []


def test_cancelling_needs_the_right_and_a_reason(company: Company) -> None:
    company.deploy(ONE_TASK)
    instance = company.start()
    for actor, reason, refusal in ((ANNA, "x", Forbidden), (HUA, "x", NotFound), (EMMA, "  ", Invalid)):
        with company.database.transaction() as session, pytest.raises(refusal):
            instances.cancel(session, instance, reason, actor, company.now)
    assert company.instance(instance).state == "running"


def test_only_candidate_starters_start(company: Company) -> None:
    only = ONE_TASK.replace(b'isExecutable="true"', b'isExecutable="true" camunda:candidateStarterGroups="customer_service"')
    company.deploy(only)
    company.start(actor=CHEN)
    with pytest.raises(Forbidden):
        company.start(actor=ANNA)


def test_without_candidate_starters_everybody_who_works_at_the_site_starts(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start(actor=ANNA)
    with pytest.raises(Forbidden):
        company.start(actor=FANG)
    with pytest.raises(NotFound):
        company.start(actor=HUA)


def test_an_unknown_process_is_not_found(company: Company) -> None:
    with pytest.raises(NotFound, match="'nothing'"):
        company.start("nothing")


def test_the_event_time_and_the_entry_time_are_both_kept(company: Company) -> None:
    company.deploy(ONE_TASK)
    happened = company.now - timedelta(hours=5)
    instance = company.instance(company.start(occurred_at=happened))
    assert (instance.occurred_at, instance.started_at) == (happened, company.now)
    assert company.events(instance.id)[0].at == happened
    with pytest.raises(Invalid):
        company.start(occurred_at=company.now + timedelta(seconds=1))


def test_the_first_responder_is_handed_over_by_a_supervisor_with_a_reason(company: Company) -> None:
    company.deploy(ONE_TASK)
    instance = company.start(actor=CHEN)
    for actor, reason, refusal in ((CHEN, "leaving", Forbidden), (DONG, "", Invalid)):
        with company.database.transaction() as session, pytest.raises(refusal):
            instances.hand_over(session, instance, "bao", reason, actor, company.now)
    with company.database.transaction() as session:
        instances.hand_over(session, instance, "bao", "chen leaves", DONG, company.now)
    assert company.instance(instance).first_responder == "bao"
    with company.database.read() as session:
        assert [item.instance.id for item in inbox.first_asked(session, BAO).items] == [instance]
        assert inbox.first_asked(session, CHEN).items == []


def test_a_case_is_found_by_its_house_two_characters_and_the_end_of_its_number(company: Company) -> None:
    company.deploy(NUMBERED)
    instance = company.start(variables={"house": "A-12", "content": "厨房水管漏水"})
    company.start(variables={"house": "B-3", "content": "门锁坏了"})
    for q in ("漏水", "a-12", "0001", "WX-S1-202603-0001", "漏水 A-12"):
        with company.database.read() as session:
            assert [item.instance.id for item in inbox.inbox(session, ANNA, "posts", inbox_walks.Filter(q=q)).items] == [instance]
            assert [item.instance.id for item in inbox.found_cases(session, ANNA, q).items] == [instance]
            assert inbox.found_cases(session, HUA, q).items == []


def test_what_many_cases_share_is_found_in_the_order_of_the_list(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    company.deploy(NUMBERED)
    leaks = [company.start(variables={"house": f"A-{number}", "content": "漏水" if number % 3 else "停电"}) for number in range(12)]
    wanted = [case for number, case in enumerate(leaks) if number % 3]

    def found(limit: int) -> list[int]:
        with company.database.read() as session:
            return [item.instance.id for item in inbox.inbox(session, ANNA, "posts", inbox_walks.Filter(q="漏水"), limit).items]

    def newest(limit: int) -> list[int]:
        with company.database.read() as session:
            first = inbox.found_cases(session, ANNA, "漏水", limit)
            rest = inbox.found_cases(session, ANNA, "漏水", limit, first.next) if first.next else None
            return [item.instance.id for item in [*first.items, *(rest.items if rest else [])]]

    gathered = [found(limit) for limit in (3, 50)]
    monkeypatch.setattr(search, "COMMON", 4)
    for looked_at in ((4,), (5, 50), (50,)):  # a page that is not full by then is gathered after all
        monkeypatch.setattr(inbox, "LOOKED_AT", looked_at)
        assert [found(limit) for limit in (3, 50)] == gathered == [wanted[:3], wanted]
        assert [newest(limit) for limit in (3, 50)] == [wanted[:-7:-1], wanted[::-1]]


def test_the_inbox_puts_what_is_due_first_and_pages_without_loss(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work", dueDate="${due}"), END_EVENT)))
    hours = [5, 1, 3, 2, 4]
    started = {hour: company.start(variables={"due": (company.now + timedelta(hours=hour)).isoformat()}) for hour in hours}
    found: list[int] = []
    cursor = None
    with company.database.read() as session:
        while True:
            page = inbox.inbox(session, ANNA, "posts", limit=2, cursor=cursor)
            found += [item.instance.id for item in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert inbox_counts.counts(session, ANNA, company.now).posts.all == 5
    assert found == [started[hour] for hour in sorted(hours)]


def test_another_sites_case_is_not_found(company: Company) -> None:
    company.deploy(ONE_TASK)
    instance = company.start()
    with company.database.read() as session, pytest.raises(NotFound):
        queries_case.case(session, instance, HUA)


def test_people_who_were_disabled_are_given_no_work(company: Company) -> None:
    company.deploy(ONE_TASK)
    instance = company.start()
    with company.database.transaction() as session:
        session.query(Person).where(Person.login == "bao").update({"disabled_at": company.now})
    with company.database.transaction() as session, pytest.raises(Invalid):
        instances.hand_over(session, instance, "bao", "x", Actor.system("cli"), company.now)
