"""What the API does with requests that are wrong: refused in the one shape, and nothing has changed. The database plays no part: SQLite."""

from collections.abc import Iterator

import pytest

from engine.clock import VirtualClock
from engine.db import Database
from tests.factories import ONE_TASK, Company, found_company


@pytest.fixture
def company(sqlite_url: str, clock: VirtualClock) -> Iterator[Company]:
    company = found_company(Database(sqlite_url), clock)
    yield company
    company.database.dispose()


@pytest.mark.parametrize("name", ["typename", "__builtins__", "__class__", "constructor", "a.b", "变量"])
def test_odd_keys_in_data_are_stored_and_returned_unchanged(call, company: Company, name):
    company.deploy(ONE_TASK)
    said = {name: {name: [1, 2.5, None, "text", {"typename": "x"}]}}
    case = call("chen").post("/process-definitions/order/start", {"site": "S1", "variables": said}).json
    assert call("chen").get(f"/process-instances/{case['id']}/variables").json["variables"] == said


def test_every_wrong_field_is_named_at_once(call, company: Company):
    company.deploy(ONE_TASK)
    refused = call("chen").post("/process-definitions/order/start", {"variables": 7, "occurred_at": "yesterday", "sight": "S1"})
    assert refused.status_code == 422
    assert refused.json["error"]["fields"].keys() == {"site", "variables", "occurred_at", "sight"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400), (b"\xff", 400), (b'{"site": NaN}', 400), (b'{"site": "\\ud800"}', 400), (b"[" * 5_000 + b"]" * 5_000, 400),
        (b"[]", 422), (b'"text"', 422), (b'{"site": "S1\\u0000"}', 422), (b"", 422),
    ],
)  # fmt: skip
def test_a_body_that_is_no_use_is_refused_in_the_one_shape(call, body, status):
    answer = call("chen").post("/process-definitions/order/start", data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.json["error"].keys() >= {"code", "message"}


def test_a_number_that_no_database_keeps_is_refused(call, company: Company):
    company.deploy(ONE_TASK)
    answer = call("chen").post("/process-definitions/order/start", {"site": "S1", "variables": {"n": 2**70}})
    assert answer.status_code == 422 and "variables" in answer.json["error"]["fields"]


def test_a_variable_that_is_too_large_is_refused_and_nothing_starts(call, company: Company):
    company.deploy(ONE_TASK)
    answer = call("chen").post("/process-definitions/order/start", {"site": "S1", "variables": {"big": "x" * 1_000_001}})
    assert answer.status_code == 422 and answer.json["error"]["fields"].keys() == {"big"}
    assert call("chen").get("/process-instances").json["items"] == []


@pytest.mark.parametrize(
    "query", [{"limit": 201}, {"limit": 0}, {"limit": "x"}, {"cursor": "nonsense"}, {"cursor": "WzFd"}, {"instance": 2**70}]
)
def test_a_list_refuses_what_it_cannot_page_by(call, query):
    answer = call("anna").get("/user-tasks", **query)
    assert answer.status_code == 422 and answer.json["error"]["fields"].keys() == query.keys()


@pytest.mark.parametrize(
    "path", ["/user-tasks/0", "/user-tasks/99999999999999999999999", "/user-tasks/x", "/nothing", "/process-definitions/1"]
)
def test_an_address_that_leads_nowhere_is_not_found_in_the_one_shape(call, path):
    answer = call("anna").get(path)
    assert answer.status_code == 404 and answer.json["error"]["code"] == "not_found"


def test_a_request_that_is_too_large_is_refused_in_the_one_shape(call):
    answer = call("chen").post("/messages", data=b" " * 30_000_001, content_type="application/json")
    assert answer.status_code == 413 and answer.json["error"]["code"] == "limit_exceeded"
