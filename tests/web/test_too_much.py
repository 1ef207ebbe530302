"""Far too much at once, through every door: refused in words that name it, and nothing has changed."""

import json

import pytest
from standardwebhooks.webhooks import Webhook

from engine.tables import Draft, Instance, Message
from tests.factories import ONE_TASK, Company
from tests.people import OPERATOR
from tests.web.forms import CALL, FILES, PROCESS
from webhooks import inbound

BIG = "x" * 10_000_000
TOO_BIG = "Expected at most 1000000 bytes, but got 10000002"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is refused here never reaches a database."""
    return sqlite_url


def count(company: Company, table: type) -> int:
    with company.database.read() as session:
        return session.query(table).count()


def test_a_variable_of_ten_megabytes_is_refused_by_name_through_the_api(call, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    task = f"/user-tasks/{company.task('work').id}"
    variables = {"fine": 1, "big": BIG}
    message = {"name": "told", "site": "S1", "variables": variables}
    answers = [
        call("chen").post("/process-definitions/order/start", {"site": "S1", "variables": variables}),
        call("anna").post(f"{task}/complete", {"variables": variables}),
        call("anna").put(f"{task}/draft", {"variables": variables}),
        call("chen").post("/messages", message),
        call("chen").post("/signals", message),
    ]
    for answer in answers:
        assert answer.status_code == 422 and answer.json["error"]["fields"] == {"big": TOO_BIG}
    assert company.waiting() == ["work"]
    assert [count(company, table) for table in (Instance, Draft, Message)] == [1, 0, 0]


def test_a_variable_of_ten_megabytes_is_refused_by_name_through_a_webhook(app, company: Company):
    with company.database.transaction() as session:
        secret = inbound.add_endpoint(session, "crm", "S1", "told", OPERATOR, company.now)
    body = json.dumps({"big": BIG})
    signature = Webhook(secret).sign("m1", company.now, body)
    headers = {"webhook-id": "m1", "webhook-timestamp": str(int(company.now.timestamp())), "webhook-signature": signature}
    answer = app.test_client().post("/hooks/crm", data=body, headers=headers)
    assert answer.status_code == 422 and answer.json["error"]["fields"] == {"big": TOO_BIG}
    assert count(company, Message) == 0


def test_a_field_of_ten_megabytes_is_refused_beside_it_on_the_page(visit, company: Company):
    company.deploy(PROCESS, **FILES)
    visitor = visit("chen").open("/start/order").submit("form.next", status=422, **CALL | {"content": BIG})
    shown = visitor.answer.get_data(as_text=True).replace(BIG, "…")  # what was typed is still there
    assert "“内容”最多 10000 个字,现有 10000000 个字。" in shown
    assert count(company, Instance) == 0


def test_names_without_an_end_are_clipped_in_the_refusal_and_not_all_told(call, company: Company):
    company.deploy(ONE_TASK)
    variables = {f"{number}{'n' * 10_000}": 1 for number in range(500)}
    answer = call("chen").post("/process-definitions/order/start", {"site": "S1", "variables": variables})
    assert answer.status_code == 422 and "500 are not" in answer.json["error"]["message"]
    assert len(answer.json["error"]["fields"]) == 100 and len(answer.data) < 50_000
    unknown = call("chen").post("/process-definitions/order/start", {"site": "S1"} | variables)
    assert unknown.status_code == 422 and len(unknown.json["error"]["fields"]) == 100 and len(unknown.data) < 50_000


@pytest.mark.parametrize("count_of", [10_001, 100_000])
def test_variables_without_an_end_are_refused_by_their_number(call, company: Company, count_of):
    company.deploy(ONE_TASK)
    variables = {f"v{number}": number for number in range(count_of)}
    answer = call("chen").post("/process-definitions/order/start", {"site": "S1", "variables": variables})
    assert answer.status_code == 422 and f"Expected at most 10000 variables, but got {count_of}" in answer.json["error"]["message"]
    assert count(company, Instance) == 0


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (b'"' + b"x" * 13_000_000 + b'"', 413),
        (b"[" + b"[]," * 600_000 + b"1]", 422),
        (b"{" + b",".join(b'"%d":1' % number for number in range(600_000)) + b"}", 422),
        (b"[" * 10_000 + b"]" * 10_000, 400),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
        (b'{"a":' * 500 + b"1" + b"}" * 500, 400),
        (b"1" * 1_000_000, 400),
        (b"-1e999", 400),
        (b"9" * 30, 422),
        (b"0." + b"1" * 100_000, 201),
        (b"{" + b'"twice":1,' * 100_000 + b'"twice":2}', 201),
    ],
)
def test_a_body_is_read_only_in_bounds(call, company: Company, value, status):
    company.deploy(ONE_TASK)
    body = b'{"site": "S1", "variables": {"value": ' + value + b"}}"
    answer = call("chen").post("/process-definitions/order/start", data=body, content_type="application/json")
    assert answer.status_code == status, answer.data[:200]
    assert count(company, Instance) == (status == 201)
    assert len(answer.data) < 2_000


@pytest.mark.parametrize("body", [b"a&" * 500_000, b"a=" + b"x" * 13_000_000, b"page=1&" * 11_000])
def test_a_page_is_sent_no_endless_form(visit, body):
    visitor = visit("chen")
    kind = "application/x-www-form-urlencoded"
    answer = visitor.client.post("/start/order", data=body, content_type=kind)
    assert answer.status_code == 413 and "内容太大" in answer.get_data(as_text=True)


def test_a_form_sent_twice_records_once_and_says_so(visit, company: Company):
    company.deploy(PROCESS, **FILES)
    visitor = visit("chen").open("/start/order")
    opened = visitor.answer, visitor.page
    visitor.submit("form.next", **CALL)
    visitor.answer, visitor.page = opened
    visitor.submit("form.next", **CALL)
    assert visitor.path == "/orders/1" and count(company, Instance) == 1
    assert "WX-S1-202603-0001 已由您在 09:00 登记，没有重复登记。" in visitor.text(".notice")
    visitor.open("/start/order").submit("form.next", **CALL)  # the same again on purpose
    assert count(company, Instance) == 2


def test_a_task_completed_twice_from_one_page_is_told_by_whom_and_when(visit, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    visitor = visit("anna").open(f"/tasks/{company.task('work').id}")
    opened = visitor.answer, visitor.page
    visitor.submit("form.next")
    visitor.answer, visitor.page = opened
    visitor.submit("form.next")
    assert "“Work”已由 Anna 在 09:00 完成，没有重复处理。" in visitor.text(".notice")


def test_who_logged_in_anew_in_another_tab_sends_the_old_page_again(visit, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    task_id = company.task("work").id
    visitor = visit("anna").open(f"/tasks/{task_id}")
    old = visitor.token()
    visitor.submit("form[action='/logout']").log_in("anna")
    here = {"Referer": f"http://localhost/tasks/{task_id}"}
    answer = visitor.client.post(f"/tasks/{task_id}/complete", data={"csrf_token": old}, headers=here)
    assert (answer.status_code, answer.location) == (303, f"/tasks/{task_id}")
    assert "请再提交一次" in visitor.open(answer.location).text(".notice")
    assert visitor.submit("form.next").path != f"/tasks/{task_id}" and company.waiting() == []


def test_who_sends_a_form_too_late_comes_back_to_the_very_page(visit, company: Company):
    company.deploy(PROCESS, **FILES)
    visitor = visit("chen").open("/start/order?site=S1")
    visitor.client.delete_cookie("steward")
    said = {"csrf_token": visitor.token(), **CALL}
    answer = visitor.client.post("/start/order", data=said, headers={"Referer": "http://localhost/start/order?site=S1"})
    assert answer.status_code == 303 and answer.location == "/login?next=/start/order?site%3DS1"
