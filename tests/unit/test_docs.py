"""The manuals keep their word: what they show deploys, and what can be said, set or called is named in them."""

import re
from dataclasses import fields
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from engine import definitions
from engine.bpmn.lint import constructs, extensions, properties
from engine.bpmn.vocabulary import BPMN, FLOW_NODES
from engine.settings import Limits, Settings
from web.cli import COMMANDS

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs/bpmn.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
READ = ["README.md", "CONTRIBUTING.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]
EXAMPLES = re.findall(r"^```xml\n(.*?)^```", MANUAL, re.MULTILINE | re.DOTALL)
NAMESPACES = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
BESIDE = {"message", "signal", "error", "escalation", "process"}  # stand in the file, not in a process
FREE = {"boundaryEvent"}  # no flow leads to them


def flow(source: str, target: str) -> etree._Element:
    return etree.Element(BPMN + "sequenceFlow", {"id": f"{source}_{target}", "sourceRef": source, "targetRef": target})


def in_a_row(activities: list[etree._Element]) -> etree._Element:
    """A process that does the activities one after the other, between a start and an end."""
    process = etree.Element(BPMN + "process", {"id": "example", "isExecutable": "true"})
    start, end = (etree.Element(BPMN + kind, {"id": f"the_{kind}"}) for kind in ("startEvent", "endEvent"))
    process.extend([start, *activities, end])
    nodes = [(node.tag.removeprefix(BPMN), node.get("id")) for node in process]
    row = [node_id for kind, node_id in nodes if kind in FLOW_NODES - FREE]
    process.extend(flow(before, after) for before, after in pairwise(row))
    process.extend(flow(node_id, end.get("id")) for kind, node_id in nodes if kind in FREE)
    return process


def file_of(example: str) -> bytes:
    """The example as a whole file; activities alone are given a process around them."""
    root = etree.fromstring(f'<definitions {NAMESPACES} targetNamespace="http://example.org/manual">{example}</definitions>')
    activities = [child for child in root if child.tag.removeprefix(BPMN) not in BESIDE]
    if activities:
        root.append(in_a_row(activities))
    return etree.tostring(root)


@cache
def shipped(kind: str) -> dict[str, bytes]:
    """Forms or tables that examples may name."""
    return {path.name: path.read_bytes() for path in (ROOT / "processes").rglob(f"*.{kind}")}


def named_by(example: str) -> dict[str, bytes]:
    forms = {f"{name}.form" for name in re.findall(r'camunda:formRef="(\w+)"', example)}
    tables = {f"{name}.dmn" for name in re.findall(r'camunda:decisionRef="(\w+)"', example)}
    return {name: content for kind in ("form", "dmn") for name, content in shipped(kind).items() if name in forms | tables}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: re.search(r'id="(\w+)"', example).group(1))
def test_every_example_of_the_manual_deploys(example: str) -> None:
    files = {"example.bpmn": file_of(example), **named_by(example)}
    problems = definitions.lint_files(files, frozenset({"callback", "material_request"}))
    assert [str(problem) for problem in problems if problem.severity == "error"] == []


def test_every_property_of_ours_is_shown_in_an_example() -> None:
    known = set().union(*properties.BUILT.values())
    shown = set(re.findall(r'name="steward:(\w+)', "".join(EXAMPLES)))
    assert shown == known | {"clock"}


def test_every_property_that_is_not_built_is_named() -> None:
    later = set().union(*properties.LATER.values())
    assert [name for name in later if f"`steward:{name}`" not in MANUAL] == []


def test_every_property_of_camunda_that_is_taken_is_named() -> None:
    attributes = set().union(*extensions.ATTRIBUTES.values(), extensions.WITHOUT_EFFECT, extensions.ELEMENTS) - {
        "properties",
        "async",
        "category",
    }
    assert sorted(name for name in attributes if not re.search(rf"camunda:{name}\b", MANUAL)) == []


def test_every_element_that_deploys_or_has_an_advice_is_named() -> None:
    elements = constructs.NODES | (constructs.ADVICE.keys() - {"eventDefinitionRef"})
    assert sorted(name for name in elements if f"`{name}`" not in MANUAL) == []


def test_every_setting_is_named_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(STEWARD_\w+)` \| `?([^|`]*)`? \|", OPERATIONS, re.MULTILINE))
    limits, settings = Limits(), Settings()
    known = {f"STEWARD_LIMIT_{one.name.upper()}": f"{getattr(limits, one.name):,}" for one in fields(Limits)}
    known |= {f"STEWARD_{one.name.upper()}": str(getattr(settings, one.name)) for one in fields(Settings) if one.name != "limits"}
    assert rows == known


@pytest.mark.parametrize("page", READ)
def test_every_command_that_a_page_names_is_one(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^|/bin/|exec )steward (?:--\w+ \S+ )?([a-z]+)", text, re.MULTILINE))
    assert named <= COMMANDS.keys()


@pytest.mark.parametrize("page", READ)
def test_every_link_of_a_page_leads_to_a_file(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_every_test_that_the_threats_name_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/threats.md").read_text(encoding="utf-8")))
    defined = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    assert len(named) > 20
    assert named - defined == set()
