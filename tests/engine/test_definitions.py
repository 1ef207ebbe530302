"""Deployment: versions by content, all or nothing, running instances keep theirs."""

import pytest
from sqlalchemy import func, select

from engine import definitions, history
from engine.errors import DeploymentRefused, Forbidden
from engine.tables import Definition, DefinitionResource
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, TWO_TASKS, Company, chain, diagram, task
from tests.people import ANNA, GUO


def test_unchanged_content_makes_no_new_version(company: Company) -> None:
    first = company.deploy(ONE_TASK)
    again = company.deploy(ONE_TASK)
    assert [row.version for row in first.created] == [1]
    assert again.created == []
    assert [row.id for row in again.definitions] == [row.id for row in first.definitions]


def test_changed_content_makes_the_next_version(company: Company) -> None:
    company.deploy(ONE_TASK)
    assert [row.version for row in company.deploy(TWO_TASKS).created] == [2]


def test_a_running_instance_keeps_its_version(company: Company) -> None:
    company.deploy(ONE_TASK)
    old = company.start()
    company.deploy(TWO_TASKS)
    new = company.start()
    company.complete("work", ANNA, instance=old)
    company.complete("work", ANNA, instance=new)
    assert company.instance(old).state == "completed"
    assert company.waiting(new) == ["check"]


def test_nothing_of_a_refused_deployment_stays(company: Company) -> None:
    broken = diagram(chain(START_EVENT, '<complexGateway id="choose"/>', END_EVENT), key="broken")
    with pytest.raises(DeploymentRefused) as refused:
        company.deploy(ONE_TASK, broken)
    assert {(problem.file, problem.element) for problem in refused.value.problems if problem.severity == "error"} == {
        ("diagram1.bpmn", "choose")
    }
    with company.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Definition)) == 0
        assert session.scalar(select(func.count()).select_from(DefinitionResource)) == 0


def test_a_form_without_its_file_is_refused_by_name(company: Company) -> None:
    with pytest.raises(DeploymentRefused) as refused:
        company.deploy(diagram(chain(START_EVENT, task("work", formRef="quote"), END_EVENT)))
    problem = next(problem for problem in refused.value.problems if problem.severity == "error")
    assert (problem.element, problem.line > 1) == ("work", True)
    assert "quote" in problem.message


def test_every_problem_of_every_file_is_named_at_once(company: Company) -> None:
    with pytest.raises(DeploymentRefused) as refused:
        company.deploy(b"<definitions", b"not xml at all", diagram("", key="empty"))
    assert {problem.file for problem in refused.value.problems} >= {"diagram0.bpmn", "diagram1.bpmn"}


def test_only_a_process_owner_may_deploy(company: Company) -> None:
    with pytest.raises(Forbidden):
        company.deploy(ONE_TASK, actor=ANNA)
    assert company.deploy(ONE_TASK, actor=GUO).created[0].deployed_by == "guo"


def test_a_deployment_is_told_by_the_companys_history(company: Company) -> None:
    company.deploy(ONE_TASK, actor=GUO)
    with company.database.read() as session:
        (line,) = history.lines(session, history.site_chain(history.COMPANY))
    assert (line.type, line.actor) == ("definition.deployed", "guo")
    assert line.data is not None and line.data["key"] == "order"


def test_original_and_normalised_diagram_are_kept(company: Company) -> None:
    definition = company.deploy(ONE_TASK).definitions[0]
    with company.database.read() as session:
        kept = {row.kind: row.content for row in definitions.resources(session, definition.id)}
    assert kept["bpmn"] == ONE_TASK
    assert b"userTask" in kept["normalised"]


def test_a_definition_runs_as_it_was_normalised_when_it_was_deployed(company: Company) -> None:
    """A later release may normalise otherwise; running instances must not notice."""
    several_ends = diagram(
        '<startEvent id="start"/>' + task("work") + '<endEvent id="end"/><endEvent id="other"/>'
        '<sequenceFlow sourceRef="start" targetRef="work"/><sequenceFlow sourceRef="work" targetRef="end"/>'
        '<sequenceFlow sourceRef="work" targetRef="other"/>'
    )
    definition = company.deploy(several_ends).definitions[0]
    instance = company.start()
    company.database.keep.clear()
    with company.database.read() as session:
        assert definitions.load(session, definition.id).executable.fingerprint == definition.compiler
    company.complete("work", ANNA)
    assert company.instance(instance).state == "completed"


def test_beside_a_partners_pool_an_order_runs_and_is_read_again(company: Company) -> None:
    theirs = b'<process id="theirs" isExecutable="false"><startEvent id="s2"/><serviceTask id="b"/></process></definitions>'
    [definition] = company.deploy(ONE_TASK.replace(b"</definitions>", theirs)).definitions
    instance = company.start()
    company.database.keep.clear()  # nothing is remembered: everything is read from the database
    company.complete("work", ANNA)
    assert (definition.key, company.instance(instance).state) == ("order", "completed")


def test_two_processes_of_one_key_are_refused(company: Company) -> None:
    with pytest.raises(DeploymentRefused, match="once"):
        company.deploy(ONE_TASK, TWO_TASKS)
