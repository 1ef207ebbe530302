"""A leaking pipe from the call to the last signature, by programs alone: the story of `processes/repair/scenarios/leaking_pipe.yaml`."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from apiflask import APIFlask
from PIL import Image

from engine import api_tokens, identity
from engine.bpmn.timing import parse_duration
from engine.clock import VirtualClock
from engine.db import Database
from tests.factories import Company, found_company
from tests.people import OPERATOR
from tests.web.conftest import Caller
from web.cli.definitions import read_files
from webhooks import inbound
from webhooks.signatures import sign

HOME = Path(__file__).parents[2]
STORY = yaml.safe_load((HOME / "processes/repair/scenarios/leaking_pipe.yaml").read_text(encoding="utf-8"))
STAFF = ("customer_service", "engineering_supervisor", "technician", "finance")
CODES = {"already_claimed": 409, "forbidden": 403}
SPECIMEN = "a" * 64  # stands for a photograph in the story


@pytest.fixture
def company(sqlite_url: str, clock: VirtualClock) -> Iterator[Company]:
    company = found_company(Database(sqlite_url), clock)
    with company.database.transaction() as session:
        for post in STAFF:
            for login in (post, f"{post}_2"):
                identity.add_person(session, login, login, "S1", [post], OPERATOR, company.now)
    company.deploy(**read_files([HOME / "processes"]))
    yield company
    company.database.dispose()


@pytest.fixture
def staff(app: APIFlask, company: Company) -> dict[str, Caller]:
    logins = [login for post in STAFF for login in (post, f"{post}_2")]
    with company.database.transaction() as session:
        return {login: Caller(app.test_client(), api_tokens.issue(session, login, OPERATOR, company.now)) for login in logins}


def test_an_order_goes_from_the_call_to_the_last_signature(staff: dict[str, Caller], company: Company) -> None:
    photograph = io.BytesIO()
    Image.new("RGB", (8, 8), "blue").save(photograph, "PNG")
    kept = staff["customer_service"].post("/attachments", data={"file": (io.BytesIO(photograph.getvalue()), "leak.png")}).json["hash"]
    steps = json.loads(json.dumps(STORY["steps"]).replace(SPECIMEN, kept))

    begin = steps[0]["start"]
    said = {"site": "S1", "variables": begin["data"]}
    order = staff[begin["as"]].post("/process-definitions/repair/start", said).json
    assert order["number"] == "WX-S1-202603-0001"
    assert staff[begin["as"]].get(f"/process-instances/{order['id']}").json["waiting"] == ["dispatch"]
    for step in steps[1:]:
        if "wait" in step:
            company.clock.set(parse_duration(step["wait"]).after(company.now))
            company.work()
        elif "complete" in step:
            _complete(staff[step["as"]], step)
    ended = staff["customer_service"].get(f"/process-instances/{order['id']}").json
    assert ended["state"] == "completed" and ended["incidents"] == 0
    everything = staff["customer_service"].get("/process-instances", q="A-12").json["items"]
    assert {(case["key"], case["state"]) for case in everything} == {("repair", "completed"), ("callback", "completed")}


def _complete(caller: Caller, step: dict[str, Any]) -> None:
    tasks = caller.get("/user-tasks", activity=step["complete"]).json["items"]
    assert len(tasks) == 1, (step, tasks)
    answer = caller.post(f"/user-tasks/{tasks[0]['id']}/complete", {"variables": step.get("data", {})})
    assert answer.status_code == CODES.get(step.get("refused"), 200), (step, answer.json)
    assert answer.status_code != 200 or answer.json["incidents"] == []


def test_a_hotline_starts_an_order_by_a_signed_webhook(app: APIFlask, staff: dict[str, Caller], company: Company) -> None:
    with company.database.transaction() as session:
        secret = inbound.add_endpoint(session, "hotline", "S1", "repair.requested", OPERATOR, company.now)
    call = {
        "channel": "hotline",
        "caller_name": "王先生",
        "telephone": "13600009876",
        "house": "B-3",
        "content": "插座冒火花",
        "kind": "wiring",
    }
    body, at = json.dumps(call).encode(), int(company.now.timestamp())
    headers = {"webhook-id": "call-1", "webhook-timestamp": str(at), "webhook-signature": sign(secret, "call-1", at, body)}
    answer = app.test_client().post("/hooks/hotline", data=body, headers=headers)
    assert answer.status_code == 202 and answer.json["state"] == "delivered"
    order = staff["customer_service"].get(f"/process-instances/{answer.json['instance']}").json
    assert order["key"] == "repair" and order["waiting"] == ["record"] and order["number"].startswith("WX-S1-")
    assert staff["customer_service"].get("/user-tasks", q="插座").json["items"][0]["instance"] == order["id"]
