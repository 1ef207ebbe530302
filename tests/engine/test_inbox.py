"""Lists of open tasks on both databases: what narrows them, what they count, what they cost, and what a supervisor sees of them."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from engine import board, inbox, inbox_counts, inbox_version, saved_lists, user_tasks
from engine.actors import Actor
from engine.cursors import Page
from engine.errors import Conflict, Forbidden, NotFound
from engine.inbox_walks import Filter
from engine.saved_lists import Audience
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, FANG, HUA

BRANCHES = (
    '<parallelGateway id="fork"/>' + task("fetch", dueDate="PT10M") + task("carry", dueDate="PT2H", followUpDate="PT1H")
    + task("sign", "engineering_supervisor", dueDate="P1D")
    + "".join(f'<sequenceFlow id="to_{one}" sourceRef="fork" targetRef="{one}"/>' for one in ("fetch", "carry", "sign"))
    + f'<sequenceFlow id="begin" sourceRef="start" targetRef="fork"/>{START_EVENT}'
)  # fmt: skip
MOVING = diagram(BRANCHES, key="moving")
ONE = diagram(chain(START_EVENT, task("work"), END_EVENT))


@pytest.fixture(autouse=True)
def processes(company: Company) -> None:
    company.deploy(MOVING, ONE)
    company.start("moving")
    company.start()


def found(company: Company, actor: Actor, box: str = "all", **wanted: object) -> list[str]:
    with company.database.read() as session:
        return [item.task.activity_id for item in inbox.inbox(session, actor, box, Filter(**wanted)).items]  # type: ignore[arg-type]


def claim(company: Company, activity: str, actor: Actor = ANNA) -> None:
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task(activity).id, actor, company.now)


@pytest.mark.parametrize("box", ["posts", "all"])
def test_lists_are_narrowed_by_process_step_post_and_time(company, box):
    late = company.now + timedelta(minutes=20)
    assert found(company, ANNA, box, key="order") == ["work"]
    assert found(company, ANNA, box, key="moving", activity="carry") == ["carry"]
    assert found(company, ANNA, box, post="technician") == ["fetch", "carry", "work"]
    assert found(company, ANNA, box, late=late) == ["fetch"]
    assert found(company, ANNA, box, soon=company.now) == ["fetch"]
    assert found(company, ANNA, box, follow_up=company.now) == []
    assert found(company, ANNA, box, follow_up=company.now + timedelta(hours=1)) == ["carry"]
    assert found(company, ANNA, box, site="S2") == []


def test_what_one_holds_is_narrowed_likewise_and_found_by_ones_name(company):
    claim(company, "carry")
    claim(company, "work", BAO)
    assert found(company, ANNA, "mine", post="technician", key="moving") == ["carry"]
    assert found(company, ANNA, "mine", post="buyer") == []
    assert found(company, DONG, assignee="anna") == ["carry"]
    assert found(company, DONG, assignee="bao", key="moving") == []
    assert found(company, HUA, assignee="anna") == []
    assert found(company, DONG, post="technician") == ["fetch", "carry", "work"]


def test_counts_tell_what_is_late_and_soon_by_post(company):
    claim(company, "carry")
    company.pass_time(minutes=100)
    with company.database.read() as session:
        counts = inbox_counts.counts(session, ANNA, company.now)
    assert (counts.mine.all, counts.mine.late, counts.mine.soon) == (1, 0, 1)
    assert (counts.posts.all, counts.posts.late, counts.posts.soon) == (2, 1, 0)
    assert counts.of_post.keys() == {"technician"} and len(counts.first) == 3


def test_a_version_stands_still_until_something_on_the_page_moves(company):
    def version() -> str:
        with company.database.read() as session:
            part = inbox.places(session, DONG, "all", Filter())
            items = inbox.read(session, [task_id for _, task_id in part.items])
            seen = inbox_version.text(inbox_version.of_places(session, part))
            assert seen == inbox_version.text(inbox_version.of_items(items))
            return seen

    before = version()
    assert version() == before
    claim(company, "carry")
    after = version()
    assert after != before
    company.complete("carry", ANNA)
    assert version() != after


def test_the_board_tells_where_work_stands_and_who_holds_it(company):
    claim(company, "fetch")
    company.pass_time(minutes=15)
    with company.database.read() as session:
        stands = {(one.key, one.activity_id): (one.open, one.late) for one in board.standings(session, ["S1"], company.now)}
        loads = board.loads(session, ["S1"], company.now)
        appointed = [one.task.activity_id for one in board.followed_up(session, ["S1"], company.now - timedelta(hours=2), 10)]
        assert board.standings(session, ["S2"], company.now) == []
    assert stands == {("moving", "fetch"): (1, 1), ("moving", "carry"): (1, 0), ("moving", "sign"): (1, 0), ("order", "work"): (1, 0)}
    assert [(one.login, one.open, one.late) for one in loads.people if one.open] == [("anna", 1, 1)]
    assert (loads.free, loads.free_late) == (3, 0)
    assert {one.login for one in loads.people} == {"anna", "bao", "chen", "dong", "emma", "guo"}
    assert appointed == ["carry"]


def test_a_list_costs_the_same_statements_whatever_it_holds(company):
    def statements() -> int:
        seen: list[str] = []
        event.listen(company.database.engine, "before_cursor_execute", note := lambda *said: seen.append(said[2]))
        found(company, ANNA, "posts")
        event.remove(company.database.engine, "before_cursor_execute", note)
        return len(seen)

    few = statements()
    for _ in range(30):
        company.start()
    assert statements() == few


def keep(company: Company, actor: Actor, name: str = "漏水", audience: Audience | None = None, **filters: str) -> int:
    with company.database.transaction() as session:
        return saved_lists.keep(session, name, filters or {"q": "漏水"}, audience, actor, company.now).id


def seen_by(company: Company, actor: Actor) -> list[str]:
    with company.database.read() as session:
        return [row.name for row in saved_lists.of(session, actor)]


def test_a_shared_list_is_found_by_its_audience_alone(company):
    keep(company, ANNA, "自己的")
    keep(company, ANNA, "岗位的", Audience("S1", "technician"))
    shared = keep(company, ANNA, "全体的", Audience("S1"))
    assert set(seen_by(company, ANNA)) == {"自己的", "岗位的", "全体的"}
    assert set(seen_by(company, BAO)) == {"岗位的", "全体的"}
    assert seen_by(company, CHEN) == ["全体的"] and seen_by(company, HUA) == []
    with company.database.transaction() as session:
        with pytest.raises(NotFound):
            saved_lists.get(session, shared, HUA)
        with pytest.raises(Forbidden):
            saved_lists.remove(session, shared, CHEN, company.now)
        assert saved_lists.remove(session, shared, EMMA, company.now) == "全体的"
    assert seen_by(company, CHEN) == []


def test_a_list_kept_again_replaces_the_first_and_can_be_taken_back_from_all(company):
    assert keep(company, ANNA, audience=Audience("S1")) == keep(company, ANNA, key="order")
    assert seen_by(company, BAO) == []


def test_nobody_keeps_lists_without_end_or_shares_where_they_only_read(company, monkeypatch):
    monkeypatch.setattr(saved_lists, "MOST", 2)
    keep(company, ANNA, "1")
    keep(company, ANNA, "2")
    with pytest.raises(Conflict, match="at most 2 lists"):
        keep(company, ANNA, "3")
    keep(company, ANNA, "2")
    with pytest.raises(Forbidden):
        keep(company, FANG, audience=Audience("S1"))
    with pytest.raises(NotFound):
        keep(company, ANNA, "1", Audience("S2"))


def test_an_empty_page_has_a_version_too(company):
    with company.database.read() as session:
        assert inbox_version.of_places(session, Page([], None)) == []
