"""What people ask of each other about a task: help, haste, notice, patience."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.statement_log import listening
from engine import comments, copies, delegations, drafts, follow_ups, inbox, instances, notices, priorities, reminders, user_tasks
from engine.actors import Actor
from engine.errors import AlreadyClaimed, AlreadyCompleted, Conflict, Forbidden, Invalid, NotFound, Rejected, TooManyAttempts
from engine.tables import TaskParticipant, UserTask
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, FANG, HUA

FORK = '<parallelGateway id="fork"/><parallelGateway id="join"/>'
FLOWS = "".join(
    f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>'
    for a, b in [("start", "fork"), ("fork", "left"), ("fork", "right"), ("left", "join"), ("right", "join"), ("join", "end")]
)
COLUMNS = [column.key for column in UserTask.__table__.c]
BRANCHES = diagram(START_EVENT + FORK + task("left") + task("right") + END_EVENT + FLOWS)


def do(company: Company, act: Callable[..., Any], *arguments: Any, activity: str = "work", **named: Any) -> Any:
    """One operation on the open task of that activity, in a transaction of its own."""
    task_id = company.task(activity).id
    with company.database.transaction() as session:
        found = act(session, task_id, *arguments, company.now, **named)
        session.flush()
        return found


@pytest.fixture
def order(company: Company) -> int:
    """A case whose task Anna holds."""
    company.deploy(ONE_TASK)
    instance = company.start()
    do(company, user_tasks.claim, ANNA)
    return instance


def last(company: Company, instance: int) -> tuple[str, str | None, dict[str, Any]]:
    line = company.events(instance)[-1]
    return line.type, line.actor, {name: value for name, value in (line.data or {}).items() if name not in ("task", "name")}


# Delegating


def test_what_the_helper_fills_in_comes_back_as_the_owners_draft(company: Company, order: int) -> None:
    with company.database.transaction() as session:
        drafts.keep(session, company.task("work").id, {"price": 10, "note": "mine"}, ANNA, company.now)
    do(company, delegations.delegate, "bao", ANNA, question="what does it cost?")
    assert last(company, order) == ("user_task.delegated", "anna", {"before": "anna", "after": "bao", "reason": "what does it cost?"})
    assert (company.task("work").assignee, company.task("work").delegated_by) == ("bao", "anna")
    do(company, delegations.answer, {"price": 80}, BAO, note="with the part")
    kind, actor, said = last(company, order)
    assert (kind, actor) == ("user_task.answered", "bao")
    assert said == {"before": "bao", "after": "anna", "reason": "with the part", "filled": ["price"]}
    with company.database.read() as session:
        assert drafts.find(session, company.task("work").id, ANNA).payload == {"price": 80, "note": "mine"}
    completion = company.complete("work", ANNA, {"price": 80})
    assert (completion.task.completed_by, completion.task.delegated_by) == ("anna", None)


def test_nobody_but_the_owner_decides_while_a_helper_is_asked(company: Company, order: int) -> None:
    do(company, delegations.delegate, "bao", ANNA)
    with pytest.raises(Conflict, match="Expected anna to decide"):
        company.complete("work", BAO)
    with pytest.raises(AlreadyClaimed):
        company.complete("work", ANNA)
    for act in (user_tasks.unclaim, lambda session, task_id, actor, now: user_tasks.assign(session, task_id, "chen", actor, now)):
        with pytest.raises((Forbidden, Conflict)):
            do(company, act, BAO)
    with pytest.raises(Conflict, match="waits for the answer of bao"):
        do(company, delegations.delegate, "chen", ANNA)


def test_the_owner_takes_it_back_without_an_answer_and_a_supervisor_gives_it_away(company: Company, order: int) -> None:
    do(company, delegations.delegate, "bao", ANNA)
    with pytest.raises(Forbidden):
        do(company, delegations.call_off, CHEN)
    do(company, delegations.call_off, ANNA, reason="took too long")
    assert last(company, order)[2] == {"before": "bao", "after": "anna", "reason": "took too long"}
    assert company.task("work").assignee == "anna"
    do(company, delegations.delegate, "bao", ANNA)
    do(company, user_tasks.assign, "chen", DONG)
    assert (company.task("work").assignee, company.task("work").delegated_by) == ("chen", None)
    with pytest.raises(Conflict, match="is not"):
        do(company, delegations.answer, {}, CHEN)


@pytest.mark.parametrize(("to", "error"), [("anna", Invalid), ("hua", Invalid), ("fang", Invalid), ("nobody", Invalid)])
def test_help_is_asked_of_people_who_can_give_it(company: Company, order: int, to: str, error: type[Rejected]) -> None:
    with pytest.raises(error):
        do(company, delegations.delegate, to, ANNA)


def test_who_does_not_hold_a_task_cannot_delegate_it(company: Company, order: int) -> None:
    for actor, error in ((BAO, Forbidden), (DONG, Forbidden), (FANG, Forbidden), (HUA, NotFound)):
        with pytest.raises(error):
            do(company, delegations.delegate, "chen", actor)


# Reminding


def test_a_reminder_is_counted_and_reaches_who_holds_the_task(company: Company, order: int) -> None:
    do(company, reminders.remind, CHEN, note="the resident waits")
    assert last(company, order) == ("user_task.reminded", "chen", {"to": ["anna"], "count": 1, "reason": "the resident waits"})
    assert company.task("work").reminders == 1
    company.work()
    with company.database.read() as session:
        [line] = notices.of(session, ANNA).items
        assert (line.notice.kind, line.notice.sender, line.notice.text, line.is_new) == ("reminded", "chen", "the resident waits", True)
        assert notices.count(session, BAO) == 0


def test_nobody_reminds_twice_within_ten_minutes_but_others_may(company: Company, order: int) -> None:
    do(company, reminders.remind, CHEN)
    company.clock.advance(timedelta(minutes=9, seconds=59))
    with pytest.raises(TooManyAttempts, match="Expected 10 minutes between two reminders"):
        do(company, reminders.remind, CHEN)
    do(company, reminders.remind, DONG)
    company.clock.advance(timedelta(seconds=1))
    do(company, reminders.remind, CHEN)
    assert company.task("work").reminders == 3


def test_a_free_task_reminds_everybody_who_may_take_it(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    do(company, reminders.remind, CHEN)
    company.work()
    with company.database.read() as session:
        assert (notices.count(session, ANNA), notices.count(session, BAO), notices.count(session, DONG)) == (1, 1, 0)


def test_who_holds_the_task_cannot_remind_themselves(company: Company, order: int) -> None:
    with pytest.raises(Conflict):
        do(company, reminders.remind, ANNA)
    with pytest.raises(Forbidden):
        do(company, reminders.remind, FANG)


# Copies


def test_a_copy_is_read_by_who_got_it_and_opens_nothing_else(company: Company, order: int) -> None:
    assert do(company, copies.send, ["customer_service", "fang"], ANNA, note="for the file") == ["chen", "fang"]
    assert last(company, order) == ("user_task.copied", "anna", {"to": ["chen", "fang"], "reason": "for the file"})
    task_id = company.task("work").id
    with company.database.read() as session:
        [line] = copies.of(session, CHEN).items
        assert (line.task.id, line.instance.id, line.copy.note, line.is_new, copies.count(session, CHEN)) == (
            task_id,
            order,
            "for the file",
            True,
            1,
        )
    with company.database.transaction() as session:
        copies.mark_seen(session, task_id, CHEN, company.now)
    with company.database.read() as session:
        assert copies.count(session, CHEN) == 0 and not copies.of(session, CHEN).items[0].is_new
        assert copies.count(session, Actor("chen", "page", frozenset({("S2", "technician")}))) == 0
        assert copies.of(session, Actor("chen", "page", frozenset({("S2", "technician")}))).items == []
    with pytest.raises(AlreadyClaimed):
        company.complete("work", BAO)
    with pytest.raises(Forbidden):
        company.complete("work", CHEN)


def test_who_has_a_copy_gets_no_second_one(company: Company, order: int) -> None:
    do(company, copies.send, ["chen"], ANNA)
    assert do(company, copies.send, ["chen", "dong"], ANNA) == ["dong"]
    with pytest.raises(Conflict, match="all of them have one"):
        do(company, copies.send, ["chen"], DONG)


@pytest.mark.parametrize("to", [[], ["anna"], ["hua"], ["nobody"], ["chen", "nobody"]])
def test_copies_go_to_others_of_the_site_only(company: Company, order: int, to: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        do(company, copies.send, to, ANNA)
    assert set(refused.value.fields) == {"to"}


def test_who_has_nothing_to_do_with_a_task_does_not_copy_it(company: Company, order: int) -> None:
    with pytest.raises(Forbidden):
        do(company, copies.send, ["dong"], CHEN)
    do(company, copies.send, ["chen"], DONG)


# Mentions


def test_who_is_mentioned_is_told_once(company: Company, order: int) -> None:
    do(company, lambda session, task_id, now: comments.add(session, task_id, "@Chen please call", ANNA, now, ["chen", "chen", "anna"]))
    assert last(company, order)[2] == {"text": "@Chen please call", "mentions": ["chen"]}
    company.work()
    with company.database.read() as session:
        [line] = notices.of(session, CHEN).items
        assert (line.notice.kind, line.notice.sender, line.notice.text) == ("mentioned", "anna", "@Chen please call")
        assert notices.count(session, ANNA) == 0
    for mentions in (["hua"], ["nobody"], [f"p{number}" for number in range(51)]):
        with pytest.raises(Invalid) as refused:
            do(company, lambda session, task_id, now, mentions=mentions: comments.add(session, task_id, "hm", ANNA, now, mentions))
        assert set(refused.value.fields) == {"mentions"}


# Putting off, priorities


def test_what_is_put_off_stands_where_its_new_moment_puts_it(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work", dueDate="PT1H"), END_EVENT)))
    first, second = company.start(), company.start()
    later = company.now + timedelta(hours=5)
    task_id = company.task("work", first).id
    with company.database.transaction() as session:
        follow_ups.put_off(session, task_id, later, DONG, company.now, "resident is away")
    assert last(company, first) == ("user_task.put_off", "dong", {"before": None, "after": later.isoformat(), "reason": "resident is away"})
    for actor, box in ((ANNA, "posts"), (EMMA, "all")):
        with company.database.read() as session:
            assert [item.instance.id for item in inbox.inbox(session, actor, box).items] == [second, first]
    assert company.task("work", first).due_at == company.now + timedelta(hours=1)
    with company.database.transaction() as session:
        follow_ups.put_off(session, task_id, None, DONG, company.now)
    with company.database.read() as session:
        assert [item.instance.id for item in inbox.inbox(session, ANNA, "posts").items] == [first, second]
        assert len(set(session.scalars(select(TaskParticipant.sort_at)))) == 1


def test_a_task_is_put_off_to_a_moment_within_a_year_by_who_may(company: Company, order: int) -> None:
    for until in (company.now, company.now - timedelta(hours=1), company.now + timedelta(days=367)):
        with pytest.raises(Invalid) as refused:
            do(company, follow_ups.put_off, until, ANNA)
        assert set(refused.value.fields) == {"until"}
    with pytest.raises(Forbidden):
        do(company, follow_ups.put_off, company.now + timedelta(hours=1), CHEN)
    do(company, follow_ups.put_off, company.now + timedelta(hours=1), ANNA)


def test_supervisors_change_priorities(company: Company, order: int) -> None:
    do(company, priorities.change, priorities.URGENT, DONG, reason="no water")
    assert last(company, order) == ("user_task.prioritized", "dong", {"before": 50, "after": 100, "reason": "no water"})
    do(company, priorities.change, priorities.URGENT, DONG)
    assert company.told(order).count("user_task.prioritized") == 1
    with pytest.raises(Forbidden):
        do(company, priorities.change, 10, ANNA)
    with pytest.raises(Invalid):
        do(company, priorities.change, 101, DONG)


# What holds for all of them

OPERATIONS: dict[str, Callable[[Session, int, Actor, Any], Any]] = {
    "assign": lambda session, task_id, actor, now: user_tasks.assign(session, task_id, "chen", actor, now, "on leave"),
    "delegate": lambda session, task_id, actor, now: delegations.delegate(session, task_id, "chen", actor, now, "why?"),
    "remind": lambda session, task_id, actor, now: reminders.remind(session, task_id, DONG if actor is ANNA else actor, now, "soon"),
    "copy": lambda session, task_id, actor, now: copies.send(session, task_id, ["chen", "engineering_supervisor"], actor, now, "fyi"),
    "comment": lambda session, task_id, actor, now: comments.add(session, task_id, "hm", actor, now, ["chen", "bao"]),
    "put off": lambda session, task_id, actor, now: follow_ups.put_off(session, task_id, now + timedelta(hours=1), actor, now),
    "prioritize": lambda session, task_id, actor, now: priorities.change(session, task_id, 75, DONG if actor is ANNA else actor, now),
}
ON_OPEN_TASKS = {name: act for name, act in OPERATIONS.items() if name != "comment"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_takes_few_statements_and_one_commit(company: Company, order: int, name: str) -> None:
    task_id = company.task("work").id
    with listening(company.database) as log, company.database.transaction() as session:
        OPERATIONS[name](session, task_id, ANNA, company.now)
    assert 5 < len(log.statements) <= 15, log.statements
    assert log.commits == 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_another_sites_task_is_not_found(company: Company, order: int, name: str) -> None:
    with company.database.transaction() as session, pytest.raises(NotFound):
        OPERATIONS[name](session, company.task("work").id, HUA, company.now)


@pytest.mark.parametrize("name", ON_OPEN_TASKS)
def test_a_task_that_is_over_or_stands_still_is_left_alone(company: Company, order: int, name: str) -> None:
    task_id = company.task("work").id
    with company.database.transaction() as session:
        instances.suspend(session, order, "a question", EMMA, company.now)
    with company.database.transaction() as session, pytest.raises(Conflict, match="is suspended"):
        OPERATIONS[name](session, task_id, ANNA, company.now)
    with company.database.transaction() as session:
        instances.resume(session, order, "answered", EMMA, company.now)
    company.complete("work", ANNA)
    with company.database.transaction() as session, pytest.raises(AlreadyCompleted):
        OPERATIONS[name](session, task_id, ANNA, company.now)


@pytest.mark.parametrize("name", ON_OPEN_TASKS)
def test_a_reason_that_is_too_long_is_refused(company: Company, order: int, name: str) -> None:
    long = "x" * 501
    acts: dict[str, Callable[..., Any]] = {
        "assign": lambda session, task_id, now: user_tasks.assign(session, task_id, "chen", ANNA, now, long),
        "delegate": lambda session, task_id, now: delegations.delegate(session, task_id, "chen", ANNA, now, long),
        "remind": lambda session, task_id, now: reminders.remind(session, task_id, DONG, now, long),
        "copy": lambda session, task_id, now: copies.send(session, task_id, ["chen"], ANNA, now, long),
        "put off": lambda session, task_id, now: follow_ups.put_off(session, task_id, now + timedelta(hours=1), ANNA, now, long),
        "prioritize": lambda session, task_id, now: priorities.change(session, task_id, 75, DONG, now, long),
    }
    with company.database.transaction() as session, pytest.raises(Invalid, match="at most 500 characters, but it has 501"):
        acts[name](session, company.task("work").id, company.now)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_other_branch_does_not_notice(company: Company, name: str) -> None:
    company.deploy(BRANCHES)
    instance = company.start()
    do(company, user_tasks.claim, ANNA, activity="left")
    before = company.task("right")
    with company.database.transaction() as session:
        OPERATIONS[name](session, company.task("left").id, ANNA, company.now)
    company.work()
    after = company.task("right")
    assert [getattr(after, column) for column in COLUMNS] == [getattr(before, column) for column in COLUMNS]
    assert sorted(company.waiting(instance)) == ["left", "right"]
    if name == "delegate":
        do(company, delegations.answer, {}, CHEN, activity="left")
    company.complete("right", BAO)
    company.complete("left", CHEN if name == "assign" else ANNA)
    assert company.instance(instance).state == "completed"


@pytest.mark.parametrize("name", ["assign", "delegate", "put off"])
def test_of_an_operation_and_a_completion_at_once_one_wins_and_the_other_is_told(company: Company, order: int, name: str) -> None:
    task_id, together = company.task("work").id, threading.Barrier(2)
    answers: dict[str, str] = {}

    def act(what: str, doing: Callable[[Session], Any]) -> None:
        together.wait()
        try:
            with company.database.transaction() as session:
                doing(session)
            answers[what] = "done"
        except Rejected as rejected:
            answers[what] = rejected.code

    racers = [
        threading.Thread(target=act, args=("operation", lambda session: OPERATIONS[name](session, task_id, ANNA, company.now))),
        threading.Thread(target=act, args=("complete", lambda session: user_tasks.complete(session, task_id, {}, ANNA, company.now))),
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    told = company.told(order)
    if answers["operation"] != "done":
        assert answers == {"operation": "already_completed", "complete": "done"}
        assert company.instance(order).state == "completed"
    elif name == "put off":
        assert answers["complete"] == "done" and "user_task.put_off" in told
    else:
        assert answers["complete"] in ("already_claimed", "forbidden", "conflict") and company.waiting(order) == ["work"]


def test_a_draft_stays_with_who_typed_it_when_the_task_goes_elsewhere(company: Company, order: int) -> None:
    task_id = company.task("work").id
    with company.database.transaction() as session:
        drafts.keep(session, task_id, {"note": "half"}, ANNA, company.now)
    do(company, user_tasks.assign, "bao", ANNA)
    with company.database.read() as session:
        assert drafts.find(session, task_id, BAO) is None
    do(company, user_tasks.assign, "anna", BAO)
    with company.database.read() as session:
        assert drafts.find(session, task_id, ANNA).payload == {"note": "half"}


def test_the_diagram_copies_a_task_when_it_opens(company: Company) -> None:
    watched = task(
        "work", properties={"copyTo": "cs_supervisor, customer_service, ${case.starter}, ${[&quot;fang&quot;, &quot;hua&quot;]}"}
    )
    company.deploy(diagram(chain(START_EVENT, watched, END_EVENT)))
    instance = company.start(actor=CHEN)
    assert company.told(instance).count("user_task.copied") == 0
    company.work()
    with company.database.read() as session:
        assert [line.copy.sent_by for line in copies.of(session, CHEN).items] == [None]
        assert (copies.count(session, FANG), copies.count(session, HUA), copies.count(session, DONG)) == (1, 0, 0)
    assert last(company, instance)[2] == {"to": ["chen", "fang"], "unknown": ["hua"]}
    company.complete("work", ANNA)
    with company.database.read() as session:
        assert [line.task.state for line in copies.of(session, CHEN).items] == ["completed"]
