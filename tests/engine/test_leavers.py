"""Whoever leaves hands everything over in one act, and history only grows."""

import re

import pytest

from benchmarks.statement_log import listening
from engine import announcements, delegations, drafts, history, identity, instances, leavers, open_work, user_tasks
from engine.actors import Actor
from engine.errors import AlreadyCompleted, Conflict, Forbidden, Invalid, NotFound
from engine.open_work import OpenWork
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, FANG, HUA

BY_NAME = diagram(chain(START_EVENT, task("visit", "", candidateUsers="anna,bao"), END_EVENT), key="named")


def hand_over(company: Company, leaver: str, to: str, actor: Actor = DONG, reason: str = "leaves", site: str = "S1") -> leavers.HandedOver:
    with company.database.transaction() as session:
        return leavers.hand_over(session, leaver, to, site, reason, actor, company.now)


@pytest.fixture
def busy(company: Company) -> dict[str, int]:
    """Anna holds a task, has asked Bao for help with another, could take one by name, and started a case."""
    company.deploy(ONE_TASK)
    company.deploy(BY_NAME)
    cases = {"held": company.start(), "asked": company.start(), "named": company.start("named"), "first": company.start(actor=ANNA)}
    with company.database.transaction() as session:
        for name in ("held", "asked"):
            user_tasks.claim(session, company.task("work", cases[name]).id, ANNA, company.now)
        drafts.keep(session, company.task("work", cases["held"]).id, {"note": "half"}, ANNA, company.now)
        delegations.delegate(session, company.task("work", cases["asked"]).id, "bao", ANNA, company.now)
    return cases


def test_everything_open_changes_hands_in_one_act(company: Company, busy: dict[str, int]) -> None:
    before = {name: company.events(case) for name, case in busy.items()}
    with company.database.read() as session:
        assert open_work.of(session, "anna") == {"S1": OpenWork(tasks=2, named=1, cases=1)}
    assert hand_over(company, "anna", "chen", reason="on long leave") == leavers.HandedOver(tasks=3, cases=1)
    with company.database.read() as session:
        assert open_work.of(session, "anna") == {}
        assert drafts.find(session, company.task("work", busy["held"]).id, CHEN) is None
        assert drafts.find(session, company.task("work", busy["held"]).id, ANNA).payload == {"note": "half"}
        assert list(history.verify(session)) == []
        told = history.lines(session, history.site_chain("S1"))[-1]
    assert (told.type, told.actor, told.data["tasks"], told.data["cases"]) == ("work.handed_over", "dong", 3, 1)
    for name, case in busy.items():
        events = company.events(case)
        assert events[: len(before[name])] == before[name]
        [new] = events[len(before[name]) :]
        assert new.type == ("first_responder.handed_over" if name == "first" else "user_task.assigned")
        assert (new.data["before"], new.data["after"], new.data["reason"]) == ("anna", "chen", "on long leave")
    assert company.task("work", busy["held"]).assignee == "chen"
    assert (company.task("work", busy["asked"]).assignee, company.task("work", busy["asked"]).delegated_by) == ("bao", "chen")
    assert company.instance(busy["first"]).first_responder == "chen"
    company.complete("work", CHEN, instance=busy["held"])
    company.complete("visit", CHEN, instance=busy["named"])
    with pytest.raises(AlreadyCompleted), company.database.transaction() as session:
        user_tasks.complete(session, _done(company, busy["held"]), {}, ANNA, company.now)


def test_who_takes_over_is_told_of_each_task_as_of_new_work(company: Company, busy: dict[str, int]) -> None:
    announcements.announce(company.database, company.now)
    hand_over(company, "anna", "chen", reason="on long leave")
    untold = {name: not company.task("visit" if name == "named" else "work", busy[name]).announced for name in ("held", "asked", "named")}
    assert untold == {"held": True, "asked": False, "named": True}


def _done(company: Company, instance: int) -> int:
    return next(line.data["task"] for line in company.events(instance) if line.type == "user_task.completed")


def test_who_had_helped_and_takes_over_helps_nobody_any_more(company: Company, busy: dict[str, int]) -> None:
    hand_over(company, "anna", "bao")
    assert (company.task("work", busy["asked"]).assignee, company.task("work", busy["asked"]).delegated_by) == ("bao", None)
    company.complete("work", BAO, instance=busy["asked"])
    company.complete("visit", BAO, instance=busy["named"])


def test_suspended_cases_change_hands_and_ended_ones_stay(company: Company, busy: dict[str, int]) -> None:
    company.complete("work", ANNA, instance=busy["first"])
    with company.database.transaction() as session:
        instances.suspend(session, busy["held"], "a question", EMMA, company.now)
    assert hand_over(company, "anna", "chen") == leavers.HandedOver(tasks=3, cases=0)
    assert company.task("work", busy["held"]).assignee == "chen"
    assert company.instance(busy["first"]).first_responder == "anna"


def test_handing_over_takes_few_statements_and_one_commit_however_much_it_is(company: Company, busy: dict[str, int]) -> None:
    company.start(actor=ANNA)
    with listening(company.database) as log, company.database.transaction() as session:
        leavers.hand_over(session, "anna", "chen", "S1", "leaves", DONG, company.now)
    # Rows that are written together are one statement, though the log has a line for each.
    kinds = {re.sub(r"X?'.*'|\b\d+\b|NULL", "?", text.partition(" VALUES ")[0], flags=re.DOTALL) for text in log.statements}
    assert 5 < len(kinds) <= 15, kinds
    assert log.commits == 1


def test_only_supervisors_hand_over_the_work_of_their_site_and_say_why(company: Company, busy: dict[str, int]) -> None:
    for actor, error in ((CHEN, Forbidden), (ANNA, Forbidden), (FANG, Forbidden), (HUA, NotFound)):
        with pytest.raises(error):
            hand_over(company, "anna", "bao", actor)
    for to, reason, field in (
        ("bao", " ", "reason"),
        ("bao", "x" * 501, "reason"),
        ("anna", "so", "to"),
        ("hua", "so", "to"),
        ("fang", "so", "to"),
    ):
        with pytest.raises(Invalid) as refused:
            hand_over(company, "anna", to, reason=reason)
        assert set(refused.value.fields) == {field}
    with pytest.raises(Conflict, match="Expected open work of emma at S1"):
        hand_over(company, "emma", "bao")
    with pytest.raises(NotFound):
        hand_over(company, "hua", "bao")


def test_nobody_is_disabled_with_open_work_unless_it_is_said_to_stay(company: Company, busy: dict[str, int]) -> None:
    with company.database.transaction() as session, pytest.raises(Conflict, match="Expected anna to have handed over"):
        identity.disable(session, "anna", EMMA, company.now)
    hand_over(company, "anna", "chen")
    with company.database.transaction() as session:
        identity.disable(session, "anna", EMMA, company.now)
    with company.database.transaction() as session:
        assert identity.disable(session, "chen", EMMA, company.now, leaves_work=True).disabled_at == company.now
    assert hand_over(company, "chen", "bao", reason="account stolen").tasks == 3
