"""The element templates for modelers: every property of a user task has one, and what they write deploys."""

import json
import re
from pathlib import Path

import pytest

from engine.bpmn.lint import properties
from tests.unit.bpmn.diagrams import bpmn, chain, lint_file

FILE = Path(__file__).parents[3] / "processes/.camunda/element-templates/steward.json"
TEMPLATES = json.loads(FILE.read_text(encoding="utf-8"))
EACH = '<multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="person"/>'


def written(template: dict[str, object]) -> dict[str, str]:
    return {one["binding"]["name"]: one["value"] for one in template["properties"]}


def test_every_property_of_a_user_task_has_a_template_and_none_is_unknown() -> None:
    named = {name.removeprefix("steward:") for template in TEMPLATES for name in written(template)}
    assert named == properties.BUILT["userTask"]


def test_the_templates_are_written_as_the_modeler_reads_them() -> None:
    for template in TEMPLATES:
        assert template["appliesTo"] == ["bpmn:UserTask"]
        assert re.fullmatch(r"steward\.[a-z_.]+", template["id"])
        for one in template["properties"]:
            assert one["binding"]["type"] == "camunda:property" and one["binding"]["name"].startswith("steward:")
            assert ("choices" in one) == (one["type"] == "Dropdown")
            assert one["value"] in [choice["value"] for choice in one.get("choices", [{"value": one["value"]}])]
    assert len({template["id"] for template in TEMPLATES}) == len(TEMPLATES)
    assert {written(template).get("steward:approval") for template in TEMPLATES} >= {"all", "any", "sequence", "share:0.6"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["id"])
def test_what_a_template_writes_is_understood(template: dict[str, object]) -> None:
    rows = "".join(f'<camunda:property name="{name}" value="{value}"/>' for name, value in written(template).items())
    inside = f"<extensionElements><camunda:properties>{rows}</camunda:properties></extensionElements>"
    several = EACH if "steward:approval" in written(template) else ""
    problems = lint_file(bpmn(chain('<task id="before"/>', f'<userTask id="a" camunda:assignee="anna">{inside}{several}</userTask>')))
    # What names fields, forms or other tasks is for whoever draws the diagram.
    refused = [one for one in problems if one.severity == "error" and one.rule in ("property", "approval")]
    assert refused == []
