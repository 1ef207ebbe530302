"""The command line as an operator types it: answers, refusals, exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.factories import END_EVENT as END
from tests.factories import ONE_TASK, TWO_TASKS, chain, diagram, script, task
from tests.factories import START_EVENT as BEGIN
from web.cli import main

Run = Callable[..., Result]
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def runner(url: str, attachments: Path) -> Run:
    def run(*words: str) -> Result:
        environment = {"STEWARD_DATABASE_URL": url, "STEWARD_ATTACHMENTS": str(attachments)}
        return CliRunner(env=environment).invoke(main, [str(word) for word in words])

    return run


def found(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("Expected"), result.stderr
    return lines[0]


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Run:
    """A command line on a database with the first demonstration site's people, but without the long way of making passwords."""
    from datetime import UTC, datetime

    from engine import demo
    from engine.db import Database

    database = Database(database_url)
    with database.transaction() as session:
        demo.build(session, datetime.now(UTC), codes=["S1"], with_passwords=False)
    database.dispose()
    return runner(database_url, tmp_path / "attachments")


@pytest.fixture
def order(tmp_path: Path) -> Path:
    (tmp_path / "order").mkdir()
    (tmp_path / "order" / "order.bpmn").write_bytes(TWO_TASKS)
    return tmp_path / "order"


def test_a_case_is_worked_from_the_command_line(run: Run, order: Path) -> None:
    assert run("deploy", order).stdout == "order 1 1\n"
    assert "unchanged" in run("deploy", order).stdout
    case, number = run("start", "order", "--site", "S1", "--as", "customer_service.s1", "--data", '{"house": "A-12"}').stdout.split()
    assert number == "-"
    [work] = found(run("tasks", "--group", "technician", "--json"))
    assert work["activity"] == "work" and str(work["instance"]) == case
    assert run("claim", work["id"], "--as", "technician.s1").exit_code == 0
    assert [one["id"] for one in found(run("tasks", "--user", "technician.s1", "--json"))] == [work["id"]]
    assert found(run("tasks", "--user", "technician_2.s1", "--json")) == []
    assert "waiting at check" in run("complete", work["id"], "--as", "technician.s1", "--data", '{"fixed": true}').stdout
    shown = found(run("show", case, "--json"))
    assert shown["waiting"] == ["check"] and shown["variables"] == {"house": "A-12", "fixed": True}
    assert found(run("history", case, "--json"))[0]["type"] == "instance.started"
    assert [one["id"] for one in found(run("instances", "--json"))] == [int(case)]
    assert run("verify").stdout == "The history holds\n"


def test_what_is_read_is_a_table_without_json(run: Run, order: Path) -> None:
    run("deploy", order)
    run("start", "order", "--site", "S1")
    for words in (["tasks"], ["instances"], ["history", "1"], ["incidents"]):
        header = run(*words).stdout.splitlines()[0]
        assert header.split()[0] in ("id", "seq")
    assert "state: running" in run("show", "1").stdout


def test_a_refusal_is_one_line_on_stderr_and_exit_one(run: Run, order: Path) -> None:
    run("deploy", order)
    run("start", "order", "--site", "S1")
    assert "nobody" in refused(run("claim", 1, "--as", "nobody"))
    refused(run("start", "nothing", "--site", "S1"))
    refused(run("show", 99))
    refused(run("show", "WX-S1-209901-0001"))
    refused(run("claim", 1, "--as", "finance.s1"))
    run("complete", 1, "--as", "technician.s1")
    assert "technician.s1" in refused(run("complete", 1, "--as", "technician_2.s1"))
    refused(run("retry", 99))


@pytest.mark.parametrize(
    "words",
    [
        ["claim", "x"],
        ["claim", "1"],
        ["nothing"],
        ["start"],
        ["complete", "1", "--as", "x", "--data", "{"],
        ["message", "m", "--site", "S1", "--key", "x"],
    ],
)
def test_wrong_usage_is_exit_two(run: Run, words: list[str]) -> None:
    assert run(*words).exit_code == 2


def test_a_database_that_was_not_made_is_named(tmp_path: Path) -> None:
    assert "init" in refused(runner(f"sqlite:///{tmp_path / 'none.db'}", tmp_path)("tasks"))


def test_a_backup_that_cannot_be_written_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    assert "backup" in refused(run("backup", tmp_path / "file" / "backup"))


def test_lint_names_file_line_element_and_rule(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_bytes(ONE_TASK.replace(b'targetRef="end"', b'targetRef="nowhere"'))
    result = run("lint", broken)
    assert result.exit_code == 1
    assert all(line.startswith(f"{broken}:") and "[" in line for line in result.stdout.splitlines())
    deployed = run("deploy", broken)
    assert "nowhere" in refused(deployed)
    assert set(result.stdout.splitlines()) <= set(deployed.stdout.splitlines())  # all that is wrong, at once
    (tmp_path / "right.bpmn").write_bytes(ONE_TASK)
    assert run("lint", tmp_path / "right.bpmn").exit_code == 0


def test_what_an_editor_left_marked_as_a_drawing_is_asked_about_and_runs_when_told(run: Run, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.bpmn"
    drawn.write_bytes(ONE_TASK.replace(b'isExecutable="true"', b'isExecutable="false"'))
    assert "--executable" in refused(run("deploy", drawn))
    assert run("deploy", "--executable", drawn).stdout == "order 1 1\n"
    assert run("start", "order", "--site", "S1").exit_code == 0
    assert found(run("tasks", "--json"))


def test_messages_and_signals_are_sent(run: Run, tmp_path: Path) -> None:
    catch = '<intermediateCatchEvent id="paid"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    (tmp_path / "paid.bpmn").write_bytes(diagram(chain(BEGIN, catch, task("work"), END), before='<message id="m" name="paid"/>'))
    assert run("deploy", tmp_path / "paid.bpmn").exit_code == 0
    run("start", "order", "--site", "S1")
    assert "reached instance 1" in run("message", "paid", "--site", "S1", "--data", '{"amount": 90}').stdout
    assert found(run("show", "1", "--json"))["variables"] == {"amount": 90}
    assert "kept" in run("message", "paid", "--site", "S1").stdout
    assert run("signal", "storm").exit_code == 0


def test_a_message_finds_the_site_that_waits_for_it(run: Run, tmp_path: Path, database_url: str) -> None:
    catch = (
        '<intermediateCatchEvent id="paid"><extensionElements><camunda:properties><camunda:property name="steward:correlationKey" '
        'value="case.business_key"/></camunda:properties></extensionElements><messageEventDefinition messageRef="m"/>'
        "</intermediateCatchEvent>"
    )
    (tmp_path / "paid.bpmn").write_bytes(diagram(chain(BEGIN, catch, END), before='<message id="m" name="paid"/>'))
    assert run("deploy", tmp_path / "paid.bpmn").exit_code == 0
    _add_site(database_url, "S2")
    assert run("start", "order").exit_code == 2
    for site in ("S1", "S2"):
        run("start", "order", "--site", site, "--business-key", f"bill-{site}")
    assert run("message", "paid").exit_code == 2
    assert "reached instance 2" in run("message", "paid", "--key", "bill=bill-S2").stdout
    assert found(run("show", "1", "--json"))["state"] == "running"


def _add_site(database_url: str, code: str) -> None:
    from datetime import UTC, datetime

    from engine.db import Database
    from engine.tables import Site

    database = Database(database_url)
    with database.transaction() as session:
        session.add(Site(code=code, name=code, zone="Asia/Shanghai", created_at=datetime.now(UTC)))
    database.dispose()


def test_an_incident_is_listed_and_tried_again(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sum.bpmn").write_bytes(diagram(chain(BEGIN, task("work"), script("sum", "total = price + 1"), END)))
    run("deploy", tmp_path / "sum.bpmn")
    run("start", "order", "--site", "S1")
    assert "incident" in run("complete", 1, "--as", "technician.s1").stdout
    [incident] = found(run("incidents", "--json"))
    assert incident["activity"] == "sum"
    assert "failed again" in refused(run("retry", incident["id"]))


def test_people_and_tokens_are_made(run: Run) -> None:
    assert run("user", "add", "lin", "--site", "S1", "--post", "technician").stdout.startswith("lin may log in")
    assert len(run("token", "lin").stdout.split()[-1]) >= 40
    assert run("user", "disable", "lin").exit_code == 0
    refused(run("token", "lin"))
    refused(run("user", "add", "lin", "--site", "S1", "--post", "technician"))
    refused(run("user", "add", "wu", "--site", "S9", "--post", "technician"))


def test_a_webhook_endpoint_is_opened_and_its_secret_told_once(run: Run) -> None:
    assert run("hook", "add", "hotline", "--site", "S1", "--message", "hotline.call").stdout.split()[-1].startswith("whsec_")
    refused(run("hook", "add", "hotline", "--site", "S1", "--message", "hotline.call"))
    assert run("hook", "rotate", "hotline").stdout.split()[-1].startswith("whsec_")
    assert run("hook", "disable", "hotline").exit_code == 0


def test_houses_and_residents_come_from_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "houses.csv"
    file.write_text("房号,姓名,电话,类型\nZ-1,王芳,13800001111,业主\n", encoding="utf-8")
    assert run("import", file, "--site", "S1").stdout.startswith("1 houses and 1 residents added")
    file.write_text("房号,姓名,电话\nZ-1,,x\n", encoding="utf-8")
    refused(run("import", file, "--site", "S1"))


def test_a_touched_history_is_named_by_its_first_bad_event(run: Run, order: Path, database_url: str) -> None:
    from sqlalchemy import create_engine, text

    run("deploy", order)
    run("start", "order", "--site", "S1")
    engine = create_engine(database_url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f'DROP TRIGGER "{name}"'))
        else:
            connection.execute(text("ALTER TABLE history_content DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE history_content SET content = replace(content, 'cli', 'api') WHERE chain = 'i1' AND seq = 1"))
    engine.dispose()
    assert "event 1 of i1" in refused(run("verify", "--instance", "1"))
    run("start", "order", "--site", "S1")
    assert "triggers" in refused(run("verify", "--instance", "2"))


def test_a_backup_is_brought_back_into_an_empty_place_only(run: Run, order: Path, database_url: str, tmp_path: Path, request) -> None:
    run("deploy", order)
    run("start", "order", "--site", "S1")
    (tmp_path / "attachments" / "ab").mkdir(parents=True)
    (tmp_path / "attachments" / "ab" / "abcd").write_bytes(PNG)
    assert run("backup", tmp_path / "copy").exit_code == 0
    refused(run("backup", tmp_path / "copy"))
    refused(run("restore", tmp_path / "copy"))

    elsewhere = runner(_empty_beside(database_url, request, tmp_path), tmp_path / "attachments2")
    assert elsewhere("restore", tmp_path / "copy").exit_code == 0
    assert found(elsewhere("tasks", "--json")) == found(run("tasks", "--json"))
    assert elsewhere("verify").stdout == "The history holds\n"
    assert (tmp_path / "attachments2" / "ab" / "abcd").read_bytes() == PNG
    refused(elsewhere("restore", tmp_path))


def _empty_beside(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of the same kind."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'other.db'}"
    server = request.getfixturevalue("postgresql")
    server.execute("CREATE DATABASE restored")
    url = server.url("restored")
    request.addfinalizer(lambda: server.drop(url))
    return url
