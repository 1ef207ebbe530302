"""Notices that a process sends: each to every post it names, each its own, however many were sent before; and who has seen them."""

from typing import Any

from sqlalchemy import select

from engine import notices
from engine.actors import Actor
from engine.tables import Notice
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, task
from tests.people import ANNA, BAO, CHEN, HUA


def notify(recipients: str, text: str = "late") -> str:
    given = {"to": recipients, "text": text}
    inputs = "".join(f'<camunda:inputParameter name="{name}">{value}</camunda:inputParameter>' for name, value in given.items())
    mapping = extensions(None, f"<camunda:inputOutput>{inputs}</camunda:inputOutput>")
    return f'<serviceTask id="tell" camunda:type="external" camunda:topic="notify">{mapping}</serviceTask>'


def recipients(company: Company) -> list[str]:
    with company.database.read() as session:
        return list(session.scalars(select(Notice.recipient).order_by(Notice.id)))


def test_one_notice_reaches_several_posts(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, notify('${["technician", "finance"]}'), task("work"), END_EVENT)))
    instance = company.start()
    company.work()
    assert recipients(company) == ["technician", "finance"]
    assert company.waiting(instance) == ["work"]


def test_a_notice_is_never_mistaken_for_one_sent_before(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, notify("finance"), task("work"), END_EVENT)))
    for _ in range(3):  # each job is gone before the next is made
        company.start()
        company.work()
    assert recipients(company) == ["finance"] * 3
    assert company.incidents() == []


def tell(company: Company, to: str) -> int:
    """Start a case that sends a notice; returns its id."""
    company.deploy(diagram(chain(START_EVENT, notify(to), task("work"), END_EVENT)))
    instance = company.start()
    company.work()
    return instance


def read(company: Company, actor: Actor, **wanted: Any) -> list[tuple[int, bool]]:
    """Case and newness of what the person's list shows."""
    with company.database.read() as session:
        return [(line.notice.instance_id, line.is_new) for line in notices.of(session, actor, **wanted).items]


def count(company: Company, actor: Actor) -> int:
    with company.database.read() as session:
        return notices.count(session, actor)


def look(company: Company, actor: Actor, ids: list[int] | None = None) -> None:
    with company.database.transaction() as session:
        notices.mark_read(session, actor, ids)


def test_a_notice_reaches_everybody_who_holds_the_post_at_the_site_and_nobody_else(company: Company) -> None:
    instance = tell(company, "technician")
    assert [read(company, actor) for actor in (ANNA, BAO, CHEN, HUA)] == [[(instance, True)], [(instance, True)], [], []]
    assert [count(company, actor) for actor in (ANNA, BAO, CHEN, HUA)] == [1, 1, 0, 0]


def test_a_notice_to_a_person_reaches_that_person(company: Company) -> None:
    instance = tell(company, "anna")
    assert (read(company, ANNA), read(company, BAO)) == ([(instance, True)], [])


def test_each_person_sees_a_notice_for_themselves(company: Company) -> None:
    instance = tell(company, "technician")
    look(company, ANNA)
    look(company, ANNA)
    assert (read(company, ANNA), count(company, ANNA)) == ([(instance, False)], 0)
    assert (read(company, BAO), count(company, BAO)) == ([(instance, True)], 1)


def test_only_what_was_shown_counts_as_seen(company: Company) -> None:
    instances = [tell(company, "technician") for _ in range(3)]
    with company.database.read() as session:
        first = notices.of(session, ANNA, limit=2)
        shown = [line.notice.id for line in first.items]
    look(company, ANNA, shown)
    assert read(company, ANNA, unread=True) == [(instances[0], True)]
    assert count(company, ANNA) == 1


def test_the_list_goes_on_where_the_page_before_ended(company: Company) -> None:
    instances = [tell(company, to) for to in ("anna", "technician", "anna", "technician", "finance")][:4]
    found, cursor = [], None
    with company.database.read() as session:
        while True:
            page = notices.of(session, ANNA, limit=3, cursor=cursor)
            found += [line.notice.instance_id for line in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert found == instances[::-1]


def test_who_comes_to_a_post_later_reads_its_notices_without_being_alarmed(company: Company) -> None:
    instance = tell(company, "engineering_supervisor")
    promoted = Actor("anna", "page", ANNA.posts | {("S1", "engineering_supervisor")})
    assert (read(company, promoted), count(company, promoted)) == ([(instance, False)], 0)


def test_who_leaves_a_post_or_the_site_reads_its_notices_no_more(company: Company) -> None:
    tell(company, "technician")
    tell(company, "anna")
    moved = Actor("anna", "page", frozenset({("S2", "technician")}))
    assert (read(company, moved), read(company, moved, unread=True), count(company, moved)) == ([], [], 0)


def test_a_login_that_reads_like_a_post_opens_nothing(company: Company) -> None:
    tell(company, "finance")
    assert read(company, Actor("finance", "page", frozenset({("S1", "technician")}))) == []


def test_a_notice_says_of_residents_what_the_readers_posts_open(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, notify('${["technician", "customer_service"]}', "${caller_name} 13800001234"), END_EVENT)))
    company.start(variables={"caller_name": "李雷"})
    company.work()
    with company.database.read() as session:
        texts = {actor.login: [line.text for line in notices.of(session, actor).items] for actor in (ANNA, CHEN)}
    assert texts == {"anna": ["李* 138****1234"], "chen": ["李雷 13800001234"]}
