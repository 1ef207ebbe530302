"""Somebody stands in for a person who is away: within the time, at that site, and the absent one stays named."""

from datetime import timedelta

import pytest

from benchmarks.statement_log import listening
from engine import history, identity, inbox, proxies, user_tasks
from engine.actors import Actor
from engine.errors import AlreadyClaimed, Conflict, Forbidden, Invalid, NotFound
from engine.inbox_counts import counts
from engine.tables import Proxy
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, TWO_TASKS, Company, chain, diagram, task
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, FANG, GUO, HUA

SIGNED = diagram(chain(START_EVENT, task("work"), task("collect", "technician", {"differsFrom": "work"}), END_EVENT))


def appoint(
    company: Company, principal: str, proxy: str, actor: Actor, days: float = 7, begin: float = 0, keys: list[str] | None = None
) -> int:
    with company.database.transaction() as session:
        begins, ends = company.now + timedelta(days=begin), company.now + timedelta(days=days)
        return proxies.appoint(session, principal, proxy, "S1", begins, ends, actor, company.now, keys=keys).id


def acting(company: Company, login: str) -> Actor:
    """The person as their next request knows them."""
    with company.database.read() as session:
        return identity.actor_of(session, identity.get(session, login), "page", company.now)


def assign(company: Company, to: str, activity: str = "work") -> int:
    task_id = company.task(activity).id
    with company.database.transaction() as session:
        user_tasks.assign(session, task_id, to, DONG, company.now)
    return task_id


def test_a_proxy_sees_and_does_the_tasks_of_who_is_away_and_no_longer(company: Company) -> None:
    company.deploy(ONE_TASK)
    instance = company.start()
    assign(company, "anna")
    assert acting(company, "chen").stands_in_for == ()
    appoint(company, "anna", "chen", ANNA)
    chen = acting(company, "chen")
    completion = company.complete("work", chen)
    assert (completion.task.completed_by, completion.task.assignee) == ("chen", "anna")
    assert [line.data["for"] for line in company.events(instance) if line.type == "user_task.completed"] == ["anna"]
    company.clock.advance(timedelta(days=7))
    assert acting(company, "chen").stands_in_for == ()


def test_a_proxy_takes_from_the_pool_in_the_name_of_who_is_away(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    appoint(company, "anna", "chen", ANNA)
    with company.database.transaction() as session:
        assert user_tasks.claim(session, company.task("work").id, acting(company, "chen"), company.now).assignee == "anna"
    with pytest.raises(AlreadyClaimed):
        company.complete("work", BAO)
    company.complete("work", acting(company, "chen"))


def test_who_could_do_the_task_anyway_does_it_in_their_own_name(company: Company) -> None:
    company.deploy(ONE_TASK)
    instance = company.start()
    appoint(company, "anna", "bao", ANNA)
    assert company.complete("work", acting(company, "bao")).task.assignee == "bao"
    assert [line.data.get("for") for line in company.events(instance) if line.type == "user_task.completed"] == [None]


def test_only_tasks_of_the_named_processes_are_meant(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.deploy(diagram(chain(START_EVENT, task("other"), END_EVENT), key="second"))
    company.start()
    company.start("second")
    appoint(company, "anna", "chen", ANNA, keys=["second"])
    with pytest.raises(Forbidden):
        company.complete("work", acting(company, "chen"))
    company.complete("other", acting(company, "chen"))


def test_a_proxy_that_ended_while_a_form_was_filled_in_is_refused_plainly(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    assign(company, "anna")
    proxy_id = appoint(company, "anna", "chen", ANNA)
    with company.database.transaction() as session:
        proxies.end(session, proxy_id, ANNA, company.now + timedelta(hours=1))
    company.clock.advance(timedelta(hours=1))
    with pytest.raises(Forbidden, match="chen stood in for anna until 2026-03-02T02:00:00Z"):
        company.complete("work", acting(company, "chen"))
    with pytest.raises(Forbidden, match="your posts do not allow it"):
        company.complete("work", GUO)


def test_a_proxy_has_no_other_right_of_who_is_away(company: Company) -> None:
    company.deploy(TWO_TASKS)
    company.start()
    appoint(company, "dong", "chen", DONG)
    with company.database.transaction() as session, pytest.raises(Forbidden):
        user_tasks.assign(session, company.task("work").id, "bao", acting(company, "chen"), company.now)
    with pytest.raises(Forbidden):
        company.complete("work", acting(company, "chen"))


def test_there_are_no_chains(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    assign(company, "anna")
    appoint(company, "anna", "chen", ANNA)
    with pytest.raises(Conflict, match="chen stands in for anna at that time"):
        appoint(company, "chen", "dong", CHEN)
    with pytest.raises(Conflict, match="chen stands in for anna then"):
        appoint(company, "bao", "anna", BAO)
    with pytest.raises(Conflict, match="Expected nobody to stand in for anna"):
        appoint(company, "anna", "bao", ANNA, days=8, begin=6)
    appoint(company, "anna", "bao", ANNA, days=9, begin=7)


@pytest.mark.parametrize(
    ("principal", "proxy", "days", "field"),
    [
        ("anna", "anna", 7, "proxy"),
        ("anna", "nobody", 7, "proxy"),
        ("anna", "hua", 7, "proxy"),
        ("anna", "fang", 7, "proxy"),
        ("hua", "anna", 7, "principal"),
        ("anna", "bao", 0, "until"),
        ("anna", "bao", 400, "until"),
    ],
)
def test_what_cannot_be_is_refused_by_field(company: Company, principal: str, proxy: str, days: float, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        appoint(company, principal, proxy, EMMA, days=days)
    assert set(refused.value.fields) == {field}


def test_unknown_processes_and_disabled_people_are_refused(company: Company) -> None:
    with pytest.raises(Invalid) as refused:
        appoint(company, "anna", "bao", ANNA, keys=["nothing"])
    assert set(refused.value.fields) == {"keys"}
    with company.database.transaction() as session:
        identity.disable(session, "bao", EMMA, company.now)
    with pytest.raises(Invalid):
        appoint(company, "anna", "bao", ANNA)


def test_only_the_person_and_supervisors_let_somebody_stand_in(company: Company) -> None:
    with pytest.raises(Forbidden):
        appoint(company, "anna", "bao", BAO)
    with pytest.raises(NotFound):
        appoint(company, "anna", "bao", HUA)
    proxy_id = appoint(company, "anna", "bao", DONG)
    for actor, error in ((CHEN, Forbidden), (HUA, NotFound)):
        with company.database.transaction() as session, pytest.raises(error):
            proxies.end(session, proxy_id, actor, company.now)
    with company.database.transaction() as session:
        proxies.end(session, proxy_id, BAO, company.now)
    with company.database.transaction() as session, pytest.raises(Conflict, match="ended at"):
        proxies.end(session, proxy_id, ANNA, company.now)
    with company.database.read() as session:
        told = [(line.type, line.actor) for line in history.lines(session, history.site_chain("S1"))]
    assert told[-2:] == [("proxy.appointed", "dong"), ("proxy.ended", "bao")]


def test_everybody_sees_their_own_and_supervisors_all_of_their_site(company: Company) -> None:
    appoint(company, "anna", "bao", ANNA)
    with company.database.read() as session:
        seen = {actor.login: len(proxies.of(session, actor, company.now).items) for actor in (ANNA, BAO, CHEN, DONG, FANG, HUA)}
    assert seen == {"anna": 1, "bao": 1, "chen": 0, "dong": 1, "fang": 0, "hua": 0}


def test_where_two_must_sign_a_proxy_and_their_principal_are_one(company: Company) -> None:
    company.deploy(SIGNED)
    company.start()
    assign(company, "anna")
    appoint(company, "anna", "chen", ANNA)
    company.complete("work", acting(company, "chen"))
    for login in ("anna", "chen"):
        with pytest.raises(Forbidden, match="Expected somebody other than who did Work"):
            company.complete("collect", acting(company, login))
    company.clock.advance(timedelta(days=8))
    with pytest.raises(Forbidden, match="Expected somebody other than who did Work"):
        company.complete("collect", acting(company, "anna"))  # it was done in her name
    with pytest.raises(Forbidden, match="Expected somebody other than who did Work"):
        assign(company, "chen", "collect")  # it was done by his hand
    assign(company, "bao", "collect")
    company.complete("collect", acting(company, "bao"))


def test_who_stands_in_for_a_signer_cannot_sign_beside_them(company: Company) -> None:
    company.deploy(SIGNED)
    company.start()
    company.complete("work", ANNA)
    appoint(company, "anna", "bao", ANNA)
    with pytest.raises(Forbidden, match="Expected somebody other than who did Work"):
        company.complete("collect", acting(company, "bao"))


def test_of_a_person_who_has_left_nobody_stands_in_for_anything(company: Company) -> None:
    appoint(company, "anna", "chen", ANNA)
    with company.database.transaction() as session:
        identity.disable(session, "anna", EMMA, company.now)
    assert acting(company, "chen").stands_in_for == ()


def test_the_next_task_goes_to_who_was_away_not_to_their_proxy(company: Company) -> None:
    again = task("again", "", assignee="${performer('work')}")
    company.deploy(diagram(chain(START_EVENT, task("work"), again, END_EVENT)))
    company.start()
    assign(company, "anna")
    appoint(company, "anna", "chen", ANNA)
    company.complete("work", acting(company, "chen"))
    assert company.task("again").assignee == "anna"


def test_a_request_asks_once_for_posts_and_absent_people(company: Company) -> None:
    appoint(company, "anna", "chen", ANNA)
    with listening(company.database) as log, company.database.look() as session:
        person = identity.look_up(session, "chen")
        assert person is not None
        assert len(identity.actor_of(session, person, "page", company.now).stands_in_for) == 1
    assert sum(text.startswith("SELECT") for text in log.statements) == 2, log.statements


def test_two_who_let_somebody_stand_in_at_once_do_not_both_succeed(company: Company) -> None:
    appoint(company, "anna", "bao", ANNA)
    with pytest.raises(Conflict):
        appoint(company, "anna", "chen", DONG)
    with company.database.read() as session:
        assert session.query(Proxy).count() == 1


def test_the_lists_of_a_proxy_hold_what_is_for_who_is_away(company: Company) -> None:
    company.deploy(TWO_TASKS)
    company.deploy(diagram(chain(START_EVENT, task("other"), END_EVENT), key="second"))
    held, free, other = company.start(), company.start(), company.start("second")
    with company.database.transaction() as session:
        user_tasks.assign(session, company.task("work", held).id, "anna", DONG, company.now)

    def lists(login: str) -> tuple[list[int], list[int], int, int]:
        actor = acting(company, login)
        with company.database.read() as session:
            mine, posts = (sorted(item.instance.id for item in inbox.inbox(session, actor, box).items) for box in ("mine", "posts"))
            counted = counts(session, actor, company.now)
        return mine, posts, counted.mine.all, counted.posts.all

    assert lists("chen") == ([], [], 0, 0)
    proxy_id = appoint(company, "anna", "chen", ANNA)
    assert lists("chen") == ([held], [free, other], 1, 2)
    with company.database.transaction() as session:
        proxies.end(session, proxy_id, ANNA, company.now)
    company.clock.advance(timedelta(seconds=1))
    assert lists("chen") == ([], [], 0, 0)
    appoint(company, "anna", "chen", ANNA, keys=["second"])
    assert lists("chen") == ([], [other], 0, 1)
    appoint(company, "dong", "bao", DONG)
    assert lists("bao") == ([], [free, other], 0, 2)
