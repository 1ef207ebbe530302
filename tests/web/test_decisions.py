"""Decisions, rights to fields and added signers at the edges: the task page and the API."""

from typing import Any

import pytest

from tests.engine.test_approvals import FORM
from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, task
from tests.people import CHEN
from tests.web.forms import field, form

BUTTONS = "approve=同意|Approve; reject=不同意|Reject!reason"


@pytest.fixture
def case(company: Company) -> int:
    slip = task("check", "technician", {"fields": "price=read; phone=hidden; note=required", "buttons": BUTTONS}, formRef="slip")
    asks = task("ask", "customer_service", formRef="slip")
    company.deploy(diagram(chain(BEGIN, asks, slip, task("after"), END)), **{"slip.form": FORM})
    instance = company.start()
    company.complete("ask", CHEN, {"price": 80, "phone": "SECRET-1", "note": ""})
    return instance


def address(company: Company, activity: str = "check") -> str:
    return f"/tasks/{company.task(activity).id}"


def test_the_page_has_the_buttons_and_nothing_of_a_hidden_field(visit: Any, company: Company, case: int) -> None:
    visitor = visit("anna").open(address(company))
    assert visitor.texts(".finish button") == ["同意", "不同意"]
    shown = visitor.answer.get_data(as_text=True)
    assert "SECRET-1" not in shown and 'name="phone"' not in shown
    assert visitor.page.cssselect("input[name=price]")[0].get("readonly") is not None


def test_a_missing_reason_is_asked_for_and_what_was_typed_stays(visit: Any, company: Company, case: int) -> None:
    visitor = visit("anna").open(address(company)).submit("form.next", 422, decision="reject", note="漏水", price="1")
    assert visitor.texts("#reason-wrong") == ["请填写原因。"]
    assert visitor.page.cssselect("input[name=note]")[0].get("value") == "漏水"
    visitor.submit("form.next", decision="reject", reason="太贵")
    found = company.variables(case)
    assert (found["check_decision"], found["check_reason"], found["price"], found["phone"]) == ("reject", "太贵", 80, "SECRET-1")
    visitor = visit("emma").open(f"/orders/{case}")
    assert "Anna 对“Check”：不同意" in visitor.text(".timeline")


def test_the_api_tells_what_may_be_seen_and_decided(call: Any, company: Company, case: int) -> None:
    number = company.task("check").id
    form = call("anna").get(f"/user-tasks/{number}/form").json
    assert [button["key"] for button in form["buttons"]] == ["approve", "reject"]
    assert "phone" not in form["variables"] and "SECRET-1" not in str(form)
    fields = {one["key"]: one for one in form["schema"]["components"]}
    assert "phone" not in fields and fields["price"]["readonly"] is True and fields["note"]["validate"]["required"] is True
    refused = call("anna").post(f"/user-tasks/{number}/complete", {"variables": {"decision": "maybe"}})
    assert refused.status_code == 422 and set(refused.json["error"]["fields"]) == {"decision", "note"}


def test_signers_are_added_and_taken_away_over_the_api(call: Any, company: Company, case: int) -> None:
    number = company.task("check").id
    asked = call("anna").post(f"/user-tasks/{number}/add-signer", {"login": "dong", "where": "before", "reason": "看一下"})
    assert (asked.status_code, asked.json["state"]) == (200, "cancelled")
    assert call("bao").post(f"/user-tasks/{number}/remove-signer", {"login": "dong"}).status_code == 403
    back = call("anna").post(f"/user-tasks/{number}/remove-signer", {"login": "dong"})
    assert (back.json["id"], back.json["state"], back.json["assignee"]) == (number, "claimed", "anna")
    assert call("anna").post(f"/user-tasks/{number}/add-signer", {"login": "dong", "where": "above", "reason": "x"}).status_code == 422


def test_signers_on_the_page_of_the_task(visit: Any, company: Company, case: int) -> None:
    number = company.task("check").id
    visitor = visit("anna").open(f"/tasks/{number}").submit("#do-add_signer form", login="dong", where="before", reason="看一下")
    assert "先由 Dong 签署" in visitor.text(".notice")
    visitor.open(f"/tasks/{number}")
    assert "签完后这项任务会回到原来的人手上" in visitor.text()
    assert "Dong 前加签 待签 由 Anna 加签" in visitor.text("#signing")
    other = visit("dong").open(f"/tasks/{company.task('check').id}")
    assert other.page.cssselect("form.next input[name=note]") == []  # an opinion, no form
    other.submit("form.next", decision="approve", reason="可以")
    visitor.open(f"/tasks/{number}")
    assert "Dong 前加签 同意" in visitor.text("#signing") and visitor.texts(".finish button") == ["同意", "不同意"]


def test_photographs_that_may_only_be_looked_at_cannot_be_added_to(visit: Any, company: Company) -> None:
    slip = task("look", "technician", {"fields": "photos=read"}, formRef="pictures")
    company.deploy(
        diagram(chain(BEGIN, slip, END), key="pictures"), **{"pictures.form": form("pictures", field("photos", "照片", "filepicker"))}
    )
    company.start("pictures")
    visitor = visit("anna").open(address(company, "look"))
    assert visitor.page.cssselect("input[type=file]") == []
    assert "没有照片" in visitor.text("form.next")
