"""`steward up`: what `make run` starts. The first time it makes everything, the second time it changes nothing."""

from pathlib import Path

import pytest
import requests

from tests.factories import ONE_TASK, TWO_TASKS
from tests.servers import Server

pytestmark = pytest.mark.crash


@pytest.fixture
def diagrams(tmp_path: Path) -> Path:
    (tmp_path / "processes" / "order").mkdir(parents=True)
    (tmp_path / "processes" / "order" / "order.bpmn").write_bytes(ONE_TASK)
    return tmp_path / "processes"


def test_the_first_start_makes_everything_and_the_second_changes_nothing(tmp_path: Path, diagrams: Path) -> None:
    server = Server(f"sqlite:///{tmp_path / 'var' / 'steward.db'}", tmp_path, ("up", str(diagrams)))
    server.start()
    assert requests.get(f"{server.address}/readyz", timeout=30).json() == {"status": "ready"}
    token = server.run("token", "process_owner.s1").split()[-1]
    assert [one["key"] for one in server.api(token, "GET", "/process-definitions").json()["items"]] == ["order"]
    # Somebody publishes a better version: the files that come with the release must not take its place.
    published = server.api(token, "POST", "/process-definitions", files={"files": ("order.bpmn", TWO_TASKS)})
    assert published.json()["definitions"][0]["version"] == 2
    assert server.stop() == 0

    server.start()
    newest = server.api(token, "GET", "/process-definitions").json()["items"]
    assert [one["version"] for one in newest] == [2, 1]
    assert server.stop() == 0

    (diagrams / "order" / "order.bpmn").write_bytes(ONE_TASK.replace(b'name="Work"', b'name="Better work"'))
    server.start()
    assert server.api(token, "GET", "/process-definitions").json()["items"][0]["version"] == 3
    assert server.stop() == 0
