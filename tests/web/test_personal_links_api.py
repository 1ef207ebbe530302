"""Links for residents over the API, and what is masked in the open: with a reason, and in the history."""

import pytest
from sqlalchemy import select

from engine import history
from engine.tables import House, IdempotencyKey, Resident
from tests.factories import Company
from tests.web.forms import CALL, FILES, PROCESS


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The API stands on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture
def order(company: Company) -> int:
    company.deploy(PROCESS, **FILES)
    with company.database.transaction() as session:
        house = House(site="S1", code="A-12", address="一号楼")
        session.add(house)
        session.flush()
        session.add(Resident(site="S1", house_id=house.id, name="李雷", telephone="13800001234", kind="owner"))
    return company.start(variables=CALL)


def test_a_link_is_made_listed_opened_and_revoked(call, company, order):
    made = call("chen").post(f"/process-instances/{order}/links", {"days": 7, "once": True})
    said = made.get_json()
    assert made.status_code == 201 and said["state"] == "open" and said["once"] is True and said["instance"] == order
    path = said["address"].removeprefix("http://localhost")
    client = call("chen").client
    assert client.get(path).status_code == 200
    [listed] = call("anna").get(f"/process-instances/{order}/links").get_json()["items"]
    assert "address" not in listed and listed["made_by"] == "chen" and listed["opened_at"] is not None
    assert call("hua").post(f"/links/{said['id']}/revoke").status_code == 404
    assert call("chen").post(f"/links/{said['id']}/revoke").get_json()["state"] == "revoked"
    assert call("chen").post(f"/links/{said['id']}/revoke").status_code == 409
    assert client.get(path).status_code == 410


def test_the_address_is_told_once_and_kept_nowhere(call, company, order):
    said, again = (call("chen").post(f"/process-instances/{order}/links", {}, key="k1") for _ in range(2))
    token = said.get_json()["address"].rsplit("/", 1)[1]
    assert again.get_json() == {name: value for name, value in said.get_json().items() if name != "address"}
    with company.database.read() as session:
        assert token not in str(session.scalars(select(IdempotencyKey.answer)).all())


def test_a_link_for_a_wall_belongs_to_its_site(call, order):
    made = call("chen").post("/links", {"site": "S1", "house": "a-12"})
    assert made.get_json()["house"] == "A-12" and made.get_json()["kind"] == "report"
    assert len(call("anna").get("/links", site="S1").get_json()["items"]) == 1
    assert call("hua").get("/links", site="S1").status_code == 404
    assert call("anna").post("/links", {"site": "S1"}).status_code == 403
    assert call("chen").post("/links", {"site": "S1", "house": "Z-9"}).status_code == 422
    assert call("chen").post("/links", {"site": "S1", "days": 0}).status_code == 422


def test_a_residents_number_is_opened_with_a_reason_that_history_keeps(call, company, order):
    [house] = call("dong").get("/houses", site="S1", find="A-12").get_json()["items"]
    [resident] = house["residents"]
    assert resident["telephone"] == "138****1234" and resident["is_masked"]
    assert call("dong").post(f"/residents/{resident['id']}/unmask", {}).status_code == 422
    assert call("dong").post(f"/residents/{resident['id']}/unmask", {"reason": "  "}).status_code == 422
    assert call("anna").post(f"/residents/{resident['id']}/unmask", {"reason": "x"}).status_code == 403
    assert call("hua").post(f"/residents/{resident['id']}/unmask", {"reason": "x"}).status_code == 404
    opened = call("dong").post(f"/residents/{resident['id']}/unmask", {"reason": "漏水要关阀"}).get_json()
    assert opened["telephone"] == "13800001234"
    with company.database.read() as session:
        line = history.lines(session, history.site_chain("S1"))[-1]
    assert (line.type, line.actor, line.data["reason"]) == ("resident.unmasked", "dong", "漏水要关阀")


def test_a_cases_numbers_are_opened_with_a_reason_that_its_history_keeps(call, company, order):
    path = f"/process-instances/{order}"
    assert call("dong").get(f"{path}/variables").get_json()["variables"]["telephone"] == "138****1234"
    assert call("dong").post(f"{path}/unmask", {"reason": ""}).status_code == 422
    assert call("dong").post(f"{path}/unmask", {"reason": "核对"}).get_json()["variables"]["telephone"] == "13800001234"
    assert company.events(order)[-1].data == {"reason": "核对"} and company.events(order)[-1].actor == "dong"


def test_the_page_of_residents_opens_a_number_with_a_reason_that_history_keeps(visit, company, order):
    page = visit("dong").open("/houses/residents?site=S1&find=A-12")
    assert "138****1234" in page.text() and "13800001234" not in page.text()
    page.submit("form[action$='/unmask']", 422, reason=" ")
    page.open("/houses/residents?site=S1&find=A-12").submit("form[action$='/unmask']", reason="漏水要关阀")
    assert "13800001234" in page.text() and "李雷" in page.text()
    with company.database.read() as session:
        line = history.lines(session, history.site_chain("S1"))[-1]
    assert (line.type, line.actor, line.data["reason"]) == ("resident.unmasked", "dong", "漏水要关阀")
    page = visit("anna").open("/houses/residents?site=S1&find=A-12")
    assert "138****1234" in page.text() and page.page.cssselect("form[action$='/unmask']") == []
    visit("hua").open("/houses/residents?site=S1&find=A-12", 404)
