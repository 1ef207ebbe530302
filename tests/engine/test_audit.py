"""The search over all history: what it finds for whom, page by page, on both databases; and whether a case's chains hold."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from engine import audit, search
from engine.actors import Actor
from engine.audit import Found, Wanted
from engine.errors import Forbidden, NotFound
from engine.history import COMPANY
from engine.tables import Number
from tests.engine.test_history import without_triggers
from tests.factories import TWO_TASKS, Company
from tests.people import ANNA, DONG, HUA, POSTS

FANG = Actor("fang", "page", frozenset(POSTS["fang"]))


@pytest.fixture(autouse=True)
def order(company: Company) -> int:
    """A finished case of S1, half an hour between its steps, and a case of S2."""
    company.deploy(TWO_TASKS)
    instance = company.start()
    company.pass_time(minutes=30)
    company.complete("work", ANNA, {"note": "修好了"})
    company.pass_time(minutes=30)
    company.complete("check", DONG)
    company.start(site="S2", actor=HUA)
    return instance


def find(company: Company, wanted: Wanted, actor: Actor = FANG, limit: int = 100, cursor: str | None = None) -> Found:
    with company.database.read() as session:
        return audit.find(session, wanted, actor, limit, cursor)


def types(company: Company, wanted: Wanted) -> list[str]:
    return [line.type for line in find(company, wanted).lines if line.instance is not None]


def test_everything_at_the_sites_that_one_audits_is_found_newest_first(company: Company) -> None:
    found = find(company, Wanted())
    assert {line.site for line in found.lines} == {"S1", COMPANY} and found.next is None
    moments = [line.recorded_at for line in found.lines]
    assert moments == sorted(moments, reverse=True)


def test_what_belongs_to_no_single_site_is_found_by_everybody_who_audits_one(company: Company) -> None:
    hua = replace(HUA, posts=frozenset({("S2", "auditor")}))
    for actor in (FANG, hua):
        [line] = find(company, Wanted(site=COMPANY), actor).lines
        assert line.type == "definition.deployed" and line.data is not None and line.data["key"] == "order"
        assert line.hash in {one.hash for one in find(company, Wanted(kind="definition.deployed", key="order"), actor).lines}
    assert find(company, Wanted(site=COMPANY, key="orde")).lines == []
    assert find(company, Wanted(site=COMPANY, key="another")).lines == []
    with pytest.raises(Forbidden):
        find(company, Wanted(site=COMPANY), ANNA)


def test_who_audits_no_site_is_refused_and_another_site_has_nothing_in_it(company: Company) -> None:
    with pytest.raises(Forbidden):
        find(company, Wanted(), ANNA)
    assert find(company, Wanted(site="S2")).lines == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(people=["anna"], kind="user_task.completed"), ["user_task.completed"]),
        (Wanted(people=["ANNA"]), []),
        (Wanted(people=["an%"]), []),
        (Wanted(kind="instance.completed"), ["instance.completed"]),
        (Wanted(activities=["check"], kind="user_task.completed", people=["dong"]), ["user_task.completed"]),
        (Wanted(activities=["check"], people=["anna"], kind="user_task.claimed"), []),
        (Wanted(key="order", kind="instance.started"), ["instance.started"]),
        (Wanted(key="another"), []),
        (Wanted(activities=[]), []),
    ],
)
def test_person_kind_activity_and_process_narrow_the_search(company: Company, wanted: Wanted, expected: list[str]) -> None:
    assert types(company, wanted) == expected


def test_a_period_is_one_of_entry_from_its_first_moment_to_before_its_last(company: Company) -> None:
    since = company.now - timedelta(minutes=30)
    within = types(company, Wanted(since=since, until=company.now))
    assert "user_task.completed" in within and "instance.started" not in within and "instance.completed" not in within
    assert set(types(company, Wanted(since=company.now))) == {"user_task.completed", "instance.completed"}


def test_a_case_is_found_by_its_number_even_a_void_one_and_by_the_end_of_it(company: Company, order: int) -> None:
    with company.database.transaction() as session:
        session.add(Number(number="WX-S1-202611-0042", site="S1", instance_id=order, state="void", allocated_at=company.now))
        search.index(session, order, "S1", {"number": "WX-S1-202611-0077"})
    for said in ("WX-S1-202611-0042", "wx-s1-202611-0042", "WX-S1-202611-0077", "0077"):
        assert {line.instance for line in find(company, Wanted(number=said)).lines} == {order}
    assert find(company, Wanted(number="WX-S1-202611-0043")).lines == []


def pages(company: Company, wanted: Wanted, limit: int, actor: Actor = FANG) -> Iterator[Found]:
    cursor = None
    while True:
        found = find(company, wanted, actor, limit, cursor)
        yield found
        if (cursor := found.next) is None:
            return


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(kind="user_task.created"), Wanted(people=["anna"])])
def test_pages_show_every_event_once(company: Company, wanted: Wanted) -> None:
    company.start()
    whole = [line.hash for line in find(company, wanted).lines]
    assert [line.hash for found in pages(company, wanted, 2) for line in found.lines] == whole and whole


def test_what_is_rare_is_looked_for_in_steps_that_end(company: Company, order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "STEP", 3)
    wanted = Wanted(kind="instance.started", people=["chen"])
    steps = list(pages(company, wanted, 10))
    assert [line.instance for found in steps for line in found.lines] == [order]
    assert len(steps) > 1 and steps[0].lines == [] and steps[0].back_to is not None


def test_several_sites_are_searched_as_one(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    both = replace(FANG, posts=frozenset({("S1", "auditor"), ("S2", "auditor")}))
    whole = find(company, Wanted(), both).lines
    assert {line.site for line in whole} == {"S1", "S2", COMPANY}
    assert [line.hash for found in pages(company, Wanted(), 2, both) for line in found.lines] == [line.hash for line in whole]
    monkeypatch.setattr(audit, "STEP", 4)
    started = [line.site for found in pages(company, Wanted(kind="instance.started"), 1, both) for line in found.lines]
    assert sorted(started) == ["S1", "S2"]


def test_the_chains_of_a_case_hold_until_somebody_touches_them(company: Company, order: int) -> None:
    with company.database.read() as session:
        whole = audit.intact(session, order, FANG)
        assert whole is not None and whole.faults == [] and whole.events > 5
    without_triggers(company.database, f"UPDATE history_event SET type = 'user_task.cancelled' WHERE chain = 'i{order}' AND seq = 3")
    with company.database.read() as session:
        touched = audit.intact(session, order, FANG)
        assert touched is not None and touched.faults is not None
        assert [(fault.chain, fault.seq) for fault in touched.faults] == [(f"i{order}", 3)]


def test_chains_are_verified_for_auditors_and_very_long_ones_when_asked(
    company: Company, order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "VERIFIED_AT_ONCE", 2)
    with company.database.read() as session:
        assert audit.intact(session, order, ANNA) is None
        long = audit.intact(session, order, FANG)
        assert long is not None and long.faults is None
        asked = audit.intact(session, order, FANG, at_any_length=True)
        assert asked is not None and asked.faults == []
        with pytest.raises(NotFound):
            audit.intact(session, order, HUA)
