"""What people ask of each other, over the API."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import ONE_TASK, Company


@pytest.fixture
def work(company: Company, call: Any) -> str:
    """The address of a task that Anna holds."""
    company.deploy(ONE_TASK)
    company.start()
    address = f"/user-tasks/{company.task('work').id}"
    assert call("anna").post(f"{address}/claim").status_code == 200
    return address


def test_a_helper_answers_and_the_owner_completes(call: Any, work: str) -> None:
    delegated = call("anna").post(f"{work}/delegate", {"to": "bao", "question": "price?"}).json
    assert (delegated["assignee"], delegated["delegated_by"]) == ("bao", "anna")
    assert [one["kind"] for one in call("bao").get("/notices").json["items"]] == ["delegated"]
    assert call("bao").post(f"{work}/complete").status_code == 409
    assert call("bao").post(f"{work}/answer", {"variables": {"price": 80}, "note": "new part"}).json["assignee"] == "anna"
    assert call("anna").get(f"{work}/draft").json["variables"] == {"price": 80}
    call("anna").post(f"{work}/delegate", {"to": "bao"})
    assert call("anna").delete(f"{work}/delegate").json["assignee"] == "anna"
    assert call("anna").post(f"{work}/complete").status_code == 200


def test_a_second_reminder_comes_too_early(call: Any, work: str) -> None:
    assert call("chen").post(f"{work}/remind", {"note": "please"}).json["reminders"] == 1
    answer = call("chen").post(f"{work}/remind")
    assert (answer.status_code, answer.json["error"]["code"]) == (429, "too_many_attempts")
    assert [(one["kind"], one["sender"], one["text"]) for one in call("anna").get("/notices").json["items"]] == [
        ("reminded", "chen", "please")
    ]


def test_copies_are_listed_for_their_readers(call: Any, work: str) -> None:
    assert call("anna").post(f"{work}/copy", {"to": ["customer_service"], "note": "fyi"}).json == {"to": ["chen"]}
    [copy] = call("chen").get("/copies").json["items"]
    assert (copy["name"], copy["note"], copy["sent_by"], copy["new"]) == ("Work", "fyi", "anna", True)
    assert call("dong").get("/copies").json["items"] == []
    assert call("anna").post(f"{work}/copy", {"to": ["hua"]}).status_code == 422
    assert call("anna").post(f"{work}/copy", {"to": []}).status_code == 422


def test_a_task_is_put_off_and_prioritized(company: Company, call: Any, work: str) -> None:
    until = company.now + timedelta(hours=3)
    assert call("anna").post(f"{work}/follow-up", {"until": until.isoformat()}).json["follow_up_at"].startswith("2026-03-02T04:00:00")
    assert call("anna").post(f"{work}/follow-up", {"until": None}).json["follow_up_at"] is None
    assert call("dong").post(f"{work}/priority", {"priority": 100}).json["priority"] == 100
    assert call("anna").post(f"{work}/priority", {"priority": 100}).status_code == 403
    assert call("dong").post(f"{work}/priority", {"priority": 101}).status_code == 422


def test_who_is_mentioned_finds_a_notice(call: Any, work: str) -> None:
    assert call("anna").post(f"{work}/comment", {"text": "@Chen call", "mentions": ["chen"]}).status_code == 201
    assert [one["kind"] for one in call("chen").get("/notices").json["items"]] == ["mentioned"]
    assert call("anna").post(f"{work}/comment", {"text": "@Hua", "mentions": ["hua"]}).status_code == 422


def test_a_proxy_is_appointed_used_and_ended(company: Company, call: Any, work: str) -> None:
    said = {"site": "S1", "proxy": "chen", "until": (company.now + timedelta(days=2)).isoformat()}
    made = call("anna").post("/proxies", said).json
    assert (made["principal"], made["proxy"], made["keys"]) == ("anna", "chen", None)
    assert call("anna").post("/proxies", said).status_code == 409
    assert call("hua").post("/proxies", said).status_code == 404
    assert call("bao").post("/proxies", {**said, "principal": "anna"}).status_code == 403
    assert [one["id"] for one in call("chen").get("/proxies").json["items"]] == [made["id"]]
    assert call("chen").post(f"{work}/complete").json["task"]["completed_by"] == "chen"
    assert call("hua").delete(f"/proxies/{made['id']}").status_code == 404
    assert call("anna").delete(f"/proxies/{made['id']}").json["ended_by"] == "anna"
    assert call("anna").delete(f"/proxies/{made['id']}").status_code == 409


def test_a_proxy_is_ended_by_its_id_in_the_body_too(company: Company, call: Any) -> None:
    said = {"site": "S1", "principal": "anna", "proxy": "chen", "until": (company.now + timedelta(days=2)).isoformat(), "keys": None}
    made = call("dong").post("/proxies", said).json["id"]
    caller = call("dong")
    answer = caller.client.delete("/api/v1/proxies", json={"id": made}, headers=caller.headers)
    assert answer.json["ended_by"] == "dong"
