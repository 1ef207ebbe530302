"""Reminders in the inbox: counted until they were looked at, each leading to its order."""

import pytest

from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, extensions, task


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


def remind(company: Company, to: str, text: str) -> int:
    """Start a case that sends a notice; returns its id."""
    given = {"to": to, "text": text}
    inputs = "".join(f'<camunda:inputParameter name="{name}">{value}</camunda:inputParameter>' for name, value in given.items())
    mapping = extensions(None, f"<camunda:inputOutput>{inputs}</camunda:inputOutput>")
    tell = f'<serviceTask id="tell" camunda:type="external" camunda:topic="notify">{mapping}</serviceTask>'
    company.deploy(diagram(chain(BEGIN, tell, task("work"), END)))
    instance = company.start()
    company.work()
    return instance


def tab(visitor) -> str:
    return next(text for text in visitor.texts(".tabs a") if text.startswith("提醒"))


def test_a_reminder_is_counted_until_its_list_was_opened(visit, company):
    instance = remind(company, "technician", "工单无人接单")
    company.pass_time(minutes=12)
    anna = visit("anna")
    assert tab(anna) == "提醒 1"
    anna.open("/inbox?box=notices")
    assert anna.texts(".list .badge") == ["新"] and "工单无人接单" in anna.text(".list") and "12 分钟前" in anna.text(".list")
    assert anna.page.cssselect(".list .does")[0].get("href") == f"/orders/{instance}"
    assert anna.open("/inbox?box=notices").texts(".list .badge") == [] and tab(anna) == "提醒"
    assert tab(visit("bao")) == "提醒 1" and tab(visit("chen")) == "提醒"


def test_a_page_that_fetches_itself_has_shown_nothing(visit, company):
    remind(company, "technician", "工单无人接单")
    anna = visit("anna")
    anna.client.get("/inbox?box=notices", headers={"X-Background": "yes"})
    assert tab(anna.open("/inbox")) == "提醒 1"


def test_people_are_called_by_their_names(visit, company):
    remind(company, "engineering_supervisor", "工单 WX-1 未按时到场(anna),请跟进。bao.s9 也在")
    dong = visit("dong").open("/inbox?box=notices")
    assert dong.text(".list .does") == "工单 WX-1 未按时到场(Anna),请跟进。bao.s9 也在"


def test_many_reminders_can_be_set_aside_at_once(visit, company, monkeypatch):
    monkeypatch.setattr("web.pages.inbox.PER_PAGE", 2)
    for number in range(3):
        remind(company, "anna", f"第 {number} 条")
    anna = visit("anna").open("/inbox?box=notices")
    assert len(anna.texts(".list .does")) == 2
    assert tab(anna.submit("form.more")) == "提醒"
    anna.open(anna.page.cssselect("p.more a")[0].get("href"))
    assert anna.texts(".list .does") == ["第 0 条"] and anna.texts(".list .badge") == []


def test_somebody_without_reminders_is_told_what_they_are_for(visit):
    assert "没有提醒" in visit("emma").open("/inbox?box=notices").text(".empty")


def test_programs_read_notices_page_by_page(call, company):
    first = remind(company, "anna", "一")
    second = remind(company, "technician", "二")
    part = call("anna").get("/notices", limit=1).json
    assert [(one["instance"], one["recipient"], one["text"], one["new"]) for one in part["items"]] == [(second, "technician", "二", True)]
    rest = call("anna").get("/notices", limit=1, cursor=part["next"]).json
    assert [one["instance"] for one in rest["items"]] == [first] and rest["next"] is None
    assert call("bao").get("/notices", unread="true").json["items"][0]["instance"] == second
    assert call("chen").get("/notices").json == {"items": [], "next": None}
