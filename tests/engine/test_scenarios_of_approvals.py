"""Scenarios vote: several people, one activity, buttons, added signers."""

from pathlib import Path

from engine import scenarios
from tests.engine.test_approvals import approval
from tests.factories import END_EVENT, START_EVENT, chain, diagram, task

STEPS = """
name: 三人会签
process: order
steps:
  - start: {as: butler, data: {people: [technician, finance, storekeeper]}}
  - expect: {open_tasks: {agree: 3}, variables: {}}
  - complete: agree
    as: finance
    data: {decision: reject}
    refused: invalid
  - add_signer: agree
    as: finance
    login: office
    where: before
    reason: 先看一下
  - expect: {open_tasks: {agree: 3}}
  - complete: agree
    as: office
    data: {decision: approve, reason: 可以}
  - complete: agree
    as: finance
    data: {decision: approve}
  - add_signer: agree
    as: technician
    login: buyer
    where: after
  - remove_signer: agree
    as: technician
    login: buyer
  - remove_signer: agree
    as: technician
    login: buyer
    refused: not_found
  - complete: agree
    as: technician
    data: {decision: RESULT, reason: 好}
  - expect: EXPECTED
"""


def play(folder: Path, decision: str, expected: str) -> list[str]:
    (folder / "scenarios").mkdir(parents=True)
    text = STEPS.replace("RESULT", decision).replace("EXPECTED", expected)
    (folder / "scenarios" / "votes.yaml").write_text(text, encoding="utf-8")
    drawn = diagram(chain(START_EVENT, approval("share:0.6"), task("after"), END_EVENT))
    report = scenarios.run([folder], {"order.bpmn": drawn})
    return [result.failure for result in report.results if result.failure]


def test_a_scenario_votes_person_by_person(tmp_path: Path) -> None:
    done = '{waiting: [after], variables: {agree_decision: approve, agree_reason: "好"}}'
    assert play(tmp_path / "yes", "approve", done) == []
    assert play(tmp_path / "no", "reject", "{open_tasks: {agree: 1, after: 0}}") == []
    [failure] = play(tmp_path / "wrong", "reject", done)
    assert "waiting" in failure or "wait at" in failure
