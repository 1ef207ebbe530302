"""Who gets in, by which key, and what they are shown of a resident's telephone."""

import json

import pytest

from engine import api_tokens, identity
from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, task
from tests.people import OPERATOR

FORM = {
    "type": "default",
    "id": "record",
    "components": [
        {"type": "textfield", "key": "telephone", "label": "电话", "properties": {"telephone": "true"}},
        {"type": "textfield", "key": "house", "label": "房屋"},
    ],
}
ORDER = diagram(chain(BEGIN, task("record", "customer_service", formRef="record"), task("work"), END))
SAID = {"telephone": "13800001234", "house": "A-12"}


@pytest.fixture
def case(company: Company) -> int:
    from engine import definitions

    with company.database.transaction() as session:
        files = {"order.bpmn": ORDER, "record.form": json.dumps(FORM).encode()}
        definitions.deploy(session, files, OPERATOR, company.now)
    return company.start()


def test_a_signed_in_browser_reads_the_api_and_changes_things_with_its_csrf_token(app, visit, company: Company, case):
    visitor = visit("chen")
    visitor.open("/")
    path = f"/api/v1/user-tasks/{company.task('record').id}/claim"
    assert visitor.client.get("/api/v1/user-tasks").status_code == 200
    refused = visitor.client.post(path, json={})
    assert refused.status_code == 400 and refused.json["error"].keys() >= {"code", "message"}
    taken = visitor.client.post(path, json={}, headers={"X-CSRFToken": visitor.token()})
    assert taken.status_code == 200 and taken.json["assignee"] == "chen"


def test_a_token_ends_with_its_person_and_when_it_is_revoked(call, company: Company):
    assert call("anna").get("/user-tasks").status_code == 200
    with company.database.transaction() as session:
        identity.disable(session, "anna", OPERATOR, company.now)
        [token] = api_tokens.of(session, "bao")
        api_tokens.revoke(session, token.id, OPERATOR, company.now)
    assert call("anna").get("/user-tasks").status_code == 401
    assert call("bao").get("/user-tasks").status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer wrong", "Bearer \x7f", "Basic YTpi", "Bearer a b"])
def test_a_header_that_names_nobody_opens_nothing(app, header):
    answer = app.test_client().get("/api/v1/user-tasks", headers={"Authorization": header})
    assert answer.status_code == 401 and answer.json["error"]["code"] == "unauthenticated"


def test_the_form_of_a_task_comes_with_its_schema_and_checks_what_is_sent(call, company: Company, case):
    record = company.task("record").id
    answer = call("chen").get(f"/user-tasks/{record}/form").json
    assert answer["form"] == "record" and answer["schema"] == FORM and answer["variables"] == {}
    refused = call("chen").post(f"/user-tasks/{record}/complete", {"variables": {"telephone": "x", "colour": "red"}})
    assert refused.status_code == 422 and refused.json["error"]["fields"].keys() == {"telephone", "colour"}
    assert call("chen").get(f"/user-tasks/{record}").json["state"] == "ready"


def test_a_telephone_is_whole_for_who_calls_and_masked_for_everybody_else(call, company: Company, case):
    call("chen").post(f"/user-tasks/{company.task('record').id}/complete", {"variables": SAID})

    def seen(login: str) -> set[str]:
        variables = call(login).get(f"/process-instances/{case}/variables").json["variables"]["telephone"]
        told = [event["data"] for event in call(login).get(f"/process-instances/{case}/history").json["items"]]
        [changed] = [data["variables"]["telephone"] for data in told if "telephone" in data.get("variables", {})]
        form = call(login).get(f"/user-tasks/{company.task('work').id}/form").json["variables"]["telephone"]
        return {variables, changed[-1], form}

    assert seen("chen") == {"13800001234"}
    assert seen("anna") == seen("fang") == {"138****1234"}
    call("anna").post(f"/user-tasks/{company.task('work').id}/claim")
    assert seen("anna") == {"13800001234"}
    across = call("fang").get("/history", limit=200).text
    assert "13800001234" not in across and "138****1234" in across


def test_a_name_that_another_process_handed_over_is_masked_though_no_form_here_asks_for_it(call, company: Company):
    company.deploy(diagram(chain(BEGIN, task("walk", "order_officer"), END)))
    walk = company.start(variables={"owner_name": "陈美丽", "telephone": "13800001234"})
    told = {login: call(login).get(f"/process-instances/{walk}/variables").json["variables"] for login in ("chen", "fang")}
    assert told["chen"] == {"owner_name": "陈美丽", "telephone": "13800001234"}
    assert told["fang"] == {"owner_name": "陈**", "telephone": "138****1234"}
    assert "陈美丽" not in call("fang").get("/history", limit=200).text
