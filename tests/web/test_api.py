"""The API from a program's side: shapes, statuses, refusals."""

import io

from tests.factories import END_EVENT as END
from tests.factories import ONE_TASK, TWO_TASKS, Company, chain, diagram, script, task
from tests.factories import START_EVENT as BEGIN
from tests.pictures import picture


def test_a_case_goes_from_deployment_to_its_end(call):
    deployed = call("guo").deploy(TWO_TASKS)
    assert deployed.status_code == 201, deployed.json
    [definition] = deployed.json["definitions"]
    assert definition["key"] == "order" and definition["version"] == 1 and definition["deployed_by"] == "guo"

    started = call("chen").post("/process-definitions/order/start", {"site": "S1", "business_key": "K-1", "variables": {"house": "A-12"}})
    assert started.status_code == 201, started.json
    case = started.json
    assert case["state"] == "running" and case["waiting"] == ["work"] and case["business_key"] == "K-1"
    assert case["first_responder"] == "chen" and case["incidents"] == 0 and case["started_at"] == "2026-03-02T01:00:00+00:00"

    [open_task] = call("anna").get("/user-tasks", instance=case["id"]).json["items"]
    assert open_task["activity"] == "work" and open_task["state"] == "ready" and open_task["candidate_groups"] == ["technician"]
    assert call("anna").post(f"/user-tasks/{open_task['id']}/claim").json["assignee"] == "anna"

    done = call("anna").post(f"/user-tasks/{open_task['id']}/complete", {"variables": {"fixed": True}})
    assert done.status_code == 200, done.json
    assert done.json["task"]["state"] == "completed" and done.json["incidents"] == []
    assert done.json["instance"]["waiting"] == ["check"]
    assert call("dong").get(f"/process-instances/{case['id']}/variables").json["variables"] == {"house": "A-12", "fixed": True}

    [last] = call("dong").get("/user-tasks", candidate="engineering_supervisor").json["items"]
    assert call("dong").post(f"/user-tasks/{last['id']}/complete").json["instance"]["state"] == "completed"
    told = [event["type"] for event in call("fang").get(f"/process-instances/{case['id']}/history").json["items"]]
    assert told[0] == "instance.started" and "user_task.claimed" in told and told[-1] == "instance.completed"


def test_unchanged_content_makes_no_new_version(call):
    first = call("guo").deploy(ONE_TASK).json["definitions"]
    assert call("guo").deploy(ONE_TASK).json["definitions"] == first


def test_the_diagram_is_given_back_byte_for_byte(call):
    [definition] = call("guo").deploy(ONE_TASK).json["definitions"]
    assert call("anna").get(f"/process-definitions/{definition['id']}/xml").data == ONE_TASK
    assert call("anna").get(f"/process-definitions/{definition['id']}").json == definition


def test_a_refused_deployment_names_file_line_element_and_leaves_nothing(call):
    refused = call("guo").deploy(ONE_TASK, b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><definitions>&e;</definitions>")
    assert refused.status_code == 422
    error = refused.json["error"]
    assert error["code"] == "deployment_refused"
    assert {"file", "line", "element", "rule", "message"} <= error["problems"][0].keys()
    assert error["problems"][0]["file"] == "diagram1.bpmn"
    assert call("guo").get("/process-definitions").json == {"items": [], "next": None}


def test_a_diagram_marked_as_a_drawing_runs_when_the_sender_says_so(call):
    drawn = ONE_TASK.replace(b'isExecutable="true"', b'isExecutable="false"')
    refused = call("guo").deploy(drawn)
    assert refused.status_code == 422 and "executable=true" in refused.json["error"]["problems"][0]["message"]
    said = {"files": [(io.BytesIO(drawn), "drawn.bpmn")], "executable": "true"}
    assert call("guo").post("/process-definitions", data=said).status_code == 201
    case = call("chen").post("/process-definitions/order/start", {"site": "S1"}).json
    assert case["waiting"]


def test_what_nobody_reads_is_listed_in_the_answer(call):
    [warning] = [
        warning
        for warning in call("guo")
        .deploy(ONE_TASK.replace(b"<userTask ", b'<userTask xmlns:v="http://example.org/v" v:colour="red" ', 1))
        .json["warnings"]
        if warning["rule"] == "extension"
    ]
    assert "'colour' is of http://example.org/v" in warning["message"]


def test_only_a_process_owner_deploys(call):
    assert call("anna").deploy(ONE_TASK).status_code == 403


def test_nobody_gets_in_without_a_token(call):
    answer = call().get("/user-tasks")
    assert answer.status_code == 401 and answer.json["error"]["code"] == "unauthenticated"
    assert call().post("/messages", {"wrong": 1}).status_code == 401


def test_a_person_without_the_right_is_refused_and_another_site_sees_nothing(call, company: Company):
    company.deploy(ONE_TASK)
    case = company.start()
    work = company.task("work").id
    assert call("chen").post(f"/user-tasks/{work}/complete").status_code == 403
    assert call("fang").post(f"/process-instances/{case}/cancel", {"reason": "x"}).status_code == 403
    for path in (f"/process-instances/{case}", f"/process-instances/{case}/history", f"/user-tasks/{work}", f"/user-tasks/{work}/form"):
        assert call("hua").get(path).status_code == 404, path
    assert call("hua").post(f"/user-tasks/{work}/complete").status_code == 404
    assert call("hua").post("/process-definitions/order/start", {"site": "S1"}).status_code == 404
    assert call("hua").get("/user-tasks").json["items"] == []
    assert call("hua").get("/user-tasks", site="S1").json["items"] == []


def test_completing_a_task_twice_says_who_was_first_and_when(call, company: Company):
    company.deploy(TWO_TASKS)
    company.start()
    work = company.task("work").id
    assert call("anna").post(f"/user-tasks/{work}/complete").status_code == 200
    second = call("bao").post(f"/user-tasks/{work}/complete")
    assert second.status_code == 409 and second.json["error"]["code"] == "already_completed"
    assert "anna" in second.json["error"]["message"] and "2026-03-02T01:00:00Z" in second.json["error"]["message"]


def test_a_task_that_somebody_else_holds_is_not_completed(call, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    work = company.task("work").id
    call("anna").post(f"/user-tasks/{work}/claim")
    answer = call("bao").post(f"/user-tasks/{work}/complete")
    assert answer.status_code == 409 and "anna" in answer.json["error"]["message"]


def test_a_task_is_given_back_and_given_to_somebody(call, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    work = company.task("work").id
    call("anna").post(f"/user-tasks/{work}/claim")
    assert call("anna").post(f"/user-tasks/{work}/unclaim").json["state"] == "ready"
    assert call("dong").post(f"/user-tasks/{work}/assign", {"assignee": "bao"}).json["assignee"] == "bao"
    assert [found["id"] for found in call("dong").get("/user-tasks", assignee="bao").json["items"]] == [work]
    assert call("dong").post(f"/user-tasks/{work}/comment", {"text": "请尽快"}).json["author"] == "dong"


def test_what_fails_after_a_persons_act_is_an_incident_and_the_act_is_kept(call, company: Company):
    company.deploy(diagram(chain(BEGIN, task("work"), script("sum", "total = price + 1"), task("check"), END)))
    case = company.start()
    done = call("anna").post(f"/user-tasks/{company.task('work').id}/complete", {"variables": {"note": "done"}})
    assert done.status_code == 200 and done.json["task"]["state"] == "completed"
    [incident] = done.json["incidents"]
    assert incident["activity"] == "sum" and incident["instance"] == case and incident["resolved_at"] is None
    assert call("emma").get("/incidents").json["items"] == [incident]
    assert call("emma").post(f"/incidents/{incident['id']}/retry").json["resolved_at"] is None
    assert call("emma").get(f"/process-instances/{case}").json["incidents"] == 1


def test_an_instance_is_suspended_resumed_and_cancelled_with_a_reason(call, company: Company):
    company.deploy(ONE_TASK)
    case = company.start()
    assert call("emma").post(f"/process-instances/{case}/suspend").json["error"]["fields"].keys() == {"reason"}
    assert call("emma").post(f"/process-instances/{case}/suspend", {"reason": "等待"}).json["state"] == "suspended"
    assert call("anna").post(f"/user-tasks/{company.task('work').id}/complete").status_code == 409
    assert call("emma").post(f"/process-instances/{case}/resume", {"reason": "继续"}).json["state"] == "running"
    assert call("emma").post(f"/process-instances/{case}/cancel", {"reason": "误报"}).json["state"] == "cancelled"
    assert call("emma").post(f"/process-instances/{case}/cancel", {"reason": "again"}).status_code == 409


def test_an_operator_moves_the_tokens_of_an_instance(call, company: Company):
    company.deploy(TWO_TASKS)
    case = company.start()
    seen = call("emma").get(f"/process-instances/{case}/tokens").json
    assert [(each["activity"], each["refusal"]) for each in seen["tokens"]] == [("work", None)]
    assert {"activity": "check", "name": "Check"} in seen["activities"]
    path, said = f"/process-instances/{case}/modify", {"cancel": ["work"], "start_before": ["check"], "moves": seen["moves"]}
    assert call("emma").post(path, said).json["error"]["fields"].keys() == {"reason"}
    assert call("anna").post(path, {**said, "reason": "配件停产"}).status_code == 403
    answer = call("emma").post(path, {**said, "reason": "配件停产", "variables": {"price": 3}})
    assert (answer.status_code, answer.json["waiting"]) == (200, ["check"])
    assert call("emma").get(f"/process-instances/{case}/variables").json["variables"]["price"] == 3
    again = call("emma").post(path, {**said, "reason": "配件停产"})
    assert (again.status_code, "look again" in again.json["error"]["message"]) == (409, True)
    assert call("anna").get(f"/process-instances/{case}/tokens").status_code == 403


def test_the_first_responder_hands_over_through_a_supervisor(call, company: Company):
    company.deploy(ONE_TASK)
    case = company.start()
    assert call("chen").post(f"/process-instances/{case}/hand-over", {"to": "anna", "reason": "休假"}).status_code == 403
    answer = call("emma").post(f"/process-instances/{case}/hand-over", {"to": "anna", "reason": "休假"})
    assert answer.json["first_responder"] == "anna"


def test_a_draft_belongs_to_the_person_who_typed_it(call, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    path = f"/user-tasks/{company.task('work').id}/draft"
    assert call("anna").get(path).json == {"variables": {}, "saved_at": None}
    assert call("anna").put(path, {"variables": {"note": "half a sent"}}).status_code == 200
    assert call("anna").get(path).json["variables"] == {"note": "half a sent"}
    assert call("bao").get(path).json["variables"] == {}
    call("anna").delete(path)
    assert call("anna").get(path).json["variables"] == {}


def test_lists_come_in_pages_and_every_row_once(call, company: Company):
    company.deploy(ONE_TASK)
    cases = [company.start() for _ in range(7)]
    for path, ids in (("/process-instances", cases[::-1]), ("/user-tasks", None)):
        found, cursor = [], None
        while True:
            page = call("anna").get(path, limit=3, **({"cursor": cursor} if cursor else {})).json
            assert len(page["items"]) <= 3
            found += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(found) == len(set(found)) == 7
        assert ids is None or found == ids


def test_auditors_read_what_happened_across_cases_and_others_do_not(call, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    found = call("fang").get("/history", limit=200)
    assert {"instance.started", "token.issued"} <= {event["type"] for event in found.json["items"]}
    assert call("anna").get("/history").status_code == 403
    assert call("fang").get("/history", site="S2").status_code == 404


def test_files_are_kept_by_their_hash_for_the_site(call):
    import io

    png = picture()
    answer = call("chen").post("/attachments", data={"file": (io.BytesIO(png), "leak.png"), "site": "S1"})
    assert answer.status_code == 201, answer.json
    kept = answer.json
    assert kept["media_type"] == "image/png" and kept["size"] == len(png)
    with call("anna").get(f"/attachments/{kept['hash']}") as read:
        assert read.data == png and read.mimetype == "image/png"
    assert call("hua").get(f"/attachments/{kept['hash']}").status_code == 404
    page = call("chen").post("/attachments", data={"file": (io.BytesIO(b"<html>"), "x.png"), "site": "S1"})
    assert page.status_code == 422
    assert call("chen").post("/attachments", data={"photo": (io.BytesIO(png), "again.png")}).json == kept
    assert call("chen").post("/attachments", data={"site": "S1"}).json["error"]["fields"].keys() == {"file"}


def test_health_is_open_to_everybody_and_metrics_count(app, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    client = app.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ready"}
    assert 'steward_user_tasks_open{site="S1"} 1' in client.get("/metrics").text


def test_a_task_is_sent_back_and_taken_back_and_a_case_taken_back(call, company: Company):
    tasks = (task("work", "technician", {"withdraw": "allowed"}), task("check", "technician", {"returnTo": "work"}))
    company.deploy(diagram(chain(BEGIN, *tasks, END), properties={"withdraw": "allowed"}))
    case = company.start()
    work = company.task("work").id
    call("anna").post(f"/user-tasks/{work}/complete")
    taken = call("anna").post(f"/user-tasks/{work}/withdraw").json
    assert (taken["activity"], taken["state"], taken["assignee"]) == ("work", "claimed", "anna")
    call("anna").post(f"/user-tasks/{taken['id']}/complete")
    check = company.task("check").id
    ways = call("bao").get(f"/user-tasks/{check}/return").json["items"]
    assert ways == [{"to": "work", "name": "Work", "performer": "anna"}]
    returned = call("bao").post(f"/user-tasks/{check}/return", {"to": "work", "reason": "请补照片"})
    assert returned.status_code == 200 and returned.json["task"]["state"] == "cancelled"
    assert [(one["activity"], one["assignee"]) for one in returned.json["tasks"]] == [("work", "anna")]
    assert call("bao").post(f"/user-tasks/{check}/return", {"to": "work", "reason": "x"}).status_code == 409
    assert call("anna").post(f"/process-instances/{case}/withdraw", {"reason": "x"}).status_code == 403
    assert call("chen").post(f"/process-instances/{case}/withdraw", {"reason": "登记错了"}).json["state"] == "cancelled"
