"""People are told outside the pages what is new: as jobs, once a group, not at night unless it is urgent."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine import announcements, channels, proxies, reminders, sites, user_tasks
from engine.actors import Actor
from engine.errors import Forbidden, Invalid
from engine.tables import InstanceState, Job
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, OPERATOR

GROUP = channels.ROBOTS["wecom"] + "abc"
FORM = {
    "type": "default",
    "id": "call",
    "components": [
        {"type": "textfield", "key": "flat", "label": "房号", "properties": {"house": "true"}},
        {"type": "textfield", "key": "caller_name", "label": "来电人"},
        {"type": "textfield", "key": "reached_at", "label": "电话", "properties": {"telephone": "true"}},
    ],
}
CALLED = {"flat": "A-12", "caller_name": "李雷", "reached_at": "13800001234", "said": "李雷家 3栋2单元501室 漏水，找 139 0000 5678"}
OF_A_CALL = diagram(
    chain(START_EVENT, task("work", "technician,customer_service", formRef="call"), END_EVENT), properties={"title": "${flat} ${said}"}
)
URGENT = diagram(chain(START_EVENT, task("work", priority="80"), END_EVENT))


@pytest.fixture(autouse=True)
def settings(company: Company) -> None:
    company.database.settings = replace(company.database.settings, smtp_host="mail.example.com", public_url="https://steward.example.com/")


def choose(company: Company, actor: Actor, kind: str = "email", address: str = "", **chosen: Any) -> None:
    with company.database.transaction() as session:
        channels.choose(session, actor, kind, address or f"{actor.login}@example.com", company.now, **chosen)


def be_quiet(company: Company, actor: Actor, begins: str, ends: str) -> None:
    with company.database.transaction() as session:
        channels.be_quiet(session, actor, begins, ends, company.now)


def announce(company: Company) -> list[tuple[str, str, datetime]]:
    """Tell of new tasks; to whom which text goes, and when."""
    announcements.announce(company.database, company.now)
    return sent(company)


def sent(company: Company) -> list[tuple[str, str, datetime]]:
    with company.database.read() as session:
        jobs = session.scalars(select(Job).where(Job.topic == channels.TOPIC).order_by(Job.id)).all()
        return [(job.payload["variables"]["login"], job.payload["variables"]["text"], job.due_at) for job in jobs]


def test_who_may_do_a_new_task_is_told_once(company: Company) -> None:
    company.deploy(
        diagram(chain(START_EVENT, task("work", dueDate="${now() + duration('PT2M')}"), END_EVENT), properties={"numberSeries": "WX"})
    )
    choose(company, ANNA)
    choose(company, DONG)
    company.start()
    work = company.task("work")
    assert announce(company) == [
        ("anna", f"【新任务】Work（WX-S1-202603-0001 Order），03-02 09:02 前完成\nhttps://steward.example.com/tasks/{work.id}", company.now)
    ]
    assert len(announce(company)) == 1


def test_without_channels_nobody_is_told_and_later_nobody_of_the_past(company: Company) -> None:
    company.deploy(ONE_TASK)
    company.start()
    assert announce(company) == []
    choose(company, ANNA)
    assert announce(company) == []


def test_a_task_that_is_handed_over_is_told_to_its_new_holder(company: Company) -> None:
    company.deploy(ONE_TASK)
    choose(company, BAO)
    company.start()
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("work").id, ANNA, company.now)
    assert announce(company) == []  # Anna has it, and no channel
    with company.database.transaction() as session:
        user_tasks.assign(session, company.task("work").id, "bao", ANNA, company.now, reason="请假")
    assert [login for login, _, _ in announce(company)] == ["bao"]


def test_who_stands_in_for_somebody_is_told_of_their_tasks_too(company: Company) -> None:
    company.deploy(ONE_TASK)
    choose(company, DONG)
    with company.database.transaction() as session:
        proxies.appoint(session, "anna", "dong", "S1", company.now, company.now + timedelta(hours=9), ANNA, company.now)
    company.start()
    assert [login for login, _, _ in announce(company)] == ["dong"]


def test_a_group_is_told_once_however_many_of_it_are_meant(company: Company) -> None:
    company.deploy(ONE_TASK)
    choose(company, ANNA, "wecom", GROUP)
    choose(company, BAO, "wecom", GROUP)
    company.start()
    assert len(announce(company)) == 1


def test_at_night_a_message_waits_for_the_morning_unless_it_is_urgent(company: Company) -> None:
    choose(company, ANNA)
    be_quiet(company, ANNA, "22:00", "07:30")
    company.clock.advance(timedelta(hours=14))  # 23:00 in Shanghai
    company.deploy(ONE_TASK)
    company.start()
    [(_, _, due_at)] = announce(company)
    assert due_at == company.now + timedelta(hours=8, minutes=30)
    company.deploy(URGENT)
    company.start()
    assert announce(company)[-1][2] == company.now


def test_by_day_quiet_hours_of_the_night_hold_nothing_back(company: Company) -> None:
    choose(company, ANNA)
    be_quiet(company, ANNA, "22:00", "07:30")
    company.deploy(ONE_TASK)
    company.start()
    assert announce(company)[0][2] == company.now


def test_a_reminder_reaches_the_channels_of_who_is_reminded(company: Company) -> None:
    company.deploy(ONE_TASK)
    choose(company, ANNA, tasks=False)
    company.start()
    with company.database.transaction() as session:
        reminders.remind(session, company.task("work").id, CHEN, company.now, note="住户在等")
    company.work()
    assert announce(company)[0][1].startswith("【催办】Chen 催办“Work”（#1）住户在等")


def test_each_reads_in_their_own_language_and_a_site_has_its_own_words(company: Company) -> None:
    company.deploy(ONE_TASK)
    choose(company, ANNA)
    with company.database.transaction() as session:
        sites.set_variable(session, "S1", "notice_text_new_task", "快来：{{ task }}", OPERATOR, company.now)
    company.start()
    assert announce(company)[0][1] == "快来：Work"


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", "a@example.com\nBcc: all@example.com"),
        ("wecom", "https://example.com/hook"),
        ("wecom", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1"),
        ("feishu", channels.ROBOTS["feishu"]),
        ("feishu", channels.ROBOTS["feishu"] + "x@evil.example"),
        ("dingtalk", "http://127.0.0.1:8000/"),
        ("pager", "1"),
        ("email", "a" * 600),
    ],
)
def test_what_is_no_address_of_the_kind_is_refused(company: Company, kind: str, address: str) -> None:
    with pytest.raises(Invalid):
        choose(company, ANNA, kind, address)


def test_without_a_mail_server_no_mailbox_can_be_chosen(company: Company) -> None:
    company.database.settings = replace(company.database.settings, smtp_host="")
    with pytest.raises(Invalid, match="mail server"):
        choose(company, EMMA)


def test_the_machine_has_no_channels(company: Company) -> None:
    with pytest.raises(Forbidden):
        choose(company, OPERATOR, address="a@example.com")
    with pytest.raises(Invalid):
        be_quiet(company, ANNA, "25:00", "7")


def test_what_cannot_be_brought_is_told_beside_the_channel_and_is_nobodys_incident(company: Company) -> None:
    def broken(work: Any) -> dict[str, Any]:
        raise OSError("no route to host")

    company.deploy(ONE_TASK)
    choose(company, ANNA)
    company.start()
    announce(company)
    for _ in range(5):
        company.clock.advance(timedelta(minutes=20))
        company.work(**{channels.TOPIC: broken})
    assert sent(company) == []
    assert company.incidents() == []
    with company.database.read() as session:
        assert "no route to host" in (channels.of(session, "anna")["email"].failure or "")


def tell_of_a_call(company: Company, **channel: str) -> dict[str, str]:
    """Anna repairs, Chen answers the telephone; what each is told of a new task, of a comment and of a breach."""
    company.deploy(OF_A_CALL, **{"call.form": json.dumps(FORM).encode()})
    for actor in (ANNA, CHEN):
        choose(company, actor, **channel)
    company.start(variables=CALLED)
    announcements.announce(company.database, company.now)
    with company.database.transaction() as session:
        reminders.remind(session, company.task("work").id, DONG, company.now, note="李雷在 A-12 等，电话 13800001234")
    company.work()
    told: dict[str, str] = {}
    for login, text, _ in sent(company):
        told[login] = told.get(login, "") + text
    return told


@pytest.mark.parametrize("kind", channels.ROBOTS)
def test_a_group_reads_no_residents_name_number_or_flat(company: Company, kind: str) -> None:
    [(_, text)] = tell_of_a_call(company, kind=kind, address=channels.ROBOTS[kind] + "abc").items()
    assert not [one for one in ("李雷", "A-12", "501", "2单元", "13800001234", "5678 ") if one in text]
    assert "A-** 李*家 3栋**单元**室 漏水，找 139****5678" in text and "李*在 A-** 等，电话 138****1234" in text


def test_a_persons_own_mail_says_what_that_person_sees_on_the_pages(company: Company) -> None:
    told = tell_of_a_call(company)
    assert "A-12 李雷家" in told["chen"] and "李雷在 A-12 等，电话 13800001234" in told["chen"]
    assert "A-12 李*家 3栋2单元501室" in told["anna"] and "李*在 A-12 等，电话 138****1234" in told["anna"]
    assert "13800001234" not in told["anna"] and "139 0000 5678" not in told["anna"]


def test_who_has_the_task_in_hand_reads_the_number_of_the_house_that_they_go_to(company: Company) -> None:
    company.deploy(OF_A_CALL, **{"call.form": json.dumps(FORM).encode()})
    company.start(variables=CALLED)
    announce(company)
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("work").id, BAO, company.now)
        user_tasks.assign(session, company.task("work").id, "anna", BAO, company.now)
    choose(company, ANNA)
    assert "李雷家" in announce(company)[0][1]


def test_a_mailbox_that_two_share_says_no_more_than_both_may_see(company: Company) -> None:
    [(_, text)] = tell_of_a_call(company, address="office@example.com").items()
    assert "李雷" not in text


def test_of_a_case_that_nobody_can_read_any_more_a_group_is_told_the_number_alone(company: Company) -> None:
    company.deploy(ONE_TASK)
    choose(company, ANNA, "wecom", GROUP)
    company.start()
    with company.database.transaction() as session:
        session.query(InstanceState).update({"state": b"broken"})
    assert announce(company)[0][1].startswith("【新任务】Work（#1 ***）")
