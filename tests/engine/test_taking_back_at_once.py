"""One takes a finished task back in the moment in which another does something else to what came of it: both can be told in one order."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine import copies, history, leavers, reminders, signers, user_tasks, withdrawing
from engine.errors import AlreadyClaimed, AlreadyCompleted, Conflict, Forbidden
from tests.engine.going_back import BRANCHES, ORDER, done
from tests.engine.test_withdrawing import together
from tests.factories import Company
from tests.people import ANNA, BAO, CHEN, DONG, EMMA

ROUNDS = 4
Doing = Callable[[Session, int, Company], Any]

# What is done to the task that opens behind the one that is taken back. A copy or a reminder changes nothing of it.
TELLING: dict[str, Doing] = {
    "copy": lambda session, task, company: copies.send(session, task, ["emma"], ANNA, company.now),
    "remind": lambda session, task, company: reminders.remind(session, task, DONG, company.now),
}
# These give it into somebody's hands: then nobody before them takes theirs back.
TAKING: dict[str, Doing] = {
    "claim": lambda session, task, company: user_tasks.claim(session, task, ANNA, company.now),
    "add a signer": lambda session, task, company: signers.add(session, task, "dong", "beside", ANNA, company.now, "look at it"),
}


def begun(company: Company) -> tuple[int, int, int]:
    """A case with the first task done: its id, that task, and the one that came of it."""
    instance = company.start()
    first = company.complete("fill_in", CHEN, instance=instance).task.id
    return instance, first, company.task("work", instance).id


def taken_back(company: Company, instance: int) -> bool:
    """Where the case stands: one token, at the first task again or still at the one after it."""
    [at] = set(company.waiting(instance))
    return at == "fill_in"


def holds(company: Company, instance: int) -> None:
    with company.database.read() as session:
        assert list(history.verify(session, instance)) == []


@pytest.mark.parametrize("name", TELLING)
def test_what_only_tells_of_a_task_does_not_keep_it_from_being_taken_back(company: Company, name: str) -> None:
    company.deploy(ORDER)
    for _ in range(ROUNDS):
        instance, first, task_id = begun(company)
        back, told = together(
            company,
            lambda session, first=first: withdrawing.withdraw(session, first, CHEN, company.now),
            lambda session, task_id=task_id: TELLING[name](session, task_id, company),
        )
        assert back is None
        assert told is None or isinstance(told, AlreadyCompleted | Conflict)
        assert taken_back(company, instance)
        done(company, ("fill_in", CHEN), ("work", BAO), ("check", DONG))
        holds(company, instance)


@pytest.mark.parametrize("name", TAKING)
def test_of_who_takes_a_task_and_who_takes_the_one_before_it_back_one_wins(company: Company, name: str) -> None:
    company.deploy(ORDER)
    for _ in range(ROUNDS):
        instance, first, task_id = begun(company)
        back, taken = together(
            company,
            lambda session, first=first: withdrawing.withdraw(session, first, CHEN, company.now),
            lambda session, task_id=task_id: TAKING[name](session, task_id, company),
        )
        assert (back is None) != (taken is None), (back, taken)
        assert isinstance(back or taken, AlreadyCompleted | Conflict)
        assert taken_back(company, instance) == (back is None)
        holds(company, instance)


def test_what_a_leaver_takes_back_while_all_is_handed_over_is_in_one_hand(company: Company) -> None:
    company.deploy(ORDER)
    for _ in range(ROUNDS):
        instance, kept = company.start(), company.start()  # the leaver has something open in any case
        first = company.complete("fill_in", CHEN, instance=instance).task.id
        with company.database.transaction() as session:
            user_tasks.claim(session, company.task("fill_in", kept).id, CHEN, company.now)
        back, handed = together(
            company,
            lambda session, first=first: withdrawing.withdraw(session, first, CHEN, company.now),
            lambda session: leavers.hand_over(session, "chen", "bao", "S1", "leaves", DONG, company.now),
        )
        assert (back, handed) == (None, None)
        # Taken back before it was handed over, it went along; after that, it is the leaver's again, who still works here.
        assert company.task("fill_in", instance).assignee in ("bao", "chen")
        assert company.task("fill_in", kept).assignee == "bao"
        for each in (instance, kept):
            holds(company, each)
            assert company.waiting(each) == ["fill_in"]


def test_in_the_other_branch_nobody_notices_that_a_task_is_taken_back(company: Company) -> None:
    company.deploy(BRANCHES)
    for _ in range(ROUNDS):
        instance = company.start()
        [work] = done(company, ("work", ANNA))
        clean = company.task("clean", instance).id
        outcomes = together(
            company,
            lambda session, work=work: withdrawing.withdraw(session, work, ANNA, company.now),
            lambda session, clean=clean: signers.add(session, clean, "dong", "after", BAO, company.now, "look at it"),
            lambda session, clean=clean: copies.send(session, clean, ["emma"], BAO, company.now),
            lambda session, clean=clean: reminders.remind(session, clean, EMMA, company.now),
        )
        assert [each for each in outcomes if each is not None and not isinstance(each, AlreadyClaimed | Forbidden)] == []
        assert outcomes[:2] == [None, None]
        assert company.waiting(instance) == ["clean", "work"]
        holds(company, instance)
        with company.database.transaction() as session:
            user_tasks.complete(session, company.task("work", instance).id, {}, ANNA, company.now)
            user_tasks.complete(session, clean, {}, BAO, company.now)
        assert company.waiting(instance) == ["clean"]
        done(company, ("clean", DONG), ("check", DONG))
        assert company.instance(instance).state == "completed"
