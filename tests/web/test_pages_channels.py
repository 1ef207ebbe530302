"""People choose how they are told what is new, and try it out; a site says it in its own words."""

from dataclasses import replace

import pytest

from engine import channels, sites
from tests.factories import Company


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture
def app(app, company: Company):
    company.database.settings = replace(company.database.settings, smtp_host="127.0.0.1", smtp_port=9, mail_from="steward@example.com")
    return app


def test_what_is_chosen_is_kept_and_a_secret_is_never_shown_again(visit, company: Company):
    robot = channels.ROBOTS["feishu"] + "abc"
    page = visit("anna").open("/channels")
    page.submit("#channels", email="anna@example.com", feishu=robot, **{"feishu-secret": "SEC-1", "begins": "22:00", "ends": "07:00"})
    assert "通知方式已保存。" in page.text("main, body")
    assert "SEC-1" not in page.answer.get_data(as_text=True)
    page.submit("#channels", email="")
    with company.database.read() as session:
        [(kind, row)] = channels.of(session, "anna").items()
        assert (kind, row.address, row.secret) == ("feishu", robot, "SEC-1")
        assert channels.quiet_hours(session, "anna").begins == "22:00"


def test_what_is_wrong_is_named_beside_the_field_and_nothing_is_kept(visit, company: Company):
    page = visit("anna").open("/channels")
    page.submit("#channels", status=422, email="anna@example.com", wecom="https://example.com/robot", begins="22:00")
    assert any("qyapi.weixin.qq.com" in text for text in page.texts(".wrong"))
    assert "请填写时间，如 22:00" in page.texts(".wrong")
    with company.database.read() as session:
        assert channels.of(session, "anna") == {}


def test_a_test_message_says_why_it_did_not_go_out(visit):
    page = visit("anna").open("/channels").submit("#channels", email="anna@example.com")
    page.submit("#test-email")
    assert "测试消息没有发出" in page.text("body")


def test_a_site_writes_its_own_words_and_takes_them_back(visit, company: Company):
    page = visit("emma").open("/sites/S1/texts")
    page.submit(notice_text_new_task="快来：{{ task }}")
    with company.database.read() as session:
        assert sites.facts(session, "S1").variables["notice_text_new_task"] == "快来：{{ task }}"
    page.submit(status=422, notice_text_new_task="{{ password }}")
    assert "只能写" in page.text(".wrong")
    page.open("/sites/S1/texts").submit(notice_text_new_task="")
    with company.database.read() as session:
        assert "notice_text_new_task" not in sites.facts(session, "S1").variables


def test_who_does_not_administer_the_site_cannot_write_its_words(visit):
    visit("anna").open("/sites/S1/texts", status=403)
    visit("emma").open("/sites/S2/texts", status=404)
