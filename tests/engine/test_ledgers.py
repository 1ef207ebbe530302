"""Ledgers: a small month told by the commands and counted by hand, on both databases."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine import instances, ledgers, periods
from engine.errors import Invalid
from engine.ledgers import Ledger
from engine.tables import House, Instance
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, CHEN, EMMA

ZONE = ZoneInfo("Asia/Shanghai")
CLOCK = "from=work.started; to=work.completed; limit=duration(&quot;PT1H&quot;); kpi=B09"
CALL = (
    '<callActivity id="call" calledElement="callback"><extensionElements><camunda:in source="kind" target="kind"/>'
    "</extensionElements></callActivity>"
)
REPAIR = diagram(
    chain(START_EVENT, task("work"), CALL, END_EVENT),
    key="repair",
    properties={"numberSeries": "WX", "searchable": "house", "ledger": "kind,valid", "register": "remark", "clock.work": CLOCK},
)
CALLBACK = diagram(
    chain(START_EVENT, task("ask", "customer_service"), END_EVENT),
    key="callback",
    properties={"numberSeries": "HF", "ledger": "verdict", "clock.callback": CLOCK.replace("work", "ask")},
)


def month(key: str = "repair", name: str = "2026-03", *sites: str) -> Ledger:
    return Ledger(key, sites or ("S1",), periods.read(name), ZONE)


@pytest.fixture
def told(company: Company) -> list[int]:
    """Five orders on Monday: satisfied, excused after a late repair, still to be called back, at work and late, void."""
    company.deploy(REPAIR, CALLBACK)
    kinds = ["tap", "tap", "drain", "drain", "tap"]
    orders = [company.start("repair", variables={"kind": kind, "house": f"A-{place}"}) for place, kind in enumerate(kinds)]
    with company.database.transaction() as session:
        instances.cancel(session, orders[4], "登记错了", EMMA, company.now)
    company.complete("work", ANNA, instance=orders[0])
    company.complete("work", ANNA, instance=orders[2])
    company.work()
    answer(company, orders[0], "satisfied")
    company.pass_time(hours=2)
    company.complete("work", ANNA, instance=orders[1])
    company.work()
    answer(company, orders[1], "unreached")
    company.pass_time(minutes=10)
    return orders


def answer(company: Company, order: int, verdict: str) -> None:
    with company.database.read() as session:
        [callback] = session.query(Instance.id).where(Instance.parent_id == order).one()
    company.complete("ask", CHEN, {"verdict": verdict}, callback)
    company.work()


def test_a_month_counts_what_came_and_what_became_of_it(company: Company, told: list[int]) -> None:
    with company.database.read() as session:
        days = ledgers.days(session, month())
        assert len(days) == 31 and days[0].day == date(2026, 2, 27)  # from the last two days of February
        [monday] = [day for day in days if day.received]
        assert ledgers.by_class(session, month(), ["kind"]) == {"kind": [("tap", 3, 1), ("drain", 2, 1)]}
    assert (monday.day, monday.received, monday.ended, monday.in_time, monday.late, monday.void) == (date(2026, 3, 2), 5, 2, 1, 2, 1)


def test_a_case_that_was_late_before_it_was_voided_is_late_nowhere(company: Company, told: list[int]) -> None:
    with company.database.transaction() as session:
        instances.cancel(session, told[3], "登记错了", EMMA, company.now)
    with company.database.read() as session:
        assert ledgers.by_class(session, month(), ["kind"]) == {"kind": [("tap", 3, 1), ("drain", 2, 0)]}
        assert sum(day.late for day in ledgers.days(session, month())) == 1


def test_the_callback_rate_has_its_denominator_and_leaves_exceptions_apart(company: Company, told: list[int]) -> None:
    with company.database.read() as session:
        for key in ("repair", "callback"):
            found = ledgers.callbacks(session, month(key))
            assert (found.made, found.open, found.late, found.satisfied, found.excused) == (1, 1, 1, 1, 1)
            assert found.due == 2 and found.rate == 0.5
        assert ledgers.callbacks(session, month("repair", "2026-04")).rate is None


def test_lines_come_in_the_order_of_their_numbers_and_void_ones_stay(company: Company, told: list[int]) -> None:
    with company.database.read() as session:
        first = ledgers.entries(session, month(), 3)
        rest = ledgers.entries(session, month(), 3, first.next)
        lines = [*first.items, *rest.items]
        assert [one.case.number for one in lines] == [f"WX-S1-202603-{number:04d}" for number in range(1, 6)]
        assert [one.case.id for one in ledgers.all_entries(session, month())] == told
    assert [one.is_void for one in lines] == [False] * 4 + [True] and rest.next is None
    assert [(one.kept, one.breached, one.points) for one in lines][:4] == [(1, 0, ()), (0, 1, ("B09",)), (1, 0, ()), (0, 1, ("B09",))]
    assert [one.verdict for one in lines] == ["satisfied", "unreached", "open", None, None]
    assert lines[0].fields == {"kind": "tap", "house": "A-0"}


def test_another_site_and_another_month_have_none_of_them(company: Company, told: list[int]) -> None:
    with company.database.read() as session:
        assert ledgers.entries(session, month("repair", "2026-03", "S2"), 9).items == []
        assert ledgers.entries(session, month("repair", "2026-02"), 9).items == []
        assert len(ledgers.entries(session, month("repair", "2026-W10", "S1", "S2"), 9).items) == 5


def test_the_last_two_days_of_a_month_belong_to_the_next_as_their_numbers_say(company: Company) -> None:
    company.deploy(REPAIR, CALLBACK)
    company.clock.advance(datetime(2026, 3, 29, 15, 59, tzinfo=UTC) - company.now)  # a minute before midnight in Shanghai
    company.start("repair")
    company.clock.advance(timedelta(minutes=1))
    company.start("repair")
    with company.database.read() as session:
        numbers = [[one.case.number for one in ledgers.entries(session, month("repair", name), 9).items] for name in ("2026-03", "2026-04")]
    assert numbers == [["WX-S1-202603-0001"], ["WX-S1-202604-0001"]]


@pytest.mark.parametrize(
    ("name", "begin", "end", "before"),
    [
        ("2026-01", "2025-12-30", "2026-01-30", "2025-12"),
        ("2026-03", "2026-02-27", "2026-03-30", "2026-02"),
        ("2026-W01", "2025-12-29", "2026-01-05", "2025-W52"),
        ("2026-Q1", "2025-12-30", "2026-03-30", "2025-Q4"),
        ("2026", "2025-12-30", "2026-12-30", "2025"),
    ],
)
def test_periods_have_their_days_and_the_one_before(name: str, begin: str, end: str, before: str) -> None:
    period = periods.read(name)
    assert (str(period.begin), str(period.end), period.before().name) == (begin, end, before)


def test_a_quarter_is_counted_by_weeks_and_a_year_by_accounting_months() -> None:
    quarter, year = periods.read("2026-Q1").parts, periods.read("2026").parts
    assert [str(day) for day in quarter[:3]] == ["2025-12-30", "2026-01-05", "2026-01-12"] and len(quarter) == 13
    assert [periods.month_of(day).name for day in year] == [f"2026-{number:02d}" for number in range(1, 13)]


def test_quarters_and_years_count_the_same_cases(company: Company, told: list[int]) -> None:
    with company.database.read() as session:
        found = [ledgers.days(session, month("repair", name)) for name in ("2026-Q1", "2026")]
    assert [(day.day, day.received, day.void) for days in found for day in days if day.received] == [
        (date(2026, 3, 2), 5, 1),
        (date(2026, 2, 27), 5, 1),
    ]


def test_valid_complaints_are_told_of_a_thousand_houses(company: Company) -> None:
    company.deploy(REPAIR, CALLBACK)
    with company.database.transaction() as session:
        session.add_all(House(site="S1", code=f"Z-{number}", address="") for number in range(8))
    for valid in (True, False, True):
        company.start("repair", variables={"valid": valid})
    void = company.start("repair", variables={"valid": True})
    with company.database.transaction() as session:
        instances.cancel(session, void, "登记错了", EMMA, company.now)
    with company.database.read() as session:
        found = ledgers.valid(session, month("repair", "2026"))
        assert ledgers.valid(session, month("repair", "2026", "S9")).per_mille is None
    assert (found.complaints, found.houses, found.per_mille) == (2, 8, 250)


def test_a_line_says_who_did_the_steps_that_are_asked_for_and_what_is_registered(company: Company, told: list[int]) -> None:
    last = company.start("repair", variables={"remark": "钥匙在前台"})
    asked = Ledger("repair", ("S1",), periods.read("2026-03"), ZONE, ["work"])
    with company.database.read() as session:
        lines = ledgers.entries(session, asked, 9).items
        assert [one.done_by for one in lines[:4]] == [{"work": ["anna"]}] * 3 + [{}]
        assert lines[5].case.id == last and lines[5].fields == {"remark": "钥匙在前台"}


@pytest.mark.parametrize("name", ["", "202", "1999", "2026-13", "2026-Q5", "2026-W54", "0001-01", "2026-1", "x" * 500])
def test_what_names_no_period_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="Expected a month"):
        periods.read(name)
