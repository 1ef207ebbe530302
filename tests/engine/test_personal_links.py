"""Personal links: whose case they open, for how long, what they may do, and what history tells of it."""

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine import comments, delegations, history, personal_links, queries_resident, reports, user_tasks
from engine.errors import AlreadyCompleted, Conflict, Forbidden, Invalid, LinkRefused, NotFound
from engine.tables import House, Instance, PersonalLink
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, CHEN, DONG, EMMA, FANG, HUA

MESSAGE = '<message id="m" name="asked.requested"/>'
BY_MESSAGE = '<startEvent id="told"><messageEventDefinition messageRef="m"/></startEvent>'
STEPS = {"residentStep": "已检查 | Checked"}
QUOTE = diagram(
    chain(START_EVENT, task("look", properties=STEPS), task("agree", "resident,technician"), task("work"), END_EVENT),
    properties={"numberSeries": "WX"},
)
TWO_WAYS = diagram(
    START_EVENT
    + '<parallelGateway id="both"/>'
    + task("agree", "resident")
    + task("sign", "resident")
    + task("work")
    + "".join(
        f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>'
        for n, (a, b) in enumerate([("start", "both"), ("both", "agree"), ("both", "sign"), ("both", "work")])
    )
)
ASKED = diagram(chain(BY_MESSAGE, task("take", "customer_service"), END_EVENT), key="asked", name="报修", before=MESSAGE).replace(
    b'isExecutable="true"', b'isExecutable="true" camunda:candidateStarterGroups="customer_service,resident"'
)
PAGE = "AAAAAAAAAAAAAAAAAAAAAA"
REPORT = {"house": "A-12", "place": "厨房", "content": "水管漏水", "caller_name": "陈女士", "telephone": "13800001234"}


def link_to(company: Company, instance: int, **more) -> personal_links.Made:
    with company.database.transaction() as session:
        made = personal_links.make_for_case(session, instance, CHEN, company.now, **more)
        session.flush()
        session.expunge_all()
        return made


def wall(company: Company, **more) -> personal_links.Made:
    with company.database.transaction() as session:
        made = personal_links.make_for_reports(session, "S1", CHEN, company.now, **more)
        session.flush()
        session.expunge_all()
        return made


def do(company: Company, made: personal_links.Made, activity: str, variables=None) -> None:
    task_id = company.task(activity).id
    with company.database.transaction() as session:
        personal_links.complete(session, made.token, task_id, variables or {}, company.now)


def report(company: Company, made: personal_links.Made, page: str = PAGE, **changed) -> reports.Reported:
    with company.database.transaction() as session:
        said = reports.report(session, made.token, page, "asked", REPORT | changed, company.now)
        session.flush()
        session.expunge_all()
        return said


def open_link(company: Company, token: str) -> PersonalLink:
    with company.database.read() as session:
        link = personal_links.opened(session, token, company.now)
        session.expunge(link)
        return link


@pytest.fixture
def quoted(company: Company) -> int:
    """An order whose price waits for the resident."""
    company.deploy(QUOTE)
    instance = company.start()
    company.complete("look", ANNA)
    return instance


def test_a_token_carries_128_random_bits_and_only_its_hash_is_kept(company, quoted):
    made, other = link_to(company, quoted), link_to(company, quoted)
    assert re.fullmatch(r"[\w-]{22}", made.token) and made.token != other.token
    with company.database.read() as session:
        stored = session.get_one(PersonalLink, made.link.id)
        values = [str(getattr(stored, column.key)) for column in PersonalLink.__table__.columns]
        assert not any(made.token in value for value in values) and re.fullmatch(r"[0-9a-f]{64}", stored.hash)
    assert not any(made.token in str(line.data) for line in company.events(quoted))


def test_the_resident_does_what_is_theirs_and_history_tells_by_which_link(company, quoted):
    made = link_to(company, quoted)
    do(company, made, "agree", {"agreed": True})
    assert company.waiting() == ["work"] and company.variables(quoted)["agreed"] is True
    done = [line for line in company.events(quoted) if line.type == "user_task.completed"][-1]
    assert (done.actor, done.source, done.activity) == (f"link:{made.link.id}", "link", "agree")
    told = next(line for line in company.events(quoted) if line.type == "link.made")
    assert (told.actor, told.data["link"]) == ("chen", made.link.id)


def test_what_is_not_meant_for_residents_is_refused(company, quoted):
    made = link_to(company, quoted)
    do(company, made, "agree")
    with pytest.raises(Forbidden):
        do(company, made, "work")
    assert company.waiting() == ["work"]


def test_another_cases_task_is_not_found_by_the_link(company, quoted):
    other = company.start()
    company.complete("look", ANNA, instance=other)
    made = link_to(company, other)
    foreign = company.task("agree", quoted).id
    with company.database.transaction() as session, pytest.raises(NotFound):
        personal_links.complete(session, made.token, foreign, {}, company.now)
    assert company.waiting(quoted) == ["agree"]


def test_who_acts_first_wins_and_the_other_is_told(company, quoted):
    made, task_id = link_to(company, quoted), company.task("agree").id
    company.complete("agree", ANNA)
    with company.database.transaction() as session, pytest.raises(AlreadyCompleted, match="anna"):
        personal_links.complete(session, made.token, task_id, {}, company.now)


@pytest.mark.parametrize("helper", [None, "bao"])
def test_the_resident_answers_also_while_the_staff_has_the_task_in_hand(company, quoted, helper):
    made, task_id = link_to(company, quoted), company.task("agree").id
    with company.database.transaction() as session:
        user_tasks.claim(session, task_id, ANNA, company.now)
        if helper is not None:
            delegations.delegate(session, task_id, helper, ANNA, company.now)
    do(company, made, "agree", {"agreed": True})
    assert company.waiting() == ["work"]
    with company.database.transaction() as session, pytest.raises(AlreadyCompleted, match="link:"):
        user_tasks.complete(session, task_id, {"agreed": False}, ANNA, company.now)


def test_resident_and_technician_at_once_one_wins(company, quoted):
    made, task_id, told = link_to(company, quoted), company.task("agree").id, []
    begin = threading.Barrier(2)

    def by_link(session):
        personal_links.complete(session, made.token, task_id, {"who": "resident"}, company.now)

    def by_hand(session):
        user_tasks.complete(session, task_id, {"who": "anna"}, ANNA, company.now)

    def act(work):
        begin.wait()
        try:
            with company.database.transaction() as session:
                work(session)
            told.append("done")
        except Conflict:
            told.append("too late")

    threads = [threading.Thread(target=act, args=(work,)) for work in (by_link, by_hand)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(told) == ["done", "too late"] and company.waiting() == ["work"]
    assert company.told(quoted).count("user_task.completed") == 2


def test_a_link_for_one_act_serves_once_also_with_two_tasks_at_once(company):
    company.deploy(TWO_WAYS)
    instance = company.start()
    made = link_to(company, instance, once=True)
    do(company, made, "agree")
    with pytest.raises(LinkRefused) as refused:
        do(company, made, "sign")
    assert refused.value.why == "used" and sorted(company.waiting()) == ["sign", "work"]


@pytest.mark.parametrize("why", ["unknown", "expired", "revoked", "used"])
def test_what_opens_nothing_is_refused_and_nothing_happens(company, quoted, why):
    made = link_to(company, quoted, days=1, once=True)
    token, before = made.token, len(company.events(quoted))
    if why == "unknown":
        token = personal_links.as_token(bytes(16))
    elif why == "expired":
        company.clock.advance(timedelta(days=1))
    elif why == "revoked":
        with company.database.transaction() as session:
            personal_links.revoke(session, made.link.id, CHEN, company.now)
        before += 1
    else:
        with company.database.transaction() as session:
            personal_links.use(session, session.get_one(PersonalLink, made.link.id), company.now)
    with pytest.raises(LinkRefused) as refused:
        open_link(company, token)
    assert refused.value.why == why
    with company.database.transaction() as session, pytest.raises(LinkRefused):
        personal_links.complete(session, token, company.task("agree").id, {}, company.now)
    assert company.waiting() == ["agree"] and len(company.events(quoted)) == before


def test_the_first_opening_is_told_and_no_other(company, quoted):
    made = link_to(company, quoted)
    for _ in range(3):
        with company.database.transaction() as session:
            personal_links.note_opening(session, made.link.id, company.now)
    assert company.told(quoted).count("link.opened") == 1


def test_who_may_make_and_revoke_links(company, quoted):
    for stranger, error in ((FANG, Forbidden), (HUA, NotFound)):
        with company.database.transaction() as session, pytest.raises(error):
            personal_links.make_for_case(session, quoted, stranger, company.now)
    made, poster = link_to(company, quoted), wall(company)
    with company.database.transaction() as session, pytest.raises(Forbidden):
        personal_links.make_for_reports(session, "S1", ANNA, company.now)
    with company.database.transaction() as session:
        with pytest.raises(NotFound):
            personal_links.revoke(session, made.link.id, HUA, company.now)
        with pytest.raises(Forbidden):
            personal_links.revoke(session, poster.link.id, ANNA, company.now)
        personal_links.revoke(session, made.link.id, DONG, company.now)
        personal_links.revoke(session, poster.link.id, EMMA, company.now)
    with company.database.transaction() as session, pytest.raises(Conflict):
        personal_links.revoke(session, made.link.id, DONG, company.now)
    assert company.events(quoted)[-1].type == "link.revoked" and company.events(quoted)[-1].actor == "dong"


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_link_lasts_between_a_day_and_a_year(company, quoted, days):
    with pytest.raises(Invalid):
        link_to(company, quoted, days=days)


def test_a_report_begins_a_case_with_a_link_of_its_own(company):
    company.deploy(ASKED)
    poster = wall(company)
    said = report(company, poster)
    case = company.instance(said.instance.id)
    assert (case.starter, case.first_responder) == (None, None) and company.waiting() == ["take"]
    assert company.variables(case.id) | {"channel": "resident", "area": "indoor", "room": "厨房"} == company.variables(case.id)
    started = company.events(case.id)[0]
    assert (started.type, started.actor, started.source) == ("instance.started", f"link:{poster.link.id}", "link")
    assert open_link(company, said.token).instance_id == case.id


def test_a_report_that_is_sent_twice_is_one_case_with_one_link(company):
    company.deploy(ASKED)
    poster = wall(company)
    first, again = report(company, poster), report(company, poster)
    assert (again.instance.id, again.token, again.is_new) == (first.instance.id, first.token, False)
    with company.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Instance)) == 1
        assert session.scalar(select(func.count()).select_from(PersonalLink)) == 2
    assert report(company, poster, "BBBBBBBBBBBBBBBBBBBBBB").instance.id != first.instance.id


def test_a_report_that_comes_twice_at_one_moment_is_one_case(company):
    company.deploy(ASKED)
    poster, said, begin = wall(company), [], threading.Barrier(2)

    def send() -> None:
        begin.wait()
        said.append(report(company, poster))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len({one.instance.id for one in said}) == 1 and sorted(one.is_new for one in said) == [False, True]


def test_another_report_on_a_page_that_was_sent_is_a_conflict(company):
    company.deploy(ASKED)
    poster = wall(company)
    report(company, poster)
    with pytest.raises(Conflict):
        report(company, poster, content="还有一件事")


def test_a_report_link_for_one_act_still_answers_the_retry_of_that_act(company):
    company.deploy(ASKED)
    poster = wall(company, once=True)
    first = report(company, poster)
    assert report(company, poster).token == first.token
    with pytest.raises(LinkRefused):
        report(company, poster, "BBBBBBBBBBBBBBBBBBBBBB")


def test_a_houses_link_reports_for_that_house_alone(company):
    company.deploy(ASKED)
    with pytest.raises(Invalid):
        wall(company, house="Z-99")
    with company.database.transaction() as session:
        session.add(House(site="S1", code="B-3", address="二号楼"))
    said = report(company, wall(company, house="b-3"), house="A-12")
    assert company.variables(said.instance.id)["house"] == "B-3"


def test_a_report_that_says_too_little_or_too_much_is_refused_with_every_field(company):
    company.deploy(ASKED)
    poster = wall(company)
    with pytest.raises(Invalid) as refused:
        report(company, poster, house="", place="")
    assert set(refused.value.fields) == {"house"}
    with pytest.raises(Invalid) as refused:
        report(company, poster, content="长" * 10_000, caller_name="", photos=["f" * 64])
    assert {"content", "caller_name"} <= set(refused.value.fields)
    with company.database.transaction() as session, pytest.raises(Invalid) as refused:
        reports.report(session, poster.token, PAGE, "payroll", REPORT, company.now)
    assert set(refused.value.fields) == {"process"} and company.open_tasks() == []


def test_only_processes_that_say_so_take_reports(company):
    company.deploy(ASKED, QUOTE)
    with company.database.read() as session:
        assert reports.kinds(session) == {"asked": "报修"}


def test_a_case_link_reports_nothing(company, quoted):
    made = link_to(company, quoted)
    with pytest.raises(LinkRefused):
        report(company, made)


def test_the_course_tells_the_steps_that_the_diagram_names_and_nothing_else(company, quoted):
    with company.database.transaction() as session:
        comments.add_to_case(session, quoted, "内部备注", CHEN, company.now)
    with company.database.read() as session:
        course = queries_resident.course(session, session.get_one(Instance, quoted))
        assert [step.text for step in course.steps] == ["已检查 | Checked"] and list(course.facts) == []
        assert [one.task.activity_id for one in course.tasks] == ["agree"]


def test_a_link_made_and_a_link_revoked_leave_the_chain_whole(company, quoted):
    made = link_to(company, quoted)
    do(company, made, "agree")
    with company.database.read() as session:
        assert list(history.verify(session)) == []
