"""A case that cannot be read is shown as far as its rows tell of it, on every page, in every list, and never as an error of ours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.damage import DAMAGES, Damage
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA
from tests.web.test_cli import found, refused, runner
from tests.web.visitors import Visitor

ORDER = diagram(chain(START_EVENT, task("work"), task("check", "technician"), END_EVENT))
FORM = b"""{"type": "default", "id": "work", "components": [
  {"type": "textfield", "key": "fault", "label": "Fault", "id": "f1"},
  {"type": "textfield", "key": "phone", "label": "Phone", "id": "f2", "properties": {"telephone": "true"}}]}"""
WITH_FORM = ORDER.replace(b'id="work" name', b'id="work" camunda:formRef="work" name')

each_damage = pytest.mark.parametrize(("damage", "kind"), DAMAGES.values(), ids=DAMAGES)


def poisoned_case(company: Company, damage: Damage, kind: str) -> int:
    files: dict[str, bytes] = {"order.bpmn": WITH_FORM, "work.form": FORM}
    company.deploy(**files)
    poisoned = company.start(variables={"phone": "13812345678"})
    if kind == "state":
        company.start()
    damage(company, poisoned)
    return poisoned


@each_damage
def test_programs_are_told_what_is_known_of_it(company: Company, call: Any, damage: Damage, kind: str) -> None:
    case = poisoned_case(company, damage, kind)
    emma, anna = call("emma"), call("anna")
    work = company.task("work", case).id
    for _ in range(2):
        answer = anna.post(f"/user-tasks/{work}/complete", {"variables": {"fault": "leak"}})
        assert (answer.status_code, answer.json["error"]["code"]) == (409, "unusable")
        assert answer.json["error"]["message"].startswith(f"Expected a {kind} by which")
    assert [one["kind"] for one in emma.get("/incidents").json["items"]] == [kind]

    shown = anna.get(f"/process-instances/{case}")
    assert (shown.status_code, shown.json["state"], shown.json["incidents"]) == (200, "running", 1)
    assert case in [one["id"] for one in anna.get("/process-instances").json["items"]]
    assert work in [one["id"] for one in anna.get("/user-tasks").json["items"]]
    for path in (f"/user-tasks/{work}", f"/user-tasks/{work}/form", f"/process-instances/{case}/history"):
        answer = call("fang").get(path) if "history" in path else anna.get(path)
        assert answer.status_code == 200, answer.json
        assert "13812345678" not in answer.text
    variables = anna.get(f"/process-instances/{case}/variables")
    assert variables.status_code == (200 if kind == "definition" or damage is DAMAGES["state of another"][0] else 409)
    assert "13812345678" not in variables.text
    assert len(company.incidents()) == 1

    [incident] = emma.get("/incidents").json["items"]
    assert emma.post(f"/incidents/{incident['id']}/retry").status_code == 409
    assert emma.post(f"/process-instances/{case}/suspend", {"reason": "look"}).status_code == 200
    assert emma.post(f"/process-instances/{case}/resume", {"reason": "looked"}).status_code == 200
    assert emma.post(f"/process-instances/{case}/cancel", {"reason": "beyond repair"}).json["state"] == "cancelled"
    assert company.incidents() == []


@each_damage
def test_people_are_shown_what_is_known_of_it(company: Company, visit: Callable[..., Visitor], damage: Damage, kind: str) -> None:
    case = poisoned_case(company, damage, kind)
    work = company.task("work", case).id
    emma, anna = visit("emma"), visit("anna")
    if damage is not DAMAGES["state of another"][0]:  # only who moves it finds that out
        emma.open(f"/orders/{case}")
        assert "Expected a" in emma.text(".notice.problem")
        assert [one.instance_id for one in company.incidents()] == [case]
        assert "Expected a" in emma.open("/orders/failed").text()
    assert anna.open("/").text() != ""
    anna.open(f"/tasks/{work}")
    anna.send(f"/tasks/{work}/complete", 409, fault="leak")
    assert "动不了" in anna.text()
    assert [one.kind for one in company.incidents()] == [kind]
    emma.open(f"/orders/{case}")
    assert "Expected a" in emma.text(".notice.problem")
    emma.submit(".notice.problem form", 409)
    assert company.waiting(case) == ["work"]


@each_damage
def test_no_way_back_is_offered_in_it(company: Company, visit: Callable[..., Visitor], damage: Damage, kind: str) -> None:
    check = task("check", "technician", properties={"returnTo": "work"})
    company.deploy(diagram(chain(START_EVENT, task("work", properties={"withdraw": "allowed"}), check, END_EVENT)))
    case = company.start()
    company.complete("work", ANNA)
    if kind == "state":
        company.start()
    damage(company, case)
    anna = visit("anna")
    if damage is not DAMAGES["state of another"][0]:  # only who moves it finds that out
        for page in (f"/orders/{case}", f"/tasks/{company.task('check', case).id}"):
            assert not anna.open(page).page.cssselect("[id^=do-return], [id^=do-withdraw]")


@each_damage
def test_the_command_line_shows_what_is_known_of_it(company: Company, tmp_path: Path, damage: Damage, kind: str) -> None:
    case = poisoned_case(company, damage, kind)
    run = runner(company.database.url, tmp_path)
    assert found(run("show", case, "--json"))["state"] == "running"
    assert case in [one["id"] for one in found(run("instances", "--json"))]
    assert f"Expected a {kind} by which" in refused(run("complete", company.task("work", case).id, "--as", "anna"))
    assert [one["kind"] for one in found(run("incidents", "--json"))] == [kind]
    [incident] = company.incidents()
    refused(run("retry", incident.id))
    assert run("verify").exit_code == 0
