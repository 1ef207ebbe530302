"""The same request with the same key is done once, whenever and however often it comes."""

import threading

from sqlalchemy import func, select

from engine.tables import IdempotencyKey, Instance
from tests.factories import ONE_TASK, Company

START = "/process-definitions/order/start"
SAID = {"site": "S1", "variables": {"house": "A-12"}}


def instances(company: Company) -> int:
    with company.database.read() as session:
        return session.scalar(select(func.count()).select_from(Instance)) or 0


def test_the_same_key_and_body_give_the_same_answer_and_one_effect(call, company: Company):
    company.deploy(ONE_TASK)
    first = call("chen").post(START, SAID, key="k1")
    company.pass_time(hours=1)
    again = call("chen").post(START, {"variables": {"house": "A-12"}, "site": "S1"}, key="k1")
    assert (again.status_code, again.json) == (first.status_code, first.json) == (201, first.json)
    assert instances(company) == 1


def test_the_same_key_with_another_body_or_address_is_refused(call, company: Company):
    company.deploy(ONE_TASK)
    call("chen").post(START, SAID, key="k1")
    assert call("chen").post(START, {"site": "S1"}, key="k1").status_code == 409
    assert call("chen").post(f"/user-tasks/{company.task('work').id}/claim", key="k1").status_code == 409
    assert instances(company) == 1


def test_another_key_or_no_key_is_another_request(call, company: Company):
    company.deploy(ONE_TASK)
    for key in ("k1", "k2", None, None):
        assert call("chen").post(START, SAID, key=key).status_code == 201
    assert instances(company) == 4


def test_the_keys_of_two_people_have_nothing_to_do_with_each_other(call, company: Company):
    company.deploy(ONE_TASK)
    first, second = (call(login).post(START, SAID, key="k1").json["id"] for login in ("chen", "emma"))
    assert first != second


def test_a_refused_request_may_be_repaired_under_its_key(call, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    path = f"/user-tasks/{company.task('work').id}/complete"
    assert call("chen").post(path, key="k1").status_code == 403
    with company.database.read() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0


def test_a_completion_that_is_repeated_answers_as_the_first_time(call, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    path = f"/user-tasks/{company.task('work').id}/complete"
    first, again = (call("anna").post(path, {"variables": {}}, key="k1") for _ in range(2))
    assert first.status_code == again.status_code == 200 and first.json == again.json


def test_the_same_files_with_the_same_key_are_deployed_once_whatever_separates_their_parts(call):
    import io

    first, again = (
        call("guo").post("/process-definitions", data={"files": [(io.BytesIO(ONE_TASK), "a.bpmn")]}, key="k1") for _ in range(2)
    )
    other = call("guo").post("/process-definitions", data={"files": [(io.BytesIO(ONE_TASK), "b.bpmn")]}, key="k1")
    assert first.status_code == again.status_code == 201 and first.json == again.json
    assert other.status_code == 409


def test_twenty_requests_with_one_key_at_once_have_one_effect(call, company: Company):
    company.deploy(ONE_TASK)
    callers, answers = [call("chen") for _ in range(20)], []
    gate = threading.Barrier(len(callers))

    def send(caller) -> None:
        gate.wait()
        answers.append(caller.post(START, SAID, key="k1"))

    threads = [threading.Thread(target=send, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert instances(company) == 1


def test_an_unusable_key_is_refused(call):
    for key in ("x" * 256, "with space"):
        assert call("chen").post(START, SAID, key=key).status_code == 422


def test_a_key_is_forgotten_after_a_week(call, company: Company):
    company.deploy(ONE_TASK)
    call("chen").post(START, SAID, key="k1")
    company.pass_time(days=8)
    call("chen").post(START, SAID, key="k1")
    assert instances(company) == 2
