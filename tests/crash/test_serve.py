"""The serving process, killed and restarted, and asked by many at once."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, script, task, timer
from tests.servers import Server

pytestmark = pytest.mark.crash
ORDER = diagram(
    chain(BEGIN, task("work"), script("count", "steps = 1"), task("check", "technician"), END)
    + timer("late", "check", "PT1S")
    + '<endEvent id="told"/><sequenceFlow id="late_told" sourceRef="late" targetRef="told"/>'
)


@pytest.fixture
def server(company: Company, database_url: str, tmp_path: Path) -> Iterator[Server]:
    server = Server(database_url, tmp_path)
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.kill()


def tasks(server: Server, token: str) -> list[dict[str, Any]]:
    return list(server.api(token, "GET", "/user-tasks").json()["items"])


def test_an_order_goes_on_where_it_was_when_the_server_is_killed_between_two_steps(server: Server, company: Company) -> None:
    company.deploy(ORDER)
    anna = server.run("token", "anna").split()[-1]
    chen = server.run("token", "chen").split()[-1]
    started = server.api(chen, "POST", "/process-definitions/order/start", json={"site": "S1", "variables": {"house": "A-12"}}).json()
    [work] = tasks(server, anna)
    assert server.api(anna, "POST", f"/user-tasks/{work['id']}/complete", json={"variables": {"fixed": True}}).status_code == 200
    server.kill()
    server.start()

    case = server.api(anna, "GET", f"/process-instances/{started['id']}").json()
    assert (case["state"], case["waiting"]) == ("running", ["check"])
    known = server.api(anna, "GET", f"/process-instances/{started['id']}/variables").json()["variables"]
    assert known == {"house": "A-12", "fixed": True, "steps": 1}
    assert server.api(anna, "POST", f"/user-tasks/{work['id']}/complete", json={}).status_code == 409
    [check] = tasks(server, anna)
    assert server.api(anna, "POST", f"/user-tasks/{check['id']}/complete", json={}).json()["instance"]["state"] == "completed"
    assert "The history holds" in server.run("verify")


def test_the_server_stops_when_it_is_asked_to(server: Server) -> None:
    assert server.stop() == 0
    log = (server.directory / "log").read_text()
    assert "Traceback" not in log, log


def test_fifty_people_complete_one_task_and_one_of_them_does(server: Server, company: Company) -> None:
    from datetime import UTC, datetime

    from engine import identity
    from tests.people import OPERATOR

    company.deploy(ORDER)
    case = company.start()
    work = company.task("work").id
    with company.database.transaction() as session:
        now = datetime.now(UTC)
        logins = [identity.add_person(session, f"person{number}", "P", "S1", ["technician"], OPERATOR, now).login for number in range(50)]
        tokens = [identity.issue_token(session, login, OPERATOR, now) for login in logins]
    gate = threading.Barrier(len(tokens))
    answers: list[Any] = [None] * len(tokens)

    def complete(place: int) -> None:
        gate.wait()
        answers[place] = server.api(tokens[place], "POST", f"/user-tasks/{work}/complete", json={"variables": {"by": place}})

    threads = [threading.Thread(target=complete, args=(place,)) for place in range(len(tokens))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    first = next(place for place, answer in enumerate(answers) if answer.status_code == 200)
    for answer in answers:
        if answer.status_code == 409:
            error = answer.json()["error"]
            assert error["code"] == "already_completed" and f"{logins[first]} completed it at 2" in error["message"]
    assert company.waiting(case) == ["check"]
    assert company.told(case).count("user_task.completed") == 1
    assert server.api(tokens[0], "GET", f"/process-instances/{case}/variables").json()["variables"] == {"by": first, "steps": 1}
