"""Who may do a task as BPMN itself writes it (2.0.2 §10.3.2 and §10.3.4): human performer and potential owners."""

import pytest

from engine.bpmn import lint
from engine.bpmn.parser import read_xml
from engine.bpmn.performers import parts
from engine.bpmn.vocabulary import read_processes
from tests.conformance.drive import Drive, bpmn


def role(kind: str, text: str) -> str:
    return f"<{kind}><resourceAssignmentExpression><formalExpression>{text}</formalExpression></resourceAssignmentExpression></{kind}>"


def task(roles: str, attributes: str = "", tag: str = "userTask") -> bytes:
    return bpmn(f'<startEvent id="s"/><{tag} id="a" {attributes}>{roles}</{tag}>\ns -> a', '<resource id="r1" name="technician"/>')


@pytest.mark.parametrize(
    ("text", "users", "groups"),
    [
        ("technician", [], ["technician"]),
        ("user(anna), group(technician), buyer", ["anna"], ["technician", "buyer"]),
        ("${posts}", [], ["buyer", "finance"]),
        ("user(${people}), group( ${posts[0]} )", ["anna", "ben"], ["buyer"]),
    ],
)
def test_potential_owners_are_candidates(text: str, users: list[str], groups: list[str]) -> None:
    run = Drive(task(role("potentialOwner", text)), {"people": ["anna", "ben"], "posts": ["buyer", "finance"]})
    details = run.wait("a").details
    assert (details["candidate_users"], details["candidate_groups"], details["assignee"]) == (users, groups, None)


def test_several_potential_owners_and_candidates_add_up() -> None:
    run = Drive(
        task(role("potentialOwner", "buyer") + role("potentialOwner", "user(ben)"), 'camunda:candidateGroups="finance"', "manualTask")
    )
    details = run.wait("a").details
    assert (details["candidate_users"], details["candidate_groups"]) == (["ben"], ["finance", "buyer"])


@pytest.mark.parametrize("text", ["anna", "user(anna)", "${who}"])
@pytest.mark.parametrize("kind", ["humanPerformer", "performer"])
def test_a_performer_is_the_one_who_does_it(kind: str, text: str) -> None:
    assert Drive(task(role(kind, text)), {"who": "anna"}).wait("a").details["assignee"] == "anna"


def test_a_resource_is_meant_by_its_name() -> None:
    run = Drive(task("<potentialOwner><resourceRef>r1</resourceRef></potentialOwner>"))
    assert run.wait("a").details["candidate_groups"] == ["technician"]


def errors(content: bytes) -> list[str]:
    root = read_xml(content, "p.bpmn")
    problems = lint.check(root, read_processes(root, "p.bpmn"), "p.bpmn", lint.Available())
    return [problem.rule for problem in problems if problem.severity == "error"]


def test_two_people_for_one_task_are_refused() -> None:
    assert errors(task(role("humanPerformer", "anna"), 'camunda:assignee="ben"')) == ["performer"]
    assert errors(task(role("humanPerformer", "anna") + role("performer", "ben"))) == ["performer"]
    assert errors(task(role("humanPerformer", "anna"))) == []
    bound = '<potentialOwner><resourceRef>r1</resourceRef><resourceParameterBinding parameterRef="p"/></potentialOwner>'
    assert errors(task(bound)) == ["unsupported"]


def test_a_list_of_names_is_read_in_time() -> None:
    assert parts("," * 200_000) == []
    assert parts("${f(a, b)}, group(c, d), e") == ["${f(a, b)}", " group(c, d)", " e"]
