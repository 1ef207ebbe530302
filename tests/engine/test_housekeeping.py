"""What has served its time goes; what somebody may still need stays."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from engine import drafts, housekeeping, messages
from engine.tables import Base, Draft, EndedSession, IdempotencyKey, LoginAttempt, Message
from tests.factories import ONE_TASK, Company
from tests.people import ANNA, OPERATOR


def there(company: Company, table: type[Base]) -> list[Any]:
    with company.database.read() as session:
        found = list(session.scalars(select(table)))
        session.expunge_all()
        return found


def test_a_round_removes_what_is_over_and_nothing_else(company: Company) -> None:
    now = company.now
    with company.database.transaction() as session:
        for age, key in ((timedelta(days=8), "old"), (timedelta(days=6), "new")):
            answer = {"request_hash": "x", "status": 200, "answer": {}}
            session.add(IdempotencyKey(login="anna", key=key, at=now - age, **answer))
            session.add(LoginAttempt(login=key, address="10.0.0.1", at=now - age / 7))
            session.add(EndedSession(hash=key, until=now + timedelta(days=7) - age))
        session.flush()
        housekeeping.sweep(session, now)
    assert [row.key for row in there(company, IdempotencyKey)] == ["new"]
    assert [row.login for row in there(company, LoginAttempt)] == ["new"]
    assert [row.hash for row in there(company, EndedSession)] == ["new"]


def test_a_draft_goes_with_its_task(company: Company) -> None:
    company.deploy(ONE_TASK)
    first, second = company.start(), company.start()
    with company.database.transaction() as session:
        for instance in (first, second):
            drafts.keep(session, company.task("work", instance).id, {"note": "half"}, ANNA, company.now)
    company.complete("work", ANNA, instance=first)
    with company.database.transaction() as session:
        housekeeping.sweep(session, company.now)
    assert [row.task_id for row in there(company, Draft)] == [company.task("work", second).id]


def test_a_message_that_nobody_fetched_expires(company: Company) -> None:
    with company.database.transaction() as session:
        messages.publish(session, "weather.rained", "S1", None, {}, OPERATOR, company.now, ttl=timedelta(hours=1))
    company.clock.advance(timedelta(hours=1))
    with company.database.transaction() as session:
        housekeeping.sweep(session, company.now)
    assert [row.state for row in there(company, Message)] == ["expired"]
