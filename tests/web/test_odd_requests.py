"""What nobody sends by accident: addresses, files and bodies made to find a gap. All of it is refused in words, and nothing has changed."""

import io

import pytest

from engine.tables import House, Person
from tests.factories import END_EVENT, ONE_TASK, Company, chain, diagram, task
from tests.pictures import picture
from tests.web.forms import CALL, FILES, PROCESS
from web.pages import addresses

TOO_LARGE = 10**30
PNG = picture()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is refused here never reaches a database."""
    return sqlite_url


@pytest.mark.parametrize("path", [f"/tasks/{TOO_LARGE}", f"/orders/{TOO_LARGE}", f"/processes/{TOO_LARGE}", "/tasks/0"])
def test_an_id_that_no_database_keeps_is_not_found(visit, path):
    visit("emma").open(path, 404)


@pytest.mark.parametrize("form", [f"{TOO_LARGE}/report", "²/report", "1", "1/nothing", "nothing/report"])
def test_a_form_that_is_none_is_not_found(visit, company: Company, form):
    company.deploy(PROCESS, **FILES)
    with company.database.transaction() as session:
        session.add(House(site="S1", code="A-12", address="一号楼"))
    visit("chen").open(f"/houses/fill?site=S1&house=A-12&form={form}", 404)


@pytest.mark.parametrize("address", ["/\r\nSet-Cookie: a=b", "/\t/elsewhere", "/\x00", "/\x7f"])
def test_an_address_with_control_characters_is_followed_by_nobody(address):
    assert addresses.local(address) is None


@pytest.mark.parametrize(("login", "site", "status"), [("fang", "S1", 403), ("hua", "S1", 404)])
def test_a_file_of_somebody_who_may_add_none_never_reaches_the_disk(visit, tmp_path, login, site, status):
    visitor = visit(login)
    said = {"csrf_token": visitor.token(), "file": (io.BytesIO(PNG), "a.png")}
    assert visitor.client.post(f"/files?site={site}", data=said).status_code == status
    assert not list((tmp_path / "attachments").rglob("*"))


def test_a_text_names_its_encoding_once_and_no_page_runs_inside_a_file(call, company: Company):
    key = call("anna").post("/attachments", data={"file": (io.BytesIO("你好".encode()), "a.txt")}).json["hash"]
    answer = call("anna").get(f"/attachments/{key}")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert "sandbox" in answer.headers["Content-Security-Policy"] and "private" in answer.headers["Cache-Control"]
    answer.close()


def test_a_page_that_stands_for_a_missing_file_is_kept_by_nobody(visit):
    answer = visit("emma").open("/static/nothing.css", 404).answer
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_of_another_type_is_refused_instead_of_read_as_nothing(call, company: Company, kind):
    company.deploy(ONE_TASK)
    company.start()
    task_id = company.task("work").id
    answer = call("anna").post(f"/user-tasks/{task_id}/complete", data=b'{"variables": {"price": 5}}', content_type=kind)
    assert answer.status_code == 415 and answer.json["error"]["code"] == "unsupported_media_type"
    assert company.waiting() == ["work"]


def test_a_session_with_a_password_given_by_others_opens_no_api_either(visit, company: Company):
    visitor = visit("anna")
    with company.database.transaction() as session:
        session.query(Person).filter_by(login="anna").update({"must_change_password": True})
    answer = visitor.client.get("/api/v1/user-tasks")
    assert answer.status_code == 403 and answer.json["error"]["code"] == "forbidden"


def test_a_token_works_while_its_person_has_yet_to_choose_a_password(call, company: Company):
    with company.database.transaction() as session:
        session.query(Person).filter_by(login="anna").update({"must_change_password": True})
    assert call("anna").get("/user-tasks").status_code == 200


def test_a_comment_is_answered_with_its_id(call, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    answer = call("anna").post(f"/user-tasks/{company.task('work').id}/comment", {"text": "ring twice"})
    assert answer.json["id"] > 0


def test_who_may_not_start_a_process_does_not_start_it_by_a_message(call, company: Company):
    called = '<startEvent id="called"><messageEventDefinition messageRef="m"/></startEvent>'
    body = chain(called, task("look"), END_EVENT)
    order = diagram(body, before='<message id="m" name="order.wanted"/>')
    company.deploy(order.replace(b"<process ", b'<process camunda:candidateStarterGroups="customer_service" '))
    refused = call("anna").post("/messages", {"name": "order.wanted", "site": "S1"})
    assert refused.status_code == 403 and company.waiting() == []
    assert call("chen").post("/messages", {"name": "order.wanted", "site": "S1"}).json["state"] == "delivered"
    assert company.waiting() == ["look"]


def test_a_photograph_that_nobody_brought_to_the_site_is_no_photograph(call, company: Company):
    company.deploy(PROCESS, **FILES)
    elsewhere = call("hua").post("/attachments", data={"file": (io.BytesIO(PNG), "a.png")}).json["hash"]
    here = call("chen").post("/attachments", data={"file": (io.BytesIO(picture(colour="blue")), "b.png")}).json["hash"]
    for strange in (elsewhere, "0" * 64):
        said = {"site": "S1", "variables": CALL | {"photos": [here, strange]}}
        refused = call("chen").post("/process-definitions/order/start", said)
        assert refused.status_code == 422 and refused.json["error"]["fields"].keys() == {"photos"}
    assert call("chen").post("/process-definitions/order/start", {"site": "S1", "variables": CALL | {"photos": [here]}}).status_code == 201


def test_names_and_numbers_of_residents_are_masked_for_programs_too(call, company: Company):
    company.deploy(PROCESS, **FILES)
    case = company.start(variables=CALL)
    for path in (f"/process-instances/{case}/variables", f"/process-instances/{case}/history"):
        told = call("fang").get(path).get_data(as_text=True)
        assert "李*" in told and "李雷" not in told and "13800001234" not in told
        assert "李雷" in call("chen").get(path).get_data(as_text=True)


def test_a_task_is_given_to_nobody_who_could_not_do_it(call, company: Company):
    company.deploy(ONE_TASK)
    company.start()
    task_id = company.task("work").id
    assert call("emma").post(f"/user-tasks/{task_id}/assign", {"assignee": "fang"}).status_code == 422
    assert company.task("work").assignee is None
