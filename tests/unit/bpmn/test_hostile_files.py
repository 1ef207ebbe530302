"""Files that nobody of good will would send: refused with a sentence, in bounded time, and never with another error."""

import random
import time

import pytest
from lxml import etree

from engine import definitions
from engine.bpmn.parser import MAX_FILE_BYTES, MAX_NODES, MAX_SCRIPTS, read_xml
from engine.bpmn.vocabulary import read_processes
from engine.errors import DeploymentRefused, Problem
from tests.unit.bpmn.diagrams import bpmn, chain, lint_file, properties

SECONDS = 2.0
USER = '<userTask id="a" name="维修" camunda:candidateGroups="technician"/>'
GOOD = bpmn(
    properties(numberSeries="WX", clock_take="from=start.started; to=a.completed; limit=duration('PT3M')")
    + '<laneSet id="l"><lane id="technician"><flowNodeRef>a</flowNodeRef></lane></laneSet>'
    + chain(
        USER,
        '<scriptTask id="b"><script>total = price * 2</script></scriptTask>',
        '<subProcess id="c"><startEvent id="c1"/><task id="c2"/><sequenceFlow id="c3" sourceRef="c1" targetRef="c2"/></subProcess>',
        '<intermediateCatchEvent id="d"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>'
        "</intermediateCatchEvent>",
    ),
    around='<message id="m" name="paid"/>',
)


def refused(content: bytes) -> list[Problem]:
    """The problems for which the file is not read at all."""
    began = time.process_time()
    with pytest.raises(DeploymentRefused) as caught:
        read_processes(read_xml(content, "hostile.bpmn"), "hostile.bpmn")
    assert time.process_time() - began < SECONDS
    assert caught.value.problems
    assert all(problem.file == "hostile.bpmn" and problem.line >= 1 for problem in caught.value.problems)
    return caught.value.problems


def test_the_good_file_is_good():
    assert [problem for problem in lint_file(GOOD) if problem.severity == "error"] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"hello",
        b"<",
        b"\x00",
        b"\xff\xfe",
        b"<definitions>",
        b"<a></b>",
        b"<a b='1' b='2'/>",
        b"<a>&nothing;</a>",
        b"<a><![CDATA[</a>",
        b"<a/><b/>",
        b"{}",
        b"PK\x03\x04",
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        b'<?xml version="1.0" encoding="utf-8"?><a b="\xff"/>',
        GOOD.replace(b"\xe7\xbb\xb4", b"\x00\x00\x00"),
        GOOD[: len(GOOD) // 2],
        GOOD.replace(b'id="a"', b'id="a" id="a"'),
    ],
)
def test_what_is_no_xml_is_refused(content):
    assert refused(content)[0].rule == "xml"


def test_malformed_xml_is_refused_with_its_line():
    assert refused(b"<a>\n<b>\n</a>")[0].line == 3


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE definitions>",
        '<!DOCTYPE definitions SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE definitions [<!ENTITY x "y">]>',
        '<!DOCTYPE definitions [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE definitions [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',
        '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
        + "]>",
    ],
)
def test_a_doctype_is_refused_before_any_entity_is_read(doctype):
    content = GOOD.replace(b"?>\n<definitions", b"?>\n" + doctype.encode() + b"<definitions", 1)
    [problem] = refused(content)
    assert "without DOCTYPE" in problem.message


def test_xinclude_is_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("<task id='included'/>")
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}"/>'
    problems = lint_file(bpmn(chain(USER) + include))
    assert any(problem.rule == "extension" and problem.severity == "error" for problem in problems)
    assert not any("included" in str(problem) for problem in problems)


def test_processing_instructions_and_comments_are_passed_over():
    content = GOOD.replace(b"?>\n", b'?>\n<?xml-stylesheet href="http://127.0.0.1:9/x"?><!-- note -->\n<?php echo 1 ?>\n', 1)
    assert [problem for problem in lint_file(content) if problem.severity == "error"] == []


def test_a_file_of_5_mb_is_refused():
    assert "bytes" in refused(GOOD + b" " * 5_000_000)[0].message
    assert "bytes" in refused(b"<a>" * (MAX_FILE_BYTES // 3 + 1))[0].message


def test_a_file_of_10000_nodes_is_refused():
    nodes = "".join(f'<task id="t{i}"/>' for i in range(10_000))
    [problem] = refused(bpmn('<startEvent id="s"/>' + nodes))
    assert problem.rule == "size"
    assert str(MAX_NODES) in problem.message


def test_a_file_of_very_long_scripts_is_refused():
    script = "<script>" + "x = 1\n" * 500 + "</script>"
    [problem] = refused(bpmn('<startEvent id="s"/>' + "".join(f'<scriptTask id="t{i}">{script}</scriptTask>' for i in range(101))))
    assert (problem.rule, str(MAX_SCRIPTS) in problem.message) == ("size", True)


def test_the_largest_file_that_is_read_is_linted_in_time():
    nodes = "".join(f'<task id="t{i}"/><sequenceFlow id="f{i}" sourceRef="t{i - 1}" targetRef="t{i}"/>' for i in range(1, MAX_NODES - 2))
    content = bpmn('<startEvent id="s"/><task id="t0"/><sequenceFlow id="f" sourceRef="s" targetRef="t0"/>' + nodes)
    began = time.process_time()
    assert lint_file(content) == []
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("tag", [b"<a>", b'<subProcess xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="x">'])
def test_nesting_without_end_is_refused(tag):
    assert refused(tag * min(100_000, MAX_FILE_BYTES // len(tag)))[0].rule == "xml"


def test_nesting_just_too_deep_is_refused():
    assert "deep" in refused(b"<a>" * 101 + b"</a>" * 101)[0].message


LONG = 1_900_000


@pytest.mark.parametrize(
    "content",
    [
        b"<a " + b"b" * LONG + b"='1'/>",
        b"<a b='" + b"c" * LONG + b"'/>",
        b"<" + b"a" * LONG + b"/>",
        b"<a>" + b"b" * LONG + b"</a>",
        b"<a>" + b"<b/>" * 400_000 + b"</a>",
        b"<a " + b" ".join(b"b%d='1'" % i for i in range(150_000)) + b"/>",
    ],
    ids=["attribute name", "attribute", "tag", "text", "elements", "attributes"],
)
def test_things_of_absurd_size_are_refused(content):
    refused(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"])
def test_other_encodings_are_read(encoding):
    declared = encoding.removesuffix("-sig")
    content = GOOD.decode().replace('encoding="UTF-8"', f'encoding="{declared}"', 1).encode(encoding)
    [process] = read_processes(read_xml(content, "other.bpmn"), "other.bpmn")
    assert process.activities["a"].name == "维修"


def test_a_wrong_declaration_of_the_encoding_is_refused():
    assert refused(GOOD.decode().encode("gbk"))[0].rule == "xml"


@pytest.mark.parametrize(
    "namespace", [b"http://www.omg.org/spec/BPMN/20100524/MODEL2", b"http://www.omg.org/spec/DMN/20180521/MODEL", b"urn:x", b""]
)
def test_a_file_of_another_namespace_is_refused(namespace):
    [problem] = refused(GOOD.replace(b"http://www.omg.org/spec/BPMN/20100524/MODEL", namespace))
    assert "BPMN 2.0" in problem.message


def test_a_namespace_that_is_no_whole_address_is_refused():
    problems = judged(GOOD.replace(b"<definitions", b'<definitions xmlns:v="vendor/v1"', 1))
    assert [(problem.rule, problem.severity) for problem in problems if problem.severity == "error"] == [("xml", "error")]


def test_a_root_that_is_no_definitions_is_refused():
    assert refused(GOOD.replace(b"<definitions", b"<process").replace(b"</definitions", b"</process"))


def judged(content: bytes) -> list[Problem]:
    """What becomes of a file that is deployed, however broken: a list of problems, and nothing else."""
    began = time.process_time()
    problems = definitions.lint_files({"broken.bpmn": content})
    assert time.process_time() - began < SECONDS
    return problems


def test_a_truncated_file_is_refused_wherever_it_is_cut():
    for position in range(0, len(GOOD), max(1, len(GOOD) // 100)):
        refused(GOOD[:position])


@pytest.mark.parametrize("seed", range(200))
def test_a_damaged_file_gives_problems_and_never_another_error(seed):
    chance = random.Random(seed)
    content = bytearray(GOOD)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        _damage(content, chance)
    judged(bytes(content))


def _damage(content: bytearray, chance: random.Random) -> None:
    """Change, remove, repeat or move a piece of the file."""
    start = chance.randrange(len(content))
    end = min(len(content), start + chance.choice([1, 3, 10, 100]))
    match chance.randrange(5):
        case 0:
            content[start] = chance.randrange(256)
        case 1:
            del content[start:end]
        case 2:
            content[start:start] = content[start:end]
        case 3:
            content[start:end] = b'"' if chance.random() < 0.5 else b"<"
        case _:
            words = [b"userTask", b"startEvent", b"sequenceFlow", b'"a"', b'"b"', b'"start"', b"camunda:", b"PT1H", b"id=", b"subProcess"]
            content[:] = content.replace(chance.choice(words), chance.choice(words), chance.choice([1, 2, 100]))


def test_every_element_may_be_left_out_and_every_attribute_too():
    """Each file made by removing one element or one attribute is judged without an error."""
    root = read_xml(GOOD, "good.bpmn")
    for number, element in enumerate(list(root.iter())[1:], start=1):
        for name in element.attrib:
            for value in (None, "", "x"):
                twin = _twin(number)
                _ = twin.attrib.pop(name) if value is None else twin.set(name, value)
                judged(etree.tostring(twin.getroottree()))
        twin = _twin(number)
        parent = twin.getparent()
        assert parent is not None
        parent.remove(twin)
        judged(etree.tostring(parent.getroottree()))


def _twin(number: int) -> etree._Element:
    """The n-th element of a new copy of the good file."""
    return list(read_xml(GOOD, "good.bpmn").iter())[number]
