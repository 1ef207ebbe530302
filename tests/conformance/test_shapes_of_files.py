"""Files as modelers write them: names, prefixes and ids that must not matter, and what is refused."""

from collections.abc import Sequence

import pytest

from engine.errors import DeploymentRefused
from tests.conformance.drive import Drive, bpmn, executable


def refused(content: bytes) -> Sequence[str]:
    with pytest.raises(DeploymentRefused) as refusal:
        executable(content)
    return [problem.element for problem in refusal.value.problems]


@pytest.mark.parametrize("name", ["Start", "End", "Root", "p.EndJoin", "case", "__init__", "开始", "a.fork"])
def test_any_id_may_be_used(name: str) -> None:
    run = Drive(bpmn(f'<startEvent id="s1"/><userTask id="{name}"/><endEvent id="e1"/>\ns1 -> {name} -> e1'))
    run.complete(name)
    assert run.visits == ["s1", name, "e1"]


def test_a_prefix_for_bpmn_makes_no_difference() -> None:
    content = bpmn('<startEvent id="s"/><userTask id="a"/>\ns -> a').decode()
    content = content.replace("xmlns=", "xmlns:b=").replace("</", "</b:").replace("<", "<b:").replace("<b:/b:", "</b:")
    assert Drive(content.encode()).waiting == ["a"]


def test_references_may_be_qualified() -> None:
    body = """<startEvent id="s"/><intermediateCatchEvent id="c"><messageEventDefinition messageRef="tns:m"/></intermediateCatchEvent>
    s -> c"""
    assert Drive(bpmn(body, '<message id="m" name="ping"/>')).wait("c").details["name"] == "ping"


@pytest.mark.parametrize(
    ("node", "element"),
    [
        ('<intermediateCatchEvent id="c"><messageEventDefinition messageRef="nothing"/></intermediateCatchEvent>', "c"),
        ('<intermediateCatchEvent id="c"><timerEventDefinition/></intermediateCatchEvent>', "c"),
        ('<intermediateCatchEvent id="c"/>', "c"),
        ('<complexGateway id="c"/>', "c"),
        ('<serviceTask id="c" camunda:type="external"/>', "c"),
        ('<businessRuleTask id="c" camunda:decisionRef="nothing" camunda:resultVariable="x"/>', "c"),
        ('<callActivity id="c"/>', "c"),
        ('<scriptTask id="c"><script>import os</script></scriptTask>', "c"),
        ('<userTask id="c" camunda:assignee="${"/>', "c"),
        ('<userTask id="c"><multiInstanceLoopCharacteristics/></userTask>', "c"),
        ('<boundaryEvent id="c" attachedToRef="nothing"><errorEventDefinition/></boundaryEvent>', "c"),
        ('<userTask id="c"/><userTask id="c"/>', "c"),
        ('<userTask id="c"/><subProcess id="x"><userTask id="c"/></subProcess>', "c"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(node: str, element: str) -> None:
    assert element in refused(bpmn(f'<startEvent id="s"/>{node}'))


def test_a_flow_to_nowhere_is_refused() -> None:
    assert refused(bpmn('<startEvent id="s"/>\ns -> nowhere'))


def test_candidates_are_listed_in_every_way() -> None:
    groups = "a, ${more}, ${some}, ${['b', 'd']}"
    body = f'<startEvent id="s"/><userTask id="u" camunda:candidateGroups="{groups}"/>\ns -> u'
    run = Drive(bpmn(body), {"more": ["b", "c"], "some": "x, y"})
    assert run.wait("u").details["candidate_groups"] == ["a", "b", "c", "x", "y", "d"]
