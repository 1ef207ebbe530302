"""The serving process, killed and restarted, and asked by many at once."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from engine import api_tokens, identity
from engine.tables import Instance, Message, Number
from tests.factories import END_EVENT as END
from tests.factories import START_EVENT as BEGIN
from tests.factories import Company, chain, diagram, extensions, script, task, timer
from tests.people import OPERATOR
from tests.servers import Server

pytestmark = pytest.mark.crash
ORDER = diagram(
    chain(BEGIN, task("work"), script("count", "steps = 1"), task("check", "technician"), END)
    + timer("late", "check", "PT1S")
    + '<endEvent id="told"/><sequenceFlow id="late_told" sourceRef="late" targetRef="told"/>'
)
NUMBERED = diagram(
    chain(
        BEGIN,
        f'<intermediateCatchEvent id="wet">{extensions({"correlationKey": "house"})}<messageEventDefinition messageRef="rain"/>'
        "</intermediateCatchEvent>",
        script("count", "times = times + 1"),
        task("work"),
        END,
    ),
    properties={"numberSeries": "WX"},
    before='<message id="rain" name="rained"/>',
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


def at_once(count: int, ask: Callable[[int], requests.Response]) -> list[requests.Response]:
    """The answers to so many requests that are sent in the same instant."""
    gate = threading.Barrier(count)

    def one(place: int) -> requests.Response:
        gate.wait()
        return ask(place)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def technicians(company: Company, count: int) -> dict[str, str]:
    """So many people of one post, each with a token."""
    now = datetime.now(UTC)
    with company.database.transaction() as session:
        people = [identity.add_person(session, f"person{number}", "P", "S1", ["technician"], OPERATOR, now) for number in range(count)]
        return {person.login: api_tokens.issue(session, person.login, OPERATOR, now) for person in people}


def test_fifty_people_complete_one_task_and_one_of_them_does(server: Server, company: Company) -> None:
    company.deploy(ORDER)
    case = company.start()
    work = company.task("work").id
    logins, tokens = zip(*technicians(company, 50).items(), strict=True)

    def complete(place: int) -> requests.Response:
        return server.api(tokens[place], "POST", f"/user-tasks/{work}/complete", json={"variables": {"by": place}})

    answers = at_once(len(tokens), complete)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    first = next(place for place, answer in enumerate(answers) if answer.status_code == 200)
    when = next(event.recorded_at for event in company.events(case) if event.type == "user_task.completed")
    for answer in answers:
        if answer.status_code == 409:
            error = answer.json()["error"]
            assert error["code"] == "already_completed"
            assert f"{logins[first]} completed it at {when:%Y-%m-%dT%H:%M}" in error["message"]
    assert company.waiting(case) == ["check"]
    assert company.told(case).count("user_task.completed") == 1
    assert server.api(tokens[0], "GET", f"/process-instances/{case}/variables").json()["variables"] == {"by": first, "steps": 1}
    done = server.api(tokens[1], "POST", f"/user-tasks/{company.task('check').id}/complete", json={})
    assert done.json()["instance"]["state"] == "completed"
    assert "The history holds" in server.run("verify")


def test_a_request_that_is_sent_a_hundred_times_at_once_has_one_effect_and_one_answer(server: Server, company: Company) -> None:
    company.deploy(NUMBERED)
    [token] = technicians(company, 1).values()

    def hundred(key: str, path: str, body: Any) -> Any:
        answers = at_once(100, lambda _: server.api(token, "POST", path, json=body, headers={"Idempotency-Key": key}))
        assert {answer.status_code for answer in answers} <= {200, 201, 202}, answers[0].text
        assert len({(answer.status_code, answer.content) for answer in answers}) == 1
        assert Counter(answer.headers.get("Idempotency-Replayed") for answer in answers) == {"true": 99, None: 1}
        return answers[0].json()

    case = hundred("start", "/process-definitions/order/start", {"site": "S1", "variables": {"house": "A-12", "times": 0}})
    assert case["number"].endswith("-0001")
    hundred("message", "/messages", {"name": "rained", "site": "S1", "correlation": {"house": "A-12"}, "variables": {"depth": 3}})
    done = hundred("complete", f"/user-tasks/{company.task('work').id}/complete", {"variables": {"fixed": True}})
    assert (done["instance"]["id"], done["instance"]["state"]) == (case["id"], "completed")

    with company.database.read() as session:
        assert session.scalars(select(Instance.number)).all() == [case["number"]] == session.scalars(select(Number.number)).all()
        assert len(session.scalars(select(Message.id)).all()) == 1
    told = company.told(case["id"])
    assert Counter(told)["message.received"] == Counter(told)["user_task.completed"] == 1
    assert company.variables(case["id"]) == {"house": "A-12", "depth": 3, "times": 1, "fixed": True}
