"""For each rule a good and a bad example: small, side by side. What else each rule finds is in the other tests of lint."""

import json
from dataclasses import dataclass, field

import pytest

from engine.bpmn import lint
from engine.definitions import lint_files
from tests.conformance.drive import bpmn
from tests.unit.bpmn.diagrams import properties

S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'
TIMER = "<timerEventDefinition><timeDuration>{}</timeDuration></timerEventDefinition>"
X, Y = '<error id="x" errorCode="no_part"/>', '<error id="y" errorCode="too_late"/>'
MESSAGE = '<message id="m" name="paid"/>'
FORM = json.dumps(
    {"type": "default", "id": "f", "components": [{"type": "textfield", "id": "f1", "key": "note", "label": "Note"}]}
).encode()  # fmt: skip
DMN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="http://example.org">
<decision id="fee" name="fee"><literalExpression><text>1</text></literalExpression></decision></definitions>"""


def one(node: str, around: str = "") -> bytes:
    """One node, whose id is `a`, between a start and an end."""
    return bpmn(f"{S}{node}{E}\ns -> a -> e", around)


def user(attributes: str = 'camunda:assignee="anna"', inside: str = "") -> bytes:
    return one(f'<userTask id="a" {attributes}>{inside}</userTask>')


def two(inside_a: str = "", inside_b: str = "") -> bytes:
    return bpmn(
        f'{S}<userTask id="a" camunda:assignee="anna">{inside_a}</userTask><userTask id="b" camunda:assignee="bao">{inside_b}</userTask>{E}\n'
        "s -> a -> b -> e"
    )


def caught(*codes: str) -> bytes:
    """A subprocess that throws the error `x`, and error events on it."""
    sub = '<subProcess id="a"><endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent></subProcess>'
    events = "".join(
        f'<boundaryEvent id="b{number}" attachedToRef="a"><errorEventDefinition errorRef="{code}"/></boundaryEvent><task id="t{number}"/>\n'
        f"b{number} -> t{number}\n"
        for number, code in enumerate(codes)
    )
    return bpmn(f"{S}{sub}{E}\ns -> a -> e\n{events}", X + Y)


def split(kind: str, first: str, second: str, inside: str = "") -> bytes:
    """Two ways by a gateway, which meet in another one."""
    ways = f'<sequenceFlow id="f1" sourceRef="a" targetRef="b">{inside}</sequenceFlow><sequenceFlow id="f2" sourceRef="a" targetRef="c"/>'
    return bpmn(f'{S}<{kind} id="a" {first}/><task id="b"/><task id="c"/><{second} id="j"/>{E}{ways}\ns -> a\nb -> j\nc -> j -> e')


CONDITION = "<conditionExpression>1 &gt; 2</conditionExpression>"
BOUNDARY = '<boundaryEvent id="t" attachedToRef="a" cancelActivity="{}">{}</boundaryEvent><task id="late"/>'
UNDO = '<boundaryEvent id="c" attachedToRef="a"><compensateEventDefinition/></boundaryEvent><task id="undo" isForCompensation="true"/>'
DATA = '<ioSpecification><dataInput id="i" name="n"/></ioSpecification><dataInputAssociation><sourceRef>{}</sourceRef><targetRef>i</targetRef></dataInputAssociation>'
EACH = "<multiInstanceLoopCharacteristics {}/>"


@dataclass(frozen=True)
class Example:
    """`code` is how the rule is called in what it says."""

    code: str
    good: bytes
    bad: bytes
    files: dict[str, bytes] = field(default_factory=dict)


def rule(module: str, good: bytes, bad: bytes, code: str = "", **files: bytes) -> tuple[str, Example]:
    return module, Example(
        code or module.rstrip("s").replace("_", "-"), good, bad, {name.replace("__", "."): text for name, text in files.items()}
    )


def of_process(**named: str) -> bytes:
    return bpmn(f"{properties(**named)}{S}{E}\ns -> e")


def filled_in(script: str) -> bytes:
    """A form is filled in at the start; a script goes on with it."""
    return one(f'<scriptTask id="a"><script>{script}</script></scriptTask>').replace(
        b'<startEvent id="s"/>', b'<startEvent id="s" camunda:formRef="f"/>'
    )


def clock(text: str) -> bytes:
    return bpmn(f'{properties(clock_answer=text)}{S}<userTask id="a" camunda:assignee="anna"/>{E}\ns -> a -> e')


EXAMPLES = dict(
    [
        rule("constructs", user(), one('<complexGateway id="a"/>'), "unsupported"),
        rule("events", caught("x"), caught("x").replace(b'attachedToRef="a"', b'attachedToRef="a" cancelActivity="false"'), "unsupported"),
        rule("extensions", user(), one('<serviceTask id="a" camunda:class="org.example.Pay"/>')),
        rule("properties", of_process(numberSeries="WX"), of_process(numberseries="WX"), "property"),
        rule("processes", user(), user().replace(b'isExecutable="true"', b'isExecutable="false"'), "process"),
        rule("sizes", user('name="Look"'), user(f'name="{"x" * 1_001}"')),
        rule("ids", user(), two().replace(b'id="b"', b'id="a"')),
        rule("flows", user(), bpmn(f'{S}<task id="a"/>\ns -> a -> nowhere')),
        rule("starts", user(), bpmn(f'{S}<startEvent id="s2"/><task id="a"/>\ns -> a\ns2 -> a')),
        rule("reachable", two(), two().replace(b'<sequenceFlow sourceRef="a" targetRef="b"></sequenceFlow>', b""), "unreachable"),
        rule("gateways", split("exclusiveGateway", 'default="f2"', "exclusiveGateway", CONDITION), split("exclusiveGateway", "", "exclusiveGateway")),
        rule(
            "event_gateways",
            bpmn(f'{S}<eventBasedGateway id="a"/><receiveTask id="r" messageRef="m"/><intermediateCatchEvent id="t">{TIMER.format("PT1H")}'
                 "</intermediateCatchEvent>\ns -> a -> r\na -> t", MESSAGE),
            bpmn(f'{S}<eventBasedGateway id="a"/><receiveTask id="r" messageRef="m"/><userTask id="t"/>\ns -> a -> r\na -> t', MESSAGE),
        ),
        rule(
            "instantiating",
            bpmn('<receiveTask id="a" messageRef="m" instantiate="true"/><task id="b"/>\na -> b', MESSAGE),
            one('<receiveTask id="a" messageRef="m" instantiate="true"/>', MESSAGE),
        ),
        rule("joins", split("parallelGateway", "", "parallelGateway"), split("exclusiveGateway", 'default="f2"', "parallelGateway", CONDITION), "deadlock"),
        rule("endless", user(), bpmn(f'{S}<userTask id="a"/><userTask id="b"/>\ns -> a -> b -> a'), "endless-loop"),
        rule(
            "boundaries",
            bpmn(f'{S}<userTask id="a"/>{BOUNDARY.format("true", TIMER.format("PT1H"))}\ns -> a\nt -> late'),
            bpmn(f'{S}<userTask id="a"/>{BOUNDARY.format("true", TIMER.format("PT1H"))}\ns -> a'),
            "boundary",
        ),
        rule("never", caught("x"), caught("y"), "never-fires"),
        rule("rivals", caught("x"), caught("x", "x")),
        rule(
            "compensation",
            bpmn(f'{S}<task id="a"/>{UNDO}<association id="l" sourceRef="c" targetRef="undo"/>\ns -> a'),
            bpmn(f'{S}<task id="a"/>{UNDO}\ns -> a'),
        ),
        rule(
            "links",
            bpmn(f'{S}<intermediateThrowEvent id="o"><linkEventDefinition name="on"/></intermediateThrowEvent><intermediateCatchEvent id="i">'
                 '<linkEventDefinition name="on"/></intermediateCatchEvent><task id="a"/>\ns -> o\ni -> a'),
            bpmn(f'{S}<intermediateThrowEvent id="o"><linkEventDefinition name="on"/></intermediateThrowEvent>\ns -> o'),
        ),
        rule("expressions", user('camunda:assignee="${case.starter}"'), user('camunda:assignee="${case.starter >}"')),
        rule(
            "scripts",
            one('<scriptTask id="a"><script>total = 2 * 3</script></scriptTask>'), one('<scriptTask id="a"><script>import os</script></scriptTask>'),
        ),
        rule(
            "timers",
            one(f'<intermediateCatchEvent id="a">{TIMER.format("PT1H")}</intermediateCatchEvent>'),
            one(f'<intermediateCatchEvent id="a">{TIMER.format("-PT1H")}</intermediateCatchEvent>'),
        ),
        rule(
            "repeats",
            user(inside=EACH.format('camunda:collection="${[1, 2]}" camunda:elementVariable="one"')), user(inside=EACH.format("")), "multi-instance",
        ),
        rule("data", user(inside=f'<property id="d" name="n"/>{DATA.format("d")}'), user(inside=DATA.format("not there"))),
        rule("messages", one('<receiveTask id="a" messageRef="m"/>', MESSAGE), one('<receiveTask id="a"/>')),
        rule("service_tasks", one('<serviceTask id="a" camunda:type="external" camunda:topic="notify"/>'), one('<serviceTask id="a"/>')),
        rule(
            "decisions",
            one('<businessRuleTask id="a" camunda:decisionRef="fee" camunda:resultVariable="n"/>'),
            one('<businessRuleTask id="a" camunda:decisionRef="gone" camunda:resultVariable="n"/>'), t__dmn=DMN,
        ),
        rule("called_processes", one('<callActivity id="a" calledElement="p"/>'), one('<callActivity id="a"/>'), "called-process"),
        rule("forms", user('camunda:formRef="f"'), user('camunda:formRef="gone"'), f__form=FORM),
        rule("performers", user('camunda:candidateGroups="technician"'), user('camunda:candidateGroups="nobodies"')),
        rule("undefined", filled_in("double = note + note"), filled_in("double = nte + nte"), "undefined-variable", f__form=FORM),
        rule("differs_from", two(inside_b=properties(differsFrom="a")), two(inside_b=properties(differsFrom="b"))),
        rule("ways_back", two(inside_b=properties(returnTo="a")), two(inside_a=properties(returnTo="b")), "ways-back"),
        rule(
            "individual",
            user('camunda:formRef="f" camunda:assignee="anna"', properties(individual="note")),
            user('camunda:formRef="f" camunda:assignee="anna"', properties(individual="photos")), f__form=FORM,
        ),
        rule("approvals", user(inside=properties(buttons="yes=好; no=不行!reason")), user(inside=properties(buttons="no=不行!refuse"))),
        rule(
            "field_rights",
            user('camunda:formRef="f" camunda:assignee="anna"', properties(fields="note=read")),
            user('camunda:formRef="f" camunda:assignee="anna"', properties(fields="note=look")), "fields", f__form=FORM,
        ),
        rule("number_series", of_process(numberSeries="WX"), of_process(numberSeries="wx-1"), "number-series"),
        rule(
            "clocks",
            clock("from=a.started; to=a.completed; limit=duration(&quot;PT3M&quot;)"), clock("from=a.started; to=gone.completed; limit=duration(&quot;PT3M&quot;)"),
        ),
    ]
)  # fmt: skip


def said(example: Example, diagram: bytes) -> list[str]:
    problems = lint_files({"p.bpmn": diagram, **example.files})
    return [
        problem.message
        for problem in problems
        if problem.rule == example.code and problem.file == "p.bpmn" and problem.line and problem.element
    ]


def test_every_rule_has_its_examples_here_and_in_words() -> None:
    names = [module.__name__.rpartition(".")[2] for module in lint.RULES]
    assert sorted(EXAMPLES) == sorted(names)
    assert all("Good: " in module.check.__doc__ and "Bad: " in module.check.__doc__ for module in lint.RULES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_good_example_is_passed_over_and_the_bad_one_named(name: str) -> None:
    example = EXAMPLES[name]
    assert said(example, example.good) == []
    messages = said(example, example.bad)
    assert messages and all(message.startswith("Expected ") for message in messages), lint_files({"p.bpmn": example.bad, **example.files})
